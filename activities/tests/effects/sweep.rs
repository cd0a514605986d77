//! The sweep against both simulators: what it finds, what it has repaired, and that it ends.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use activities::{Failure, Feeds, Runs, Sweeps};
use bluecherry::Binding;
use domain::exception::Kind;
use domain::marketplace::OrderKey;
use domain::step::{Step, Wait};
use jiff::SignedDuration;
use serde_json::json;
use simulators::fault::FaultRule;
use simulators::mirakl::OrderSpec;
use workflows::sweep::{SweepInput, SweepReport};

use crate::create::conflict::meant;
use crate::harness::{Env, list};
use crate::plan::{Plan, plain};
use crate::web;

/// Temporal as a test wants it: which runs are open, and which were started.
#[derive(Default)]
struct Known {
    open: BTreeSet<OrderKey>,
    /// Nothing is told of these.
    silent: BTreeSet<OrderKey>,
    started: Mutex<Vec<OrderKey>>,
}

impl Known {
    fn open(keys: &[&OrderKey]) -> Self {
        Self {
            open: keys.iter().map(|key| (*key).clone()).collect(),
            ..Self::default()
        }
    }

    fn started(&self) -> Vec<OrderKey> {
        self.started.lock().unwrap().clone()
    }
}

impl Runs for Known {
    async fn is_open(&self, key: &OrderKey) -> Result<bool, Failure> {
        if self.silent.contains(key) {
            return Err(Failure {
                kind: "Temporal",
                text: "no answer".into(),
                retry: domain::retry::Retry::Backoff,
            });
        }
        Ok(self.open.contains(key))
    }

    async fn take_up(&self, _sweeps: &Sweeps, key: &OrderKey) -> Result<(), Failure> {
        self.started.lock().unwrap().push(key.clone());
        Ok(())
    }
}

async fn sweep(env: &Env, run: &str, runs: &Known) -> SweepReport {
    let sweeps = Sweeps::new(Arc::new(Feeds::new(env.orders.clone())));
    // Later by the tests' clock, so that what was written just now is not new any more.
    env.clock.advance(Duration::from_secs(1));
    let input = input(env);
    let ticket = sweeps.request_order_export(&input, run).await.unwrap();
    assert!(sweeps.await_order_export(&ticket).await.unwrap().ready);
    sweeps.read_order_export(&ticket).await.unwrap();
    sweeps.compare_orders(&ticket, 1, runs).await.unwrap()
}

fn input(env: &Env) -> SweepInput {
    SweepInput {
        of: env.key("").marketplace,
        ledger_id: env.ledger.id().to_owned(),
        days: 14,
    }
}

/// Calls to either side that were no reads; asking for an export changes nothing.
fn writes(env: &Env) -> Vec<String> {
    let calls = [env.mirakl.ledger(), env.erp.ledger()];
    let calls = calls.iter().flat_map(|ledger| list(ledger, "calls"));
    let writes = calls.filter(|call| call["method"] != "GET" && call["op"] != "OR13");
    writes.map(|call| call["op"].to_string()).collect()
}

/// An order whose stamp of the future has the feed look past all that follow.
async fn blind_the_feed(env: &Env) {
    let ahead = env.clock.now() + SignedDuration::from_hours(24);
    let stamp = json!({"last_updated_date": ahead.to_string()});
    env.place(OrderSpec {
        extra: stamp.as_object().cloned(),
        ..plain("C0-A")
    })
    .await;
}

#[tokio::test]
async fn a_sweep_that_goes_by_a_lost_ledger_ends_and_touches_nothing() {
    let env = Env::usual().await;
    let sweeps = Sweeps::new(Arc::new(Feeds::new(env.orders.clone())));
    let mut ticket = sweeps
        .request_order_export(&input(&env), "run")
        .await
        .unwrap();
    ticket.ledger_id = Some("the lost one".into());
    let mut theirs = input(&env);
    theirs.ledger_id = "the lost one".into();
    let calls = env.mirakl.calls().count("OR14") + env.mirakl.calls().count("OR15");

    for failure in [
        sweeps.request_order_export(&theirs, "other").await.err(),
        sweeps.await_order_export(&ticket).await.err(),
        sweeps.read_order_export(&ticket).await.err(),
        sweeps
            .compare_orders(&ticket, 1, &Known::default())
            .await
            .err(),
    ] {
        let failure = failure.expect("another ledger's numbers say nothing here");
        assert_eq!(failure.kind, "OtherLedger", "{failure}");
        assert_eq!(failure.retry, domain::retry::Retry::Never);
    }
    assert_eq!(
        env.mirakl.calls().count("OR14") + env.mirakl.calls().count("OR15"),
        calls
    );
}

