//! The processes of one seed: Temporal, three simulators, workers; and the folder they share.

mod lost;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use jiff::Timestamp;
use serde_json::{Value, json};
use simulators::scenario;
use workflows::ids::SEARCH_ATTRIBUTES;

use self::lost::Rebuilding;
use super::faults::System;
use super::processes::{self, Process, answers, bcm, call, signal, until};
use super::{ACCEPTANCE_LIMIT_S, Plant};
use crate::config::Config;
use crate::shop_folder::{Endpoint, Folder, Pace, Shop, free_port};
use crate::temporal::{DevServer, DevServerOptions};

/// A process is ready within this, on a machine that is busy with other things too.
const READY: Duration = Duration::from_secs(60);
/// A worker that is told to stop is gone within this.
const STOP: Duration = Duration::from_secs(15);
/// Most workers at once.
pub(super) const WORKERS_MAX: usize = 3;

/// How quick a seed's shop is.
pub(super) const PACE: Pace = Pace {
    poll_s: 0.5,
    overlap_s: 5.0,
    call_timeout_s: 2.0,
    read_lag_s: 1.5,
};

/// What a seed's processes are started with.
#[derive(Clone, Debug)]
pub(super) struct Setup<'a> {
    pub(super) seed: u64,
    pub(super) folder: Folder,
    /// The program itself.
    pub(super) program: &'a Path,
    /// Temporal's.
    pub(super) temporal: &'a Path,
    pub(super) workers: usize,
    pub(super) erp_takes_repeats: bool,
    /// Where the first worker dies by itself, once.
    pub(super) kill_points: &'a [String],
    pub(super) plant: Option<Plant>,
}

/// A worker that is kept running, as a service manager does it.
#[derive(Debug, Default)]
struct Slot {
    wanted: bool,
    process: Option<Process>,
    port: u16,
}

/// Everything that runs in a seed; dropped, it ends.
pub(super) struct Scene {
    pub(super) folder: Folder,
    pub(super) plan: scenario::World,
    pub(super) http: reqwest::Client,
    /// Every key that must not show, by what it is.
    pub(super) keys: Vec<(&'static str, String)>,
    pub(super) worker_starts: usize,
    /// Workers that ended by themselves, and how.
    pub(super) ended: Vec<String>,
    /// When the ledger was lost, if it was.
    pub(super) ledger_lost_at: Option<Timestamp>,
    rebuilding: Option<Rebuilding>,
    program: PathBuf,
    temporal: PathBuf,
    server: Option<DevServer>,
    server_port: u16,
    urls: [(System, String); 3],
    slots: Vec<Slot>,
    switches: Vec<String>,
    plant: Option<Plant>,
    _simulators: Vec<Process>,
}

impl Scene {
    /// Starts Temporal and the simulators, and writes the configuration. No worker runs yet.
    pub(super) async fn start(setup: &Setup<'_>) -> anyhow::Result<Self> {
        let plan = scenario::World::new(setup.seed);
        let http = processes::http()?;
        let server_port = free_port()?;
        let folder = setup.folder.clone();
        let server = serve(setup.temporal, &folder, server_port).await?;
        let mut keys = vec![];
        let mut started = vec![];
        let mut urls = vec![];
        for system in [System::Nordwind, System::Galeria, System::BlueCherry] {
            let key = format!("campaign-key-{}-{:08x}", system.word(), setup.seed);
            let port = free_port()?;
            started.push(simulator(setup, system, &key, port)?);
            urls.push((system, format!("http://127.0.0.1:{port}")));
            keys.push((system.word(), key));
        }
        let urls: [(System, String); 3] = urls.try_into().ok().context("three simulators")?;
        for (system, url) in &urls {
            let ledger = format!("{url}/_sim/ledger");
            let what = format!("simulator {}", system.word());
            until(&what, READY, async || {
                answers(&http, &ledger).await.then_some(())
            })
            .await?;
        }
        let mut slots = vec![];
        for _ in 0..WORKERS_MAX {
            slots.push(Slot {
                port: free_port()?,
                ..Slot::default()
            });
        }
        let endpoint = |n: usize| Endpoint {
            url: urls[n].1.clone(),
            api_key: keys[n].1.clone(),
        };
        let mut pace = PACE;
        if setup.plant == Some(Plant::CursorPastFailure) {
            pace.overlap_s = 1.0;
        }
        let shop = Shop {
            stock: None,
            after_sale: "",
            written_by: "campaign",
            plan: &plan,
            erp: endpoint(2),
            nordwind: endpoint(0),
            galeria: endpoint(1),
            temporal: &format!("127.0.0.1:{server_port}"),
            ui: None,
            port: slots[0].port,
            pace,
        };
        shop.write(&folder).await?;
        let text = std::fs::read_to_string(folder.config())?;
        for (n, slot) in slots.iter().enumerate() {
            let listen = |port: u16| format!("listen = \"127.0.0.1:{port}\"");
            let own = text.replace(&listen(slots[0].port), &listen(slot.port));
            std::fs::write(config_of(&folder, n), own)?;
        }
        Ok(Self {
            folder,
            plan,
            http,
            keys,
            worker_starts: 0,
            ended: vec![],
            ledger_lost_at: None,
            rebuilding: None,
            program: setup.program.to_owned(),
            temporal: setup.temporal.to_owned(),
            server: Some(server),
            server_port,
            urls,
            slots,
            switches: setup.kill_points.to_vec(),
            plant: setup.plant,
            _simulators: started,
        })
    }

