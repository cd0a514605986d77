//! Secrets: the file says where they are, and no problem repeats one.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use toml::de::DeTable;

use super::section::{At, Key, Section};

impl Section<'_> {
    /// A secret, by the place where it is: an environment variable or a file.
    pub(super) fn secret(&self, key: Key) -> Option<SecretString> {
        let Some(At { line, value }) = self.find(key.name) else {
            self.missing(key);
            return None;
        };
        let Some(table) = value.as_table() else {
            self.refuse(
                line,
                format!(
                    "`{}` holds the secret itself, or nothing that names one",
                    key.name
                ),
                format!(
                    "replace the secret if it was real, and write where it is: `{} = {}`",
                    key.name, key.example
                ),
            );
            return None;
        };
        self.named_secret(key, line, table)
    }

    /// The file that a secret stands in; none for an environment variable.
    pub(super) fn secret_file(&self, key: Key) -> Option<PathBuf> {
        let table = self.find(key.name)?.value.as_table()?;
        let place = table.iter().find(|(place, _)| place.get_ref() == "file");
        let (_, name) = place?;
        std::path::absolute(self.source.folder.join(name.get_ref().as_str()?)).ok()
    }

    fn named_secret(&self, key: Key, line: usize, table: &DeTable<'_>) -> Option<SecretString> {
        let mut places = table.iter().map(|(place, name)| {
            (
                place.get_ref().as_ref(),
                name.get_ref().as_str().unwrap_or_default(),
            )
        });
        let (found, wrong, instead) = match (places.next(), places.next()) {
            // A name of another shape may be the secret itself, and is not repeated.
            (Some(("env", name)), None) if is_variable(name) => (
                (self.source.env)(name),
                format!("`{}`: the environment has no usable `{name}`", key.name),
                format!("set `{name}` to the secret, on one line, before the start"),
            ),
            (Some(("file", name)), None) if !name.is_empty() => (
                std::fs::read_to_string(self.source.folder.join(name)).ok(),
                format!(
                    "`{}`: its file cannot be read, or holds no secret",
                    key.name
                ),
                "put the secret into that file, on one line, readable by this user".to_owned(),
            ),
            _ => {
                self.wrong(
                    line,
                    key,
                    "names neither one variable (`A-Z 0-9 _`) nor one file",
                );
                return None;
            }
        };
        let secret = found.map(|text| text.trim().to_owned());
        let usable = |text: &String| !text.is_empty() && !text.chars().any(char::is_control);
        if let Some(text) = secret.filter(usable) {
            return Some(SecretString::from(text));
        }
        self.refuse(line, wrong, instead);
        None
    }

    /// A text that may stand here, or the place of one that may not; both pass a check.
    ///
    /// `hides` tells whether the text holds a password and must not stand here.
    pub(super) fn text_or_secret(
        &self,
        key: Key,
        hides: impl FnOnce(&str) -> bool,
        check: impl FnOnce(&str) -> Result<String, String>,
    ) -> Option<SecretString> {
        let At { line, value } = self.find(key.name)?;
        let text = if value.is_table() {
            self.secret(key)?
        } else {
            let At { value: text, .. } = self.text_if_any(key)?;
            if hides(&text) {
                let (wrong, name) = (format!("`{}` holds a password", key.name), key.name);
                let instead = format!(
                    "replace it, and write where the whole address is: `{name} = {{ env = \"…\" }}`"
                );
                self.refuse(line, wrong, instead);
                return None;
            }
            SecretString::from(text)
        };
        let At { value, .. } = self.check(key, line, text.expose_secret(), check)?;
        Some(SecretString::from(value))
    }
}

fn is_variable(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    name.bytes().all(fits) && !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit())
}
