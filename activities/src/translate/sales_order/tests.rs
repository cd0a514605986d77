use domain::mapping::{
    AllowanceRow, Remitter as Who, ShipViaRow, SkuRow, SkuRule, TaxRow, Valid, WarehouseRow,
};
use jiff::civil::date;
use serde_json::{Value, json};

use bluecherry::Remitter;
use rust_decimal::Decimal;

use super::*;

mod amounts;

fn sku(offer_sku: &str, division: &str, sku: &str) -> SkuRow {
    SkuRow {
        marketplace: "nw".into(),
        offer_sku: offer_sku.into(),
        division: division.into(),
        style: "00417".into(),
        color: "BLK".into(),
        label: None,
        dimension: None,
        size_bucket: 3,
        sku: sku.into(),
        valid: Valid::default(),
    }
}

fn warehouse(division: &str, warehouse: &str, valid: Valid) -> WarehouseRow {
    WarehouseRow {
        marketplace: "*".into(),
        division: division.into(),
        warehouse: warehouse.into(),
        valid,
    }
}

fn tax_row(tax_code: &str, erp_tax_code: &str, remitter: Who) -> TaxRow {
    TaxRow {
        marketplace: "nw".into(),
        tax_code: tax_code.into(),
        erp_tax_code: erp_tax_code.into(),
        remitter,
    }
}

fn allowance(promotion: &str, allowance_code: &str) -> AllowanceRow {
    AllowanceRow {
        marketplace: "nw".into(),
        promotion: promotion.into(),
        allowance_code: allowance_code.into(),
    }
}

fn tables() -> Mappings {
    Mappings {
        skus: vec![
            sku("BC-1", "01", "00417-BLK-M"),
            sku("BC-2", "01", "00417-BLK-L"),
            sku("BC-9", "02", "02004-BLK-32"),
        ],
        sku_rules: vec![],
        reasons: vec![],
        warehouses: vec![
            warehouse("01", "NJ1", Valid::default()),
            warehouse("02", "CA1", Valid::default()),
        ],
        ship_vias: vec![ShipViaRow {
            marketplace: "nw".into(),
            shipping_type_code: "STD".into(),
            ship_via: "UPSG".into(),
            valid: Valid::default(),
        }],
        carriers: vec![],
        taxes: vec![
            tax_row("STATE", "NJTAX", Who::Marketplace),
            tax_row("CITY", "CITYTAX", Who::Seller),
        ],
        allowances: vec![allowance("SPRING", "MKT1"), allowance("*", "MKTPROMO")],
    }
}

/// Two lines, 29.90 together, as Mirakl writes them.
fn wire() -> Value {
    json!({
        "order_id": "C-1-A",
        "order_state": "WAITING_ACCEPTANCE",
        "created_date": "2026-03-02T23:30:00Z",
        "last_updated_date": "2026-03-02T23:30:04Z",
        "currency_iso_code": "USD",
        "order_tax_mode": "TAX_EXCLUDED",
        "shipping_type_code": "STD",
        "price": 25.95, "shipping_price": 3.95, "total_price": 29.90,
        "order_lines": [
            line("1", "BC-1", 2, "10.00", "20.00", "3.95", "23.95"),
            line("2", "BC-2", 1, "5.95", "5.95", "0", "5.95"),
        ],
    })
}

fn line(n: &str, sku: &str, qty: u32, unit: &str, price: &str, ship: &str, total: &str) -> Value {
    json!({
        "order_line_id": format!("C-1-A-{n}"), "order_line_state": "WAITING_ACCEPTANCE",
        "offer_sku": sku, "quantity": qty, "price_unit": unit, "price": price,
        "shipping_price": ship, "total_price": total,
        "taxes": [], "shipping_taxes": [], "fees": [], "promotions": [],
    })
}

fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut wire = wire();
    change(&mut wire);
    wire
}

