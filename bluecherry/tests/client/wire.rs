//! The examples of the document, read into the types of the client and written again.

use bluecherry::{
    Batch, Cancellation, CancelledOrder, CreditMemo, CreditStatus, Customer, Fulfilment, Item,
    ItemStatus, LineStatus, NewCustomer, NewReturn, NewSalesOrder, OrderStatus, Position, Profile,
    Return, ReturnStatus, SalesOrder, ShipToChange,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::schema::{assert_is, part};

fn example(name: &str) -> Value {
    part(&format!("#/components/examples/{name}"))["value"].clone()
}

/// Nulls say the same as absent fields.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, field)| !field.is_null())
            .map(|(name, field)| (name, without_nulls(field)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

fn through<T: DeserializeOwned + Serialize>(schema: &str, mut sample: Value) -> T {
    let read: T = serde_json::from_value(sample.clone()).expect(schema);
    let written = serde_json::to_value(&read).expect(schema);
    assert_is(schema, &written);
    // Fields the client fills with a default may be added; what came must come out the same.
    let (mut came, went) = (without_nulls(sample.clone()), without_nulls(written));
    for (name, value) in went.as_object().expect("an object") {
        came.as_object_mut()
            .expect("an object")
            .entry(name.clone())
            .or_insert(value.clone());
    }
    assert_eq!(came, went, "{schema}");

    sample["a_field_of_tomorrow"] = json!({ "a": [1] });
    serde_json::from_value(sample).expect("a reader that ignores what it does not know")
}

fn first(name: &str) -> Value {
    example(name)["items"][0].clone()
}

#[test]
fn every_document_of_the_profile_goes_through_the_types_unchanged() {
    through::<Profile>("Profile", example("profile"));
    through::<Batch>("Batch", first("batches"));
    through::<NewCustomer>("NewCustomer", example("new_customer"));
    through::<Customer>("Customer", example("customer"));
    through::<Customer>("Customer", first("customers"));
    through::<NewSalesOrder>("NewSalesOrder", example("new_sales_order"));
    through::<SalesOrder>("SalesOrder", example("sales_order"));
    through::<SalesOrder>("SalesOrder", first("sales_orders"));
    through::<ShipToChange>("ShipTo", example("ship_to"));
    through::<Cancellation>("Cancellation", example("cancellation"));
    through::<CancelledOrder>("CancelledSalesOrder", example("cancelled"));
    through::<Fulfilment>("Fulfilment", first("fulfilments"));
    through::<Position>("Position", first("positions"));
    through::<Item>("Item", first("items"));
    through::<NewReturn>("NewReturn", example("new_return"));
    through::<Return>("Return", example("return"));
    through::<Return>("Return", first("returns"));
    through::<CreditMemo>("CreditMemo", first("credit_memos"));
}

#[test]
fn the_documented_position_adds_up() {
    let position = through::<Position>("Position", first("positions"));
    assert_eq!(position.ots(), Some(89));
    assert_eq!(position.ots(), position.erp_available);
}

#[test]
fn the_documented_order_adds_up() {
    let order = through::<NewSalesOrder>("NewSalesOrder", example("new_sales_order"));
    let charges: rust_decimal::Decimal = order.charges.iter().map(|charge| charge.amount).sum();
    let totals = &order.totals;
    let grand = totals.goods - totals.discount + totals.shipping + charges + totals.tax;
    assert_eq!(grand, totals.grand);
    assert!(order.ship_to.is_none());
    assert!(serde_json::to_value(&order).expect("JSON")["ship_to"].is_null());
}

#[test]
fn the_documented_credit_memo_adds_up() {
    let memo = through::<CreditMemo>("CreditMemo", first("credit_memos"));
    let line = &memo.lines[0];
    let kept = line.restocking_fee.unwrap_or_default();
    assert_eq!(line.goods + line.shipping + line.tax - kept, memo.total);
    assert_eq!(line.tax_detail[0].amount, line.tax);
}

#[test]
fn an_unknown_word_is_kept_as_it_came() {
    let mut sample = example("sales_order");
    sample["status"] = json!("Backordered ");
    sample["lines"][0]["line_status"] = json!("substituted");
    let order: SalesOrder = serde_json::from_value(sample).expect("a sales order");
    assert_eq!(order.status, OrderStatus::Unknown("Backordered ".into()));
    assert_eq!(
        order.lines[0].line_status,
        LineStatus::Unknown("substituted".into())
    );
    assert_eq!(
        serde_json::to_value(&order.status).expect("JSON"),
        json!("Backordered ")
    );

    let mut sample = first("items");
    sample["status"] = json!("seasonal");
    let item: Item = serde_json::from_value(sample).expect("an item");
    assert_eq!(item.status, ItemStatus::Unknown("seasonal".into()));
    assert_eq!(item.status.as_str(), "seasonal");

    let mut sample = first("credit_memos");
    sample["status"] = json!("reversed");
    let memo: CreditMemo = serde_json::from_value(sample).expect("a credit memo");
    assert_eq!(memo.status, CreditStatus::Unknown("reversed".into()));
    let mut sample = first("returns");
    sample["status"] = json!("lost");
    sample["lines"][0]["disposition"] = json!("donated");
    let seen: Return = serde_json::from_value(sample).expect("a return");
    assert_eq!(seen.status, Some(ReturnStatus::Unknown("lost".into())));
    assert_eq!(seen.lines[0].disposition.as_str(), "donated");
}

#[test]
fn money_as_a_number_is_refused_and_its_scale_is_kept() {
    let mut sample = example("sales_order");
    let order: SalesOrder = serde_json::from_value(sample.clone()).expect("a sales order");
    assert_eq!(order.lines[0].unit_price.to_string(), "59.50");
    sample["totals"]["grand"] = json!(128.2);
    assert!(serde_json::from_value::<SalesOrder>(sample).is_err());
}

#[test]
fn personal_data_is_not_printed() {
    let mut sample = example("ship_to");
    sample["ship_to"]["email"] = json!("alias@example.com");
    let change: ShipToChange = serde_json::from_value(sample.clone()).expect("a ship-to");
    let mut order: NewSalesOrder =
        serde_json::from_value(example("new_sales_order")).expect("an order");
    order.ship_to = Some(change.ship_to.clone());
    order.bill_to = Some(change.ship_to.clone());
    order.notes = Some("ring at Test Person".into());
    let mut customer = example("customer");
    customer["name"] = json!("Test Person");
    customer["external_handle"] = json!("NORDWALD:4711");
    customer["bill_to"] = sample["ship_to"].clone();
    let new = NewCustomer {
        name: "Test Person".into(),
        ..serde_json::from_value(example("new_customer")).expect("a customer")
    };
    let customer: Customer = serde_json::from_value(customer).expect("a customer");

    let printed = format!("{change:?} {order:#?} {customer:?} {new:?}");
    for secret in [
        "Test Person",
        "Sample Street",
        "14201",
        "0100",
        "alias",
        "4711",
        "Quay",
    ] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
    assert!(printed.contains("[redacted]") && printed.contains("MKTNW"));
}
