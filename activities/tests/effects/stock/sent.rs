//! Sending, and waiting for what Mirakl says of it.

use domain::exception::Kind;
use serde_json::json;
use simulators::fault::FaultRule;
use workflows::stock::Word;

use super::desk::{Desk, plan};
use crate::plan::offer;

#[tokio::test]
async fn a_file_is_sent_once_however_often_the_part_is_done() {
    let desk = Desk::usual().await;
    let mut ticket = desk.ready("run-1").await;
    desk.compute(&mut ticket, "run-1").await.unwrap();
    let first = desk.send(&ticket, "run-1").await.unwrap();
    let again = desk.send(&ticket, "run-1").await.unwrap();
    assert_eq!((&first.word, &again.word), (&Word::Go, &Word::Go));
    assert_eq!(first.lines, again.lines);
    assert_eq!(desk.env.mirakl_calls("STO01"), 1);
    let end = desk.wait(&ticket, "run-1").await.unwrap();
    assert_eq!((end.word, end.refused), (Word::Done, 0));
    let again = desk.wait(&ticket, "run-1").await;
    assert_eq!(again.unwrap().word, Word::Done);
    assert!(desk.shown().await.values().all(|n| *n > 0));
}

#[tokio::test]
async fn a_file_whose_answer_is_lost_is_given_up_and_a_new_computation_says_it_all() {
    let desk = Desk::usual().await;
    desk.env
        .fail_mirakl(FaultRule::once("STO01", "reset-after-commit"));
    let mut ticket = desk.ready("run-1").await;
    desk.compute(&mut ticket, "run-1").await.unwrap();
    let lost = desk.send(&ticket, "run-1").await.unwrap();
    assert_eq!(lost.word, Word::Again);
    let old = ticket.clone();
    desk.compute(&mut ticket, "run-1").await.unwrap();
    assert_eq!(desk.send(&ticket, "run-1").await.unwrap().word, Word::Go);
    desk.wait(&ticket, "run-1").await.unwrap();
    let states: Vec<_> = desk.files().await.into_iter().map(|f| f.state).collect();
    assert_eq!(states, ["done", "dropped"]);
    // The old one never goes out any more.
    let late = desk.env.stocks.send_stock(&old, "run-1").await.unwrap();
    assert_eq!(late.word, Word::Overtaken);
    assert_eq!(desk.env.mirakl_calls("STO01"), 2);
}

#[tokio::test]
async fn a_worker_killed_right_after_the_send_leaves_a_file_that_is_not_sent_again() {
    let desk = Desk::usual().await;
    let mut ticket = desk.ready("run-1").await;
    desk.compute(&mut ticket, "run-1").await.unwrap();
    // It notes the attempt, and is killed before it hears anything.
    desk.env
        .fail_mirakl(FaultRule::once("STO01", "delay_ms:60000"));
    let killed = tokio::time::timeout(
        std::time::Duration::from_millis(500),
        desk.send(&ticket, "run-1"),
    );
    assert!(killed.await.is_err());
    let next = desk.send(&ticket, "run-1").await.unwrap();
    assert_eq!(next.word, Word::Again);
    assert_eq!(desk.files().await[0].state, "dropped");
}

#[tokio::test]
async fn what_never_left_is_sent_by_the_next_attempt() {
    let desk = Desk::usual().await;
    let mut ticket = desk.ready("run-1").await;
    desk.compute(&mut ticket, "run-1").await.unwrap();
    let nobody = desk.cut_off().send_stock(&ticket, "run-1").await;
    assert!(nobody.is_err());
    assert_eq!(desk.send(&ticket, "run-1").await.unwrap().word, Word::Go);
    assert_eq!(desk.files().await.len(), 1);
}

#[tokio::test]
async fn a_file_that_mirakl_refuses_or_gives_up_is_told_and_sent_anew_by_the_next_run() {
    for fault in ["refuses", "gives up"] {
        let desk = Desk::usual().await;
        let mut ticket = desk.ready("run-1").await;
        desk.compute(&mut ticket, "run-1").await.unwrap();
        if fault == "refuses" {
            desk.env.fail_mirakl(FaultRule::once("STO01", "status:400"));
            let sent = desk.send(&ticket, "run-1").await.unwrap();
            assert_eq!(sent.word, Word::Failed);
        } else {
            let fails = json!({ "fail_imports": true });
            desk.mirakl("/_sim/offers/ways", fails).await;
            desk.send(&ticket, "run-1").await.unwrap();
            let end = desk.wait(&ticket, "run-1").await.unwrap();
            assert_eq!(end.word, Word::Failed);
            desk.mirakl("/_sim/offers/ways", json!({})).await;
        }
        assert_eq!(desk.kinds().await, [Kind::ImportFailed], "{fault}");
        desk.publish("run-2").await;
        assert!(desk.kinds().await.is_empty(), "{fault}");
        assert!(desk.shown().await.values().all(|n| *n > 0), "{fault}");
    }
}

#[tokio::test]
async fn a_lost_answer_of_a_read_has_the_part_tried_again() {
    for op in ["STO02", "STO03"] {
        let desk = Desk::usual().await;
        let refuse = json!({ "refuse": { offer(0): "no such price" } });
        desk.mirakl("/_sim/offers/ways", refuse).await;
        let mut ticket = desk.ready("run-1").await;
        desk.compute(&mut ticket, "run-1").await.unwrap();
        desk.send(&ticket, "run-1").await.unwrap();
        desk.env.fail_mirakl(FaultRule::once(op, "reset"));
        assert!(desk.wait(&ticket, "run-1").await.is_err(), "{op}");
        let end = desk.wait(&ticket, "run-1").await.unwrap();
        assert_eq!((end.word, end.refused), (Word::Done, 1), "{op}");
        let open = desk.exceptions().await;
        assert_eq!(open.len(), 1);
        let reason = open[0].evidence.iter().find(|(name, _)| name == "reason");
        assert_eq!(reason.unwrap().1, "no such price");
    }
}

#[tokio::test]
async fn a_dry_run_computes_everything_and_sends_nothing() {
    let mut plan = plan();
    plan.policy.dry_run = true;
    let desk = Desk::start(plan).await;
    let made = desk.publish("run-1").await;
    assert_eq!(made.changed, made.offers);
    assert_eq!(desk.env.mirakl_calls("STO01"), 0);
    assert!(desk.shown().await.values().all(|n| *n == 0));
}

#[tokio::test]
async fn a_process_that_stood_still_before_the_send_sends_nothing() {
    let mut stood = 0;
    for nth in 1..16 {
        let plan = plan();
        let thaw = plan.thaw.clone();
        let desk = Desk::start(plan).await;
        let mut ticket = desk.ready("run-1").await;
        desk.compute(&mut ticket, "run-1").await.unwrap();
        thaw.at(nth);
        if let Err(late) = desk.send(&ticket, "run-1").await {
            assert_eq!(late.kind, "TooLate");
            assert_eq!(desk.env.mirakl_calls("STO01"), 0, "{late}");
            stood += 1;
            // The next attempt sends the same lines.
            assert_eq!(desk.send(&ticket, "run-1").await.unwrap().word, Word::Go);
        }
    }
    assert!(stood > 0, "it stood right before the send at least once");
}
