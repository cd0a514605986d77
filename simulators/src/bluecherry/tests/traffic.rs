//! Packs, wholesale, batches that go wrong, and what was sold though it was nowhere.

use std::time::Duration;

use super::super::options::{Component, Item, OpeningStock, Pack};
use super::super::stock::RecordType;
use super::super::{BatchMishaps, Wholesale};
use super::*;
use crate::clock::SimClock;
use crate::scenario::Large;

/// An item by that code; nothing of it is there.
fn item(sku: &str) -> Item {
    Item {
        division: "01".into(),
        style: sku.into(),
        color: "BLK".into(),
        size_bucket: 1,
        size_name: "U".into(),
        sku: sku.into(),
        ..Item::default()
    }
}

fn pack(sku: &str, parts: &[(&str, u32)], stocked_as_pack: bool) -> Item {
    let component = |(sku, qty): &(&str, u32)| Component {
        sku: (*sku).into(),
        qty: *qty,
    };
    Item {
        pack: Some(Pack {
            kind: "bundle".into(),
            components: parts.iter().map(component).collect(),
            stocked_as_pack,
        }),
        launch_date: Some("2026-09-01".parse().unwrap()),
        ..item(sku)
    }
}

fn received(sku: &str, qty: i64) -> OpeningStock {
    OpeningStock {
        sku: sku.into(),
        warehouse: "NJ1".into(),
        lot: None,
        record_type: RecordType::R1,
        qty,
    }
}

#[tokio::test]
async fn a_component_of_a_pack_is_credited_with_its_share_of_the_price() {
    let erp = Erp::with(|options| {
        let set = pack("SET", &[("TEE", 2), ("CAP", 1)], false);
        options.items.extend([item("TEE"), item("CAP"), set]);
        let stock = [received("TEE", 9), received("CAP", 3)];
        options.stock.extend(stock);
    })
    .await;
    assert_eq!(erp.create("NW-1-A", &[("SET", 3)]).await.0, 201);
    let line = |sku: &str, qty: i64| json!({ "external_line_id": "NW-1-A-1", "component_sku": sku, "qty": qty });
    let wish = json!({ "external_po": "NW-1-A", "lines": [line("CAP", 1), line("TEE", 6)] });
    let (status, memo) = erp.post("/_sim/credit-memos", &wish).await;
    assert_eq!(status, 201, "{memo}");
    let lines = &memo["lines"];
    assert_eq!(
        (&lines[0]["sku"], &lines[0]["pack_sku"]),
        (&json!("CAP"), &json!("SET"))
    );
    let goods = |n: usize| lines[n]["goods"].clone();
    assert_eq!((goods(0), goods(1)), (json!("6.67"), json!("40.00")));
}

#[tokio::test]
async fn an_order_for_a_pack_takes_its_components_and_gives_them_back() {
    let erp = Erp::with(|options| {
        options.items.extend([
            item("TEE"),
            item("CAP"),
            pack("SET", &[("TEE", 2), ("CAP", 1)], false),
            pack("BOX", &[("TEE", 1)], true),
        ]);
        let stock = [("TEE", 9), ("CAP", 3), ("BOX", 4)];
        options
            .stock
            .extend(stock.map(|(sku, qty)| received(sku, qty)));
    })
    .await;
    let (status, order) = erp.create("NW-1-A", &[("SET", 3)]).await;
    assert_eq!(
        (status, &order["lines"][0]["line_status"]),
        (201, &json!("accepted"))
    );
    assert_eq!(erp.figures("TEE"), (6, 0, 3));
    assert_eq!(erp.figures("CAP"), (3, 0, 0));
    // Three tees are left, but no cap.
    let (_, refused) = erp.create("NW-2-A", &[("SET", 1)]).await;
    assert_eq!(refused["lines"][0]["reject_code"], "insufficient_stock");
    assert_eq!(erp.figures("TEE"), (6, 0, 3));
    let number = order["ord_num"].as_str().unwrap();
    erp.post("/_sim/cancel", &json!({ "ord_num": number }))
        .await;
    assert_eq!(
        (erp.figures("TEE"), erp.figures("CAP")),
        ((0, 0, 9), (0, 0, 3))
    );
    // A pack that is stocked as one leaves its components alone.
    erp.ready("NW-3-A", &[("BOX", 1)]).await;
    assert_eq!(
        (erp.figures("BOX"), erp.figures("TEE")),
        ((1, 0, 3), (0, 0, 9))
    );

    let items = erp.get("/v1/items?limit=100").await;
    let rows = items["items"].as_array().unwrap();
    let set = rows.iter().find(|row| row["sku"] == "SET").unwrap();
    assert_eq!(
        set["pack"],
        json!({ "kind": "bundle", "stocked_as_pack": false, "components": [
            { "sku": "TEE", "qty": 2 }, { "sku": "CAP", "qty": 1 },
        ] })
    );
    assert_eq!(set["launch_date"], "2026-09-01");
    assert_eq!(
        rows.iter().find(|row| row["sku"] == "TEE").unwrap()["pack"]["kind"],
        "none"
    );
}

