//! Units are neither made nor lost, whatever is done to an order.

use proptest::prelude::*;

use super::super::options::BlueCherryOptions;
use super::super::parcels::ShipIn;
use super::super::site::Site;
use super::*;
use crate::clock::SimClock;
use crate::http::Controls;

#[derive(Clone, Debug)]
enum Act {
    Create(i64),
    Ready,
    Pick,
    Ship,
    Void,
    Cancel(i64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        (1..4_i64).prop_map(Act::Create),
        Just(Act::Ready),
        Just(Act::Pick),
        Just(Act::Ship),
        Just(Act::Void),
        (1..4_i64).prop_map(Act::Cancel),
    ];
    prop::collection::vec(act, 1..40)
}

fn site() -> Site {
    let options: BlueCherryOptions = World::new(1).bluecherry_options();
    let clock = SimClock::new(jiff::Timestamp::UNIX_EPOCH, 0.0);
    let mut site = Site::new(options, Controls::new(clock));
    site.put_customer("NORDWIND", &customer()).unwrap();
    site
}

fn act(site: &mut Site, sku: &str, act: &Act) {
    let made = site.orders.len();
    let newest = site
        .orders
        .last()
        .map(|order| (order.ord_num.clone(), order.version));
    let (number, version) = newest.unwrap_or_default();
    // A refusal is a fair answer to each of these; what counts is the books afterwards.
    let _ = match act {
        Act::Create(qty) => site
            .take_order(&order(&format!("PO{made}"), &[(sku, *qty)]))
            .is_ok(),
        Act::Ready => {
            let body = json!({ "ship_to": address(), "expected_version": version });
            site.set_ship_to(&number, &body).is_ok()
                && site
                    .release(&number, &json!({ "hold_code": "MARKETPLACE" }))
                    .is_ok()
        }
        Act::Pick => site.pick(&number, false).is_ok(),
        Act::Ship => site
            .ship(ShipIn {
                ord_num: Some(number),
                ..ShipIn::default()
            })
            .is_ok(),
        Act::Void => {
            let id = site
                .shipments
                .last()
                .map(|s| s.shipment_id.clone())
                .unwrap_or_default();
            site.void(&id).is_ok()
        }
        Act::Cancel(qty) => {
            let bucket = site
                .orders
                .last()
                .map_or(1, |order| order.lines[0].size_bucket);
            let body = json!({
                "lines": [{ "line_seq": 1, "size_bucket": bucket, "qty": qty }],
                "side": "customer", "reason_code": "X",
                "external_cancel_id": format!("c{}", site.stock.transactions().len()),
            });
            site.cancel_lines(&number, &body).is_ok()
        }
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_stock_ledger_agrees_with_the_orders_after_every_act(acts in acts(), scarce in any::<bool>()) {
        let mut site = site();
        let sku = if scarce { SCARCE.to_owned() } else { site.options.items[0].sku.clone() };
        let ots = |site: &Site| -> i64 {
            site.stock.lots(&sku, "NJ1").filter(|(key, _)| key.lot == "A").map(|(_, f)| f.ots()).sum()
        };
        let before = ots(&site);
        for one in &acts {
            act(&mut site, &sku, one);
            let sum = |of: fn(&super::super::order::Line) -> i64| -> i64 {
                site.orders.iter().flat_map(|order| &order.lines).map(of).sum()
            };
            prop_assert_eq!(ots(&site), before - sum(|l| l.open) - sum(|l| l.picked) - sum(|l| l.shipped));
            prop_assert!(ots(&site) >= 0);
            for line in site.orders.iter().flat_map(|order| &order.lines) {
                let counted = line.open + line.picked + line.shipped + line.cancelled;
                let taken = if line.reject_code.is_some() { 0 } else { line.ordered };
                prop_assert_eq!(counted, taken);
            }
        }
    }
}
