//! A Temporal dev server for `bcm demo` and the tests: found or fetched, started, stopped.
//!
//! Not for production: it has no login, and listens on this machine only.

mod fetch;
mod find;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::{Instant, sleep, timeout};

pub use fetch::VERSION;
pub use find::{Found, Search, find};

const READY_S_MAX: u64 = 30;
const STOP_S_MAX: u64 = 10;
const LOG_TAIL_LINES: usize = 15;
/// Others may take a free port between the look and the start.
const PORT_TRIES: usize = 3;

/// Runs the server and ends it when the standard input closes, which it does when this process
/// dies in any way. Signals that a terminal sends to this process do not reach it.
const KEEPER: &str = r#"
log=$1; shift
exec 3<&0
"$@" </dev/null >>"$log" 2>&1 3<&- &
server=$!
echo "$server"
exec >/dev/null
{
    read -r _ <&3
    kill -TERM "$server"
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        sleep 0.2
        kill -0 "$server" || exit
    done
    kill -KILL "$server"
} 2>/dev/null &
keeper=$!
wait "$server"
code=$?
kill "$keeper"
exit "$code"
"#;

/// What went wrong with the dev server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program that was named is not Temporal's command line.
    #[error("{path} is not a usable `temporal` program: {why}")]
    NotUsable {
        /// The program.
        path: PathBuf,
        /// What it lacks.
        why: String,
    },
    /// No way to get the program worked.
    #[error(
        "the `temporal` program is not here and cannot be fetched ({}); install it, or name it in BCM_TEMPORAL_CLI",
        .0.join("; ")
    )]
    NotFetched(Vec<String>),
    /// The server ended before it was ready.
    #[error("the Temporal server ended before it was ready ({code}); its last lines:\n{tail}")]
    Ended {
        /// How it ended.
        code: String,
        /// The end of its log.
        tail: String,
    },
    /// The server runs and does not answer.
    #[error("the Temporal server did not answer within {READY_S_MAX} s; its last lines:\n{tail}")]
    Silent {
        /// The end of its log.
        tail: String,
    },
    /// This machine refused something.
    #[error("{doing}")]
    Machine {
        /// What was tried.
        doing: &'static str,
        /// The reason.
        #[source]
        source: io::Error,
    },
}

fn machine(doing: &'static str) -> impl Fn(io::Error) -> Error {
    move |source| Error::Machine { doing, source }
}

/// How a dev server is run.
#[derive(Clone, Debug, Default)]
pub struct DevServerOptions {
    /// Serve the web UI too.
    pub ui: bool,
    /// A file that keeps everything over restarts; in memory when `None`.
    pub db_file: Option<PathBuf>,
    /// Port of the API; a free one when `None`.
    pub port: Option<u16>,
    /// Port of the UI; a free one when `None`.
    pub ui_port: Option<u16>,
    /// For tests: timers and new runs below a second keep their time.
    pub fast: bool,
    /// Name and type (`Keyword`, `Datetime` …) of each search attribute.
    pub search_attributes: Vec<(String, String)>,
    /// Where the server's output is appended; a temporary file when `None`.
    pub log_file: Option<PathBuf>,
}

/// A running dev server; dropped, it ends, and it ends when this process does.
#[derive(Debug)]
pub struct DevServer {
    keeper: Child,
    /// Closed, the keeper ends the server.
    line: Option<ChildStdin>,
    pid: u32,
    port: u16,
    ui_port: Option<u16>,
    log: PathBuf,
    _folder: Option<TempDir>,
}

impl DevServer {
    /// Starts a server and waits until it answers, at most 30 s.
    ///
    /// # Errors
    /// [`Error::Ended`] with the end of its log, [`Error::Silent`], or [`Error::Machine`] without a
    /// shell or a free port.
    pub async fn start(binary: &Path, options: DevServerOptions) -> Result<Self, Error> {
        let chosen = options.port.is_some() && (options.ui_port.is_some() || !options.ui);
        let mut tries = 1;
        loop {
            match Self::start_once(binary, &options).await {
                Err(Error::Ended { tail, .. })
                    if !chosen && tries < PORT_TRIES && tail.contains("already in use") =>
                {
                    tries += 1;
                }
                ended => return ended,
            }
        }
    }

    async fn start_once(binary: &Path, options: &DevServerOptions) -> Result<Self, Error> {
        let port = options.port.map_or_else(free_port, Ok)?;
        let ui_port = match options.ui {
            true => Some(options.ui_port.map_or_else(free_port, Ok)?),
            false => None,
        };
        let (log, folder) = log_place(options)?;
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(KEEPER)
            .arg("sh")
            .arg(&log)
            .arg(binary);
        command.args(arguments(options, port, ui_port));
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        // A group of its own, so that Ctrl-C lets this process finish its work first.
        #[cfg(unix)]
        command.process_group(0);
        let mut keeper = command
            .kill_on_drop(true)
            .spawn()
            .map_err(machine("cannot run the shell `sh`"))?;
        let line = keeper.stdin.take();
        let pid = pid_of(&mut keeper).await?;
        let mut server = Self {
            keeper,
            line,
            pid,
            port,
            ui_port,
            log,
            _folder: folder,
        };
        server.wait_until_ready(binary).await?;
        Ok(server)
    }

