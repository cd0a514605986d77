//! A child process: started, watched through `/proc`, told to stop, killed.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::process::{Child, Command};

/// Clock ticks a second in `/proc/PID/stat`: fixed by Linux for programs on every architecture.
const TICKS_A_SECOND: f64 = 100.0;
/// Lines of a log that are shown when its process fails.
const TAIL: usize = 12;

/// This very program, without settings that this machine may have for another server.
///
/// # Errors
/// When the program's own file cannot be found.
pub fn bcm() -> anyhow::Result<Command> {
    let program = std::env::current_exe().context("this program's own file")?;
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().into_owned();
        let foreign = text.starts_with("TEMPORAL_") || text.starts_with("BCM_");
        if foreign && text != "BCM_TEST_SWITCHES" {
            command.env_remove(name);
        }
    }
    Ok(command)
}

/// A running child; dropped, it is killed.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a command; its output goes to `log`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let out = std::fs::File::options()
            .create(true)
            .append(true)
            .open(log)?;
        let child = command
            .stdin(Stdio::null())
            .stderr(out.try_clone()?)
            .stdout(out)
            .kill_on_drop(true)
            .spawn()
            .context("a process cannot be started")?;
        Ok(Self {
            child,
            log: log.to_owned(),
        })
    }

    /// Its process ID; `None` once it has ended.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Does it run?
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Everything it wrote so far.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The last lines it wrote.
    pub fn tail(&self) -> String {
        let text = self.log();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL)..].join("\n")
    }

    /// As `kill -9`, and waits until it is gone.
    ///
    /// # Errors
    /// When it could not be killed.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("kill -9")
    }

    /// As a service manager stops it (SIGTERM), and waits until it is gone.
    ///
    /// # Errors
    /// When it is still there after `patience`.
    pub async fn terminate(&mut self, patience: Duration) -> anyhow::Result<ExitStatus> {
        let pid = self.pid().context("the process has ended already")?;
        let told = Command::new("kill")
            .args(["-TERM", &pid.to_string()])
            .status()
            .await?;
        ensure!(told.success(), "SIGTERM could not be sent");
        let ended = tokio::time::timeout(patience, self.child.wait()).await;
        Ok(ended.context("the process did not end in time")??)
    }

    /// What it used up to now.
    ///
    /// # Errors
    /// A process that has ended, or a machine without `/proc`.
    pub fn usage(&self) -> anyhow::Result<Usage> {
        let pid = self.pid().context("the process has ended")?;
        let read = |name: &str| {
            let file = format!("/proc/{pid}/{name}");
            std::fs::read_to_string(&file).with_context(|| format!("{file} (Linux only)"))
        };
        Usage::parse(&read("stat")?, &read("status")?).context("/proc has another form here")
    }
}

/// Processor time and memory of a process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// Processor seconds, in user and kernel mode.
    pub cpu_s: f64,
    /// Memory in use now, in MB (1,000,000 bytes).
    pub rss_mb: f64,
    /// Most memory ever in use, in MB.
    pub peak_mb: f64,
}

impl Usage {
    /// Reads `/proc/PID/stat` and `/proc/PID/status`; `None` when they have another form.
    pub fn parse(stat: &str, status: &str) -> Option<Self> {
        // The name stands in parentheses and may hold spaces and parentheses itself.
        let after_name = stat.rsplit_once(')')?.1;
        let mut fields = after_name.split_whitespace().skip(11);
        let user: f64 = fields.next()?.parse().ok()?;
        let kernel: f64 = fields.next()?.parse().ok()?;
        let mb = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name))?;
            let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
            Some(kib * 1_024.0 / 1_000_000.0)
        };
        Some(Self {
            cpu_s: (user + kernel) / TICKS_A_SECOND,
            rss_mb: mb("VmRSS:")?,
            peak_mb: mb("VmHWM:")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_and_memory_are_read_as_linux_writes_them() {
        let stat =
            "4242 (bcm (x) y) S 1 4242 4242 0 -1 4194560 900 0 0 0 1234 66 0 0 20 0 9 0 1 2 3";
        let status = "Name:\tbcm\nVmPeak:\t  999 kB\nVmHWM:\t  62500 kB\nVmRSS:\t   31250 kB\n";
        let used = Usage::parse(stat, status).unwrap();
        assert_eq!(used.cpu_s, 13.0);
        assert_eq!((used.rss_mb, used.peak_mb), (32.0, 64.0));
    }

    #[test]
    fn another_form_is_no_figure() {
        for (stat, status) in [
            ("", ""),
            ("1 (bcm) S 1 2", "VmRSS: 1 kB\nVmHWM: 1 kB"),
            ("1 (bcm) S 1 2 3 4 5 6 7 8 9 10 x 1", "VmRSS: 1 kB"),
        ] {
            assert_eq!(Usage::parse(stat, status), None, "{stat}");
        }
    }
}
