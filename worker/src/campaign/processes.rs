//! Real processes: `bcm` started, killed, stopped and thawed as a machine does it, and waited for.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::process::{Child, Command};

/// How often a state that is waited for is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// One call of a control interface ends within this.
const CALL: Duration = Duration::from_secs(10);

/// A process of our own; dropped, it is killed.
#[derive(Debug)]
pub struct Process {
    child: Child,
    pid: u32,
}

impl Process {
    /// Starts a command. Its output goes to a file, behind what stands there already.
    ///
    /// # Errors
    /// The machine's.
    pub fn start(mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let open = || {
            let mut options = std::fs::OpenOptions::new();
            options.create(true).append(true).open(log)
        };
        let (out, err) = (open()?, open()?);
        command.stdout(out).stderr(err).kill_on_drop(true);
        let child = command.spawn().context("a process cannot be started")?;
        let pid = child.id().context("a process ended before it began")?;
        Ok(Self { child, pid })
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// How it ended; `None` while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// As `kill -9`, and waits until it is gone.
    ///
    /// # Errors
    /// The machine's.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// As a service manager stops it: SIGTERM. The answer is how it ended, and after how long.
    ///
    /// # Errors
    /// It is still there after `within`.
    pub async fn terminate(&mut self, within: Duration) -> anyhow::Result<(ExitStatus, Duration)> {
        let told = Instant::now();
        signal(self.pid, "TERM").await?;
        match tokio::time::timeout(within, self.child.wait()).await {
            Ok(ended) => Ok((ended?, told.elapsed())),
            Err(_) => bail!(
                "a process is still there {} s after SIGTERM",
                within.as_secs()
            ),
        }
    }

    /// Stands still, as on a machine that swaps: SIGSTOP.
    ///
    /// # Errors
    /// It is not there.
    pub async fn freeze(&self) -> anyhow::Result<()> {
        signal(self.pid, "STOP").await
    }

    /// Goes on: SIGCONT.
    ///
    /// # Errors
    /// It is not there.
    pub async fn thaw(&self) -> anyhow::Result<()> {
        signal(self.pid, "CONT").await
    }
}

/// Sends a signal to one process.
///
/// # Errors
/// It is not there.
pub async fn signal(pid: u32, name: &str) -> anyhow::Result<()> {
    let told = Command::new("kill")
        .args([format!("-{name}"), pid.to_string()])
        .stderr(Stdio::null())
        .status()
        .await?;
    anyhow::ensure!(told.success(), "no process {pid} to send SIG{name} to");
    Ok(())
}

/// The program, without settings that this machine may have for another server.
pub fn bcm(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().into_owned();
        if text.starts_with("TEMPORAL_") || text.starts_with("BCM_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// Looks again and again until there is something.
///
/// # Errors
/// There is nothing within the time; `what` says what was waited for.
pub async fn until<T>(
    what: &str,
    within: Duration,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> anyhow::Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return Ok(found);
        }
        if begun.elapsed() >= within {
            bail!("{what}: not within {} s", within.as_secs());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// A client for control interfaces and health on this machine.
///
/// # Errors
/// The machine has no sockets to give.
pub fn http() -> anyhow::Result<reqwest::Client> {
    // Another part of the program may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder()
        .no_proxy()
        .timeout(CALL)
        .build()?)
}

/// Calls a control interface; JSON in, JSON out, `null` for an empty answer.
///
/// # Errors
/// Nobody answers there, or with what went wrong.
pub async fn call(
    http: &reqwest::Client,
    method: &str,
    url: &str,
    body: Option<&Value>,
) -> anyhow::Result<Value> {
    let mut request = http.request(method.parse()?, url);
    if let Some(body) = body {
        request = request
            .header("Content-Type", "application/json")
            .body(body.to_string());
    }
    let answer = request.send().await?;
    let (status, text) = (answer.status(), answer.text().await?);
    anyhow::ensure!(status.is_success(), "{method} {url}: {status} {text}");
    Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// Does an address answer with a success?
pub async fn answers(http: &reqwest::Client, url: &str) -> bool {
    let asked = http.get(url).timeout(Duration::from_secs(2)).send().await;
    asked.is_ok_and(|answer| answer.status().is_success())
}
