//! One seed: safety mode, liveness mode, the second pass, and what both sides say then.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use activities::Clock;
use anyhow::Context;
use ledger::Ledger;
use serde::Serialize;
use serde_json::{Value, json};
use simulators::scenario::{GALERIA, NORDWIND, PlannedOrder};
use temporalio_client::{
    Client, UntypedSignal, UntypedWorkflow, WorkflowDescribeOptions, WorkflowExecutionStatus,
};
use temporalio_common::data_converters::RawValue;

use super::faults::System;
use super::invariants::{self, Checked};
use super::leaks::{self, Needles};
use super::processes::{Process, until};
use super::scene::{Scene, Setup, WORKERS_MAX};
use super::script::{Event, Script, order_id, script};
use super::world::{SecondPass, World, number, rows, text};
use super::{Plant, gather};
use crate::connect;
use crate::shop_folder::Folder;

/// Everything is settled within this after the last fault.
const SETTLE: Duration = Duration::from_secs(60);
/// With a planted fault nobody waits for what cannot come.
const SETTLE_PLANTED: Duration = Duration::from_secs(15);
/// How often the world is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(700);
/// The second pass is over within this.
const SECOND_PASS: Duration = Duration::from_secs(40);
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

struct Play {
    scene: Scene,
    ledger: Ledger,
    plan: Vec<PlannedOrder>,
    script: Script,
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
            Event::Freeze(worker) => self.scene.freeze(worker, true).await?,
            Event::Thaw(worker) => self.scene.freeze(worker, false).await?,
            Event::Join => self.scene.want(1),
            Event::CrashTemporal => self.scene.crash_temporal().await?,
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
            self.scene.freeze(worker, false).await?;
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

    /// Everything is looked at again, by a worker that knows nothing: what is written then?
    async fn second_pass(&mut self, client: &Client, settled: bool) -> anyhow::Result<SecondPass> {
        self.scene.kill_workers().await?;
        let before = gather::look(&self.scene, &self.ledger, &self.plan, &self.script).await?;
        let open = open_orders(client).await?;
        let mut lengths = BTreeMap::new();
        for id in &open {
            lengths.insert(id.clone(), length(client, id).await?);
            tell(client, id, "order_changed").await?;
        }
        self.scene.ready(0).await?;
        let mut silent = open.clone();
        let begun = Instant::now();
        let patience = if settled { SECOND_PASS } else { LOOK };
        let mut pulls;
        loop {
            self.scene.tend()?;
            let mut still = vec![];
            for id in silent {
                // The signal itself is one event, and its workflow task has three at least.
                let grown = length(client, &id).await? >= lengths[&id] + 4;
                if !grown {
                    still.push(id);
                }
            }
            silent = still;
            let now = gather::look(&self.scene, &self.ledger, &self.plan, &self.script).await?;
            pulls = pulls_since(&before, &now);
            let done = silent.is_empty() && pulls.values().all(|n| *n >= 2);
            if done || begun.elapsed() >= patience {
                let known = commits(&before);
                let mut new = commits(&now);
                for (name, count) in known {
                    if let Some(left) = new.get_mut(&name) {
                        *left -= count;
                    }
                }
                new.retain(|_, count| *count > 0);
                return Ok(SecondPass {
                    told: open.len(),
                    silent,
                    pulls,
                    // What had not settled goes on: that is no second pass.
                    commits: if settled {
                        new.into_keys().collect()
                    } else {
                        vec![]
                    },
                });
            }
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
        let control = self.plan.first().map(order_id).unwrap_or_default();
        let mut seen = false;
        for file in std::fs::read_dir(&self.scene.folder.path)? {
            let path = file?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let wanted = ["temporal.", "bcm.db", "worker-", "people."];
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

/// Committed calls by system, operation and key, and how often each.
fn commits(world: &World) -> BTreeMap<String, usize> {
    let mut commits = BTreeMap::new();
    let shops = world.shops.iter().map(|(name, held)| (name.as_str(), held));
    for (system, held) in shops.chain([("bluecherry", &world.erp)]) {
        for call in rows(held, "calls")
            .iter()
            .filter(|c| c["committed"] == true)
        {
            let name = format!("{system} {} {}", text(call, "op"), text(call, "key"));
            *commits.entry(name).or_default() += 1;
        }
    }
    commits
}

/// Pulls of each feed between two looks.
fn pulls_since(before: &World, now: &World) -> BTreeMap<String, usize> {
    let count = |held: &Value, op: &str| {
        let calls = rows(held, "calls").iter();
        calls
            .filter(|c| text(c, "op") == op && number(c, "status") == 200)
            .count()
    };
    let mut pulls = BTreeMap::new();
    for shop in [NORDWIND, GALERIA] {
        let grown = match (before.shops.get(shop), now.shops.get(shop)) {
            (Some(before), Some(now)) => count(now, "OR11") - count(before, "OR11"),
            _ => 0,
        };
        pulls.insert(format!("{shop}/orders"), grown);
    }
    let of_erp = |world: &World| count(&world.erp, "list_fulfilments");
    pulls.insert("shipments".to_owned(), of_erp(now) - of_erp(before));
    pulls
}

async fn open_orders(client: &Client) -> anyhow::Result<Vec<String>> {
    let mut open = vec![];
    let mut all = client.list_workflows("", Default::default());
    while let Some(run) = futures::StreamExt::next(&mut all).await {
        let run = run?;
        if run.status() == WorkflowExecutionStatus::Running && run.id().starts_with("order/") {
            open.push(run.id().to_owned());
        }
    }
    Ok(open)
}

async fn length(client: &Client, id: &str) -> anyhow::Result<usize> {
    let run = client.get_workflow_handle::<UntypedWorkflow>(id.to_owned());
    let described = run.describe(WorkflowDescribeOptions::default()).await?;
    Ok(match described.status() {
        WorkflowExecutionStatus::Running => described.history_length(),
        // It looked, and ended.
        _ => usize::MAX,
    })
}

async fn tell(client: &Client, id: &str, signal: &str) -> anyhow::Result<()> {
    let run = client.get_workflow_handle::<UntypedWorkflow>(id.to_owned());
    let nothing = RawValue { payloads: vec![] };
    run.signal(UntypedSignal::new(signal), nothing, Default::default())
        .await?;
    Ok(())
}
