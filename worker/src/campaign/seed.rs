//! One seed: safety mode, liveness mode, the second pass, and what both sides say then.

use std::path::Path;
use std::time::{Duration, Instant};

use activities::Clock;
use anyhow::Context;
use ledger::Ledger;
use serde::Serialize;
use serde_json::{Value, json};
use simulators::scenario::PlannedOrder;
use temporalio_client::Client;

use super::faults::System;
use super::invariants::{self, Checked};
use super::leaks::{self, Needles};
use super::processes::{Process, until};
use super::scene::{Scene, Setup, WORKERS_MAX};
use super::script::{Event, Script, order_id, script};
use super::second_pass::commits;
use super::world::{SecondPass, World, number, rows, text};
use super::{Plant, gather};
use crate::connect;
use crate::shop_folder::Folder;

/// Everything is settled within this after the last fault.
const SETTLE: Duration = Duration::from_secs(60);
/// With a planted fault nobody waits for what cannot come.
const SETTLE_PLANTED: Duration = Duration::from_secs(15);
/// How often the world is looked at meanwhile.
pub(super) const LOOK: Duration = Duration::from_millis(700);
/// A person's verb answers within this.
const PERSON: Duration = Duration::from_secs(30);

/// What a seed is run with.
#[derive(Clone, Debug)]
pub(super) struct Run<'a> {
    pub(super) seed: u64,
    pub(super) orders: usize,
    pub(super) only: &'a [String],
    pub(super) plant: Option<Plant>,
    pub(super) workers: usize,
    pub(super) program: &'a Path,
    pub(super) temporal: &'a Path,
    pub(super) folder: Folder,
}

/// What became of a seed.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Told {
    pub(super) seed: u64,
    pub(super) orders: usize,
    pub(super) faults: Vec<String>,
    /// Faults that these simulators do not know.
    pub(super) unknown_faults: Vec<String>,
    /// Calls that a fault struck.
    pub(super) struck: u64,
    pub(super) worker_starts: usize,
    pub(super) ended_by_themselves: Vec<String>,
    /// From the end of the faults until everything was settled; `None` when it never was.
    pub(super) settled_s: Option<f64>,
    pub(super) seconds: f64,
    pub(super) checked: Checked,
}

/// Runs one seed.
pub(super) async fn run(run: &Run<'_>) -> anyhow::Result<Told> {
    let begun = Instant::now();
    let plan = planned(run);
    let script = script(run.seed, &plan, run.only, run.plant);
    let setup = Setup {
        seed: run.seed,
        folder: run.folder.clone(),
        program: run.program,
        temporal: run.temporal,
        workers: run.workers,
        erp_takes_repeats: script.erp_takes_repeats,
        kill_points: &script.kill_points,
        plant: run.plant,
    };
    let mut scene = Scene::start(&setup).await?;
    for worker in 0..setup.workers.clamp(1, WORKERS_MAX) {
        scene.ready(worker).await?;
    }
    let config = scene.config()?;
    let ledger = connect::ledger(&config, &Clock::system()).await?;
    let mut play = Play {
        scene,
        ledger,
        plan,
        script,
        people: vec![],
        unknown_faults: vec![],
        struck: 0,
        erp_faults: vec![],
        held_rows: vec![],
    };
    play.safety().await?;
    let faults_over = Instant::now();
    play.end_faults().await?;
    let patience = if run.plant.is_some() {
        SETTLE_PLANTED
    } else {
        SETTLE
    };
    let settled = play.settle(patience).await?;
    let settled_s = settled.then(|| faults_over.elapsed().as_secs_f64());
    let client = connect::temporal(&config.temporal).await?;
    let second_pass = play.second_pass(&client, settled).await?;
    let world = play.world(&client, second_pass).await?;
    let checked = invariants::check(&world);
    if !checked.violations.is_empty() {
        let file = run.folder.path.join("world.json");
        std::fs::write(file, serde_json::to_vec(&world)?)?;
    }
    Ok(Told {
        seed: run.seed,
        orders: play.plan.len(),
        faults: play.script.drawn,
        unknown_faults: play.unknown_faults,
        struck: play.struck,
        worker_starts: play.scene.worker_starts,
        ended_by_themselves: play.scene.ended,
        settled_s,
        seconds: begun.elapsed().as_secs_f64(),
        checked,
    })
}

