//! What comes in: orders that cannot be read, words nobody knows, dry runs, and the reference.

use std::time::Duration;

use domain::exception::Kind;
use domain::order::State;
use domain::step::{Step, Wait};
use jiff::SignedDuration;
use ledger::ExceptionFilter;
use serde_json::{Value, json};
use simulators::fault::FaultRule;
use simulators::mirakl::OrderSpec;

use crate::harness::{Env, blocked, list};
use crate::matrix::Spoil;
use crate::plan::{Plan, plain};

fn odd(order_id: &str, extra: Value) -> OrderSpec {
    OrderSpec {
        extra: extra.as_object().cloned(),
        ..plain(order_id)
    }
}

#[tokio::test]
async fn one_that_cannot_be_read_and_one_with_a_new_word_stop_no_neighbour() {
    let env = Env::usual().await;
    let broken = json!({"order_lines": [{"quantity": "many"}]});
    for spec in [
        plain("C1-A"),
        odd("C2-A", broken),
        odd("C3-A", json!({"order_state": "TELEPORTING"})),
        odd("C4-A", json!({"order_lines": [{"quantity": -2}]})),
        plain("C5-A"),
    ] {
        env.mirakl.create_order(spec).unwrap();
    }
    env.pull().await;

    for id in ["C1-A", "C5-A"] {
        assert_eq!(env.drive(&env.key(id)).await, Step::Wait(Wait::Payment));
    }
    let strange = env.key("C3-A");
    assert_eq!(blocked(&env.drive(&strange).await), Kind::UnknownWord);
    assert!(env.sales_orders(&strange).is_empty());

    let filter = ExceptionFilter::default();
    let open = env.ledger.exceptions(&filter, 10).await.unwrap();
    let mut told: Vec<_> = open
        .iter()
        .map(|e| {
            let (_, value) = e.evidence.first().unwrap();
            (
                e.subject.as_str(),
                e.kind.as_str(),
                value.trim_start_matches("$."),
            )
        })
        .collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            ("C2-A", "unreadable_order", "order_lines[0].quantity"),
            ("C3-A", "unknown_word", "TELEPORTING"),
            ("C4-A", "unreadable_order", "order_lines[0].quantity"),
        ]
    );
    assert_eq!(env.ledger.counts().await.unwrap().unreadable, 2);
}

#[tokio::test]
async fn a_new_word_on_a_line_holds_that_order() {
    let env = Env::usual().await;
    let lines = json!({"order_lines": [{"order_line_state": "EVAPORATED"}]});
    let key = env.place(odd("C1-A", lines)).await;

    assert_eq!(blocked(&env.drive(&key).await), Kind::UnknownWord);

    assert_eq!(env.erp_calls("create_sales_order"), 0);
}

#[tokio::test]
async fn nothing_is_written_while_the_shop_runs_dry() {
    let mut plan = Plan::usual();
    plan.policy.dry_run = true;
    plan.poll = Duration::ZERO;
    let env = plan.start().await;
    let key = env.place(plain("C1-A")).await;
    let accepted = OrderSpec {
        accepted_elsewhere: Some(true),
        ..plain("C2-A")
    };
    let paid = env.place(accepted).await;
    env.mirakl.debit(&paid.order_id).unwrap();
    env.pull().await;
    let before = writes(&env);

    for step in [
        Step::CreateSalesOrder,
        Step::FindSalesOrder,
        Step::AcceptLines,
        Step::RefuseLines,
        Step::Release,
        Step::CancelSalesOrder,
        Step::CancelOrder,
        Step::SendTracking,
        Step::ConfirmShipment,
    ] {
        for key in [&key, &paid] {
            let waits = env.act(key, &step).await.unwrap();
            let would = Wait::DryRun("create_sales_order".into());
            assert_eq!(waits, Step::Wait(would), "{step:?}");
        }
    }
    env.pull().await;

    assert_eq!(writes(&env), before);
    assert_eq!(env.exceptions().await, []);
}

