//! Refunds and cancelations of which nobody knows what became: parked, and nothing else waits.

use domain::exception::Kind;
use domain::marketplace::OrderKey;
use domain::step::{Step, Wait};
use serde_json::json;
use simulators::fault::FaultRule;

use super::scene::Write;
use crate::aftercare;
use crate::harness::{Env, until};
use crate::plan::{CALL, SHOWS, plain};

const WRITES: [Write; 2] = [Write::Refund, Write::CancelOnMirakl];

/// Goes on until the ledger has an exception.
async fn until_told(env: &Env, key: &OrderKey) -> Vec<Kind> {
    for _ in 0..8 {
        env.run(key).await.unwrap();
        let mut open = env.exceptions().await;
        // What is short is told too, where it cannot be canceled.
        open.retain(|kind| *kind != Kind::ShortShip);
        if !open.is_empty() {
            return open;
        }
        env.clock.advance(SHOWS);
        env.pull().await;
    }
    panic!("nobody is asked about {key}");
}

#[tokio::test]
async fn three_lost_answers_that_no_read_back_shows_park_it_until_a_person_says_retry() {
    for write in WRITES {
        let (env, key) = write.scene().await;
        write.fail(&env, "reset", 3);
        assert_eq!(until_told(&env, &key).await, [Kind::OutcomeUnknown]);
        assert_eq!((write.calls(&env), write.effects(&env, &key)), (3, 0));
        for _ in 0..3 {
            env.clock.advance(SHOWS);
            env.pull().await;
            env.run(&key).await.unwrap();
        }
        assert_eq!(write.calls(&env), 3, "{write:?} was sent again by itself");

        let answer = env.tell(&key, "retry", json!(null)).await;
        assert_eq!(answer.code, "retried");
        let again = env.tell(&key, "retry", json!(null)).await;
        assert_eq!(again.code, "already_retried", "two people press it");
        assert_eq!(env.settle(&key).await, write.end(), "{write:?}");
        assert_eq!(write.effects(&env, &key), 1, "{write:?}");
        assert_eq!(env.exceptions().await, [], "{write:?}");
    }
}

#[tokio::test]
async fn a_parked_refund_holds_no_other_credit() {
    let (env, key) = Write::Refund.scene().await;
    Write::Refund.fail(&env, "reset", 3);
    until_told(&env, &key).await;
    let line = json!({"external_line_id": "C1-A-1", "qty": 1, "goods": "3.00", "shipping": "0", "tax": "0"});
    aftercare::credit_of(&env, &key, json!({"lines": [line]})).await;
    assert_eq!(env.settle(&key).await, Step::Wait(Wait::Aftercare));
    assert_eq!(env.seen(&key, "refunds").len(), 1);
    assert_eq!(env.exceptions().await, [Kind::OutcomeUnknown]);
}

#[tokio::test]
async fn a_stale_read_back_is_not_believed_and_makes_no_second_one() {
    for write in WRITES {
        for action in ["reset-after-commit", "reset"] {
            let (env, key) = write.scene().await;
            write.fail(&env, action, 1);
            let step = env.act(&key, &write.step()).await.unwrap();
            assert_eq!(step, Step::Wait(Wait::ReadBack), "{write:?} {action}");
            for _ in 0..3 {
                env.clock.advance(CALL / 10);
                env.pull().await;
                assert_eq!(env.drive(&key).await, Step::Wait(Wait::ReadBack));
            }
            assert_eq!(
                write.calls(&env),
                1,
                "{write:?} {action} was sent too early"
            );
            // What Mirakl shows late, the window allows for.
            env.fail_mirakl(FaultRule::once("OR11", "stale-reads:5"));
            env.clock.advance(SHOWS);
            env.pull().await;
            env.settle(&key).await;
            env.clock.advance(SHOWS);
            env.pull().await;
            assert_eq!(env.settle(&key).await, write.end(), "{write:?} {action}");
            assert_eq!(write.effects(&env, &key), 1, "{write:?} {action}");
        }
    }
}

#[tokio::test]
async fn a_worker_killed_over_a_refund_before_and_after_its_note_repays_once() {
    for action in ["delay-after-commit_ms:60000", "delay_ms:60000"] {
        let (env, key) = Write::Refund.scene().await;
        Write::Refund.fail(&env, action, 1);
        let before = Write::Refund.calls(&env);
        let there = || Write::Refund.calls(&env) > before;
        tokio::select! {
            done = env.act(&key, &Step::Refund) => panic!("{action} ended: {done:?}"),
            () = until("the call is there", there) => {}
        }
        // The next worker looks at once: it knows what shows, and of nothing that does not show yet.
        env.pull().await;
        let shows = action.starts_with("delay-after");
        let next = match shows {
            true => Wait::Aftercare,
            false => Wait::ReadBack,
        };
        assert_eq!(env.drive(&key).await, Step::Wait(next), "{action}");
        assert_eq!(
            env.settle(&key).await,
            Step::Wait(Wait::Aftercare),
            "{action}"
        );
        assert_eq!(env.seen(&key, "refunds").len(), 1, "{action}");
    }
}

#[tokio::test]
async fn a_refund_that_the_ledger_forgot_is_found_on_mirakl_and_not_sent_again() {
    let env = aftercare::plan().start().await;
    let key = aftercare::shipped(&env, plain("C1-A")).await;
    aftercare::credit(&env, &key, 1).await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    env.pull().await;
    // As after a ledger that was lost: what was sent is known to Mirakl alone.
    let note = ledger::Note::default();
    let forget = |p: &mut domain::progress::Progress| p.care = domain::aftercare::Care::default();
    let now = env.clock.now();
    env.ledger.advance(&key, note, now, forget).await.unwrap();

    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Aftercare));
    assert_eq!(
        (env.mirakl_calls("OR28"), env.exceptions().await),
        (1, vec![])
    );
    let known = env.row(&key).await.progress.care.refunds;
    assert_eq!(known.len(), 1, "{known:?}");
}