    /// The configuration, read as a worker reads it.
    pub(super) fn config(&self) -> anyhow::Result<Config> {
        Config::load(&self.folder.config())
            .map_err(|problems| anyhow::anyhow!("the campaign's own configuration:\n{problems}"))
    }

    /// Calls a simulator's control interface.
    pub(super) async fn control(
        &self,
        system: System,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let at = self.urls.iter().find(|(of, _)| *of == system);
        let (_, url) = at.context("a simulator")?;
        call(&self.http, method, &format!("{url}/_sim/{path}"), body).await
    }

    /// Wants this worker to run from now on.
    pub(super) fn want(&mut self, worker: usize) {
        if let Some(slot) = self.slots.get_mut(worker) {
            slot.wanted = true;
        }
    }

    /// Starts every wanted worker that does not run; first of all, brings a lost ledger back.
    pub(super) fn tend(&mut self) -> anyhow::Result<()> {
        if self.is_rebuilding()? {
            return Ok(());
        }
        for n in 0..self.slots.len() {
            let slot = &mut self.slots[n];
            if let Some(ended) = slot.process.as_mut().and_then(Process::ended) {
                slot.process = None;
                self.ended.push(format!("worker {n}: {ended}"));
            }
            if self.slots[n].wanted && self.slots[n].process.is_none() {
                self.slots[n].process = Some(self.start_worker(n)?);
                self.worker_starts += 1;
            }
        }
        Ok(())
    }

    fn start_worker(&mut self, n: usize) -> anyhow::Result<Process> {
        let mut command = bcm(&self.program);
        command
            .args(["worker", "--log-json", "--config"])
            .arg(config_of(&self.folder, n));
        // Kill points are for one life; a planted fault is in all of them.
        let mut switches = if n == 0 {
            std::mem::take(&mut self.switches)
        } else {
            vec![]
        };
        switches.extend(self.plant.map(|plant| format!("plant:{}", plant.word())));
        if !switches.is_empty() {
            command.env("BCM_TEST_SWITCHES", switches.join(","));
        }
        let log = self.folder.path.join(format!("worker-{n}.log"));
        Process::start(command, &log)
    }

