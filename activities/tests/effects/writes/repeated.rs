//! Done, and done again.

use domain::retry::Retry;

use super::scene::Write;

#[tokio::test]
async fn a_write_that_is_asked_for_twice_is_done_once() {
    for write in Write::ALL {
        let (env, key) = write.scene().await;

        env.act(&key, &write.step()).await.unwrap();
        let calls = write.calls(&env);
        env.act(&key, &write.step()).await.unwrap();
        let end = env.settle(&key).await;
        env.act(&key, &write.step()).await.unwrap();

        assert_eq!(write.effects(&env, &key), 1, "{write:?}");
        assert_eq!(write.calls(&env), calls, "{write:?} was called again");
        assert_eq!(end, write.end(), "{write:?}");
        assert_eq!(
            env.ledger.counts().await.unwrap().open_intents,
            0,
            "{write:?}"
        );
        assert_eq!(env.exceptions().await, [], "{write:?}");
    }
}

#[tokio::test]
async fn two_workers_at_once_do_it_once() {
    for write in Write::ALL {
        let (env, key) = write.scene().await;
        let step = write.step();

        let (one, other) = tokio::join!(env.act(&key, &step), env.act(&key, &step));

        assert!(one.is_ok() || other.is_ok(), "{write:?}: {one:?} {other:?}");
        // The slower of the two looks anew soon; a fault of the program would wait for minutes.
        for slower in [one.err(), other.err()].into_iter().flatten() {
            assert_ne!(slower.retry, Retry::Never, "{write:?}: {slower}");
        }
        assert_eq!(env.settle(&key).await, write.end(), "{write:?}");
        assert_eq!(write.effects(&env, &key), 1, "{write:?}");
    }
}
