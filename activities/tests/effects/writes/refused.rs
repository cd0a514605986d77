//! The other side says no.

use domain::exception::Kind;
use domain::step::{Step, Wait};
use serde_json::json;

use super::scene::Write;
use crate::harness::blocked;

#[tokio::test]
async fn a_refusal_blocks_the_order_until_a_person_says_retry() {
    for write in Write::ALL {
        for action in ["status:400", "status:404"] {
            let (env, key) = write.scene().await;
            write.fail(&env, action, 0);

            let waits = env.settle(&key).await;

            match write.refused_end() {
                Some(end) => assert_eq!(waits, end, "{write:?} {action}"),
                None => assert!(matches!(waits, Step::Wait(Wait::Person(_))), "{write:?}"),
            }
            assert_eq!(write.effects(&env, &key), 0, "{write:?} {action}");
            let open = env.exceptions().await;
            assert!(open.contains(&write.refusal()), "{write:?}: {open:?}");
            let short = |kind: &Kind| write == Write::CancelOnMirakl && *kind == Kind::ShortShip;
            let only = open.iter().all(|k| *k == write.refusal() || short(k));
            assert!(only, "{write:?}: {open:?}");
            let calls = write.calls(&env);
            assert_eq!(env.drive(&key).await, waits, "{write:?} {action}");
            assert_eq!(write.calls(&env), calls, "{write:?} went on by itself");

            clear(write, &env);
            let answer = env.tell(&key, "retry", json!(null)).await;
            assert_eq!(answer.code, "retried", "{write:?} {action}");
            assert_eq!(env.settle(&key).await, write.end(), "{write:?} {action}");
            assert_eq!(write.effects(&env, &key), 1, "{write:?} {action}");
            assert_eq!(env.exceptions().await, [], "{write:?} {action}");
        }
    }
}

#[tokio::test]
async fn a_refusal_after_a_lost_answer_blocks_once_the_order_was_read_back() {
    for write in [Write::Confirm, Write::CancelOrder] {
        let (env, key) = write.scene().await;
        write.fail(&env, "reset", 1);
        write.fail(&env, "status:400", 0);

        let waits = env.settle(&key).await;

        assert_eq!(blocked(&waits), write.refusal(), "{write:?}");
        assert_eq!(write.effects(&env, &key), 0, "{write:?}");
        assert!(write.calls(&env) <= 4, "{write:?} goes round in circles");
    }
}

fn clear(write: Write, env: &crate::harness::Env) {
    if write.is_mirakls() {
        env.mirakl.faults().clear();
    } else {
        env.erp.faults().clear();
    }
}