fn made(wire: &Value, mappings: &Mappings, own: &Corrections) -> Result<NewSalesOrder, Problem> {
    let wire = mirakl::parse_order(&wire.to_string()).unwrap();
    let order = super::super::order(&wire, jiff::Timestamp::UNIX_EPOCH).unwrap();
    new_sales_order(&SalesOrderDraft {
        marketplace: "nw",
        order: &order,
        wire: &wire,
        external_po: "NW-C-1-A",
        customer_code: "C1",
        hold_code: "MKT",
        acceptance_limit_s: 3_600,
        ship_within_days: 2,
        cancel_after_days: 14,
        mappings,
        corrections: own,
    })
}

fn sales_order(wire: &Value) -> NewSalesOrder {
    made(wire, &tables(), &Corrections::default()).unwrap()
}

fn refusal(wire: &Value, mappings: &Mappings) -> Problem {
    made(wire, mappings, &Corrections::default()).unwrap_err()
}

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn totals_of(order: &NewSalesOrder) -> [Decimal; 5] {
    let t = &order.totals;
    [t.goods, t.shipping, t.tax, t.discount, t.grand]
}

#[test]
fn an_order_is_held_without_ship_to_on_the_day_of_sale() {
    let order = sales_order(&wire());
    assert_eq!(order.external_po, "NW-C-1-A");
    let place = (&*order.division, &*order.warehouse, &*order.ship_via);
    assert_eq!(place, ("01", "NJ1", "UPSG"));
    assert_eq!(
        (order.order_date, order.cancel_date),
        (date(2026, 3, 2), date(2026, 3, 16))
    );
    let hold = order.hold.as_ref().unwrap();
    assert_eq!(hold.code, "MKT");
    let until = hold.expires_at.unwrap().to_string();
    assert_eq!(until, "2026-03-06T00:30:00Z");
    assert!(order.ship_to.is_none() && order.bill_to.is_none());
    assert_eq!(
        totals_of(&order),
        ["25.95", "3.95", "0", "0", "29.90"].map(dec)
    );
}

#[test]
fn what_is_not_mapped_is_named_by_its_kind() {
    type Change = fn(&mut Mappings);
    let taxed = with(|w| {
        w["order_lines"][1]["shipping_taxes"] = json!([{"code": "MOON", "amount": 0}]);
    });
    let table: [(Kind, &Value, Change); 4] = [
        (Kind::UnmappedSku, &wire(), |t| t.skus.truncate(1)),
        (Kind::MissingWarehouse, &wire(), |t| t.warehouses.clear()),
        (Kind::UnmappedShipVia, &wire(), |t| t.ship_vias.clear()),
        (Kind::UnmappedTax, &taxed, |_| ()),
    ];
    for (kind, wire, change) in table {
        let mut tables = tables();
        change(&mut tables);
        assert_eq!(refusal(wire, &tables).kind, kind);
    }
    let mixed = with(|w| w["order_lines"][1]["offer_sku"] = json!("BC-9"));
    assert_eq!(refusal(&mixed, &tables()).kind, Kind::MixedWarehouses);
}

#[test]
fn an_offer_without_a_row_is_ordered_as_its_rule_says() {
    let mut tables = tables();
    tables.skus.truncate(1);
    let rule = |division: &str| SkuRule {
        marketplace: "nw".into(),
        offer_sku: "BC-*".into(),
        division: division.into(),
        sku: "00417-BLK-*".into(),
        valid: Valid::default(),
    };
    tables.sku_rules = vec![rule("01")];
    let order = made(&wire(), &tables, &Corrections::default()).unwrap();
    let skus: Vec<_> = order.lines.iter().map(|l| l.sku.as_str()).collect();
    assert_eq!(skus, ["00417-BLK-M", "00417-BLK-2"]);
    assert_eq!(
        (order.division.as_str(), order.warehouse.as_str()),
        ("01", "NJ1")
    );
    tables.sku_rules = vec![rule("02")];
    assert_eq!(refusal(&wire(), &tables).kind, Kind::MixedWarehouses);
}

