//! Offers are bought as far as they show units.

use serde_json::{Value, json};
use simulators::mirakl::{MiraklOptions, OrderSpec};
use simulators::scenario::Large;

use crate::seller::still;

#[tokio::test]
async fn nobody_buys_more_than_an_offer_shows() {
    let (sim, seller) = still(MiraklOptions::default()).await;
    sim.list_offers([("A".to_owned(), 3), ("B".to_owned(), 0)]);
    let buy = |sku: &str, units: u32, id: &str| sim.buy(OrderSpec::of(sku, units, "5").id(id));

    assert!(buy("A", 2, "B1-A").unwrap().is_some());
    assert_eq!(sim.quantities()["A"], 1);
    for (sku, units) in [("A", 2), ("B", 1), ("GONE", 1)] {
        assert!(buy(sku, units, "B2-A").unwrap().is_none());
    }
    // Two lines of one offer add up.
    let twice = OrderSpec::of("A", 1, "5").line("A", 1, "5").id("B3-A");
    assert!(sim.buy(twice).unwrap().is_none());
    let line = json!({ "offer_sku": "A", "quantity": 1, "price_unit": "5" });
    let over_http = json!({ "order_id": "B4-A", "lines": [line] });
    assert_eq!(
        seller.post("/_sim/buy", over_http.clone()).await.status,
        201
    );
    let refused = seller.post("/_sim/buy", over_http).await;
    assert_eq!(refused.status, 409);
    assert_eq!(sim.quantities()["A"], 0);
    let ledger = sim.ledger();
    let orders: Vec<&Value> = ledger["orders"].as_array().unwrap().iter().collect();
    assert_eq!(orders.len(), 2);
}

#[tokio::test]
async fn a_generated_catalogue_is_listed_with_one_call() {
    let (sim, seller) = still(MiraklOptions::default()).await;
    let wish = json!({ "skus": 500, "packs": 50, "seed": 3, "prefix": "NW", "quantity": 2 });
    assert_eq!(
        seller.post("/_sim/offers/catalogue", wish).await.status,
        200
    );
    let large = Large {
        skus: 500,
        packs: 50,
        seed: 3,
    };
    let shown = sim.quantities();
    assert_eq!(shown.len(), large.count());
    assert!((0..large.count()).all(|n| shown[&large.offer_sku("NW", n)] == 2));
    let one = seller.get("/api/offers?sku=NW-GP000049").await.body;
    assert_eq!(
        (&one["total_count"], &one["offers"][0]["quantity"]),
        (&json!(1), &json!(2))
    );
    let page = seller.get("/api/offers?max=100&offset=500").await.body;
    assert_eq!(page["offers"].as_array().unwrap().len(), 50);
}
