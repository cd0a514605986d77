//! Shipments come in, before or after their order.

use domain::exception::Kind;
use domain::step::{Stage, Step, Wait};
use ledger::{ExceptionFilter, Recorded, Unreadable};

use crate::harness::*;

#[tokio::test]
async fn a_newer_version_is_news_of_the_order_and_an_older_one_is_not() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    let wait = decision(Step::Wait(Wait::Shipment), Stage::AwaitingShipment);
    decide(&ledger, "A", &wait, 2).await;
    let run = page(SHIPMENTS, "s-1", 3, &[]);
    let record = async |version| {
        let seen = [shipment("A", "S1", version)];
        ledger.record_shipments(&run, &seen, &[]).await.unwrap()
    };
    assert_eq!(record(2).await.new, 1);
    assert_eq!(owed(&ledger, 3).await, ["A"]);
    assert_eq!(row(&ledger, "A").await.shipments_version, 1);
    assert_eq!(record(2).await.unchanged, 1);
    assert_eq!(record(1).await.stale, 1);
    assert_eq!(row(&ledger, "A").await.shipments_version, 1);
    assert_eq!(record(3).await.changed, 1);
    let now = row(&ledger, "A").await;
    assert_eq!(now.shipments_version, 2);
    assert_eq!(now.shipments, [shipment("A", "S1", 3).shipment]);
    let cursor = ledger.cursor(SHIPMENTS).await.unwrap();
    assert_eq!(cursor.as_deref(), Some("s-1"));
    decide(&ledger, "A", &wait, 4).await;
    assert!(owed(&ledger, 4).await.is_empty());
}

#[tokio::test]
async fn a_shipment_that_comes_first_strays_until_its_order_comes() {
    let (_home, ledger) = fresh().await;
    let prefixes = ["NW-".to_owned()];
    let run = page(SHIPMENTS, "s-1", 3, &prefixes);
    let mut foreign = shipment("X", "S9", 1);
    foreign.external_po = "WHOLESALE-1".into();
    let seen_shipments = [shipment("A", "S1", 1), foreign];
    let recorded = ledger.record_shipments(&run, &seen_shipments, &[]).await;
    assert_eq!(recorded.unwrap().new, 2);
    let open = ledger
        .exceptions(&ExceptionFilter::default(), 9)
        .await
        .unwrap();
    assert_eq!(open.len(), 1, "only keys of ours");
    assert_eq!(
        (open[0].kind, open[0].subject.as_str()),
        (Kind::StrayShipment, "NW-A")
    );

    put(&ledger, &[seen("A", 4)], 4).await;
    let now = row(&ledger, "A").await;
    assert_eq!((now.shipments.len(), now.shipments_version), (1, 1));
    let closed = ledger.exception(open[0].id).await.unwrap().unwrap();
    assert_eq!(closed.closed_by.as_deref(), Some("linked"));
}

#[tokio::test]
async fn a_shipment_that_cannot_be_read_is_kept_until_it_can() {
    let (_home, ledger) = fresh().await;
    let run = page(SHIPMENTS, "s-1", 3, &[]);
    let broken = Unreadable {
        key: "S1".into(),
        marketplace: None,
        payload: "{".into(),
        path: "$.parcels".into(),
        kind: Kind::UnreadableShipment,
    };
    let recorded = ledger.record_shipments(&run, &[], &[broken]).await.unwrap();
    assert_eq!(
        recorded,
        Recorded {
            unreadable: 1,
            ..Recorded::default()
        }
    );
    assert_eq!(ledger.counts().await.unwrap().unreadable, 1);
    let seen = [shipment("A", "S1", 1)];
    ledger.record_shipments(&run, &seen, &[]).await.unwrap();
    let counts = ledger.counts().await.unwrap();
    assert_eq!((counts.unreadable, counts.exceptions.len()), (0, 0));
}
