//! Sweeps: begun once, what they found, and runs that were seen.

use domain::exception::{Kind, Problem};
use domain::step::{Outcome, Stage, Step};
use ledger::{ExceptionFilter, Finding, Ledger, NewSweep, Sweep};

use crate::harness::*;

async fn begin(ledger: &Ledger, run: &str, now: i64) -> Sweep {
    let marketplace = nw();
    let new = NewSweep {
        marketplace: &marketplace,
        run,
        since: at(-100),
        until: at(now),
        now: at(now),
    };
    ledger.begin_sweep(&new).await.unwrap()
}

async fn kinds(ledger: &Ledger) -> Vec<Kind> {
    let filter = ExceptionFilter::default();
    let open = ledger.exceptions(&filter, 99).await.unwrap();
    open.into_iter().map(|e| e.kind).collect()
}

async fn compared(ledger: &Ledger, sweep: &Sweep, found: &[Problem], now: i64) -> u32 {
    let marketplace = nw();
    let about = Finding {
        marketplace: &marketplace,
        subject: "A",
        is_order: true,
    };
    ledger
        .compared(sweep.id, &about, found, at(now))
        .await
        .unwrap()
}

#[tokio::test]
async fn an_attempt_that_comes_again_goes_on_with_its_sweep() {
    let (_home, ledger) = fresh().await;
    let mut sweep = begin(&ledger, "run-1", 5).await;
    sweep.tracking_id = Some("t-1".into());
    sweep.state = "exporting".into();
    sweep.counts.exported = 7;
    let ids = ["A".to_owned(), "B".to_owned()];
    ledger.note_sweep(&sweep, &ids, at(6)).await.unwrap();
    ledger.note_sweep(&sweep, &ids, at(6)).await.unwrap();

    let again = begin(&ledger, "run-1", 9).await;
    assert_eq!(again, sweep);
    assert_eq!(ledger.to_compare(sweep.id, 9).await.unwrap(), ids);
    compared(&ledger, &sweep, &[], 7).await;
    assert_eq!(ledger.to_compare(sweep.id, 9).await.unwrap(), ["B"]);
    assert_eq!(ledger.last_sweep(&nw()).await.unwrap(), None);

    sweep.state = "done".into();
    ledger.note_sweep(&sweep, &[], at(8)).await.unwrap();
    assert!(ledger.to_compare(sweep.id, 9).await.unwrap().is_empty());
    assert_eq!(ledger.last_sweep(&nw()).await.unwrap(), Some(at(8)));
    let next = begin(&ledger, "run-2", 20).await;
    let listed = ledger.sweeps(Some(&nw()), 9).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|s| s.id).collect();
    assert_eq!(listed, [next.id, sweep.id]);
}

#[tokio::test]
async fn a_finding_stands_until_a_sweep_no_longer_finds_it() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    let sweep = begin(&ledger, "run-1", 5).await;
    let twice = [Problem::new(Kind::DuplicateSalesOrder).with("sales_order", 1)];
    assert_eq!(compared(&ledger, &sweep, &twice, 6).await, 1);
    assert_eq!(compared(&ledger, &sweep, &twice, 7).await, 1);
    assert_eq!(kinds(&ledger).await, [Kind::DuplicateSalesOrder]);
    assert_eq!(ledger.open_findings(&nw()).await.unwrap(), ["A"]);
    assert_eq!(compared(&ledger, &sweep, &[], 8).await, 0);
    assert!(kinds(&ledger).await.is_empty());
}

#[tokio::test]
async fn an_order_that_has_its_owner_gets_no_second_exception() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    decide(&ledger, "A", &blocked(Kind::SalesOrderConflict, "x"), 2).await;
    let sweep = begin(&ledger, "run-1", 5).await;
    let twice = [Problem::new(Kind::DuplicateSalesOrder)];
    assert_eq!(compared(&ledger, &sweep, &twice, 6).await, 0);
    assert_eq!(kinds(&ledger).await, [Kind::SalesOrderConflict]);
}

#[tokio::test]
async fn a_missed_order_is_counted_once_and_closes_when_it_is_taken_up() {
    let (_home, ledger) = fresh().await;
    for _ in 0..2 {
        ledger.missed_order(&key("A"), &[], at(5)).await.unwrap();
    }
    put(&ledger, &[seen("A", 1)], 6).await;
    ledger.close_taken_up(at(7)).await.unwrap();
    assert_eq!(kinds(&ledger).await, [Kind::MissedOrder], "not yet");

    let next = decision(Step::CreateSalesOrder, Stage::New);
    decide(&ledger, "A", &next, 8).await;
    ledger.close_taken_up(at(9)).await.unwrap();
    assert!(kinds(&ledger).await.is_empty());
    assert_eq!(ledger.missed_orders().await.unwrap(), [(nw(), 1)]);
}

#[tokio::test]
async fn runs_are_looked_at_the_longest_unseen_first_and_not_when_they_are_over() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1), seen("B", 1)], 1).await;
    put(&ledger, &[seen("C", 1)], 3).await;
    let over = decision(Step::Done(Outcome::Fulfilled), Stage::Shipped);
    decide(&ledger, "B", &over, 4).await;
    let unseen = async |before| {
        let keys = ledger.runs_unseen_since(&nw(), at(before), 9).await;
        let ids = keys.unwrap().into_iter().map(|key| key.order_id);
        ids.collect::<Vec<_>>()
    };
    assert_eq!(unseen(5).await, ["A", "C"]);
    assert_eq!(unseen(2).await, ["A"]);
    ledger.runs_seen(&[key("A")], at(9)).await.unwrap();
    assert_eq!(unseen(9).await, ["C"]);
}

#[tokio::test]
async fn an_order_owes_a_look_without_news_until_it_is_decided() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    let over = decision(Step::Done(Outcome::Fulfilled), Stage::Shipped);
    decide(&ledger, "A", &over, 2).await;
    assert!(owed(&ledger, 3).await.is_empty());
    ledger.owe_a_look(&key("A"), at(3)).await.unwrap();
    assert_eq!(owed(&ledger, 3).await, ["A"]);
    decide(&ledger, "A", &over, 4).await;
    assert!(owed(&ledger, 5).await.is_empty());
}
