//! One account a consumer, keyed by the marketplace's own id.

use domain::exception::Kind;
use domain::marketplace::CustomerModel;
use domain::step::{Step, Wait};
use serde_json::json;
use simulators::fault::FaultRule;
use simulators::mirakl::{CustomerSpec, OrderSpec};

use crate::harness::{Env, blocked, list, until};
use crate::plan::{Plan, offer, plain};

async fn consumers() -> Env {
    let mut plan = Plan::usual();
    plan.customer = Some(CustomerModel::Consumer);
    plan.start().await
}

fn by(spec: OrderSpec, customer_id: &str) -> OrderSpec {
    let customer: CustomerSpec = serde_json::from_value(json!({
        "customer_id": customer_id,
        "firstname": "Ida",
        "lastname": "Kern",
        "street_1": "1 Elm Court",
        "zip_code": "97201",
        "city": "Portland",
        "state": "OR",
        "country_iso_code": "USA",
    }))
    .unwrap();
    OrderSpec {
        customer: Some(customer),
        customer_notification_email: Some("ida@relay.example".into()),
        ..spec
    }
}

/// Handles of all accounts but the one opened for the marketplace.
fn handles(env: &Env) -> Vec<String> {
    let customers = list(&env.erp.ledger(), "customers");
    let handle = |c: &serde_json::Value| c["external_handle"].as_str().unwrap().to_owned();
    let mut handles: Vec<_> = customers.iter().map(handle).collect();
    handles.retain(|handle| handle != "nordwind");
    handles
}

#[tokio::test]
async fn two_orders_of_one_consumer_go_to_one_account_that_bears_no_e_mail() {
    let env = consumers().await;
    let first = env.accepted(by(plain("C1-A"), "cust-7")).await;
    let second = OrderSpec::of(&offer(25), 1, "30.00").id("C2-A");
    let second = env.accepted(by(second, "cust-7")).await;
    let other = env.accepted(by(plain("C3-A"), "cust-8")).await;

    assert_eq!(handles(&env), ["nordwind:cust-7", "nordwind:cust-8"]);
    let account = |key| env.sales_order(key)["customer_code"].clone();
    assert_eq!(account(&first), account(&second));
    assert_ne!(account(&first), account(&other));
    let books = env.erp.ledger()["customers"].to_string();
    assert!(!books.contains('@'), "{books}");
}

#[tokio::test]
async fn two_orders_of_one_consumer_at_once_go_to_one_account() {
    let env = consumers().await;
    let first = env.place(by(plain("C1-A"), "cust-7")).await;
    let second = OrderSpec::of(&offer(25), 1, "30.00").id("C2-A");
    let second = env.place(by(second, "cust-7")).await;
    env.fail_erp(FaultRule::once("put_customer", "delay_ms:300"));
    let meanwhile = async {
        until("the first is under way", || {
            env.erp_calls("put_customer") == 2
        })
        .await;
        env.drive(&second).await
    };

    let (one, other) = tokio::join!(env.run(&first), meanwhile);

    assert_eq!(one.unwrap(), Step::Wait(Wait::Payment));
    assert_eq!(other, Step::Wait(Wait::Payment));
    assert_eq!(handles(&env), ["nordwind:cust-7"]);
}

#[tokio::test]
async fn an_e_mail_for_a_customer_id_opens_no_account() {
    let env = consumers().await;
    let key = env.place(by(plain("C1-A"), "ida@mail.example")).await;

    let waits = env.drive(&key).await;

    assert_eq!(blocked(&waits), Kind::CustomerRefused);
    assert!(!format!("{waits:?}").contains("ida"), "{waits:?}");
    assert!(handles(&env).is_empty());
    assert!(env.sales_orders(&key).is_empty());
    let calls = env.erp.ledger()["calls"].to_string();
    assert!(!calls.contains("mail.example"), "it went out in a query");
}

#[tokio::test]
async fn an_order_that_cannot_be_opens_no_account() {
    let env = consumers().await;
    let ghost = OrderSpec::of("GHOST-1", 1, "20.00").id("C1-A");
    let key = env.place(by(ghost, "cust-7")).await;

    assert_eq!(blocked(&env.drive(&key).await), Kind::UnmappedSku);

    assert!(handles(&env).is_empty());
}