#[tokio::test]
async fn an_order_that_no_pull_brought_is_found_told_and_carried() {
    let env = Env::usual().await;
    blind_the_feed(&env).await;
    let (first, key) = (env.key("C0-A"), env.key("C1-A"));
    env.drive(&first).await;
    env.mirakl.create_order(plain("C1-A")).unwrap();
    env.clock.advance(Duration::from_secs(600));
    env.pull().await;
    assert!(env.ledger.order(&key).await.unwrap().is_none());

    let runs = Known::open(&[&first, &key]);
    let report = sweep(&env, "run-1", &runs).await;

    assert_eq!((report.exported, report.missed), (2, 1));
    assert!(env.exceptions().await.contains(&Kind::MissedOrder));
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Payment));
    env.ledger.close_taken_up(env.clock.now()).await.unwrap();
    assert!(env.exceptions().await.is_empty());
    let missed = env.ledger.missed_orders().await.unwrap();
    assert_eq!(missed, [(key.marketplace.clone(), 1)]);
}

#[tokio::test]
async fn what_the_next_pull_brings_anyway_is_not_missed() {
    let env = Env::usual().await;
    env.pull().await;
    env.mirakl.create_order(plain("C1-A")).unwrap();
    let key = env.key("C1-A");
    let report = sweep(&env, "run-1", &Known::open(&[&key])).await;
    assert_eq!((report.exported, report.missed), (1, 0));
    assert!(env.ledger.order(&key).await.unwrap().is_some());
    assert!(env.exceptions().await.is_empty());
}

#[tokio::test]
async fn a_second_sweep_writes_nothing_and_opens_nothing() {
    let env = Env::usual().await;
    let paid = env.released(plain("C1-A")).await;
    let accepted = env.accepted(plain("C2-A")).await;
    let cancelled = env.accepted(plain("C3-A")).await;
    env.mirakl.cancel("C3-A").unwrap();
    env.pull().await;
    env.drive(&cancelled).await;
    let runs = Known::open(&[&paid, &accepted]);
    let first = sweep(&env, "run-1", &runs).await;
    let (before, exceptions) = (writes(&env), env.exceptions().await);

    let second = sweep(&env, "run-2", &runs).await;
    env.pull().await;

    assert_eq!(first, second);
    assert_eq!(
        (
            second.missed,
            second.taken_up,
            second.looked_again,
            second.findings
        ),
        (0, 0, 0, 0)
    );
    assert_eq!(writes(&env), before);
    assert_eq!(env.exceptions().await, exceptions);
    assert!(runs.started().is_empty());
}

#[tokio::test]
async fn an_order_without_an_open_run_is_taken_up_again() {
    let env = Env::usual().await;
    let (kept, lost) = (
        env.accepted(plain("C1-A")).await,
        env.accepted(plain("C2-A")).await,
    );
    let runs = Known::open(&[&kept]);
    let report = sweep(&env, "run-1", &runs).await;
    assert_eq!(report.taken_up, 1);
    assert_eq!(runs.started(), std::slice::from_ref(&lost));
    let owed = env
        .ledger
        .owed_orders(&lost.marketplace, env.clock.now(), 9)
        .await
        .unwrap();
    assert!(owed.contains(&lost));
}

#[tokio::test]
async fn sales_orders_that_are_gone_cancelled_or_doubled_have_an_owner() {
    let env = Env::usual().await;
    let dead = env.released(plain("C1-A")).await;
    let doubled = env.accepted(plain("C2-A")).await;
    let number = env.sales_order(&dead)["ord_num"].clone();
    env.erp_control("/_sim/cancel", &json!({ "ord_num": number }))
        .await;
    let mut twin = meant(&env, &doubled).await;
    let account = bluecherry::NewCustomer {
        name: "Another".to_owned(),
        account_model: bluecherry::AccountModel::Channel,
        bill_to: None,
        default_ship_to: None,
        division: twin.division.clone(),
        terms: None,
        tax_exempt: None,
        currency: "USD".to_owned(),
        price_level: None,
    };
    let other = env.site.put_customer("another", &account, "k").await;
    twin.customer_code = other.unwrap().customer_code;
    env.site.create_sales_order(&twin, "by hand").await.unwrap();
    let runs = Known::open(&[&dead, &doubled]);

    let report = sweep(&env, "run-1", &runs).await;

    assert_eq!(report.findings, 2);
    let mut kinds = env.exceptions().await;
    kinds.sort_unstable();
    assert_eq!(kinds, [Kind::CancelledInErp, Kind::DuplicateSalesOrder]);
    let again = sweep(&env, "run-2", &runs).await;
    assert_eq!(again.findings, 2);
    assert_eq!(env.exceptions().await.len(), 2);
}

#[tokio::test]
async fn a_carrier_that_left_the_operators_list_is_told_once() {
    let mut plan = Plan::usual();
    plan.mirakl.carriers.clear();
    let env = plan.start().await;
    for run in ["run-1", "run-2"] {
        let report = sweep(&env, run, &Known::default()).await;
        assert_eq!(report.findings, 1);
        assert_eq!(env.exceptions().await, [Kind::SettingsDrift]);
    }
    assert_eq!(env.mirakl_calls("SH21"), 1, "read once a day");
}

