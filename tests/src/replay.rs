//! Recorded runs of every release replay with today's code, and a changed order of steps is noticed.
//!
//! `histories/` has a folder for each release. Those of earlier releases stay as they are; today's is
//! recorded anew with `BCM_RECORD_HISTORIES=1 cargo test -p tests`.

use std::path::{Path, PathBuf};

use domain::marketplace::OrderKey;
use domain::step::{Decision, Outcome, Step};
use prost::Message;
use temporalio_client::WorkflowHistory;
use temporalio_common::data_converters::RawValue;
use temporalio_common::protos::temporal::api::history::v1::History;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::workflow_replayer::{
    WorkflowReplayError, WorkflowReplayFailure, WorkflowReplayer, WorkflowReplayerOptions,
};
use temporalio_workflow::{
    SyncWorkflowContext, WorkflowCancellationToken, WorkflowContext, WorkflowContextView,
    WorkflowResult,
};
use workflows::activities::OrderActivities;
use workflows::feeds::{CollectOrders, CollectShipments};
use workflows::options;
use workflows::orders::FulfillOrder;
use workflows::stock::{PublishStock, ReviewStock};
use workflows::sweep::Sweep;

/// Paths through an order's life, a feed, a sweep and stock, of which each release keeps a history.
const RECORDED: [&str; 11] = [
    "happy",
    "blocked-and-corrected",
    "debit-refused",
    "refused",
    "cancelled",
    "continued-as-new",
    "feed",
    "sweep",
    "stock",
    "stock-review",
    "returned",
];
/// The first release whose histories are kept.
const FIRST: &str = "0.1.0";
/// A history that grows beyond this shows documents that do not belong there.
const BYTES_MAX: usize = 50_000;

#[tokio::test]
async fn every_recorded_history_replays() {
    for (name, file) in files() {
        let options = WorkflowReplayerOptions::new()
            .register_workflow::<FulfillOrder>()
            .and_then(|all| all.register_workflow::<CollectOrders>())
            .and_then(|all| all.register_workflow::<CollectShipments>())
            .and_then(|all| all.register_workflow::<Sweep>())
            .and_then(|all| all.register_workflow::<PublishStock>())
            .and_then(|all| all.register_workflow::<ReviewStock>())
            .unwrap();
        let replayer = WorkflowReplayer::new(options.build()).unwrap();
        let replayed = replayer.replay_workflow(recorded(&file)).await;
        assert!(replayed.is_ok(), "{name}: {:?}", replayed.err());
    }
}

#[tokio::test]
async fn a_planted_change_of_the_order_of_steps_is_caught() {
    let options = WorkflowReplayerOptions::new().register_workflow::<AcceptsFirst>();
    let replayer = WorkflowReplayer::new(options.unwrap().build()).unwrap();
    let happy = folder().join(FIRST).join("happy.bin");
    let failed = replayer.replay_workflow(recorded(&happy)).await;
    let Err(WorkflowReplayError::Replay(WorkflowReplayFailure::Nondeterminism { message })) =
        failed
    else {
        panic!("not caught: {failed:?}");
    };
    assert!(message.contains("accept_order_lines"), "{message}");
}

#[test]
fn recorded_histories_are_small_and_name_nobody() {
    for (name, file) in files() {
        let bytes = std::fs::read(file).unwrap();
        assert!(bytes.len() <= BYTES_MAX, "{name}: {} bytes", bytes.len());
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for word in [
            "Street",
            "street_1",
            "firstname",
            "phone",
            "@relay",
            "api_key",
        ] {
            assert!(!text.contains(word), "{name} holds {word}");
        }
    }
}

#[test]
fn every_release_keeps_a_history_of_each_path() {
    let files = files();
    for release in releases() {
        for path in RECORDED {
            let name = format!("{release}/{path}");
            assert!(files.iter().any(|(n, _)| *n == name), "{name} is missing");
        }
    }
    assert!(releases().contains(&FIRST.to_owned()));
    assert!(files.len() >= RECORDED.len(), "{} files", files.len());
}

/// Where the histories are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("histories")
}

fn releases() -> Vec<String> {
    let folders = std::fs::read_dir(folder()).expect("the folder of histories");
    let folders = folders.map(|entry| entry.expect("an entry").file_name());
    folders
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}

/// Every recorded history, as `RELEASE/PATH`, whatever it is called.
fn files() -> Vec<(String, PathBuf)> {
    let mut all = vec![];
    for release in releases() {
        for entry in std::fs::read_dir(folder().join(&release)).expect("a release's folder") {
            let file = entry.expect("an entry").path();
            let path = file.file_stem().unwrap_or_default().to_string_lossy();
            all.push((format!("{release}/{path}"), file));
        }
    }
    all.sort();
    all
}

/// Reads a recorded history.
pub fn recorded(file: &Path) -> WorkflowHistory {
    let bytes = std::fs::read(file).unwrap();
    WorkflowHistory::from(History::decode(bytes.as_slice()).unwrap())
}

/// An order's loop in which somebody had Mirakl told before the sales order stands.
#[workflow]
struct AcceptsFirst {
    order: OrderKey,
}

#[workflow_methods]
impl AcceptsFirst {
    #[init]
    fn new(_ctx: &WorkflowContextView, order: OrderKey) -> Self {
        Self { order }
    }

    #[run(name = "FulfillOrder")]
    async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<Outcome> {
        let order = ctx.state(|wf| wf.order.clone());
        let token = WorkflowCancellationToken::new();
        let decided = ctx
            .execute_local_activity(
                OrderActivities::decide,
                order.clone(),
                options::look(&token),
            )
            .await?;
        let Decision { step, .. } = decided;
        if step == Step::CreateSalesOrder {
            let act = options::effect(format!("accept on Mirakl {order}"), &token);
            ctx.execute_activity(OrderActivities::accept_order_lines, order, act)
                .await?;
        }
        ctx.wait_condition(|_: &Self| false).await?;
        Ok(Outcome::Fulfilled)
    }

    #[signal(name = "order_changed")]
    fn order_changed(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _detail: RawValue) {}

    #[signal(name = "shipment_confirmed")]
    fn shipment_confirmed(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _detail: RawValue) {}
}
