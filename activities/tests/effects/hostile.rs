//! Texts, numbers and turns that nobody would make up.

use domain::exception::Kind;
use domain::marketplace::CustomerModel;
use domain::step::{Outcome, Step, Wait};
use serde_json::{Value, json};
use simulators::mirakl::OrderSpec;

use crate::harness::{Env, blocked};
use crate::plan::{Plan, offer, plain};

const TEXTS: [&str; 6] = [
    "\u{1f469}\u{200d}\u{1f680} \u{202e}eeL nnA",
    "nul\u{0}inside",
    "=cmd|' /C calc'!A0",
    "\"; DROP TABLE orders; --",
    "line\r\nbreak\tand tab",
    "\u{fffd}\u{feff}",
];

#[tokio::test]
async fn a_hostile_name_is_carried_or_parked_by_name_and_quoted_nowhere() {
    let mut plan = Plan::usual();
    plan.customer = Some(CustomerModel::Consumer);
    let env = plan.start().await;
    let long = "x".repeat(5_000);
    for (at, text) in TEXTS.into_iter().chain([long.as_str()]).enumerate() {
        let id = format!("H{at}-A");
        let customer =
            json!({"customer_id": format!("C{at}"), "lastname": text, "firstname": text});
        let extra = json!({ "customer": customer }).as_object().cloned();
        let key = env
            .place(OrderSpec {
                extra,
                ..plain(&id)
            })
            .await;

        match env.run(&key).await {
            Ok(Step::Wait(Wait::Payment)) => assert_eq!(env.sales_orders(&key).len(), 1),
            Ok(step) => {
                assert_eq!(blocked(&step), Kind::CustomerRefused, "{at}");
                assert!(!format!("{step:?}").contains(text), "{at}");
            }
            Err(failure) => panic!("{at}: {}", failure.kind),
        }
        let events = format!("{:?}", env.ledger.events(&key).await.unwrap());
        assert!(!events.contains(text), "{at}");
    }
}

#[tokio::test]
async fn an_amount_is_exact_or_its_order_is_parked() {
    let env = Env::usual().await;
    for (at, (currency, price)) in [
        ("USD", "0.005"),
        ("USD", "20.005"),
        ("JPY", "1999"),
        ("JPY", "1999.5"),
        ("KWD", "1.234"),
        ("KWD", "1.2345"),
        ("USD", "99999999999999999.99"),
        ("USD", "0.00"),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("N{at}-A");
        let mut spec = OrderSpec::of(&offer(0), 1, price).id(&id);
        spec.currency = Some(currency.to_owned());
        let Ok(shown) = env.mirakl.create_order(spec) else {
            continue;
        };
        env.pull().await;
        let key = env.key(shown["order_id"].as_str().unwrap());

        match env.run(&key).await {
            Ok(Step::Wait(Wait::Payment)) => {
                let total = &env.sales_order(&key)["totals"]["grand"];
                assert_eq!(
                    decimal(total),
                    decimal(&shown["total_price"]),
                    "{currency} {price}"
                );
            }
            Ok(step) => {
                let kinds = [Kind::TotalMismatch, Kind::SalesOrderRefused];
                assert!(
                    kinds.contains(&blocked(&step)),
                    "{currency} {price}: {step:?}"
                );
                assert_eq!(env.sales_orders(&key).len(), 0, "{currency} {price}");
            }
            Err(failure) => {
                let unreadable = env.exceptions().await.contains(&Kind::UnreadableOrder);
                assert!(unreadable, "{currency} {price}: {failure}");
            }
        }
    }
}

fn decimal(value: &Value) -> rust_decimal::Decimal {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    text.parse::<rust_decimal::Decimal>().unwrap().normalize()
}

#[tokio::test]
async fn an_order_cancelled_before_it_was_ever_read_costs_nothing() {
    let env = Env::usual().await;
    let shown = env.mirakl.create_order(plain("C1-A")).unwrap();
    env.mirakl
        .cancel(shown["order_id"].as_str().unwrap())
        .unwrap();
    env.pull().await;

    let end = env.drive(&env.key("C1-A")).await;

    assert_eq!(end, Step::Done(Outcome::Cancelled));
    assert_eq!(env.erp_calls("create_sales_order"), 0);
    assert_eq!(env.exceptions().await, []);
}
