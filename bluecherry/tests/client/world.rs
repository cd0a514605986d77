//! A simulated site, and what the tests make it do.

use bluecherry::{Binding, Created, Rest, SalesOrder};
use serde_json::{Value, json};
use simulators::bluecherry::{
    BlueCherryOptions, BlueCherrySim, Item, OpeningStock, Price, RecordType,
};

use crate::samples::{client, customer, order, ship_to};

/// The one item of the site.
pub const SKU: &str = "004512-NVY-M";

/// A site with one item, forty in stock, and live positions.
pub fn options() -> BlueCherryOptions {
    let item = Item {
        division: "01".into(),
        style: "004512".into(),
        color: "NVY".into(),
        size_bucket: 3,
        size_name: "M".into(),
        sku: SKU.into(),
        upc: Some("000123456784".into()),
        name: "Crew Neck".into(),
        color_name: "Navy".into(),
        prices: vec![Price {
            level: "MKT".into(),
            currency: "USD".into(),
            amount: "59.50".parse().expect("an amount"),
        }],
        ..Item::default()
    };
    BlueCherryOptions {
        items: vec![item],
        stock: vec![OpeningStock {
            sku: SKU.into(),
            warehouse: "NJ1".into(),
            lot: None,
            record_type: RecordType::R1,
            qty: 40,
        }],
        time_zone: "America/New_York".into(),
        position_cadence_s: 0,
        ..BlueCherryOptions::default()
    }
}

/// A running site and its client.
pub async fn site() -> (BlueCherrySim, Rest) {
    let sim = BlueCherrySim::start(options()).await.expect("a site");
    let rest = client(&sim.url());
    (sim, rest)
}

/// Creates the customer and a held order.
pub async fn create(rest: &Rest, external_po: &str) -> SalesOrder {
    let code = customer_code(rest).await;
    let key = format!("create/{external_po}");
    match rest
        .create_sales_order(&order(&code, external_po), &key)
        .await
        .expect("an order")
    {
        Created::Done(order) => order,
        Created::Queued => panic!("queued"),
    }
}

/// A site that takes returns in, with an order of two units that left.
pub async fn shipped(external_po: &str) -> (BlueCherrySim, Rest, SalesOrder) {
    let options = BlueCherryOptions {
        returns_in: true,
        ..options()
    };
    let sim = BlueCherrySim::start(options).await.expect("a site");
    let rest = client(&sim.url());
    let held = create(&rest, external_po).await;
    let order = send_off(&sim, &rest, &held).await;
    (sim, rest, order)
}

/// Lets a held order go, and the warehouse ships it; the order after it.
pub async fn send_off(sim: &BlueCherrySim, rest: &Rest, held: &SalesOrder) -> SalesOrder {
    let to = ship_to(held.version);
    let set = rest.set_ship_to(&held.ord_num, &to, "ship-to").await;
    set.expect("a ship-to");
    let released = rest.release(&held.ord_num, "MARKETPLACE", "release").await;
    released.expect("released");
    control(sim, "/_sim/shipments", json!({ "ord_num": held.ord_num })).await;
    rest.sales_order(&held.ord_num).await.expect("the order")
}

/// Code of the marketplace as a customer.
pub async fn customer_code(rest: &Rest) -> String {
    let put = rest
        .put_customer("NORDWALD", &customer(), "put/NORDWALD")
        .await;
    put.expect("a customer").customer_code
}

/// Makes the site do something.
pub async fn control(sim: &BlueCherrySim, path: &str, body: Value) {
    let url = sim.url() + path;
    let sent = reqwest::Client::new()
        .post(url)
        .body(body.to_string())
        .send()
        .await;
    assert!(sent.expect("an answer").status().is_success(), "{path}");
}
