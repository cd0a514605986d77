//! The answer that never came, and the call that failed before anything was done.

use std::time::Duration;

use domain::retry::Retry;
use domain::step::{Step, Wait};

use super::scene::Write;
use crate::harness::{until, wait_s};
use crate::plan::{CALL, SHOWS};

#[tokio::test]
async fn an_answer_lost_after_the_write_makes_no_second_one() {
    for write in Write::ALL {
        for action in ["reset-after-commit", "status-after-commit:500"] {
            let (env, key) = write.scene().await;
            write.fail(&env, action, 1);

            let lost = env.act(&key, &write.step()).await;

            assert_eq!(write.effects(&env, &key), 1, "{write:?} {action}");
            let known = matches!(lost, Ok(ref step) if *step != Step::Wait(Wait::ReadBack));
            assert!(!known, "{write:?} {action} says {lost:?}");
            assert_eq!(env.settle(&key).await, write.end(), "{write:?} {action}");
            assert_eq!(write.effects(&env, &key), 1, "{write:?} {action}");
            let open = env.ledger.counts().await.unwrap().open_intents;
            assert_eq!((open, env.exceptions().await), (0, vec![]), "{write:?}");
        }
    }
}

#[tokio::test]
async fn a_call_that_failed_before_the_write_is_made_again() {
    for write in Write::ALL {
        for action in ["status:500", "status:502", "status:503", "reset"] {
            let (env, key) = write.scene().await;
            write.fail(&env, action, 1);

            let failed = env.act(&key, &write.step()).await;

            assert_eq!(write.effects(&env, &key), 0, "{write:?} {action}");
            let known = matches!(failed, Ok(ref step) if *step != Step::Wait(Wait::ReadBack));
            assert!(!known, "{write:?} {action} says {failed:?}");
            assert_eq!(env.settle(&key).await, write.end(), "{write:?} {action}");
            assert_eq!(write.effects(&env, &key), 1, "{write:?} {action}");
            assert_eq!(env.exceptions().await, [], "{write:?} {action}");
        }
    }
}

#[tokio::test]
async fn a_system_that_nobody_reaches_is_tried_again_at_once() {
    for write in Write::ALL {
        let (env, key) = write.scene().await;

        let refused = env.act_cut_off(&key, &write.step()).await.unwrap_err();

        assert_eq!(refused.retry, Retry::Backoff, "{write:?}: {refused}");
        assert_eq!(write.effects(&env, &key), 0, "{write:?}");
        // Nothing can have been written, so there is nothing to wait for.
        env.act(&key, &write.step()).await.unwrap();
        assert_eq!(write.effects(&env, &key), 1, "{write:?}");
    }
}

#[tokio::test]
async fn a_throttled_call_waits_as_it_was_told() {
    for write in Write::ALL {
        let (env, key) = write.scene().await;
        write.fail(&env, "status:429:7", 1);

        let throttled = env.act(&key, &write.step()).await.unwrap_err();

        assert_eq!(wait_s(&throttled), 7, "{write:?}: {throttled}");
        assert_eq!(write.effects(&env, &key), 0, "{write:?}");
        env.clock.advance(Duration::from_secs(6));
        let calls = write.calls(&env);
        let early = env.act(&key, &write.step()).await.unwrap_err();
        assert_eq!((early.kind, wait_s(&early)), ("Throttled", 1), "{write:?}");
        assert_eq!(write.calls(&env), calls, "{write:?} was sent too early");
        env.clock.advance(Duration::from_secs(1));
        env.act(&key, &write.step()).await.unwrap();
        assert_eq!(write.effects(&env, &key), 1, "{write:?}");
    }
}

#[tokio::test]
async fn a_lost_write_to_bluecherry_is_not_asked_after_before_it_must_show() {
    // Ship-to and release are two calls of one step.
    for (write, longest) in [
        (Write::Create, SHOWS),
        (Write::ShipTo, SHOWS),
        (Write::Release, SHOWS),
        (Write::CancelLines, SHOWS),
    ] {
        let (env, key) = write.scene().await;
        write.fail(&env, "reset-after-commit", 1);
        let lost = env.act(&key, &write.step()).await.unwrap_err();
        assert_eq!(wait_s(&lost), longest.as_secs(), "{write:?}");
        let asked = || ["find_sales_orders", "get_sales_order"].map(|op| env.erp_calls(op));
        let before = asked();

        env.clock.advance(longest / 2);
        let early = env.act(&key, &write.step()).await.unwrap_err();

        assert_eq!(wait_s(&early), longest.as_secs() / 2, "{write:?}");
        assert_eq!(asked(), before, "{write:?} was asked after too early");
        env.clock.advance(longest / 2);
        env.act(&key, &write.step()).await.unwrap();
        assert_eq!(write.calls(&env), 1, "{write:?}");
    }
}

#[tokio::test]
async fn a_worker_killed_over_a_call_leaves_it_to_be_found() {
    for write in Write::ALL {
        for action in ["delay-after-commit_ms:60000", "delay_ms:60000"] {
            let (env, key) = write.scene().await;
            write.fail(&env, action, 1);
            let (step, before) = (write.step(), write.calls(&env));
            let there = || match action.starts_with("delay-after") {
                true => write.effects(&env, &key) == 1,
                false => write.calls(&env) > before,
            };
            tokio::select! {
                done = env.act(&key, &step) => panic!("{write:?} {action} ended: {done:?}"),
                () = until("the call is there", there) => {}
            }

            let end = env.settle(&key).await;

            assert_eq!(end, write.end(), "{write:?} {action}");
            assert_eq!(write.effects(&env, &key), 1, "{write:?} {action}");
            assert!(
                !env.row(&key).await.progress.accepted_elsewhere,
                "{write:?}"
            );
            let open = env.ledger.counts().await.unwrap().open_intents;
            assert_eq!((open, env.exceptions().await), (0, vec![]), "{write:?}");
        }
    }
}

#[tokio::test]
async fn a_lost_write_to_mirakl_is_not_believed_from_an_order_read_too_early() {
    for write in [
        Write::Accept,
        Write::Refuse,
        Write::CancelOrder,
        Write::Confirm,
    ] {
        let (env, key) = write.scene().await;
        write.fail(&env, "reset", 1);
        let doubtful = env.act(&key, &write.step()).await.unwrap();
        assert_eq!(doubtful, Step::Wait(Wait::ReadBack), "{write:?}");

        env.clock.advance(CALL / 2);
        env.pull().await;
        let early = env.drive(&key).await;

        assert_eq!(early, Step::Wait(Wait::ReadBack), "{write:?}");
        assert_eq!(write.calls(&env), 1, "{write:?} was sent again too early");
        env.clock.advance(SHOWS);
        env.pull().await;
        env.drive(&key).await;
        assert_eq!(write.effects(&env, &key), 1, "{write:?}");
    }
}