    async fn wait_until_ready(&mut self, binary: &Path) -> Result<(), Error> {
        let until = Instant::now() + Duration::from_secs(READY_S_MAX);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let mut open = false;
        while Instant::now() < until {
            if let Ok(Some(ended)) = self.keeper.try_wait() {
                return Err(Error::Ended {
                    code: ended.to_string(),
                    tail: self.tail(),
                });
            }
            if !open {
                open = TcpStream::connect(address).await.is_ok();
            }
            // An open port is not yet a server that serves.
            if open && is_serving(binary, &self.address()).await {
                return Ok(());
            }
            sleep(Duration::from_millis(50)).await;
        }
        Err(Error::Silent { tail: self.tail() })
    }

    /// Host and port of the API.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Address of the web UI, if it is served.
    #[must_use]
    pub fn ui_url(&self) -> Option<String> {
        self.ui_port.map(|port| format!("http://127.0.0.1:{port}"))
    }

    /// Process ID of the server itself.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The file with the server's output.
    #[must_use]
    pub fn log_file(&self) -> &Path {
        &self.log
    }

    fn tail(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
    }

    /// Ends the server and waits until it is gone, at most 10 s.
    ///
    /// # Errors
    /// [`Error::Machine`] when it is still there then.
    pub async fn stop(mut self) -> Result<(), Error> {
        self.line.take();
        let gone = timeout(Duration::from_secs(STOP_S_MAX), self.keeper.wait()).await;
        let gone = gone.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        gone.map(|_| ())
            .map_err(machine("the Temporal server did not end"))
    }
}

fn free_port() -> Result<u16, Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = listener.and_then(|listener| listener.local_addr());
    Ok(address.map_err(machine("there is no free port"))?.port())
}

fn log_place(options: &DevServerOptions) -> Result<(PathBuf, Option<TempDir>), Error> {
    match &options.log_file {
        Some(file) => Ok((file.clone(), None)),
        None => {
            let folder = tempfile::Builder::new().prefix("bcm-temporal-").tempdir();
            let folder = folder.map_err(machine("there is no room for temporary files"))?;
            Ok((folder.path().join("server.log"), Some(folder)))
        }
    }
}

fn arguments(options: &DevServerOptions, port: u16, ui_port: Option<u16>) -> Vec<String> {
    let fixed = [
        "server",
        "start-dev",
        "--ip",
        "127.0.0.1",
        "--log-level",
        "warn",
    ];
    let mut arguments: Vec<String> = fixed.map(str::to_owned).into();
    arguments.extend(["--port".to_owned(), port.to_string()]);
    match ui_port {
        Some(ui_port) => arguments.extend(["--ui-port".to_owned(), ui_port.to_string()]),
        None => arguments.push("--headless".to_owned()),
    }
    if let Some(file) = &options.db_file {
        arguments.extend(["--db-filename".to_owned(), file.display().to_string()]);
    }
    // A server of one shard is asked so rarely by default that it idles under load.
    let mut settings = vec!["history.transferProcessorMaxPollRPS=2000"];
    if options.fast {
        settings.push("history.timerProcessorMaxTimeShift=\"5ms\"");
        settings.push("history.workflowIdReuseMinimalInterval=\"0s\"");
    }
    for setting in settings {
        arguments.extend(["--dynamic-config-value".to_owned(), setting.to_owned()]);
    }
    for (name, kind) in &options.search_attributes {
        arguments.extend(["--search-attribute".to_owned(), format!("{name}={kind}")]);
    }
    arguments
}

/// The server's process ID, which the keeper says first.
async fn pid_of(keeper: &mut Child) -> Result<u32, Error> {
    let unreadable = || io::Error::from(io::ErrorKind::InvalidData);
    let output = keeper.stdout.take().ok_or_else(unreadable);
    let mut said = String::new();
    let read = match output {
        Ok(output) => BufReader::new(output).read_line(&mut said).await,
        Err(error) => Err(error),
    };
    let pid = read.and_then(|_| said.trim().parse().map_err(|_| unreadable()));
    pid.map_err(machine("the shell did not start the Temporal server"))
}

async fn is_serving(binary: &Path, address: &str) -> bool {
    let mut command = Command::new(binary);
    command.args(["operator", "cluster", "health", "--address", address]);
    // Settings for another server must not lead the question there.
    let foreign =
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TEMPORAL_"));
    for (name, _) in foreign {
        command.env_remove(name);
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    match timeout(Duration::from_secs(5), command.status()).await {
        Ok(Ok(status)) => status.success(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
