//! A world in which all is well, and one thing at a time that is not.

mod afterwards;

use serde_json::{Value, json};

use super::{ALL, check};
use crate::campaign::world::{Leak, Open, Planned, Run, SecondPass, World};

/// Three orders: one shipped, one refused, one that waits for a SKU.
fn world() -> World {
    let line = json!({
        "order_line_id": "N1-A-1", "offer_sku": "NW-TEE", "quantity": 2,
        "price": 40.00, "price_unit": 20.00, "shipping_price": 3.95, "total_price": 43.95,
        "taxes": [{ "amount": 3.55 }], "shipping_taxes": [{ "amount": 0.35 }],
    });
    let order = |id: &str, state: &str, accepted: Value| {
        json!({
            "order_id": id, "state": state, "tax_mode": "TAX_EXCLUDED", "lines": [line],
            "created": "2026-03-02T10:00:00Z", "accepted": accepted,
        })
    };
    let call = |op: &str, key: &str, at: i64, status: u16| {
        json!({ "op": op, "key": key, "real_at_us": at, "status": status, "committed": status < 300,
                "path": "/api" })
    };
    let shop = json!({
        "orders": [
            order("N1-A", "SHIPPED", json!("2026-03-02T10:00:03Z")),
            order("N2-A", "REFUSED", Value::Null),
            order("N3-A", "WAITING_ACCEPTANCE", Value::Null),
        ],
        "accepts": [
            { "order_id": "N1-A", "by": "api", "accepted": ["N1-A-1"], "refused": [],
              "real_at_us": 3_000_000 },
            { "order_id": "N2-A", "by": "api", "accepted": [], "refused": ["N2-A-1"],
              "real_at_us": 3_000_000 },
        ],
        "cancels": [],
        "shipments": [{ "order_id": "N1-A", "carrier_code": "ups", "carrier_name": "UPS",
                        "tracking_number": "1Z1", "real_at_us": 9_000_000 }],
        "calls": [call("OR21", "N1-A", 2_000_000, 429), call("OR21", "N1-A", 4_100_000, 204)],
    });
    let sales_order = |number: &str, id: &str, status: &str, open: i64| {
        json!({
            "ord_num": number, "channel": "nordwind", "channel_order_id": id, "status": status,
            "real_at_us": 1_000_000,
            "cancelled_real_at_us": if status == "cancelled" { json!(5_000_000) } else { Value::Null },
            "lines": [{ "qty_open": open, "qty_picked": 0, "qty_allocated": 0 }],
            "totals": { "grand": "47.85" },
            "input": { "lines": [{
                "external_line_id": "N1-A-1", "sku": "TEE", "qty": 2, "unit_price": "21.00",
                "discount": [{ "amount": "2.00" }], "tax": [{ "amount": "3.55" }],
                "shipping": { "amount": "3.95", "tax": [{ "amount": "0.35" }] },
            }] },
        })
    };
    let erp = json!({
        "sales_orders": [sales_order("500001", "N1-A", "shipped", 0),
                         sales_order("500002", "N2-A", "cancelled", 0)],
        "customers": [{ "external_handle": "nordwind" }],
        "shipments": [{ "ord_num": "500001", "carrier_name": "UPS", "voided": false, "parcels": [
            { "tracking_number": "1Z1", "lines": [{ "external_line_id": "N1-A-1", "qty": 2 }] },
        ] }],
        "calls": [],
    });
    let planned = |id: &str, end: &str, exception: Option<&str>| Planned {
        marketplace: "nordwind".to_owned(),
        order_id: id.to_owned(),
        end: end.to_owned(),
        exception: exception.map(str::to_owned),
        disturbed: false,
    };
    let entry = |id: &str, words: &[&str]| {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        (format!("nordwind/{id}"), words)
    };
    World {
        shops: [("nordwind".to_owned(), shop)].into(),
        erp,
        skus: [("nordwind/NW-TEE".to_owned(), "TEE".to_owned())].into(),
        plan: vec![
            planned("N1-A", "shipped", None),
            planned("N2-A", "refused", None),
            planned("N3-A", "exception", Some("unmapped_sku")),
        ],
        exceptions: vec![Open {
            order: "nordwind/N3-A".to_owned(),
            kind: "unmapped_sku".to_owned(),
        }],
        entries: [
            entry(
                "N1-A",
                &["sales_order_created", "accepted", "shipment_confirmed"],
            ),
            entry("N2-A", &["sales_order_created", "answer_found"]),
        ]
        .into(),
        runs: vec![Run {
            id: "order/nordwind/N3-A".to_owned(),
            status: "Running".to_owned(),
            events: 20,
            bytes: 9_000,
            step: Some(json!({ "wait": { "person": { "kind": "unmapped_sku" } } })),
            ..Run::default()
        }],
        searched: 3,
        second_pass: SecondPass {
            settled: true,
            told: 1,
            pulls: [("nordwind/orders".to_owned(), 2)].into(),
            ..SecondPass::default()
        },
        acceptance_limit_s: 240.0,
        told_to_wait_s: 2.0,
        pulls_a_second: 2.0,
        worker_starts: 1,
        ..World::default()
    }
}

