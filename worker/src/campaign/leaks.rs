//! Canaries: words that stand in every order and in the keys, and where they must not show.

use std::path::Path;

use serde_json::{Value, json};

use super::world::Leak;

/// Stands in every name, street, mail and phone of a campaign's consumers.
pub(super) const CANARY: &str = "Qanarix7";

/// Puts canaries into an order's consumer, so that whatever leaks is told from chance.
pub(super) fn plant(spec: &mut Value) {
    let id = spec["order_id"].as_str().unwrap_or_default().to_lowercase();
    for field in ["firstname", "lastname", "street_1", "phone"] {
        let was = spec["customer"][field].as_str().unwrap_or_default();
        spec["customer"][field] = json!(format!("{CANARY} {was}"));
    }
    spec["customer_notification_email"] = json!(format!("{CANARY}.{id}@relay.example"));
}

/// What is searched for: a name for it, and its bytes.
pub(super) struct Needles(Vec<(String, Vec<u8>)>);

impl Needles {
    /// The canary and the keys, as they are and as base64 shows them wherever they begin.
    pub(super) fn new(keys: &[(&'static str, String)]) -> Self {
        let mut needles = vec![];
        let canary = [("a consumer's canary".to_owned(), CANARY)];
        let keys = keys
            .iter()
            .map(|(of, key)| (format!("the key of {of}"), key.as_str()));
        for (what, word) in canary.into_iter().chain(keys) {
            needles.push((what.clone(), word.as_bytes().to_vec()));
            for before in 0..3 {
                needles.push((format!("{what} in base64"), in_base64(word, before)));
            }
        }
        Self(needles)
    }

    /// Searches a file. Is the control in it? `None`: there is no such file.
    pub(super) fn search(&self, file: &Path, control: &str, leaks: &mut Vec<Leak>) -> Option<bool> {
        let bytes = std::fs::read(file).ok()?;
        let mut all: Vec<&[u8]> = self.0.iter().map(|(_, needle)| needle.as_slice()).collect();
        all.push(control.as_bytes());
        let found = find(&bytes, &all);
        for (what, _) in self
            .0
            .iter()
            .zip(&found)
            .filter(|(_, found)| **found)
            .map(|(n, _)| n)
        {
            leaks.push(Leak {
                what: what.clone(),
                place: file.display().to_string(),
            });
        }
        found.last().copied()
    }
}

/// The characters that base64 shows for sure when so many bytes stand before the word.
fn in_base64(word: &str, before: usize) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let padded: Vec<u8> = std::iter::repeat_n(b'x', before)
        .chain(word.bytes())
        .collect();
    let mut text = vec![];
    for three in padded.chunks_exact(3) {
        let bits = three
            .iter()
            .fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
        for shift in [18, 12, 6, 0] {
            text.push(LETTERS[(bits >> shift & 63) as usize]);
        }
    }
    // The first characters hold bits of what stands before.
    let skipped = [0, 2, 3].get(before).copied().unwrap_or_default();
    text.split_off(skipped.min(text.len()))
}

/// Which of the needles are there. By first byte, since the files are large.
fn find(bytes: &[u8], needles: &[&[u8]]) -> Vec<bool> {
    let mut by_first: Vec<Vec<usize>> = vec![vec![]; 256];
    for (n, needle) in needles.iter().enumerate() {
        if let Some(first) = needle.first() {
            by_first[usize::from(*first)].push(n);
        }
    }
    let mut found = vec![false; needles.len()];
    for (at, byte) in bytes.iter().enumerate() {
        for n in &by_first[usize::from(*byte)] {
            if !found[*n] && bytes[at..].starts_with(needles[*n]) {
                found[*n] = true;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canary_is_found_as_it_is_and_in_base64_wherever_it_begins() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("log");
        let needles = Needles::new(&[("nordwind", "campaign-key-nordwind-0000002a".to_owned())]);
        // "…Qanarix7 Fischer…" behind none, one, two bytes, by another encoder.
        for text in [
            "name Qanarix7 Fischer",
            "UWFuYXJpeDcgRmlzY2hlcg==",
            "eFFhbmFyaXg3IEZpc2NoZXI=",
            "eHhRYW5hcml4NyBGaXNjaGVy",
            "key campaign-key-nordwind-0000002a",
        ] {
            std::fs::write(&file, text).unwrap();
            let mut leaks = vec![];
            assert_eq!(needles.search(&file, "N100001-A", &mut leaks), Some(false));
            assert_eq!(leaks.len(), 1, "{text}: {leaks:?}");
        }
        std::fs::write(&file, "order N100001-A, nothing else").unwrap();
        let mut leaks = vec![];
        assert_eq!(needles.search(&file, "N100001-A", &mut leaks), Some(true));
        assert!(leaks.is_empty());
        assert_eq!(needles.search(Path::new("/nowhere"), "x", &mut leaks), None);
    }

    #[test]
    fn every_part_of_a_consumer_carries_the_canary() {
        let mut spec = json!({
            "order_id": "N1-A",
            "customer": { "firstname": "Toni", "lastname": "Winter", "street_1": "18 Sample Street" },
        });
        plant(&mut spec);
        for field in ["firstname", "lastname", "street_1", "phone"] {
            assert!(spec["customer"][field].as_str().unwrap().contains(CANARY));
        }
        assert!(
            spec["customer_notification_email"]
                .as_str()
                .unwrap()
                .contains(CANARY)
        );
    }
}