#[tokio::test]
async fn units_that_are_nowhere_when_their_order_comes_are_oversold_and_counted_once() {
    let erp = Erp::with(|options| {
        options.items.push(item("TEE"));
        options.stock.push(received("TEE", 3));
        options.reject_whole_order = true;
    })
    .await;
    assert_eq!(erp.create("NW-1-A", &[("TEE", 2)]).await.0, 201);
    let (_, refused) = erp.create("NW-2-A", &[("TEE", 4)]).await;
    assert_eq!(refused["code"], "insufficient_stock");
    erp.create("NW-2-A", &[("TEE", 4)]).await;
    let oversold = &erp.sim.ledger()["oversold"];
    assert_eq!(oversold["units"], 3);
    assert_eq!(oversold["lines"].as_array().unwrap().len(), 1);
    assert_eq!(oversold["lines"][0]["external_po"], "NW-2-A");
}

#[tokio::test]
async fn wholesale_takes_what_is_there_and_no_more_and_the_same_seed_takes_the_same() {
    let taken = async || {
        let erp = Erp::with(|options| {
            options.items.extend([item("TEE"), item("CAP")]);
            options
                .stock
                .extend([received("TEE", 30), received("CAP", 30)]);
        })
        .await;
        let wish = json!({ "orders": 6, "units": 5, "seed": 4, "skus": ["TEE", "cap"] });
        let (_, first) = erp.post("/_sim/wholesale", &wish).await;
        let after_first = [erp.figures("TEE"), erp.figures("CAP")];
        let all = json!({ "orders": 100, "units": 5, "seed": 5, "skus": ["TEE", "CAP"] });
        erp.post("/_sim/wholesale", &all).await;
        let left: i64 = [erp.figures("TEE"), erp.figures("CAP")]
            .map(|f| f.2)
            .iter()
            .sum();
        assert_eq!(left, 0);
        assert_eq!(erp.sim.ledger()["wholesale"]["units"], 60);
        (first["units"].as_i64().unwrap(), after_first)
    };
    let once = taken().await;
    assert!(once.0 > 0);
    assert_eq!(once, taken().await);
}