/// Calls to either side that were no reads.
fn writes(env: &Env) -> Vec<String> {
    let calls = [env.mirakl.ledger(), env.erp.ledger()];
    let calls = calls.iter().flat_map(|ledger| list(ledger, "calls"));
    let writes = calls.filter(|call| call["method"] != "GET");
    writes.map(|call| call["op"].to_string()).collect()
}

#[tokio::test]
async fn the_sales_order_number_is_written_back_once() {
    let mut plan = Plan::usual();
    plan.poll = Duration::ZERO;
    let env = plan.start().await;
    let key = env.accepted(plain("C1-A")).await;

    for _ in 0..3 {
        env.pull().await;
    }

    let written = env.seen(&key, "references");
    assert_eq!(written.len(), 1);
    assert_eq!(written[0]["order_reference_for_seller"], "500001");
    assert_eq!(env.mirakl_calls("OR04"), 1);
}

#[tokio::test]
async fn a_reference_that_cannot_be_written_stops_no_pull_and_is_written_later() {
    for action in [
        "reset-after-commit",
        "reset",
        "status:500",
        "status:429:5",
        "status:400",
    ] {
        let mut plan = Plan::usual();
        plan.poll = Duration::ZERO;
        let env = plan.start().await;
        let key = env.accepted(plain("C1-A")).await;
        env.fail_mirakl(FaultRule::once("OR04", action));

        for _ in 0..4 {
            env.clock.advance(Duration::from_secs(2));
            env.pull().await;
        }

        let order = env.mirakl.order("C1-A").unwrap();
        let reference = &order["references"]["order_reference_for_seller"];
        assert_eq!(reference, "500001", "{action}");
        let calls = env.mirakl_calls("OR04");
        assert!((1..=2).contains(&calls), "{action}: {calls} calls");
        let values = env.seen(&key, "references");
        let same = |v: &Value| v["order_reference_for_seller"] == "500001";
        assert!(values.iter().all(same), "{action}");
    }
}

#[tokio::test]
async fn a_feed_of_another_ledger_fills_nothing() {
    let env = Env::usual().await;
    env.mirakl.create_order(plain("C1-A")).unwrap();
    let mut feed = env.feed("nordwind");
    feed.ledger_id = "another".into();

    assert!(env.feeds.pull_orders_once(&feed).await.is_err());

    assert_eq!(env.mirakl_calls("OR11"), 0);
}

#[tokio::test]
async fn an_order_stamped_in_the_future_is_not_deaf_to_its_changes() {
    let mut plan = Plan::usual();
    plan.spoiled = true;
    let env = plan.start().await;
    let date = env.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT");
    let stamped = Spoil::FromTheFuture(date.to_string().leak());
    env.spoiler(true).spoil("OR11", stamped, true);
    let key = env.place(plain("C1-A")).await;
    assert!(env.spoiler(true).is_spent());
    let updated_at = env.row(&key).await.order.updated_at;
    let soon = env.clock.now() + SignedDuration::from_secs(1);
    assert!(updated_at <= soon, "{updated_at} is still to come");

    env.clock.advance(Duration::from_secs(2));
    env.mirakl.cancel(&key.order_id).unwrap();
    env.pull().await;

    assert_eq!(env.row(&key).await.order.state, State::Canceled);
}

#[tokio::test]
async fn a_pull_that_fails_loses_nothing() {
    let env = Env::usual().await;
    env.mirakl.create_order(plain("C1-A")).unwrap();
    env.fail_mirakl(FaultRule::once("OR11", "status:503"));
    let feed = env.feed("nordwind");
    assert!(env.feeds.pull_orders_once(&feed).await.is_err());
    env.fail_mirakl(FaultRule::once("OR11", "status:429:9"));
    let throttled = env.feeds.pull_orders_once(&feed).await.unwrap_err();
    assert_eq!(crate::harness::wait_s(&throttled), 9);

    env.clock.advance(Duration::from_secs(9));
    env.pull().await;

    assert_eq!(env.drive(&env.key("C1-A")).await, Step::Wait(Wait::Payment));
}
