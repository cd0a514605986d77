//! The client against a simulated site that works.

use bluecherry::{Binding, LineStatus, Mode, NewCustomer, OrderStatus};
use domain::retry::{Fate, Retry};
use serde_json::json;

use crate::samples::{cancel, customer, ship_to};
use crate::world::{SKU, control, create, site};

#[tokio::test]
async fn an_order_lives_from_hold_to_shipment() {
    let (sim, rest) = site().await;
    let held = create(&rest, "NW-1001").await;
    assert_eq!(
        (&held.status, held.ship_to_set),
        (&OrderStatus::Held, false)
    );
    assert_eq!(held.lines[0].line_status, LineStatus::Accepted);
    assert_eq!(
        rest.sales_order(&held.ord_num)
            .await
            .expect("the order")
            .lines,
        held.lines
    );

    let set = rest
        .set_ship_to(&held.ord_num, &ship_to(held.version), "ship-to")
        .await;
    let set = set.expect("a ship-to");
    assert!(set.ship_to_set && set.version > held.version);
    assert_eq!(set.ship_via.as_deref(), Some("UPS2"));
    let released = rest
        .release(&held.ord_num, "MARKETPLACE", "release")
        .await
        .expect("released");
    assert_eq!(
        (released.status, released.hold),
        (OrderStatus::Allocated, None)
    );

    let cancelled = rest
        .cancel_lines(&held.ord_num, &cancel(1, "x1"), "cancel")
        .await;
    let cancelled = cancelled.expect("canceled");
    assert_eq!(
        (cancelled.cancelled[0].qty, cancelled.not_cancelled.len()),
        (1, 0)
    );
    assert_eq!(cancelled.order.lines[0].qty_open, 1);

    control(&sim, "/_sim/pick", json!({ "ord_num": held.ord_num })).await;
    let late = rest
        .cancel_lines(&held.ord_num, &cancel(1, "x2"), "cancel late")
        .await;
    let late = late.expect("an answer that says no");
    assert_eq!(
        (late.cancelled.len(), late.not_cancelled[0].reason.as_str()),
        (0, "picked")
    );
    let locked = rest
        .set_ship_to(&held.ord_num, &ship_to(late.order.version), "late")
        .await;
    assert_eq!(locked.expect_err("locked").code(), Some("order_locked"));

    let before = rest.fulfilments(None, 10).await.expect("an empty page");
    assert!(before.rows.is_empty() && before.complete);
    control(&sim, "/_sim/shipments", json!({ "ord_num": held.ord_num })).await;
    let page = rest
        .fulfilments(before.next_cursor.as_deref(), 10)
        .await
        .expect("a page");
    let shipped = page.rows[0].read.clone().expect("a shipment");
    assert_eq!(
        (shipped.external_po.as_str(), shipped.is_final),
        ("NW-1001", true)
    );
    assert_eq!(shipped.parcels[0].lines[0].qty, 1);
    let after = rest
        .fulfilments(page.next_cursor.as_deref(), 10)
        .await
        .expect("an empty page");
    assert!(after.rows.is_empty() && after.next_cursor.is_some());
    let order = rest.sales_order(&held.ord_num).await.expect("the order");
    assert_eq!(order.status, OrderStatus::Shipped);
}

#[tokio::test]
async fn a_customer_is_made_once_and_found_by_its_handle() {
    let (_sim, rest) = site().await;
    assert_eq!(
        rest.find_customer("NORDWALD").await.expect("a look-up"),
        None
    );
    let made = rest
        .put_customer("NORDWALD", &customer(), "k1")
        .await
        .expect("a customer");
    let again = rest
        .put_customer("NORDWALD", &customer(), "k2")
        .await
        .expect("the same");
    assert_eq!((made.created, again.created), (true, false));
    let found = rest
        .find_customer("NORDWALD")
        .await
        .expect("a look-up")
        .expect("the customer");
    assert_eq!(found.customer_code, made.customer_code);

    let other = NewCustomer {
        currency: "EUR".into(),
        ..customer()
    };
    let refused = rest
        .put_customer("NORDWALD", &other, "k3")
        .await
        .expect_err("a conflict");
    assert_eq!(refused.code(), Some("customer_handle_conflict"));
    assert_eq!(
        (refused.retry(), refused.fate()),
        (Retry::Never, Fate::NotDone)
    );
}

#[tokio::test]
async fn stock_items_and_batches_are_read() {
    let (_sim, rest) = site().await;
    create(&rest, "NW-8").await;
    assert_eq!(
        rest.profile().await.expect("a profile").time_zone,
        "America/New_York"
    );

    let page = rest.positions(None, Mode::Full).await.expect("a page");
    assert!(page.complete && page.next_cursor.is_none() && page.batch_id.is_some());
    let position = page.rows[0].read.clone().expect("a position");
    assert_eq!(
        (position.on_hand, position.open, position.ots()),
        (40, 2, Some(38))
    );
    assert_eq!(position.erp_available, position.ots());

    let page = rest.items(None).await.expect("a page");
    let item = page.rows[0].read.clone().expect("an item");
    assert_eq!(
        (item.sku.as_str(), item.prices[0].amount.to_string()),
        (SKU, "59.50".into())
    );
    assert_eq!(item.sku_key(), position.sku_key());
    assert!(
        !rest
            .batches(Some("inventory"))
            .await
            .expect("batches")
            .is_empty()
    );
}