#[tokio::test]
async fn wholesale_goes_on_in_turns_by_the_clock() {
    let erp = Erp::with(|options| {
        options.clock = Some(SimClock::new("2026-03-02T08:00:00Z".parse().unwrap(), 0.0));
        options.items.push(item("TEE"));
        options.stock.push(received("TEE", 100));
        options.wholesale = Some(Wholesale {
            every_s: 10,
            skus: vec!["TEE".into()],
            ..Wholesale::default()
        });
    })
    .await;
    assert_eq!(erp.sim.ledger()["wholesale"]["units"], 0);
    for turn in 1..=3 {
        erp.sim.clock().advance(Duration::from_secs(10));
        let went = async || {
            while erp.sim.ledger()["wholesale"]["units"] != turn {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), went())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_batch_can_be_late_or_an_older_one_under_a_new_name() {
    let erp = Erp::with(|options| {
        options.clock = Some(SimClock::new("2026-03-02T08:00:00Z".parse().unwrap(), 0.0));
        options.items.push(item("TEE"));
        options.stock.push(received("TEE", 5));
        options.position_cadence_s = 86_400;
        options.max_page = 1_000;
    })
    .await;
    let page = async || erp.get("/v1/inventory/positions?limit=1000").await;
    let on_hand = |page: &Value| {
        let rows = page["items"].as_array().unwrap();
        rows.iter().find(|row| row["sku"] == "TEE").unwrap()["on_hand"].clone()
    };
    let more = json!({ "sku": "TEE", "warehouse": "NJ1", "record_type": "R1", "qty": 2 });
    let first = page().await;
    erp.post("/_sim/stock", &more).await;
    erp.post("/_sim/batches/run", &json!({ "late_s": 60 }))
        .await;
    assert_eq!(page().await["batch_id"], first["batch_id"]);
    erp.sim.clock().advance(Duration::from_secs(60));
    let second = page().await;
    assert_eq!((on_hand(&first), on_hand(&second)), (json!(5), json!(7)));
    // What changed is in the difference, and the rest is not.
    let delta = erp
        .get("/v1/inventory/positions?mode=delta&limit=1000")
        .await;
    assert_eq!(
        (delta["count"].as_u64(), on_hand(&delta)),
        (Some(1), json!(7))
    );

    erp.post("/_sim/batches/run", &json!({ "spoil": "older" }))
        .await;
    let older = page().await;
    assert_eq!(
        (on_hand(&older), &older["as_of"]),
        (json!(5), &first["as_of"])
    );
    assert_ne!(older["batch_id"], first["batch_id"]);
}

#[test]
fn mishaps_are_of_every_kind_and_the_same_for_the_same_seed() {
    let turns = |seed: u64| {
        let mishaps = BatchMishaps { seed, one_in: 2 };
        let turns = (0..200).map(|n| format!("{:?}", mishaps.turn(n, 60)));
        turns.collect::<Vec<_>>()
    };
    assert_eq!(turns(7), turns(7));
    let kinds: std::collections::BTreeSet<_> = turns(7).into_iter().collect();
    assert_eq!(kinds.len(), 6, "{kinds:?}");
    let none = BatchMishaps { seed: 7, one_in: 0 };
    assert!(
        (0..50).all(|n| format!("{:?}", none.turn(n, 60)) == format!("{:?}", none.turn(0, 60)))
    );
}

#[tokio::test]
async fn a_generated_catalogue_comes_with_one_call_and_is_paged_whole() {
    let erp = Erp::with(|options| options.max_page = 1_000).await;
    let large = Large {
        skus: 3_000,
        packs: 300,
        seed: 5,
    };
    erp.post("/_sim/catalogue", &json!(large)).await;
    let all = async |path: &str| {
        let (mut rows, mut cursor) = (Vec::<Value>::new(), String::new());
        loop {
            let page = erp.get(&format!("{path}?limit=1000{cursor}")).await;
            rows.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return rows,
            }
        }
    };
    let generated = |rows: &[Value]| -> Vec<(String, i64)> {
        let generated = rows
            .iter()
            .filter(|row| row["sku"].as_str().unwrap().starts_with('G'));
        generated
            .map(|row| {
                (
                    row["sku"].as_str().unwrap().to_owned(),
                    row["on_hand"].as_i64().unwrap_or(0),
                )
            })
            .collect()
    };
    let items = generated(&all("/v1/items").await);
    let skus: Vec<String> = (0..large.count()).map(|n| large.sku(n)).collect();
    assert_eq!(
        items.iter().map(|item| &item.0).collect::<Vec<_>>(),
        skus.iter().collect::<Vec<_>>()
    );
    let positions = generated(&all("/v1/inventory/positions").await);
    let stocked = (0..large.count()).filter(|n| large.units(*n) > 0);
    let stocked: Vec<_> = stocked.map(|n| (large.sku(n), large.units(n))).collect();
    assert_eq!(positions, stocked);
    // A generated pack can be sold.
    let n = (large.skus..large.count())
        .find(|n| large.units(*n) > 0)
        .unwrap();
    let (status, order) = erp.create("NW-1-A", &[(&large.sku(n), 1)]).await;
    assert_eq!(
        (status, &order["lines"][0]["line_status"]),
        (201, &json!("accepted"))
    );
}
