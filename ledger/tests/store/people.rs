//! Commands of people, and forgetting.

use domain::step::{Outcome, Stage, Step};
use ledger::Error;

use crate::harness::*;

#[tokio::test]
async fn a_command_is_kept_and_makes_the_order_owed() {
    let (home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    let done = decision(Step::Done(Outcome::Cancelled), Stage::Cancelled);
    decide(&ledger, "A", &done, 2).await;
    assert!(owed(&ledger, 2).await.is_empty());

    let say = async |key| {
        ledger
            .record_command(&key, "retry", "ann", "{}", "taken", at(3))
            .await
    };
    say(key("A")).await.unwrap();
    assert_eq!(owed(&ledger, 3).await, ["A"]);
    assert_eq!(row(&ledger, "A").await.commands_version, 1);
    let events = ledger.events(&key("A")).await.unwrap();
    assert_eq!(events.last().unwrap().what, "command");
    assert_eq!(home.rows("SELECT id FROM commands").await.len(), 1);
    decide(&ledger, "A", &done, 4).await;
    assert!(owed(&ledger, 4).await.is_empty());
    assert!(matches!(say(key("Z")).await, Err(Error::NotFound)));
}

#[tokio::test]
async fn a_forgotten_order_keeps_its_facts_and_nothing_personal() {
    let (home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1), seen("B", 1)], 1).await;
    ledger
        .intend(&key("A"), "release", "street", 1, at(1))
        .await
        .unwrap();
    let run = page(SHIPMENTS, "s", 1, &[]);
    let first = [shipment("A", "S1", 1)];
    ledger.record_shipments(&run, &first, &[]).await.unwrap();
    for now in [2, 3] {
        ledger.forget(&key("A"), at(now)).await.unwrap();
    }

    assert!(matches!(
        ledger.payload(&key("A")).await,
        Err(Error::Forgotten)
    ));
    let intent = ledger.open_intent(&key("A"), "release").await;
    assert!(matches!(intent, Err(Error::Forgotten)));
    let intend = ledger
        .intend(&key("A"), "accept_lines", "x", 1, at(4))
        .await;
    assert!(matches!(intend, Err(Error::Forgotten)));
    assert_eq!(row(&ledger, "A").await.order, order(1));
    assert!(ledger.payload(&key("B")).await.is_ok());
    let events = ledger.events(&key("A")).await.unwrap();
    assert_eq!(events.len(), 1, "forgotten once");

    assert_eq!(put(&ledger, &[seen("A", 5)], 5).await.changed, 1);
    let later = [shipment("A", "S1", 2)];
    ledger.record_shipments(&run, &later, &[]).await.unwrap();
    assert!(matches!(
        ledger.payload(&key("A")).await,
        Err(Error::Forgotten)
    ));
    assert_eq!(row(&ledger, "A").await.order, order(5));
    let keys = home.rows("SELECT owner FROM data_keys").await;
    assert_eq!(keys.len(), 1, "the other order's");
}

#[tokio::test]
async fn an_order_can_be_forgotten_before_it_is_known() {
    let (home, ledger) = fresh().await;
    let run = page(SHIPMENTS, "s", 1, &[]);
    let first = [shipment("A", "S1", 1)];
    ledger.record_shipments(&run, &first, &[]).await.unwrap();
    ledger.forget(&key("A"), at(1)).await.unwrap();
    put(&ledger, &[seen("A", 2)], 2).await;
    assert!(matches!(
        ledger.payload(&key("A")).await,
        Err(Error::Forgotten)
    ));
    assert!(home.rows("SELECT owner FROM data_keys").await.is_empty());
}
