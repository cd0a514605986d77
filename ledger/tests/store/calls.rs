//! Budgets, closed calls and gates, shared by several programs on one ledger.

use std::time::Duration;

use domain::exception::Kind;
use domain::frequency::{Limit, published};
use domain::gate::{Endpoint, Reason};
use domain::step::{Stage, Step};
use jiff::Timestamp;
use ledger::{CallClosing, Closing, ExceptionFilter, Ledger};
use tokio::task::JoinSet;

use crate::harness::*;

fn shop() -> Endpoint {
    Endpoint::Mirakl(nw())
}

fn erp() -> Endpoint {
    Endpoint::BlueCherry("main".into())
}

async fn open_kinds(ledger: &Ledger) -> Vec<Kind> {
    let all = ledger.exceptions(&ExceptionFilter::default(), 10).await;
    all.unwrap().into_iter().map(|e| e.kind).collect()
}

async fn close(ledger: &Ledger, version: i64, now: i64) -> bool {
    let erp = erp();
    let closing = Closing {
        endpoint: &erp,
        reason: Reason::Down,
        call: "find_sales_orders",
        seen_version: version,
        failed_probes: 0,
        probe_at: at(now + 3),
    };
    ledger.close_gate(&closing, at(now)).await.unwrap()
}

/// Runs the same work on several pools at once; how many were given what they asked for.
async fn at_once<F>(home: &Home, n: usize, work: impl Fn(Ledger) -> F) -> usize
where
    F: Future<Output = bool> + Send + 'static,
{
    let pools = [home.open().await, home.open().await];
    let mut tasks = JoinSet::new();
    for i in 0..n {
        tasks.spawn(work(pools[i % 2].clone()));
    }
    let given = tasks.join_all().await;
    given.into_iter().filter(|given| *given).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_workers_together_never_use_more_than_is_allowed() {
    let (home, ledger) = fresh().await;
    let taken = at_once(&home, 24, |ledger| async move {
        let limits = published("OR31");
        let took = ledger.take_use(&shop(), "OR31", limits, at(0)).await;
        took.unwrap().is_ok()
    });
    assert_eq!(taken.await, 5);
    let limits = published("OR31");
    let next = ledger.take_use(&shop(), "OR31", limits, at(0)).await;
    assert_eq!(next.unwrap(), Err(at(1)));
    let later = ledger.take_use(&shop(), "OR31", limits, at(1)).await;
    assert_eq!(later.unwrap(), Ok(()));
}

#[tokio::test]
async fn a_call_without_a_limit_writes_nothing_and_each_shop_has_its_own() {
    let (home, ledger) = fresh().await;
    let endpoint = shop();
    let free = ledger.take_use(&endpoint, "OR21", published("OR21"), at(0));
    assert_eq!(free.await.unwrap(), Ok(()));
    assert!(home.rows("SELECT call FROM call_budgets").await.is_empty());
    let limit = [Limit {
        uses: 1,
        within: Duration::from_secs(60),
    }];
    for (endpoint, call) in [(shop(), "OR11"), (shop(), "OR04"), (erp(), "OR11")] {
        let took = ledger.take_use(&endpoint, call, &limit, at(0)).await;
        assert_eq!(took.unwrap(), Ok(()), "{endpoint} {call}");
    }
    let again = ledger.take_use(&shop(), "OR11", &limit, at(59)).await;
    assert_eq!(again.unwrap(), Err(at(60)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_all_workers_one_closes_a_gate_and_one_at_a_time_probes_it() {
    let (home, ledger) = fresh().await;
    let closed = at_once(&home, 8, |ledger| async move { close(&ledger, 0, 0).await });
    assert_eq!(closed.await, 1);
    assert_eq!(open_kinds(&ledger).await, [Kind::EndpointDown]);

    for (now, probes) in [(2, 0), (3, 1), (10, 0), (34, 1)] {
        let given = at_once(&home, 8, move |ledger| async move {
            let given = ledger.take_probe(&erp(), at(now), at(now + 31)).await;
            given.unwrap()
        });
        assert_eq!(given.await, probes, "at {now}");
    }
    ledger
        .probe_failed(&erp(), Reason::KeyRefused, "get_profile", at(100), at(40))
        .await
        .unwrap();
    assert_eq!(
        open_kinds(&ledger).await,
        [Kind::KeyRefused],
        "one incident"
    );
    assert!(!ledger.take_probe(&erp(), at(99), at(130)).await.unwrap());
    assert!(ledger.open_gate(&erp(), 200, at(101)).await.unwrap());
    assert!(!ledger.open_gate(&erp(), 200, at(101)).await.unwrap());
    assert_eq!(open_kinds(&ledger).await, []);
}

#[tokio::test]
async fn calls_that_failed_before_a_gate_opened_do_not_close_it() {
    let (_home, ledger) = fresh().await;
    assert!(close(&ledger, 0, 0).await);
    ledger.open_gate(&erp(), 200, at(5)).await.unwrap();
    assert!(!close(&ledger, 0, 6).await);
    assert!(close(&ledger, 2, 6).await);
    assert_eq!(ledger.gates().await.unwrap()[0].total, 2);
}

#[tokio::test]
async fn turns_go_by_urgency_then_by_deadline_and_who_comes_new_is_last() {
    let (_home, ledger) = fresh().await;
    let all = [
        ("A", Stage::Shipped, 10),
        ("B", Stage::Releasing, 20),
        ("C", Stage::New, 40),
        ("D", Stage::New, 30),
        ("E", Stage::New, 5),
    ];
    for (id, stage, deadline) in all {
        put(&ledger, &[seen(id, 1)], 1).await;
        let mut decided = decision(Step::CreateSalesOrder, stage);
        decided.shown.deadline = Some(at(deadline));
        decide(&ledger, id, &decided, 2).await;
    }
    assert!(close(&ledger, 0, 3).await);
    let mut ahead = vec![];
    for id in ["A", "B", "C", "D"] {
        ahead.push(ledger.wait_at_gate(&erp(), &key(id)).await.unwrap());
    }
    assert_eq!(ahead, [0, 0, 0, 0], "each came before those it goes behind");
    assert_eq!(ledger.wait_at_gate(&erp(), &key("A")).await.unwrap(), 3);
    assert_eq!(
        ledger
            .waiting_at_gate("bluecherry/main", at(4))
            .await
            .unwrap(),
        4
    );

    ledger.open_gate(&erp(), 1000, at(100)).await.unwrap();

    let mut turns: Vec<(Timestamp, &str)> = vec![];
    for id in ["A", "B", "C", "D", "E"] {
        let turn = ledger.turn_at_gate(&erp(), &key(id), 1000, at(100)).await;
        turns.push((turn.unwrap(), id));
    }
    turns.sort();
    let expected = [(100, "D"), (101, "C"), (102, "B"), (103, "A"), (104, "E")];
    assert_eq!(turns, expected.map(|(second, id)| (at(second), id)));
    assert_eq!(
        ledger
            .waiting_at_gate("bluecherry/main", at(102))
            .await
            .unwrap(),
        2
    );
    assert_eq!(ledger.gates().await.unwrap()[0].drain_until, at(105));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_closed_call_opens_with_success_and_one_tries_when_a_right_is_missing() {
    let (home, ledger) = fresh().await;
    let shop_endpoint = shop();
    let closing = CallClosing {
        endpoint: &shop_endpoint,
        call: "OR21",
        reason: Reason::RightMissing,
        until: at(60),
    };
    for _ in 0..2 {
        ledger.close_call(&closing, at(0)).await.unwrap();
    }
    assert_eq!(open_kinds(&ledger).await, [Kind::RightMissing]);
    let given = at_once(&home, 6, |ledger| async move {
        let given = ledger.try_call(&shop(), "OR21", at(60), at(120)).await;
        given.unwrap()
    });
    assert_eq!(given.await, 1);

    ledger.open_call(&shop(), "OR21", at(61)).await.unwrap();

    let call = ledger.closed_calls().await.unwrap().remove(0);
    assert_eq!((call.strikes, call.total), (0, 2));
    assert!(call.until < at(0));
    assert_eq!(open_kinds(&ledger).await, []);
}

#[tokio::test]
async fn a_clock_that_ran_ahead_holds_no_probe_no_turn_and_no_right() {
    const HOUR: i64 = 3600;
    let (_home, ledger) = fresh().await;
    let erp = erp();
    for id in ["A", "B"] {
        put(&ledger, &[seen(id, 1)], 1).await;
    }
    assert!(close(&ledger, 0, HOUR).await);
    for id in ["A", "B"] {
        ledger.wait_at_gate(&erp, &key(id)).await.unwrap();
    }
    let probe = |now, until| ledger.take_probe(&erp, at(now), at(until));

    assert!(probe(10, 41).await.unwrap(), "due in an hour by that clock");
    assert!(!probe(11, 42).await.unwrap(), "another has it");
    ledger.drop_probe(&erp).await.unwrap();
    assert!(probe(HOUR + 4, HOUR + 35).await.unwrap());
    assert!(
        probe(12, 43).await.unwrap(),
        "held for an hour by that clock"
    );

    ledger.open_gate(&erp, 1000, at(HOUR + 9)).await.unwrap();
    let mut turns = vec![];
    for id in ["A", "B"] {
        let turn = ledger.turn_at_gate(&erp, &key(id), 1000, at(20)).await;
        turns.push(turn.unwrap());
    }
    turns.sort();
    assert_eq!(turns, [at(20), at(21)]);
    assert_eq!(ledger.gates().await.unwrap()[0].drain_until, at(22));

    let endpoint = shop();
    let closing = CallClosing {
        endpoint: &endpoint,
        call: "OR21",
        reason: Reason::RightMissing,
        until: at(HOUR + 60),
    };
    ledger.close_call(&closing, at(HOUR)).await.unwrap();
    let tried = |now| ledger.try_call(&endpoint, "OR21", at(now), at(now + 60));
    assert!(tried(30).await.unwrap());
    assert!(!tried(31).await.unwrap());
}
