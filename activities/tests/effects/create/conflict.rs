//! What stands in BlueCherry under our key, and what was meant while tables changed.

use activities::translate::{SalesOrderDraft, new_sales_order};
use bluecherry::{AccountModel, Binding, Created, NewCustomer, NewSalesOrder};
use domain::exception::Kind;
use domain::marketplace::OrderKey;
use domain::step::{Outcome, Step, Wait};
use serde_json::json;
use simulators::fault::FaultRule;

use crate::harness::{Env, blocked, until};
use crate::matrix::Spoil;
use crate::plan::{Plan, SHOWS, offer, plain, sku};

/// The sales order that an order asks for, as somebody else might enter it.
pub async fn meant(env: &Env, key: &OrderKey) -> NewSalesOrder {
    let wire = mirakl::parse_order(&env.ledger.payload(key).await.unwrap()).unwrap();
    let row = env.row(key).await;
    let version = env.ledger.mapping_version().await.unwrap();
    let tables = env.ledger.mappings(version).await.unwrap();
    let draft = SalesOrderDraft {
        marketplace: key.marketplace.as_str(),
        order: &row.order,
        wire: &wire,
        external_po: row.external_po.as_deref().unwrap(),
        customer_code: "C00001",
        hold_code: "MKT",
        acceptance_limit_s: 3_600,
        ship_within_days: 2,
        cancel_after_days: 14,
        mappings: &tables,
        corrections: &row.progress.corrections,
    };
    new_sales_order(&draft).unwrap()
}

type Change = fn(&mut NewSalesOrder);

const FOREIGN: [(&str, Change); 4] = [
    ("channel", |o| o.channel = "elsewhere".into()),
    ("order ID", |o| o.channel_order_id = "C9-Z".into()),
    ("line", |o| o.lines[0].external_line_id = "C9-Z-1".into()),
    ("SKU", |o| o.lines[0].sku = sku(1)),
];

#[tokio::test]
async fn a_sales_order_of_somebody_else_under_our_key_is_a_conflict() {
    for (what, change) in FOREIGN {
        let env = Env::usual().await;
        let key = env.place(plain("C1-A")).await;
        let mut foreign = meant(&env, &key).await;
        change(&mut foreign);
        env.site
            .create_sales_order(&foreign, "by hand")
            .await
            .unwrap();

        let waits = env.drive(&key).await;

        assert_eq!(blocked(&waits), Kind::SalesOrderConflict, "{what}");
        assert_eq!(env.exceptions().await, [Kind::SalesOrderConflict], "{what}");
        assert_eq!(
            env.erp_calls("create_sales_order"),
            1,
            "{what}: only the one by hand"
        );
        assert_eq!(env.mirakl_calls("OR21"), 0, "{what}");
        assert_eq!(env.row(&key).await.progress.sales_order.booked(), None);
    }
}

#[tokio::test]
async fn an_answer_that_is_another_orders_leaves_no_attempt_to_wait_for() {
    let mut plan = Plan::usual();
    plan.spoiled = true;
    let env = plan.start().await;
    let key = env.place(plain("C1-A")).await;
    let mut foreign = meant(&env, &key).await;
    foreign.external_po = "NW-C9-Z".into();
    foreign.channel_order_id = "C9-Z".into();
    let made = env.site.create_sales_order(&foreign, "by hand").await;
    let Ok(Created::Done(theirs)) = made else {
        panic!("not created: {made:?}");
    };
    let answer = serde_json::to_string(&theirs).unwrap().leak();
    let wire = env.spoiler(false);
    wire.spoil("create_sales_order", Spoil::Says(201, answer), false);

    let waits = env.drive(&key).await;

    assert_eq!(blocked(&waits), Kind::SalesOrderConflict);
    let open = env.ledger.open_intent(&key, "create_sales_order").await;
    let intent = open.unwrap().unwrap();
    assert_eq!((intent.attempts, intent.send_deadline), (1, None));
    env.tell(&key, "retry", json!(null)).await;
    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Payment));
}

#[tokio::test]
async fn a_sales_order_with_all_our_marks_is_ours() {
    let env = Env::usual().await;
    let key = env.place(plain("C1-A")).await;
    let same = meant(&env, &key).await;
    env.site
        .create_sales_order(&same, "lost ledger")
        .await
        .unwrap();

    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Payment));

    assert_eq!(env.sales_orders(&key).len(), 1);
    assert_eq!(env.erp_calls("create_sales_order"), 1);
}

#[tokio::test]
async fn ours_is_found_beside_one_of_another_customer() {
    let env = Env::usual().await;
    let key = env.place(plain("C1-A")).await;
    let ours = meant(&env, &key).await;
    let foreign = NewSalesOrder {
        customer_code: another_account(&env).await,
        channel_order_id: "C9-Z".into(),
        ..ours.clone()
    };
    env.site
        .create_sales_order(&foreign, "by hand")
        .await
        .unwrap();
    env.site
        .create_sales_order(&ours, "lost ledger")
        .await
        .unwrap();

    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Payment));

    let booked = env.row(&key).await.progress.sales_order;
    assert_eq!(booked.booked().unwrap().number, "500002");
    assert_eq!(env.erp_calls("create_sales_order"), 2, "only those by hand");
}

