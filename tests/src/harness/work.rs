//! A worker in a thread of its own, as the program runs it.

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use activities::Clock;
use tokio::sync::oneshot;
use worker::config::Config;
use worker::connect;
use worker::run::{self, Running};

use super::PATIENCE;

/// A worker that polls.
pub struct Working {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<anyhow::Result<()>>>,
}

/// What a worker does besides its work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Beside {
    /// Watches the mapping tables; several fit on one machine.
    #[default]
    Mappings,
    /// All that `bcm.toml` says: its port and the webhook too.
    Everything,
}

impl Working {
    /// Starts a worker over a configuration, and waits until it polls.
    ///
    /// # Errors
    /// Why it refuses to start.
    pub async fn start(config: &Path, beside: Beside) -> anyhow::Result<Self> {
        let (ready, is_ready) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let config = config.to_owned();
        let thread = std::thread::Builder::new()
            .name("worker".to_owned())
            .spawn(move || work(config, beside, stopped, ready))?;
        let mut working = Self {
            stop: Some(stop),
            thread: Some(thread),
        };
        match is_ready.await {
            Ok(()) => Ok(working),
            Err(_) => {
                working.join().await?;
                anyhow::bail!("the worker ended before it polled")
            }
        }
    }

    /// Stops it as SIGTERM does, and waits until it has ended.
    pub async fn stop(mut self) {
        self.stop.take();
        self.join().await.expect("a worker that ends well");
    }

    /// Waits until it ends without being told to, and answers why it did.
    pub async fn ends_by_itself(mut self) -> String {
        let ended = tokio::time::timeout(PATIENCE, self.join()).await;
        let ended = ended.expect("a worker that ends in time");
        format!("{:#}", ended.expect_err("a worker that ends by a fault"))
    }

    async fn join(&mut self) -> anyhow::Result<()> {
        let thread = self.thread.take().expect("a worker that was not joined");
        let joined = tokio::task::spawn_blocking(move || thread.join());
        joined.await?.expect("a worker that does not panic")
    }
}

impl Drop for Working {
    /// A failed test leaves its worker to end by itself.
    fn drop(&mut self) {
        self.stop.take();
    }
}

fn work(
    config: PathBuf,
    beside: Beside,
    stopped: oneshot::Receiver<()>,
    ready: oneshot::Sender<()>,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async move {
        let running = running(&config, beside).await?;
        let stop = async {
            // A sender that is dropped says the same.
            let _ = stopped.await;
        };
        run::run(running, stop, move || {
            // A test that no longer waits has failed already.
            let _ = ready.send(());
        })
        .await
    })
}

async fn running(config: &Path, beside: Beside) -> anyhow::Result<Running> {
    let config = load(config)?;
    let clock = Clock::system();
    let ledger = connect::ledger(&config, &clock).await?;
    let connections = connect::connections(&config, ledger, clock).await?;
    let client = connect::temporal(&config.temporal).await?;
    run::put_in_force(&client, &connections, &config.mappings).await?;
    let everything = Running::new(&config, connections.into(), client);
    Ok(match beside {
        Beside::Everything => everything,
        Beside::Mappings => Running {
            listen: None,
            webhook: None,
            ..everything
        },
    })
}

/// A configuration, read as the program reads it.
pub fn load(config: &Path) -> anyhow::Result<Config> {
    Config::load(config).map_err(|problems| anyhow::anyhow!("{problems}"))
}
