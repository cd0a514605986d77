//! Where a server or the program for one is.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::{Error, fetch};

/// Oldest version that is used, when it is on the search path: major and minor.
const OLDEST: (u32, u32) = (1, 5);

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A server that somebody runs; there is nothing to start.
    Running {
        /// Its host and port.
        address: String,
    },
    /// The program, to start a server with.
    Program(PathBuf),
}

/// Where to look.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// A server named by the person; goes before everything else.
    pub address: Option<String>,
    /// Look for a program even if `TEMPORAL_ADDRESS` names a server.
    pub own_server: bool,
    /// `TEMPORAL_ADDRESS`.
    pub env_address: Option<String>,
    /// `BCM_TEMPORAL_CLI`: the program, named by the person.
    pub env_program: Option<PathBuf>,
    /// `PATH`: folders that may hold the program.
    pub path: Vec<PathBuf>,
    /// Folder of what this program fetched; a fetched one is kept in it.
    pub cache: PathBuf,
    /// Never fetch.
    pub offline: bool,
}

impl Search {
    /// The usual places of this machine and user.
    #[must_use]
    pub fn usual() -> Self {
        let named = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let home = || named("HOME").map(|home| PathBuf::from(home).join(".cache"));
        let cache = named("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .filter(|dir| dir.is_absolute());
        let path = named("PATH").unwrap_or_default();
        Self {
            env_address: named("TEMPORAL_ADDRESS").and_then(|value| value.into_string().ok()),
            env_program: named("BCM_TEMPORAL_CLI").map(PathBuf::from),
            path: std::env::split_paths(&path).collect(),
            cache: cache
                .or_else(home)
                .unwrap_or_else(std::env::temp_dir)
                .join("bcm"),
            ..Self::default()
        }
    }
}

/// Finds a running server, or the program for one; fetches the program when it is nowhere.
///
/// `tell` hears what happens, a line at a time; a fetch takes from seconds to minutes.
///
/// # Errors
/// [`Error::NotUsable`] for a program that was named; [`Error::NotFetched`] with what was tried.
pub async fn find(search: &Search, tell: &(dyn Fn(&str) + Sync)) -> Result<Found, Error> {
    if let Some(address) = &search.address {
        return Ok(Found::Running {
            address: address.clone(),
        });
    }
    if let Some(address) = search.env_address.as_ref().filter(|_| !search.own_server) {
        return Ok(Found::Running {
            address: address.clone(),
        });
    }
    if let Some(path) = search.env_program.clone() {
        return match usable(&path).await {
            Ok(()) => Ok(Found::Program(path)),
            Err(why) => Err(Error::NotUsable { path, why }),
        };
    }
    let name = fetch::program_name();
    let cached = fetch::place(&search.cache);
    let on_path = search.path.iter().map(|folder| folder.join(name));
    for program in on_path
        .chain([cached.clone()])
        .filter(|program| program.is_file())
    {
        match usable(&program).await {
            Ok(()) => return Ok(Found::Program(program)),
            Err(why) => tell(&format!("{} is passed over: {why}", program.display())),
        }
    }
    if search.offline {
        return Err(Error::NotFetched(vec![
            "fetching is switched off".to_owned(),
        ]));
    }
    fetch::fetch(&cached, tell).await?;
    Ok(Found::Program(cached))
}

/// Is this Temporal's command line, young enough?
pub(super) async fn usable(program: &Path) -> Result<(), String> {
    let mut command = Command::new(program);
    command
        .arg("--version")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = match timeout(Duration::from_secs(10), command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(format!("it does not run ({})", error.kind())),
        Err(_) => return Err("it does not answer `--version`".to_owned()),
    };
    let said = String::from_utf8_lossy(&output.stdout);
    match version(&said) {
        Some(found) if found >= OLDEST => Ok(()),
        Some((major, minor)) => {
            let (least_major, least_minor) = OLDEST;
            Err(format!(
                "it is {major}.{minor}, older than {least_major}.{least_minor}"
            ))
        }
        None => Err("it does not answer `--version` as Temporal's does".to_owned()),
    }
}

fn version(said: &str) -> Option<(u32, u32)> {
    let mut parts = said
        .trim()
        .strip_prefix("temporal version ")?
        .split(['.', ' ', '-']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_as_the_program_says_it() {
        for (said, read) in [
            (
                "temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)\n",
                Some((1, 9)),
            ),
            ("temporal version 1.10.0-rc1", Some((1, 10))),
            ("temporal version DEV", None),
            ("tctl version 1.18.1", None),
            ("", None),
        ] {
            assert_eq!(version(said), read, "{said}");
        }
    }

    #[tokio::test]
    async fn a_named_server_goes_before_the_environment_and_that_before_a_program() {
        let mut search = Search {
            address: Some("one:7233".to_owned()),
            env_address: Some("two:7233".to_owned()),
            env_program: Some(PathBuf::from("/nowhere/temporal")),
            offline: true,
            ..Search::default()
        };
        let quiet = |_: &str| ();
        let running = |address: &str| Found::Running {
            address: address.to_owned(),
        };
        assert_eq!(find(&search, &quiet).await.unwrap(), running("one:7233"));
        search.address = None;
        assert_eq!(find(&search, &quiet).await.unwrap(), running("two:7233"));
        search.own_server = true;
        let refused = find(&search, &quiet).await.unwrap_err();
        assert!(matches!(refused, Error::NotUsable { .. }), "{refused}");
        search.env_program = None;
        let refused = find(&search, &quiet).await.unwrap_err();
        assert!(matches!(refused, Error::NotFetched(_)), "{refused}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_program_on_the_path_that_is_too_old_is_passed_over() {
        use std::os::unix::fs::PermissionsExt;
        use std::sync::Mutex;

        let folder = tempfile::tempdir().unwrap();
        let fake = |name: &str, said: &str| {
            let program = folder.path().join(name).join("temporal");
            std::fs::create_dir(folder.path().join(name)).unwrap();
            std::fs::write(&program, format!("#!/bin/sh\necho '{said}'\n")).unwrap();
            std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
            program
        };
        let old = fake("old", "temporal version 1.4.9 (Server 1.26)");
        let new = fake("new", "temporal version 1.5.0 (Server 1.29)");
        let folders = [&old, &new].map(|program| program.parent().unwrap().to_owned());
        let search = Search {
            path: folders.into(),
            offline: true,
            ..Search::default()
        };

        let told = Mutex::new(Vec::new());
        let found = find(&search, &|line| told.lock().unwrap().push(line.to_owned())).await;
        assert_eq!(found.unwrap(), Found::Program(new));
        let told = told.into_inner().unwrap().join("\n");
        assert!(
            told.ends_with("is passed over: it is 1.4, older than 1.5"),
            "{told}"
        );
    }
}