/// The orders of a seed, a canary in each of their consumers.
fn planned(run: &Run<'_>) -> Vec<PlannedOrder> {
    let mut plan = simulators::scenario::World::new(run.seed).orders(run.orders);
    for order in &mut plan {
        leaks::plant(&mut order.spec);
    }
    plan
}

pub(super) struct Play {
    pub(super) scene: Scene,
    pub(super) ledger: Ledger,
    pub(super) plan: Vec<PlannedOrder>,
    pub(super) script: Script,
    people: Vec<Process>,
    unknown_faults: Vec<String>,
    struck: u64,
    /// The ERP's rules so far: given again when it comes back.
    erp_faults: Vec<Value>,
    held_rows: Vec<(System, String)>,
}

impl Play {
    /// Safety mode: everything that the script says, at its time.
    async fn safety(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        let events = std::mem::take(&mut self.script.events);
        let end = (self.script.length_ms, None);
        let events = events.into_iter().map(|(ms, event)| (ms, Some(event)));
        for (ms, event) in events.chain([end]) {
            let due = Duration::from_millis(ms);
            while begun.elapsed() < due {
                self.scene.tend()?;
                let left = due.saturating_sub(begun.elapsed());
                tokio::time::sleep(left.min(Duration::from_millis(50))).await;
            }
            if let Some(event) = event {
                self.happen(event).await?;
            }
        }
        Ok(())
    }

    async fn happen(&mut self, event: Event) -> anyhow::Result<()> {
        match event {
            Event::Sell(at) => {
                let order = &self.plan[at];
                let system = System::of_shop(order.marketplace);
                let sold = self
                    .scene
                    .control(system, "POST", "orders", Some(&order.spec));
                sold.await.context("an order of the plan cannot be sold")?;
            }
            Event::Fault(system, rule) => self.inject(system, rule).await?,
            Event::ErpAway => {
                let away = json!({ "op": "*", "times": 0, "action": "status:503" });
                let told = self
                    .scene
                    .control(System::BlueCherry, "POST", "faults", Some(&away));
                told.await?;
            }
            Event::ErpBack => {
                self.clear(System::BlueCherry).await?;
                for rule in self.erp_faults.clone() {
                    let told =
                        self.scene
                            .control(System::BlueCherry, "POST", "faults", Some(&rule));
                    told.await?;
                }
            }
            Event::HoldRow(system, key) => {
                let body = json!({ "key": key });
                match self
                    .scene
                    .control(system, "POST", "hold", Some(&body))
                    .await
                {
                    Ok(_) => self.held_rows.push((system, key)),
                    Err(_) => self.unknown_faults.push("hold".to_owned()),
                }
            }
            Event::LetRowGo(system, key) => self.let_go(system, &key).await?,
            Event::Kill(worker) => self.scene.kill(worker).await?,
            Event::Terminate(worker) => self.scene.terminate(worker).await?,
            Event::Freeze(worker) => self.scene.freeze(worker, true).await,
            Event::Thaw(worker) => self.scene.freeze(worker, false).await,
            Event::Join => self.scene.want(1),
            Event::CrashTemporal => self.scene.crash_temporal().await?,
            Event::LoseLedger => self.scene.lose_ledger().await?,
            Event::ConsumerCancels(at) => {
                let order = &self.plan[at];
                let system = System::of_shop(order.marketplace);
                let path = format!("orders/{}/cancel", order_id(order));
                // Too late, once it is shipped: then nothing was called off.
                let _ = self.scene.control(system, "POST", &path, None).await;
            }
            Event::Tell(verb, at) => {
                let name = self.name(at);
                self.people.push(self.scene.tell(verb, &name)?);
            }
        }
        Ok(())
    }

    fn name(&self, at: usize) -> String {
        let order = &self.plan[at];
        format!("{}/{}", order.marketplace, order_id(order))
    }

