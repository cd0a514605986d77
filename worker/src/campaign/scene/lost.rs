//! A ledger that is lost in mid-flight, and an operator who has it rebuilt.

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{READY, Scene};
use crate::campaign::processes::{Process, bcm, until};
use crate::shop_folder::Folder;

/// A rebuild that failed is begun again after this.
const REBUILD_AGAIN: Duration = Duration::from_secs(1);

/// A rebuild of the ledger that an operator has begun: while a system is away it fails, and is begun
/// again.
#[derive(Debug)]
pub(super) struct Rebuilding {
    process: Option<Process>,
    again_at: Instant,
}

impl Scene {
    /// Every worker dies at once, and the ledger's files are gone. Its export stays.
    pub(in crate::campaign) async fn lose_ledger(&mut self) -> anyhow::Result<()> {
        for n in 0..self.slots.len() {
            self.kill(n).await?;
        }
        for file in std::fs::read_dir(&self.folder.path)? {
            let file = file?;
            if file.file_name().to_string_lossy().starts_with("bcm.db") {
                std::fs::remove_file(file.path())?;
            }
        }
        self.ledger_lost_at = Some(Timestamp::now());
        self.rebuilding = Some(Rebuilding {
            process: None,
            again_at: Instant::now(),
        });
        Ok(())
    }

    /// Goes on with a rebuild, if one is to be done; no worker runs meanwhile.
    pub(super) fn is_rebuilding(&mut self) -> anyhow::Result<bool> {
        let Some(rebuilding) = &mut self.rebuilding else {
            return Ok(false);
        };
        match rebuilding.process.as_mut().map(Process::ended) {
            Some(None) => return Ok(true),
            Some(Some(ended)) if ended.success() => {
                self.rebuilding = None;
                return Ok(false);
            }
            Some(Some(ended)) => {
                rebuilding.process = None;
                rebuilding.again_at = Instant::now() + REBUILD_AGAIN;
                self.ended.push(format!("rebuild: {ended}"));
            }
            None => {}
        }
        if Instant::now() >= rebuilding.again_at {
            let process = rebuild(&self.program, &self.folder)?;
            rebuilding.process = Some(process);
        }
        Ok(true)
    }

    /// Waits until a lost ledger is back.
    pub(in crate::campaign) async fn rebuilt(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while self.is_rebuilding()? {
            anyhow::ensure!(
                begun.elapsed() < READY,
                "the ledger is not rebuilt within {} s; see rebuild.log in {}",
                READY.as_secs(),
                self.folder.path.display()
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }

    /// Has the ledger rebuilt once more, which must find nothing to do.
    pub(in crate::campaign) async fn rebuild_again(&mut self) -> anyhow::Result<()> {
        let mut again = rebuild(&self.program, &self.folder)?;
        let ended = until("a second rebuild", READY, async || again.ended()).await?;
        anyhow::ensure!(ended.success(), "a second rebuild ended so: {ended}");
        Ok(())
    }
}

/// `bcm ledger rebuild`, as an operator types it.
fn rebuild(program: &Path, folder: &Folder) -> anyhow::Result<Process> {
    let mut command = bcm(program);
    command.args(["ledger", "rebuild", "--config"]);
    command.arg(folder.config());
    Process::start(command, &folder.path.join("rebuild.log"))
}