#[tokio::test]
async fn an_order_that_cannot_be_compared_stops_no_other() {
    let env = Env::usual().await;
    let (bad, good) = (
        env.accepted(plain("C1-A")).await,
        env.accepted(plain("C2-A")).await,
    );
    env.fail_erp(
        FaultRule::once("find_sales_orders", "status:500")
            .times(0)
            .about("C1-A"),
    );
    let runs = Known::open(&[&bad, &good]);
    let sweeps = Sweeps::new(Arc::new(Feeds::new(env.orders.clone())));
    let ticket = sweeps
        .request_order_export(&input(&env), "run-1")
        .await
        .unwrap();
    sweeps.await_order_export(&ticket).await.unwrap();
    sweeps.read_order_export(&ticket).await.unwrap();
    assert!(sweeps.compare_orders(&ticket, 1, &runs).await.is_err());
    let report = sweeps.compare_orders(&ticket, 4, &runs).await.unwrap();
    assert_eq!(report.skipped, 1);
    let counts = env.ledger.sweep(ticket.sweep).await.unwrap().counts;
    assert_eq!(counts.looked_up, 1);
}

#[tokio::test]
async fn an_export_that_fails_or_lies_elsewhere_is_over_and_nothing_is_read() {
    for ways in [
        json!({"fail": true}),
        json!({"files_at": "169.254.169.254"}),
    ] {
        let env = Env::usual().await;
        env.mirakl.create_order(plain("C1-A")).unwrap();
        web::post(&env.mirakl.url(), "/_sim/exports", &ways).await;
        let sweeps = Sweeps::new(Arc::new(Feeds::new(env.orders.clone())));
        let input = input(&env);
        let ticket = sweeps.request_order_export(&input, "run-1").await.unwrap();
        assert!(!sweeps.await_order_export(&ticket).await.unwrap().ready);
        let swept = env.ledger.sweep(ticket.sweep).await.unwrap();
        assert_eq!(
            (swept.state.as_str(), swept.tracking_id),
            ("export_failed", None)
        );
        assert_eq!(env.mirakl_calls("OR15"), 0);
        // The same run asks once more, for another.
        web::post(&env.mirakl.url(), "/_sim/exports", &json!({})).await;
        let again = sweeps.request_order_export(&input, "run-1").await.unwrap();
        assert_eq!(again, ticket);
        assert!(sweeps.await_order_export(&again).await.unwrap().ready);
    }
}

#[tokio::test]
async fn an_export_is_asked_for_once_however_often_it_is_tried() {
    let env = Env::usual().await;
    let sweeps = Sweeps::new(Arc::new(Feeds::new(env.orders.clone())));
    let input = input(&env);
    for _ in 0..3 {
        sweeps.request_order_export(&input, "run-1").await.unwrap();
    }
    assert_eq!(env.mirakl_calls("OR13"), 1);
    let mut strange = input;
    strange.ledger_id = "another".into();
    assert!(
        sweeps
            .request_order_export(&strange, "run-2")
            .await
            .is_err()
    );
}

#[tokio::test]
async fn one_that_cannot_be_read_in_the_export_is_kept_and_stops_no_neighbour() {
    let env = Env::usual().await;
    let broken = json!({"order_lines": [{"quantity": "many"}]});
    let spec = OrderSpec {
        extra: broken.as_object().cloned(),
        ..plain("C1-A")
    };
    env.mirakl.create_order(spec).unwrap();
    env.mirakl.create_order(plain("C2-A")).unwrap();
    let key = env.key("C2-A");
    let report = sweep(&env, "run-1", &Known::open(&[&key])).await;
    assert_eq!(report.exported, 2);
    assert_eq!(env.exceptions().await, [Kind::UnreadableOrder]);
    assert!(env.ledger.order(&key).await.unwrap().is_some());
}

#[tokio::test]
async fn a_run_that_cannot_be_looked_at_stops_no_other() {
    let env = Env::usual().await;
    let silent = env.accepted(plain("C1-A")).await;
    let lost = env.accepted(plain("C2-A")).await;
    let runs = Known {
        silent: [silent.clone()].into(),
        ..Known::default()
    };
    let sweeps = Sweeps::new(Arc::new(Feeds::new(env.orders.clone())));
    let look = async || {
        env.clock.advance(Duration::from_secs(60));
        let before = env.clock.now();
        sweeps
            .look_at_runs(&lost.marketplace, before, 9, &runs)
            .await
    };

    assert_eq!(look().await.unwrap(), (2, 1));

    assert_eq!(runs.started(), std::slice::from_ref(&lost));
    let before = env.clock.now();
    let unseen = env.ledger.runs_unseen_since(&silent.marketplace, before, 9);
    assert!(unseen.await.unwrap().contains(&silent), "still to be seen");
}
