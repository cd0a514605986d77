//! A PostgreSQL server for the tests of one process, ended with it.
//!
//! With the programs of PostgreSQL on the machine a server starts by itself, on a socket in a folder
//! of its own. `BCM_TEST_POSTGRES` may be the address of a server on which databases may be
//! created, or `required`: then a test fails where none can be started.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// A database may wait for the others of its test binary, and a machine may be busy.
const SETTINGS: &str = "-c listen_addresses= -c fsync=off -c synchronous_commit=off \
    -c full_page_writes=off -c max_connections=400 -c shared_buffers=32MB";

/// Ends the server, and removes its folder, when the test process is gone: its pipe closes then.
const GUARD: &str = r#"
"$BIN/initdb" -D "$PLACE/data" -U bcm -A trust -E UTF8 --locale=C --no-sync >"$PLACE/log" 2>&1 || exit 1
"$BIN/postgres" -D "$PLACE/data" -k "$PLACE" $SETTINGS >>"$PLACE/log" 2>&1 </dev/null &
server=$!
for n in $(seq 600); do
    "$BIN/pg_isready" -q -h "$PLACE" -U bcm && break
    kill -0 $server 2>/dev/null || exit 1
    sleep 0.1
done
echo ready
cat >/dev/null
kill -INT $server
wait $server
rm -rf "$PLACE"
"#;

/// A server on which a test may create databases.
pub struct Server {
    /// `postgres://…/` up to the name of the database.
    before: String,
    /// What follows that name.
    after: String,
    /// Folder of `psql`; empty when it is found by itself.
    bin: PathBuf,
    /// Its pipe stays open as long as this process lives.
    _guard: Option<Child>,
}

static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(1);

/// The server of this process; `None` where there is none, which is said aloud.
///
/// # Panics
/// When `BCM_TEST_POSTGRES` requires one and none can be started.
pub fn server() -> Option<&'static Server> {
    match SERVER.get_or_init(start) {
        Ok(server) => Some(server),
        Err(why) => {
            let required = std::env::var("BCM_TEST_POSTGRES").is_ok_and(|v| v == "required");
            assert!(!required, "PostgreSQL is required: {why}");
            None
        }
    }
}

fn start() -> Result<Server, String> {
    let started = match std::env::var("BCM_TEST_POSTGRES") {
        Ok(url) if url.starts_with("postgres") => named(&url),
        _ => own(),
    };
    if let Err(why) = &started {
        // Past the capture of test output: nobody may believe that it was tried.
        let _ = writeln!(std::io::stderr(), "PostgreSQL was not tried: {why}");
    }
    started
}

fn named(url: &str) -> Result<Server, String> {
    let (address, options) = url.split_once('?').unwrap_or((url, ""));
    let (before, _) = address.rsplit_once('/').ok_or("it names no database")?;
    let after = match options {
        "" => String::new(),
        options => format!("?{options}"),
    };
    Ok(Server {
        before: format!("{before}/"),
        after,
        bin: programs().unwrap_or_default(),
        _guard: None,
    })
}

fn own() -> Result<Server, String> {
    let bin = programs().ok_or("there is no initdb on this machine (Debian: postgresql)")?;
    let place = std::env::temp_dir().join(format!("bcm-pg-{}", std::process::id()));
    let failed = |error: std::io::Error| error.to_string();
    std::fs::create_dir_all(&place).map_err(failed)?;
    let mut guard = Command::new("sh");
    guard.args(["-c", GUARD]).env("BIN", &bin);
    guard.env("PLACE", &place).env("SETTINGS", SETTINGS);
    guard.current_dir(&place).process_group(0);
    guard.stdin(Stdio::piped()).stdout(Stdio::piped());
    guard.stderr(Stdio::null());
    if std::fs::metadata(&place).map_err(failed)?.uid() == 0 {
        // PostgreSQL does not run as root.
        let (uid, gid) = unprivileged().ok_or("there is no user postgres or nobody")?;
        chown(&place, Some(uid), Some(gid)).map_err(failed)?;
        guard.uid(uid).gid(gid);
    }
    // The tests may connect as another user than the server runs as.
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&place, open).map_err(failed)?;
    let mut guard = guard.spawn().map_err(failed)?;
    let mut line = String::new();
    let out = guard.stdout.take().ok_or("no output")?;
    BufReader::new(out).read_line(&mut line).map_err(failed)?;
    if line.trim() != "ready" {
        let log = std::fs::read_to_string(place.join("log")).unwrap_or_default();
        return Err(format!("its server does not start: {log}"));
    }
    let socket = place.display().to_string().replace('/', "%2F");
    Ok(Server {
        before: "postgres://bcm@localhost/".to_owned(),
        after: format!("?host={socket}"),
        bin,
        _guard: Some(guard),
    })
}

/// The folder of PostgreSQL's programs, the newest first.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        let mut found: Vec<_> = versions.flatten().map(|v| v.path().join("bin")).collect();
        found.sort();
        folders.extend(found.into_iter().rev());
    }
    let whole = |bin: &Path| {
        ["initdb", "postgres", "psql"]
            .iter()
            .all(|p| bin.join(p).is_file())
    };
    folders.into_iter().find(|bin| whole(bin))
}

fn unprivileged() -> Option<(u32, u32)> {
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let user = |name: &str| {
        let line = users.lines().find(|l| l.starts_with(&format!("{name}:")))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    user("postgres").or_else(|| user("nobody"))
}

impl Server {
    /// Creates an empty database and answers its address.
    ///
    /// # Panics
    /// When the server does not create it.
    pub fn database(&self) -> String {
        let number = DATABASES.fetch_add(1, Ordering::Relaxed);
        let name = format!("bcm_{}_{number}", std::process::id());
        self.run(&format!("CREATE DATABASE {name} TEMPLATE template0"));
        format!("{}{name}{}", self.before, self.after)
    }

    /// Runs a statement as the server's owner, past everything that is tested.
    ///
    /// # Panics
    /// When it fails.
    pub fn run(&self, sql: &str) {
        let url = format!("{}postgres{}", self.before, self.after);
        let psql = Command::new(self.bin.join("psql"))
            .args(["-q", "-X", "-v", "ON_ERROR_STOP=1", "-c", sql, &url])
            .output()
            .expect("psql");
        let said = String::from_utf8_lossy(&psql.stderr);
        assert!(psql.status.success(), "{sql}: {said}");
    }
}
