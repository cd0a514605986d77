//! Taxes, promotions, fees and sums, to the cent.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

#[test]
fn taxes_come_on_top_or_stand_inside_and_keep_their_remitter() {
    let taxes = json!([
        {"code": "STATE", "amount": 1.33, "rate": 6.625},
        {"code": "CITY", "amount": 0.40, "rate": 2},
    ]);
    let taxed = |mode: &str| {
        with(|w| {
            w["order_tax_mode"] = json!(mode);
            w["order_lines"][0]["taxes"] = taxes.clone();
            w["order_lines"][0]["shipping_taxes"] = json!([{"code": "STATE", "amount": 0.26}]);
        })
    };
    let net = sales_order(&taxed("TAX_EXCLUDED"));
    assert_eq!(net.price_basis, PriceBasis::Net);
    assert_eq!(
        (net.totals.tax, net.totals.grand),
        (dec("1.99"), dec("31.89"))
    );
    let gross = sales_order(&taxed("TAX_INCLUDED"));
    assert_eq!(gross.price_basis, PriceBasis::Gross);
    assert_eq!(
        (gross.totals.tax, gross.totals.grand),
        (dec("1.99"), dec("29.90"))
    );
    let told: Vec<_> = net.lines[0]
        .tax
        .iter()
        .map(|t| (t.code.as_str(), t.remitter, t.rate))
        .collect();
    let rate = |text: &str| Some(dec(text));
    assert_eq!(
        told,
        [
            ("NJTAX", Remitter::Marketplace, rate("6.625")),
            ("CITYTAX", Remitter::Seller, rate("2")),
        ]
    );
    assert_eq!(net.lines[0].shipping.as_ref().unwrap().tax.len(), 1);
}

#[test]
fn a_promotion_is_a_discount_from_the_price_before_it() {
    let promoted = |id: &str| {
        with(|w| {
            let line = &mut w["order_lines"][0];
            line["origin_unit_price"] = json!(12.50);
            line["promotions"] = json!([{"id": id, "deduced_amount": 5.00}]);
        })
    };
    let order = sales_order(&promoted("SPRING"));
    assert_eq!(order.lines[0].unit_price, dec("12.50"));
    let discount = &order.lines[0].discount[0];
    assert_eq!(
        (&*discount.allowance_code, discount.amount),
        ("MKT1", dec("5"))
    );
    assert_eq!(
        totals_of(&order),
        ["30.95", "3.95", "0", "5", "29.90"].map(dec)
    );
    let any = sales_order(&promoted("AUTUMN"));
    assert_eq!(any.lines[0].discount[0].allowance_code, "MKTPROMO");
    let mut strict = tables();
    strict.allowances.pop();
    let problem = refusal(&promoted("AUTUMN"), &strict);
    assert_eq!(problem.kind, Kind::UnmappedAllowance);
}

#[test]
fn a_promotion_that_does_not_explain_the_price_leaves_the_price_as_it_is() {
    let order = sales_order(&with(|w| {
        w["order_lines"][0]["promotions"] = json!([{"id": "SPRING", "deduced_amount": 5.00}]);
    }));
    assert_eq!(order.lines[0].unit_price, dec("10"));
    assert!(order.lines[0].discount.is_empty());
}

#[test]
fn fees_become_charges_one_a_code() {
    let order = sales_order(&with(|w| {
        w["order_lines"][0]["fees"] = json!([{"code": "ECO", "amount": 0.50}]);
        w["order_lines"][1]["fees"] =
            json!([{"code": "ECO", "amount": 0.25}, {"code": "GIFT", "amount": 2}]);
        w["order_lines"][0]["total_price"] = json!(24.45);
        w["order_lines"][1]["total_price"] = json!(8.20);
        w["total_price"] = json!(32.65);
    }));
    let charges: Vec<_> = order.charges.iter().map(|c| (&*c.code, c.amount)).collect();
    assert_eq!(charges, [("ECO", dec("0.75")), ("GIFT", dec("2"))]);
    assert_eq!(order.totals.grand, dec("32.65"));
}