/// Numbers of the invariants that a change of the good world breaks.
fn broken(change: impl FnOnce(&mut World)) -> Vec<u8> {
    let mut world = world();
    change(&mut world);
    let mut numbers: Vec<u8> = check(&world)
        .violations
        .iter()
        .map(|v| v.invariant)
        .collect();
    numbers.dedup();
    numbers
}

fn shop(world: &mut World) -> &mut Value {
    world.shops.get_mut("nordwind").unwrap()
}

fn push(list: &mut Value, row: Value) {
    list.as_array_mut().unwrap().push(row);
}

#[test]
fn a_world_in_which_all_is_well_breaks_nothing_and_each_invariant_saw_something() {
    let checked = check(&world());
    assert_eq!(checked.violations, []);
    for (invariant, (number, looked_at)) in ALL.iter().zip(&checked.looked_at) {
        assert_eq!(invariant.number, *number);
        assert!(
            *looked_at > 0 || !invariant.must_see,
            "{number} saw nothing"
        );
    }
}

#[test]
fn an_invariant_that_saw_nothing_is_a_fault_of_the_harness() {
    let checked = check(&World::default());
    let blind: Vec<u8> = checked.violations.iter().map(|v| v.invariant).collect();
    let must: Vec<u8> = ALL
        .iter()
        .filter(|i| i.must_see)
        .map(|i| i.number)
        .collect();
    assert_eq!(blind, must);
}

#[test]
fn a_lost_order_breaks_1() {
    let lost = |world: &mut World| world.exceptions.clear();
    assert!(broken(lost).contains(&1));
    let never_there = |world: &mut World| shop(world)["orders"] = json!([]);
    assert!(broken(never_there).contains(&1));
}

#[test]
fn a_second_sales_order_or_account_breaks_2_even_a_cancelled_one() {
    let twin = |world: &mut World| {
        let mut twin = world.erp["sales_orders"][1].clone();
        twin["ord_num"] = json!("500003");
        push(&mut world.erp["sales_orders"], twin);
    };
    assert_eq!(broken(twin), [2]);
    let account = |world: &mut World| {
        push(
            &mut world.erp["customers"],
            json!({ "external_handle": "nordwind" }),
        );
    };
    assert_eq!(broken(account), [2]);
}

#[test]
fn an_acceptance_before_its_sales_order_breaks_3() {
    let early = |world: &mut World| shop(world)["accepts"][0]["real_at_us"] = json!(999_999);
    assert_eq!(broken(early), [3]);
    let gone = |world: &mut World| {
        world.erp["sales_orders"][0]["cancelled_real_at_us"] = json!(2_000_000);
    };
    assert_eq!(broken(gone), [3]);
}

#[test]
fn another_quantity_amount_or_sku_breaks_4() {
    for (name, value) in [
        ("qty", json!(3)),
        ("unit_price", json!("21.01")),
        ("sku", json!("CAP")),
    ] {
        let other = |world: &mut World| {
            world.erp["sales_orders"][0]["input"]["lines"][0][name] = value;
        };
        assert_eq!(broken(other), [4], "{name}");
    }
    let total =
        |world: &mut World| world.erp["sales_orders"][0]["totals"]["grand"] = json!("47.84");
    assert_eq!(broken(total), [4]);
}

#[test]
fn a_sales_order_left_behind_a_refusal_breaks_5() {
    let left = |world: &mut World| {
        let order = &mut world.erp["sales_orders"][1];
        order["status"] = json!("held");
        order["lines"][0]["qty_open"] = json!(2);
    };
    let numbers = broken(left);
    assert!(numbers.contains(&5) && numbers.contains(&14), "{numbers:?}");
}