    async fn inject(&mut self, system: System, rule: Value) -> anyhow::Result<()> {
        let told = self
            .scene
            .control(system, "POST", "faults", Some(&rule))
            .await;
        match told {
            Ok(_) if system == System::BlueCherry => self.erp_faults.push(rule),
            Ok(_) => {}
            Err(error) if error.to_string().contains("unknown fault action") => {
                self.unknown_faults.push(text(&rule, "action").to_owned());
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Ends a simulator's faults, and counts what they struck.
    async fn clear(&mut self, system: System) -> anyhow::Result<()> {
        let held = self.scene.control(system, "GET", "faults", None).await?;
        for rule in rows(&held, "faults") {
            self.struck += u64::try_from(number(rule, "struck")).unwrap_or_default();
        }
        self.scene.control(system, "DELETE", "faults", None).await?;
        Ok(())
    }

    async fn let_go(&mut self, system: System, key: &str) -> anyhow::Result<()> {
        let held = |(of, row): &(System, String)| *of == system && row == key;
        if self.held_rows.iter().any(held) {
            self.held_rows.retain(|row| !held(row));
            let body = json!({ "key": key });
            self.scene
                .control(system, "POST", "release", Some(&body))
                .await?;
        }
        Ok(())
    }

    /// Liveness mode begins: the faults are over, everything is up, nobody holds anything.
    async fn end_faults(&mut self) -> anyhow::Result<()> {
        for system in [System::Nordwind, System::Galeria, System::BlueCherry] {
            self.clear(system).await?;
        }
        for (system, key) in self.held_rows.clone() {
            self.let_go(system, &key).await?;
        }
        for worker in 0..WORKERS_MAX {
            self.scene.freeze(worker, false).await;
        }
        if self.scene.ledger_lost_at.is_some() {
            self.scene.rebuilt().await?;
            // The file that was open is gone.
            self.ledger = connect::ledger(&self.scene.config()?, &Clock::system()).await?;
        }
        self.scene.ready(0).await?;
        for mut person in std::mem::take(&mut self.people) {
            until("a person's verb", PERSON, async || {
                person.ended().map(|_| ())
            })
            .await?;
        }
        // Whoever was told to hold is told to go on, whatever became of the first word.
        for at in self.script.disturbed.clone() {
            let name = self.name(at);
            let mut person = self.scene.tell("release", &name)?;
            until("a person's release", PERSON, async || {
                person.ended().map(|_| ())
            })
            .await?;
        }
        Ok(())
    }

    /// Waits until every order is at its end, and was so at two looks.
    async fn settle(&mut self, patience: Duration) -> anyhow::Result<bool> {
        let begun = Instant::now();
        let mut before = None;
        loop {
            self.scene.tend()?;
            let world = gather::look(&self.scene, &self.ledger, &self.plan, &self.script).await?;
            let commits = commits(&world);
            let settled = invariants::is_settled(&world);
            if settled && before.as_ref() == Some(&commits) {
                return Ok(true);
            }
            if begun.elapsed() >= patience {
                return Ok(false);
            }
            before = settled.then_some(commits);
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The whole world, after which everything is stopped.
    async fn world(&mut self, client: &Client, pass: SecondPass) -> anyhow::Result<World> {
        let mut world = gather::look(&self.scene, &self.ledger, &self.plan, &self.script).await?;
        world.entries = gather::entries(&self.ledger, &self.plan).await?;
        world.runs = gather::runs(client).await?;
        world.second_pass = pass;
        self.scene.stop_workers().await?;
        self.scene.stop_temporal().await?;
        let needles = Needles::new(&self.scene.keys);
        // Every order's run is of this type, so a search that sees anything sees it.
        let control = "FulfillOrder";
        let mut seen = false;
        for file in std::fs::read_dir(&self.scene.folder.path)? {
            let path = file?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let wanted = [
                "temporal.",
                "bcm.db",
                "worker-",
                "people.",
                "rebuild.",
                "decisions.",
            ];
            if !wanted.iter().any(|start| name.starts_with(start)) {
                continue;
            }
            if let Some(found) = needles.search(&path, control, &mut world.leaks) {
                seen |= found && name.starts_with("temporal.db");
                world.searched += 1;
            }
        }
        if !seen {
            // A search that would not find what is there found nothing.
            world.searched = 0;
        }
        Ok(world)
    }
}
