//! What goes wrong on the wire: outages and lost answers.

use domain::exception::Kind;
use simulators::fault::FaultRule;

use crate::harness::{PATIENCE, Setup, World, key, until};

const ORDERS: usize = 20;

#[tokio::test]
async fn orders_sold_while_the_erp_is_down_wait_for_it() {
    let world = Setup::new("erp-down").start().await;
    let worker = world.worker().await;
    let down = FaultRule::once("*", "status:503").times(0);
    world.erp.faults().inject(down).unwrap();
    let ids: Vec<String> = (1..=ORDERS).map(|n| format!("E-{n}-A")).collect();
    for order_id in &ids {
        world.sell(world.plain(order_id));
    }
    until("every order waits", PATIENCE, async || {
        for order_id in &ids {
            world
                .ledger
                .order(&key("nordwind", order_id))
                .await
                .ok()??;
        }
        Some(())
    })
    .await;
    world.incident(Kind::EndpointDown).await;
    for order_id in &ids {
        assert_eq!(world.state(order_id), "WAITING_ACCEPTANCE");
        assert!(world.sales_orders("nordwind", order_id).is_empty());
    }
    assert_eq!(world.calls("OR21"), 0);

    world.erp.faults().clear();
    for order_id in &ids {
        world.reaches(order_id, "SHIPPED").await;
        assert_once(&world, order_id);
    }
    world.assert_accepted_after_the_sales_order();
    assert!(world.exceptions(false).await.is_empty());
    worker.stop().await;
}

#[tokio::test]
async fn an_answer_lost_after_any_write_doubles_nothing() {
    let world = Setup::new("lost-answers").start().await;
    let worker = world.worker().await;
    // What BlueCherry is asked under its own number strikes any order.
    let erp = ["create_sales_order", "set_ship_to", "release_sales_order"];
    for op in erp {
        let lost = FaultRule::once(op, "reset-after-commit");
        world.erp.faults().inject(lost).unwrap();
    }
    let mirakl = ["OR04", "OR21", "OR23", "OR24"];
    let order_id = |op: &str| format!("F-{op}-A");
    for op in mirakl {
        let lost = FaultRule::once(op, "reset-after-commit").about(&order_id(op));
        world.nordwind.faults().inject(lost).unwrap();
    }
    let ids = mirakl.map(order_id);
    for order_id in &ids {
        world.sell(world.plain(order_id));
    }
    for order_id in &ids {
        world.reaches(order_id, "SHIPPED").await;
        assert_once(&world, order_id);
    }
    world.assert_accepted_after_the_sales_order();
    assert!(world.exceptions(false).await.is_empty());
    until("every fault has struck", PATIENCE, async || {
        let mut rules = world.erp.faults().list();
        rules.extend(world.nordwind.faults().list());
        rules.iter().all(|rule| rule.struck == 1).then_some(())
    })
    .await;
    worker.stop().await;
}

fn assert_once(world: &World, order_id: &str) {
    assert_eq!(
        world.sales_order(order_id)["status"],
        "shipped",
        "{order_id}"
    );
    assert_eq!(world.effects("accepts", order_id).len(), 1, "{order_id}");
    assert_eq!(world.effects("shipments", order_id).len(), 1, "{order_id}");
}