#[test]
fn sums_that_do_not_meet_block_the_order() {
    type Change = fn(&mut Value);
    let table: [(&str, Change); 12] = [
        ("line price", |w| {
            w["order_lines"][0]["price"] = json!(20.01)
        }),
        ("unit price", |w| {
            w["order_lines"][0]["price_unit"] = json!(10.01)
        }),
        ("quantity", |w| w["order_lines"][0]["quantity"] = json!(3)),
        ("shipping", |w| {
            w["order_lines"][0]["shipping_price"] = json!(3.94)
        }),
        ("line total", |w| {
            w["order_lines"][1]["total_price"] = json!(5.96)
        }),
        ("total", |w| w["total_price"] = json!(29.91)),
        ("no total", |w| w["total_price"] = Value::Null),
        ("no line total", |w| {
            w["order_lines"][1]["total_price"] = Value::Null
        }),
        ("no price", |w| w["order_lines"][0]["price"] = Value::Null),
        ("no shipping", |w| {
            w["order_lines"][0]["shipping_price"] = Value::Null
        }),
        ("order taxes", |w| {
            w["order_taxes"] = json!([{"code": "STATE", "amount": 1.00}]);
        }),
        ("tax mode", |w| w["order_tax_mode"] = json!("TAX_ELSEWHERE")),
    ];
    for (what, change) in table {
        let problem = refusal(&with(change), &tables());
        assert_eq!(problem.kind, Kind::TotalMismatch, "{what}");
        assert!(!problem.evidence.is_empty(), "{what}");
    }
}

#[test]
fn parts_of_cents_are_never_booked() {
    let shipping_and_fee = |w: &mut Value| {
        w["order_lines"][0]["shipping_price"] = json!(3.945);
        w["order_lines"][0]["fees"] = json!([{"code": "ECO", "amount": 0.005}]);
    };
    let tax = |w: &mut Value| {
        w["order_lines"][0]["taxes"] = json!([{"code": "STATE", "amount": 1.325}]);
    };
    let yen = |w: &mut Value| w["currency_iso_code"] = json!("JPY");
    for change in [shipping_and_fee as fn(&mut Value), tax, yen] {
        assert_eq!(refusal(&with(change), &tables()).kind, Kind::TotalMismatch);
    }
}

#[derive(Clone, Debug)]
struct Cents {
    unit: i64,
    off: i64,
    qty: i64,
    shipping: i64,
    taxes: Vec<(bool, i64)>,
    fee: i64,
}

fn cents() -> impl Strategy<Value = Cents> {
    let taxes = prop::collection::vec((any::<bool>(), 0_i64..100_000), 0..4);
    let amounts = (
        1_i64..10_000_000,
        0_i64..100,
        1_i64..200,
        0_i64..100_000,
        0_i64..5_000,
    );
    (amounts, taxes).prop_map(|((unit, off, qty, shipping, fee), taxes)| Cents {
        unit,
        off,
        qty,
        shipping,
        taxes,
        fee,
    })
}

proptest! {
    #[test]
    fn the_sales_order_comes_to_what_mirakl_says_to_the_cent(
        lines in prop::collection::vec(cents(), 1..8),
        included in any::<bool>(),
    ) {
        let money = |cents: i64| Decimal::new(cents, 2).to_string();
        let (mut total, mut tax) = (0, 0);
        let mut wires = vec![];
        for (n, l) in lines.iter().enumerate() {
            let price = l.unit * l.qty;
            let whole = price + l.shipping + l.fee;
            let id = n.to_string();
            let mut wire = line(&id, "BC-1", u32::try_from(l.qty).unwrap(), &money(l.unit),
                &money(price), &money(l.shipping), &money(whole));
            let taxes = |of: bool| -> Vec<Value> {
                let mine = l.taxes.iter().filter(|(on_goods, _)| *on_goods == of);
                mine.map(|(_, t)| json!({"code": "STATE", "amount": money(*t)})).collect()
            };
            wire["taxes"] = json!(taxes(true));
            wire["shipping_taxes"] = json!(taxes(false));
            wire["fees"] = json!([{"code": "ECO", "amount": money(l.fee)}]);
            if l.off > 0 {
                wire["origin_unit_price"] = json!(money(l.unit + l.off));
                let off = money(l.off * l.qty);
                wire["promotions"] = json!([{"id": "SPRING", "deduced_amount": off}]);
            }
            total += whole;
            tax += l.taxes.iter().map(|(_, t)| t).sum::<i64>();
            wires.push(wire);
        }
        let mode = if included { "TAX_INCLUDED" } else { "TAX_EXCLUDED" };
        let order = sales_order(&with(|w| {
            w["order_lines"] = json!(wires);
            w["total_price"] = json!(money(total));
            w["order_tax_mode"] = json!(mode);
        }));
        let grand = if included { total } else { total + tax };
        prop_assert_eq!(order.totals.grand, Decimal::new(grand, 2));
        prop_assert_eq!(order.totals.tax, Decimal::new(tax, 2));
        let discount: i64 = lines.iter().map(|l| l.off * l.qty).sum();
        prop_assert_eq!(order.totals.discount, Decimal::new(discount, 2));
    }
}
