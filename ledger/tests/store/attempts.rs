//! Attempts: noted before they send, one at a time, and how each ended.

use ledger::{Ended, Error, Intent, Ledger};

use crate::harness::*;

async fn intent(ledger: &Ledger) -> Intent {
    put(ledger, &[seen("A", 1)], 1).await;
    let intent = ledger.intend(&key("A"), "release", "b", 1, at(2)).await;
    intent.unwrap()
}

async fn reread(ledger: &Ledger) -> Intent {
    let open = ledger.open_intent(&key("A"), "release").await;
    open.unwrap().unwrap()
}

async fn began(ledger: &Ledger, intent: &Intent, until: i64) -> Intent {
    let began = ledger.begin_attempt(intent, "release_sales_order", at(until), at(3));
    began.await.unwrap()
}

#[tokio::test]
async fn an_attempt_is_noted_before_it_sends_and_keeps_the_latest_deadline() {
    let (_home, ledger) = fresh().await;
    let intent = intent(&ledger).await;
    let one = began(&ledger, &intent, 50).await;
    let two = began(&ledger, &one, 40).await;
    assert_eq!((one.attempts, two.attempts), (1, 2));
    assert_eq!(reread(&ledger).await, two);
    assert_eq!(two.send_deadline, Some(at(50)));

    let fraction = at(60) + jiff::SignedDuration::from_nanos(1);
    let late = ledger.begin_attempt(&two, "release_sales_order", fraction, at(4));
    late.await.unwrap();

    assert!(
        reread(&ledger).await.send_deadline.unwrap() >= fraction,
        "never earlier"
    );
}

#[tokio::test]
async fn an_attempt_that_another_began_before_is_refused() {
    let (_home, ledger) = fresh().await;
    let looked_at = intent(&ledger).await;
    began(&ledger, &looked_at, 50).await;

    let second = ledger.begin_attempt(&looked_at, "release_sales_order", at(60), at(4));

    assert!(matches!(second.await, Err(Error::NotFound)));
    assert_eq!(ledger.attempts(&looked_at).await.unwrap().len(), 1);
    assert_eq!(reread(&ledger).await.send_deadline, Some(at(50)));
}

#[tokio::test]
async fn the_end_of_one_attempt_leaves_the_deadline_of_another() {
    let (_home, ledger) = fresh().await;
    let intent = intent(&ledger).await;
    let one = began(&ledger, &intent, 50).await;
    let two = began(&ledger, &one, 60).await;
    let end = |number, how| ledger.end_attempt(&two, number, how, at(5));

    end(2, Ended::NotDone).await.unwrap();
    assert_eq!(reread(&ledger).await.send_deadline, Some(at(50)));
    end(1, Ended::Lost).await.unwrap();
    assert_eq!(reread(&ledger).await.send_deadline, Some(at(50)));
    end(1, Ended::Done).await.unwrap();
    assert_eq!(reread(&ledger).await.send_deadline, None);
}

#[tokio::test]
async fn lost_answers_and_killed_attempts_that_a_look_did_not_show_are_unknown() {
    let (_home, ledger) = fresh().await;
    let mut now = intent(&ledger).await;
    for (until, how) in [
        (10, Some(Ended::Lost)),
        (20, Some(Ended::NotDone)),
        (30, None),
        (40, Some(Ended::Lost)),
        (50, Some(Ended::Lost)),
    ] {
        now = began(&ledger, &now, until).await;
        if let Some(how) = how {
            let ended = ledger.end_attempt(&now, now.attempts, how, at(until));
            ended.await.unwrap();
        }
    }
    let numbers = |unknown: Vec<ledger::Attempt>| -> Vec<u32> {
        unknown.iter().map(|attempt| attempt.number).collect()
    };

    let early = ledger.not_shown(&now, at(40)).await.unwrap();
    assert_eq!(numbers(early), [1, 3, 4], "the fifth may still show");
    let all = ledger.not_shown(&now, at(50)).await.unwrap();
    assert_eq!(numbers(all), [1, 3, 4, 5]);
    ledger.park_attempts(&now).await.unwrap();
    assert_eq!(ledger.not_shown(&now, at(99)).await.unwrap(), []);
    let ended = ledger.attempts(&now).await.unwrap();
    assert_eq!(ended[0].ended.as_deref(), Some("parked"));
    assert_eq!(ended[1].ended.as_deref(), Some("not_done"));
    assert_eq!(ended[2].ended.as_deref(), Some("parked"));
}