#[test]
fn a_second_cancellation_breaks_6_and_one_without_cause_breaks_7() {
    let cancel = json!({ "order_id": "N2-A", "by": "auto", "real_at_us": 6_000_000 });
    let twice = |world: &mut World| shop(world)["cancels"] = json!([cancel, cancel]);
    assert_eq!(broken(twice), [6]);
    let ours = |world: &mut World| {
        let cancel = json!({ "order_id": "N1-A", "by": "api", "real_at_us": 6_000_000 });
        push(&mut shop(world)["cancels"], cancel);
    };
    assert_eq!(broken(ours), [7]);
    let refund = |world: &mut World| {
        shop(world)["refunds"] =
            json!([{ "order_id": "N1-A", "order_line_id": "N1-A-1", "amount": "43.96" }]);
    };
    assert_eq!(broken(refund), [6, 7]);
}

#[test]
fn a_journal_that_does_not_balance_breaks_8() {
    let journal = |world: &mut World| {
        world.erp["journals"] = json!([{
            "external_ref": "J1", "lines": [{ "debit": "5.00" }, { "credit": "4.99" }],
        }]);
    };
    assert_eq!(broken(journal), [8]);
}

#[test]
fn a_shipment_on_one_side_only_twice_or_with_another_number_breaks_11() {
    let unknown = |world: &mut World| shop(world)["shipments"] = json!([]);
    assert!(broken(unknown).contains(&11));
    let invented = |world: &mut World| world.erp["shipments"] = json!([]);
    assert_eq!(broken(invented), [11]);
    let twice = |world: &mut World| {
        let again = shop(world)["shipments"][0].clone();
        push(&mut shop(world)["shipments"], again);
    };
    assert_eq!(broken(twice), [11]);
    for (name, value) in [("tracking_number", "1Z2"), ("carrier_code", "fedex")] {
        let other = |world: &mut World| shop(world)["shipments"][0][name] = json!(value);
        assert_eq!(broken(other), [11], "{name}");
    }
    let excess = |world: &mut World| {
        world.erp["shipments"][0]["parcels"][0]["lines"][0]["qty"] = json!(3);
    };
    assert_eq!(broken(excess), [11]);
}

#[test]
fn a_call_before_its_time_and_too_many_pulls_break_12() {
    let early = |world: &mut World| shop(world)["calls"][1]["real_at_us"] = json!(3_000_000);
    assert_eq!(broken(early), [12]);
    let flood = |world: &mut World| {
        let pull = |n: i64| {
            json!({ "op": "OR11", "path": "/api/orders?start_update_date=x", "status": 200,
                    "real_at_us": n * 10_000 })
        };
        shop(world)["calls"] = (0..100).map(pull).collect();
    };
    assert_eq!(broken(flood), [12]);
}

#[test]
fn a_canary_out_of_its_cage_breaks_13() {
    let leak = |world: &mut World| world.leaks.push(Leak::default());
    assert_eq!(broken(leak), [13]);
}

#[test]
fn what_does_not_settle_and_what_nobody_planned_break_14() {
    let open = |world: &mut World| shop(world)["orders"][0]["state"] = json!("SHIPPING");
    assert_eq!(broken(open), [14]);
    let unplanned = |world: &mut World| {
        world.exceptions.push(Open {
            order: "nordwind/N1-A".to_owned(),
            kind: "unknown_word".to_owned(),
        });
    };
    assert_eq!(broken(unplanned), [14]);
    let stray = |world: &mut World| {
        world.exceptions.push(Open {
            order: "S000009".to_owned(),
            kind: "unreadable_shipment".to_owned(),
        });
    };
    assert_eq!(broken(stray), [14]);
    for step in [
        json!("create_sales_order"),
        json!({ "wait": "held" }),
        Value::Null,
    ] {
        let busy = |world: &mut World| world.runs[0].step = Some(step);
        assert_eq!(broken(busy), [14]);
    }
    let pending = |world: &mut World| world.runs[0].pending.push("OR21".to_owned());
    assert_eq!(broken(pending), [14]);
}

#[test]
fn an_order_that_a_person_steered_may_end_in_any_way_that_holds_together() {
    let refunded = |world: &mut World| {
        world.plan[0].disturbed = true;
        world.exceptions.push(Open {
            order: "nordwind/N1-A".to_owned(),
            kind: "needs_refund".to_owned(),
        });
    };
    assert!(broken(refunded).is_empty());
    let half = |world: &mut World| {
        world.plan[1].disturbed = true;
        world.erp["sales_orders"][1]["status"] = json!("held");
    };
    assert_eq!(broken(half), [5, 14]);
}