    /// Waits until a worker polls.
    pub(super) async fn ready(&mut self, worker: usize) -> anyhow::Result<()> {
        self.want(worker);
        let begun = Instant::now();
        let health = format!("http://127.0.0.1:{}/healthz", self.slots[worker].port);
        while !answers(&self.http, &health).await {
            self.tend()?;
            anyhow::ensure!(
                begun.elapsed() < READY,
                "worker {worker} is not ready within {} s; see its log in {}",
                READY.as_secs(),
                self.folder.path.display()
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }

    pub(super) async fn kill(&mut self, worker: usize) -> anyhow::Result<()> {
        if let Some(process) = self.slots.get_mut(worker).and_then(|s| s.process.as_mut()) {
            process.kill().await?;
            self.slots[worker].process = None;
        }
        Ok(())
    }

    pub(super) async fn terminate(&mut self, worker: usize) -> anyhow::Result<()> {
        if let Some(process) = self.slots.get_mut(worker).and_then(|s| s.process.as_mut()) {
            // A frozen one would not hear it.
            process.thaw().await?;
            process.terminate(STOP).await?;
            self.slots[worker].process = None;
        }
        Ok(())
    }

    pub(super) async fn freeze(&self, worker: usize, frozen: bool) {
        let process = self.slots.get(worker).and_then(|s| s.process.as_ref());
        // It may have ended meanwhile; then there is nothing to freeze.
        let _ = match process {
            Some(process) if frozen => process.freeze().await,
            Some(process) => process.thaw().await,
            None => Ok(()),
        };
    }

    /// Ends every worker at once, as a machine that loses power.
    pub(super) async fn kill_workers(&mut self) -> anyhow::Result<()> {
        for n in 0..self.slots.len() {
            self.slots[n].wanted = false;
            self.kill(n).await?;
        }
        Ok(())
    }

    /// Ends every worker as a service manager does.
    pub(super) async fn stop_workers(&mut self) -> anyhow::Result<()> {
        for n in 0..self.slots.len() {
            self.slots[n].wanted = false;
            self.terminate(n).await?;
        }
        Ok(())
    }

    /// `kill -9` of Temporal, and its restart on the same file.
    pub(super) async fn crash_temporal(&mut self) -> anyhow::Result<()> {
        if let Some(server) = self.server.take() {
            signal(server.pid(), "KILL").await?;
            // Its keeper ends with it.
            server.stop().await?;
        }
        self.server = Some(serve(&self.temporal, &self.folder, self.server_port).await?);
        Ok(())
    }

    /// Ends Temporal, so that its files rest.
    pub(super) async fn stop_temporal(&mut self) -> anyhow::Result<()> {
        if let Some(server) = self.server.take() {
            server.stop().await?;
        }
        Ok(())
    }

    /// A person's verb as a process of its own.
    pub(super) fn tell(&self, verb: &str, order: &str) -> anyhow::Result<Process> {
        let mut command = bcm(&self.program);
        command.args(["orders", verb, order, "--config"]);
        command.arg(self.folder.config());
        if verb == "cancel" {
            command.args(["--reason", "34"]);
        }
        Process::start(command, &self.folder.path.join("people.log"))
    }
}

fn config_of(folder: &Folder, worker: usize) -> PathBuf {
    match worker {
        0 => folder.config(),
        n => folder.path.join(format!("bcm-{n}.toml")),
    }
}

async fn serve(program: &Path, folder: &Folder, port: u16) -> anyhow::Result<DevServer> {
    let options = DevServerOptions {
        port: Some(port),
        db_file: Some(folder.path.join("temporal.db")),
        fast: true,
        search_attributes: SEARCH_ATTRIBUTES
            .iter()
            .map(|name| ((*name).to_owned(), "Keyword".to_owned()))
            .collect(),
        log_file: Some(folder.path.join("temporal.log")),
        ..DevServerOptions::default()
    };
    Ok(DevServer::start(program, options).await?)
}

fn simulator(setup: &Setup<'_>, system: System, key: &str, port: u16) -> anyhow::Result<Process> {
    let folder = &setup.folder.path;
    // Nothing reaches back on its own where a test wants to see what a cursor loses.
    let reach_back_s = match setup.plant {
        Some(Plant::CursorPastFailure) => 0,
        _ => 1,
    };
    let switches = match system {
        System::BlueCherry => json!({ "repeats_are_new_orders": setup.erp_takes_repeats }),
        _ => json!({
            "acceptance_limit_s": ACCEPTANCE_LIMIT_S,
            "start_update_overlap_s": reach_back_s,
        }),
    };
    let file = folder.join(format!("{}.json", system.word()));
    std::fs::write(&file, switches.to_string())?;
    let mut command = bcm(setup.program);
    let listen = format!("127.0.0.1:{port}");
    let seed = setup.seed.to_string();
    command.arg("simulate");
    match system {
        System::BlueCherry => command
            .args(["bluecherry", "--ship-after-s", "1"])
            .env("BCM_SIM_BLUECHERRY_KEY", key),
        shop => command
            .args(["mirakl", "--marketplace", shop.word()])
            .env("BCM_SIM_MIRAKL_KEY", key),
    };
    command.args(["--listen", &listen, "--seed", &seed, "--options"]);
    command.arg(file);
    Process::start(command, &folder.join(format!("{}.log", system.word())))
}
