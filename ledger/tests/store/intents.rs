//! Intents: one open an effect, with the body it was made with.

use ledger::{Error, Note, Settled};

use crate::harness::*;

#[tokio::test]
async fn an_open_intent_keeps_its_body_over_a_changed_mapping() {
    let (home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    let first = ledger
        .intend(&key("A"), "release", "body 1", 1, at(2))
        .await;
    let first = first.unwrap();
    assert_eq!((first.attempts, first.send_deadline), (0, None));
    assert_eq!((first.created_at, first.mapping_version), (at(2), 1));

    let again = home.open().await;
    let second = again.intend(&key("A"), "release", "body 2", 2, at(3)).await;
    assert_eq!(second.unwrap(), first);
    let other = again
        .intend(&key("A"), "cancel_order", "body 2", 2, at(3))
        .await;
    let other = other.unwrap();
    assert_ne!(other.id, first.id);
    assert_ne!(other.body_hash, first.body_hash);
    assert_eq!(ledger.counts().await.unwrap().open_intents, 2);
    assert_eq!(
        ledger.open_intent(&key("A"), "release").await.unwrap(),
        Some(first)
    );
}

#[tokio::test]
async fn a_settled_intent_makes_way_for_a_new_one_and_stays_settled() {
    let (home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1), seen("B", 1)], 1).await;
    let intent = ledger
        .intend(&key("A"), "release", "b 1", 1, at(2))
        .await
        .unwrap();
    let settle = |how| Note {
        settle: Some((&intent, how)),
        event: None,
    };
    let wrong_order = ledger
        .advance(&key("B"), settle(Settled::Done), at(3), |p| {
            p.released = true
        })
        .await;
    assert!(matches!(wrong_order, Err(Error::NotFound)));
    assert!(!row(&ledger, "B").await.progress.released, "all or nothing");

    for how in [Settled::Refused, Settled::Done] {
        ledger
            .advance(&key("A"), settle(how), at(3), |_| {})
            .await
            .unwrap();
    }
    let outcomes = home
        .rows("SELECT id FROM intents WHERE outcome = 'refused'")
        .await;
    assert_eq!(outcomes.len(), 1, "the first outcome stands");
    assert_eq!(
        ledger.open_intent(&key("A"), "release").await.unwrap(),
        None
    );
    let late = ledger.begin_attempt(&intent, "OR21", at(9), at(4)).await;
    assert!(matches!(late, Err(Error::NotFound)));
    let next = ledger
        .intend(&key("A"), "release", "b 2", 2, at(5))
        .await
        .unwrap();
    assert_eq!(next.body, "b 2");
    let unknown = ledger.intend(&key("Z"), "release", "b", 1, at(2)).await;
    assert!(matches!(unknown, Err(Error::NotFound)));
}
