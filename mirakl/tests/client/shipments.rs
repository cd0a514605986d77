//! Shipments of parts of an order, against the simulated marketplace.

use mirakl::{Client, Config, Error, NewShipment, ShipmentLine, ShipmentRefusal, Tracking};
use secrecy::SecretString;
use simulators::fault::FaultRule;
use simulators::mirakl::{MiraklOptions, MiraklSim, OrderSpec, PaymentWorkflow};

/// An order of 120 pieces, to be shipped.
async fn marketplace(multi_shipment: bool) -> (MiraklSim, Client) {
    let options = MiraklOptions {
        multi_shipment,
        payment_workflow: PaymentWorkflow::PayOnDelivery,
        ..MiraklOptions::default()
    };
    let key = SecretString::from(options.key());
    let sim = MiraklSim::start(options).await.unwrap();
    sim.create_order(OrderSpec::of("A", 120, "5").id("W1-A"))
        .unwrap();
    sim.accept_by_hand("W1-A").unwrap();
    let client = Client::new(Config::new(sim.url(), key)).unwrap();
    (sim, client)
}

fn parcel(package: &str, quantity: u32) -> NewShipment {
    NewShipment {
        order_id: "W1-A".into(),
        lines: vec![ShipmentLine {
            order_line_id: Some("W1-A-1".into()),
            quantity,
            package_reference: Some(package.into()),
        }],
        tracking: Some(ups("1Z")),
    }
}

fn ups(number: &str) -> Tracking {
    Tracking {
        carrier_code: Some("ups".into()),
        tracking_number: Some(number.into()),
        ..Tracking::default()
    }
}

#[tokio::test]
async fn shipments_stand_or_are_refused_one_by_one_and_are_known_by_their_package() {
    let (_sim, client) = marketplace(true).await;
    let sent = [parcel("P1", 100), parcel("P2", 21), parcel("P3", 20)];
    let told = client.create_shipments(&sent).await.unwrap();
    let packages = ["P1", "P2", "P3"].map(|p| told.made.iter().any(|s| s.is_package(p)));
    assert_eq!(packages, [true, false, true]);
    assert_eq!(told.refused.len(), 1);
    let refused = &told.refused[0];
    assert_eq!(
        (refused.about.as_str(), refused.reason),
        ("W1-A", ShipmentRefusal::Quantity)
    );

    let late = client.create_shipments(&[parcel("P4", 1)]).await.unwrap();
    assert_eq!(late.refused[0].reason, ShipmentRefusal::State);
    let shown = client.shipments("W1-A").await.unwrap();
    assert_eq!(shown.len(), 2);
    assert_eq!(client.shipments("W2-A").await.unwrap(), []);

    let id = &shown[0].id;
    assert_eq!(
        client.set_shipment_tracking(id, &ups("1Z2")).await.unwrap(),
        None
    );
    let nobody = Tracking {
        carrier_code: Some("nobody".into()),
        ..Tracking::default()
    };
    let refused = client.set_shipment_tracking(id, &nobody).await.unwrap();
    assert_eq!(refused, Some(ShipmentRefusal::Tracking));
    let shown = client.shipments("W1-A").await.unwrap();
    let number = shown[0]
        .tracking
        .as_ref()
        .unwrap()
        .tracking_number
        .as_deref();
    assert_eq!(number, Some("1Z2"));
    assert!(!format!("{shown:?} {told:?}").contains("1Z"));
}

#[tokio::test]
async fn every_page_of_shipments_is_read() {
    let (_sim, client) = marketplace(true).await;
    let sent: Vec<NewShipment> = (0..110).map(|n| parcel(&format!("P{n}"), 1)).collect();
    client.create_shipments(&sent).await.unwrap();
    let shown = client.shipments("W1-A").await.unwrap();
    assert_eq!(shown.len(), 110);
    assert!((0..110).all(|n| shown.iter().any(|s| s.is_package(&format!("P{n}")))));
}

#[tokio::test]
async fn where_it_is_switched_off_or_nothing_is_sent_nothing_is_made() {
    let (_sim, client) = marketplace(false).await;
    let off = client.create_shipments(&[parcel("P1", 1)]).await;
    assert!(
        matches!(
            off,
            Err(Error::Refused {
                call: "ST01",
                status: 400,
                ..
            })
        ),
        "{off:?}"
    );
    let none = client.create_shipments(&[]).await;
    assert!(matches!(none, Err(Error::Config { call: "ST01", .. })));
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_the_shipment_shows() {
    let (sim, client) = marketplace(true).await;
    let lost = FaultRule::once("ST01", "reset-after-commit");
    sim.faults().inject(lost).unwrap();
    let sent = client.create_shipments(&[parcel("P1", 1)]).await;
    assert!(
        matches!(sent, Err(Error::Unknown { call: "ST01", .. })),
        "{sent:?}"
    );
    let shown = client.shipments("W1-A").await.unwrap();
    assert!(shown.len() == 1 && shown[0].is_package("P1"));
}