#[test]
fn a_row_counts_on_the_day_of_sale() {
    let last = |day| Valid {
        from: None,
        to: Some(day),
    };
    let first = |day| Valid {
        from: Some(day),
        to: None,
    };
    let mut tables = tables();
    tables.warehouses = vec![
        warehouse("01", "OLD", last(date(2026, 3, 1))),
        warehouse("01", "NEW", first(date(2026, 3, 2))),
    ];
    let at = |tables: &Mappings| made(&wire(), tables, &Corrections::default());
    assert_eq!(at(&tables).unwrap().warehouse, "NEW");
    tables.warehouses.pop();
    assert_eq!(at(&tables).unwrap_err().kind, Kind::MissingWarehouse);
}

#[test]
fn corrections_win_over_the_tables_for_this_order() {
    let ghost = with(|w| w["order_lines"][1]["offer_sku"] = json!("GHOST"));
    let own = |json: Value| serde_json::from_value::<Corrections>(json).unwrap();
    let codes = own(json!({
        "skus": {"GHOST": "00052-NVY-S"}, "warehouse": "CA1", "ship_via": "UPS2",
    }));
    let order = made(&ghost, &tables(), &codes).unwrap();
    let place = (&*order.division, &*order.warehouse, &*order.ship_via);
    assert_eq!(place, ("01", "CA1", "UPS2"));
    assert_eq!(order.lines[1].sku, "00052-NVY-S");
    let mixed = with(|w| w["order_lines"][1]["offer_sku"] = json!("BC-9"));
    let one = own(json!({"division": "02"}));
    assert_eq!(made(&mixed, &tables(), &one).unwrap().warehouse, "CA1");
}

#[test]
fn an_order_refused_in_part_elsewhere_is_for_its_open_lines_only() {
    for gone in ["REFUSED", "CANCELED"] {
        let order = sales_order(&with(|w| {
            w["order_state"] = json!("WAITING_DEBIT");
            w["order_lines"][0]["order_line_state"] = json!("WAITING_DEBIT");
            w["order_lines"][1]["order_line_state"] = json!(gone);
            w["order_lines"][1]["offer_sku"] = json!("GHOST");
        }));
        assert_eq!(order.lines.len(), 1, "{gone}");
        assert_eq!(order.totals.grand, dec("23.95"), "{gone}");
    }
}

#[test]
fn a_found_order_matches_by_channel_id_and_lines() {
    let meant = sales_order(&wire());
    let found = |change: fn(&mut Value)| {
        let line = |l: &NewLine, n: usize| {
            json!({
                "external_line_id": l.external_line_id, "line_seq": n, "size_bucket": 3,
                "sku": format!(" {} ", l.sku.to_lowercase()), "qty_ordered": l.qty, "qty_open": l.qty,
                "qty_allocated": 0, "qty_cancelled": 0, "qty_picked": 0, "qty_shipped": 0,
                "unit_price": "1", "line_status": "accepted",
            })
        };
        let lines = [line(&meant.lines[1], 1), line(&meant.lines[0], 2)];
        let totals =
            json!({"goods": "0", "shipping": "0", "tax": "0", "discount": "0", "grand": "0"});
        let mut found = json!({
            "ord_num": "5", "external_po": "NW-C-1-A", "customer_code": "C1", "channel": " NW ",
            "channel_order_id": "C-1-A", "status": "held", "raw_status": "H", "version": 1,
            "ship_to_set": false, "warehouse": "NJ1", "division": "01", "currency": "USD",
            "totals": totals, "lines": lines, "as_of": "2026-03-02T23:30:00Z",
        });
        change(&mut found);
        matches(&serde_json::from_value(found).unwrap(), &meant)
    };
    assert!(
        found(|_| ()),
        "order of lines, case and spaces are no matter"
    );
    assert!(!found(|f| f["channel"] = json!("ga")));
    assert!(!found(|f| f["channel_order_id"] = json!("C-1-B")));
    assert!(!found(|f| f["lines"][0]["sku"] = json!("00417-BLK-S")));
    assert!(!found(|f| f["lines"][0]["qty_ordered"] = json!(7)));
    assert!(!found(
        |f| f["lines"][0]["external_line_id"] = json!("C-1-A-7")
    ));
    assert!(!found(|f| f["lines"] = json!([f["lines"][0]])));
}
