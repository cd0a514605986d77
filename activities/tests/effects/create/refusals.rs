//! Each reason for which no sales order comes about, and that nothing else happens then.

use domain::exception::Kind;
use domain::mapping::Mappings;
use domain::step::{Step, Wait};
use rust_decimal::Decimal;
use serde_json::json;
use simulators::bluecherry::BlueCherryOptions;
use simulators::mirakl::OrderSpec;

use crate::harness::{Env, blocked};
use crate::plan::{Plan, offer, plain};

/// The order stays blocked with this kind, and neither side was written to.
async fn stays_out(env: &Env, spec: OrderSpec, kind: Kind, code: Option<&str>) {
    let key = env.place(spec).await;

    let waits = env.settle(&key).await;

    assert_eq!(blocked(&waits), kind);
    let Step::Wait(Wait::Person(problem)) = waits else {
        unreachable!("it is blocked")
    };
    let told = problem.evidence.iter().find(|(name, _)| name == "code");
    assert_eq!(told.map(|(_, code)| code.as_str()), code, "{problem:?}");
    assert_eq!(env.exceptions().await, [kind]);
    assert!(env.sales_orders(&key).is_empty());
    assert!(env.seen(&key, "accepts").is_empty());
    assert_eq!(env.mirakl_calls("OR21"), 0);
}

#[tokio::test]
async fn each_code_of_bluecherry_blocks_the_order_with_its_code() {
    type Table = fn(&mut Mappings);
    type Site = fn(&mut BlueCherryOptions);
    let same: Table = |_| ();
    let usual: Site = |_| ();
    let table: [(&str, Kind, OrderSpec, Table, Site); 5] = [
        (
            "unknown_warehouse",
            Kind::SalesOrderRefused,
            plain("C1-A"),
            |t| {
                t.warehouses
                    .iter_mut()
                    .for_each(|r| r.warehouse = "ZZ".into())
            },
            usual,
        ),
        (
            "unknown_division",
            Kind::SalesOrderRefused,
            plain("C1-A"),
            |t| {
                t.skus.iter_mut().for_each(|r| r.division = "77".into());
                t.warehouses
                    .iter_mut()
                    .for_each(|r| r.division = "77".into());
            },
            usual,
        ),
        (
            "unknown_ship_via",
            Kind::SalesOrderRefused,
            plain("C1-A"),
            |t| {
                t.ship_vias
                    .iter_mut()
                    .for_each(|r| r.ship_via = "SLED".into())
            },
            usual,
        ),
        (
            "invalid",
            Kind::SalesOrderRefused,
            plain("C1-A"),
            same,
            |site| {
                site.code_lengths.insert("external_po".into(), 3);
            },
        ),
        (
            "unknown_sku",
            Kind::SalesOrderRefused,
            plain("C1-A"),
            |t| t.skus.iter_mut().for_each(|r| r.sku = "GONE".into()),
            |site| site.refuse_empty_orders = true,
        ),
    ];
    for (code, kind, spec, tables, site) in table {
        let mut plan = Plan::usual();
        tables(&mut plan.mappings);
        site(&mut plan.erp);
        let env = plan.start().await;
        stays_out(&env, spec, kind, Some(code)).await;
    }
}

#[tokio::test]
async fn what_is_not_mapped_never_reaches_bluecherry() {
    type Table = fn(&mut Mappings);
    let same: Table = |_| ();
    let mixed = plain("C1-A").line(&offer(24), 1, "30.00");
    let ghost = OrderSpec::of("GHOST-1", 1, "20.00");
    let table: [(Kind, OrderSpec, Table); 5] = [
        (Kind::UnmappedSku, ghost, same),
        (Kind::UnmappedShipVia, plain("C1-A"), |t| {
            t.ship_vias.clear()
        }),
        (Kind::MissingWarehouse, plain("C1-A"), |t| {
            t.warehouses.clear()
        }),
        (Kind::MixedWarehouses, mixed, same),
        (
            Kind::ExternalPoTooLong,
            plain("C-12345678901234567890-A"),
            same,
        ),
    ];
    for (kind, spec, tables) in table {
        let mut plan = Plan::usual();
        tables(&mut plan.mappings);
        let env = plan.start().await;
        stays_out(&env, spec, kind, None).await;
        assert_eq!(env.erp_calls("create_sales_order"), 0, "{kind}");
        assert_eq!(env.erp_calls("find_sales_orders"), 0, "{kind}");
    }
}

#[tokio::test]
async fn a_wrong_customer_code_is_a_matter_of_the_account() {
    let mut plan = Plan::usual();
    plan.customer = Some(domain::marketplace::CustomerModel::Channel {
        customer_code: "C99999".into(),
    });
    let env = plan.start().await;
    stays_out(&env, plain("C1-A"), Kind::CustomerRefused, Some("invalid")).await;
}

#[tokio::test]
async fn the_sales_order_is_held_without_ship_to_and_bears_all_amounts() {
    let env = Env::usual().await;
    let mut spec = plain("C1-A");
    spec.lines[0].shipping_price = amount("3.95");
    spec.lines[0].taxes = serde_json::from_value(json!([
        {"code": "US_SALES_TAX", "amount": "3.55", "rate": "8.875"}
    ]))
    .unwrap();
    let key = env.place(spec).await;

    env.act(&key, &Step::CreateSalesOrder).await.unwrap();

    let order = env.sales_order(&key);
    assert_eq!(order["status"], "held");
    assert_eq!(order["hold"]["code"], "MKT");
    assert_eq!(order["ship_to_set"], json!(false));
    assert_eq!(order["external_po"], "NW-C1-A");
    assert_eq!(order["warehouse"], "NJ1");
    for (name, sum) in [
        ("goods", "40"),
        ("shipping", "3.95"),
        ("tax", "3.55"),
        ("grand", "47.50"),
    ] {
        let booked: Decimal = order["totals"][name].as_str().unwrap().parse().unwrap();
        assert_eq!(booked, sum.parse().unwrap(), "{name}");
    }
    let tax = &order["input"]["lines"][0]["tax"][0];
    assert_eq!(
        (&tax["code"], &tax["remitter"]),
        (&json!("SALESTX"), &json!("marketplace"))
    );
}

fn amount(text: &str) -> simulators::mirakl::Amount {
    simulators::mirakl::Amount(text.parse().unwrap())
}