async fn another_account(env: &Env) -> String {
    let account = NewCustomer {
        name: "Another".into(),
        account_model: AccountModel::Channel,
        bill_to: None,
        default_ship_to: None,
        division: "01".into(),
        terms: None,
        tax_exempt: None,
        currency: "USD".into(),
        price_level: None,
    };
    let made = env.site.put_customer("another", &account, "another").await;
    made.unwrap().customer_code
}

#[tokio::test]
async fn a_twin_that_appears_after_the_look_up_is_found_by_its_number() {
    let env = Env::usual().await;
    let key = env.place(plain("C1-A")).await;
    let twin = meant(&env, &key).await;
    env.fail_erp(FaultRule::once("create_sales_order", "delay_ms:300"));
    let late = async {
        until("the first create is under way", || {
            env.erp_calls("create_sales_order") == 1
        })
        .await;
        env.site
            .create_sales_order(&twin, "the twin's")
            .await
            .unwrap();
    };

    let (step, ()) = tokio::join!(env.act(&key, &Step::CreateSalesOrder), late);

    assert_eq!(step.unwrap(), Step::AcceptLines);
    assert_eq!(env.sales_orders(&key).len(), 1);
}

#[tokio::test]
async fn a_doubtful_order_that_is_called_off_does_not_run_in_circles_over_a_conflict() {
    let env = Env::usual().await;
    let key = env.place(plain("C1-A")).await;
    env.fail_erp(FaultRule::once("create_sales_order", "reset"));
    env.act(&key, &Step::CreateSalesOrder).await.unwrap_err();
    let mut foreign = meant(&env, &key).await;
    foreign.channel_order_id = "C9-Z".into();
    env.site
        .create_sales_order(&foreign, "by hand")
        .await
        .unwrap();
    env.mirakl.cancel(&key.order_id).unwrap();
    env.clock.advance(SHOWS);
    env.pull().await;

    let waits = env.drive(&key).await;

    assert_eq!(blocked(&waits), Kind::SalesOrderConflict);
    assert_eq!(env.erp_calls("cancel_lines"), 0);
}

#[tokio::test]
async fn a_doubtful_order_that_is_called_off_is_looked_up_and_cancelled() {
    for (action, there) in [("reset-after-commit", true), ("reset", false)] {
        let env = Env::usual().await;
        let key = env.place(plain("C1-A")).await;
        env.fail_erp(FaultRule::once("create_sales_order", action));
        env.act(&key, &Step::CreateSalesOrder).await.unwrap_err();
        env.mirakl.cancel(&key.order_id).unwrap();
        env.pull().await;

        assert_eq!(env.decide(&key).await, Step::FindSalesOrder, "{action}");
        assert_eq!(
            env.settle(&key).await,
            Step::Done(Outcome::Cancelled),
            "{action}"
        );

        let orders = env.sales_orders(&key);
        assert_eq!(orders.len(), usize::from(there), "{action}");
        assert!(
            orders.iter().all(|o| o["status"] == "cancelled"),
            "{action}"
        );
        assert_eq!(env.erp_calls("create_sales_order"), 1, "{action}");
    }
}

#[tokio::test]
async fn tables_corrected_after_a_lost_answer_make_no_second_different_sales_order() {
    for action in ["reset-after-commit", "reset", "status:500"] {
        let env = Env::usual().await;
        let key = env.place(plain("C1-A")).await;
        env.fail_erp(FaultRule::once("create_sales_order", action));
        env.act(&key, &Step::CreateSalesOrder).await.unwrap_err();
        env.remap(|tables| {
            let row = tables.skus.iter_mut().find(|r| r.offer_sku == offer(0));
            row.unwrap().sku = sku(1);
        })
        .await;

        assert_eq!(
            env.settle(&key).await,
            Step::Wait(Wait::Payment),
            "{action}"
        );

        assert_eq!(
            env.sales_order(&key)["lines"][0]["sku"],
            json!(sku(0)),
            "{action}"
        );
    }
}

#[tokio::test]
async fn tables_corrected_after_a_refusal_do_count() {
    let env = Env::usual().await;
    env.remap(|tables| {
        tables
            .ship_vias
            .iter_mut()
            .for_each(|r| r.ship_via = "NONE".into())
    })
    .await;
    let key = env.place(plain("C1-A")).await;
    let refused = env.drive(&key).await;
    assert_eq!(blocked(&refused), Kind::SalesOrderRefused);

    env.remap(|_| ()).await;

    assert_eq!(env.drive(&key).await, Step::Wait(Wait::Payment));
    assert_eq!(env.sales_order(&key)["ship_via"], json!("UPSG"));
}
