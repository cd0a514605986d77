//! An order in the shapes it may come in.

use super::*;
use crate::Amount;
use rust_decimal::Decimal;

/// Every field that OR11 may leave empty, sent as null.
const NULL_EVERYWHERE: &str = r#"{
  "order_id": "W1001-A", "commercial_id": "W1001", "order_state": null, "order_state_reason_code": null,
  "order_state_reason_label": null, "created_date": "2026-03-02T09:15:00Z", "last_updated_date": null,
  "acceptance_decision_date": null, "customer_debited_date": null, "transaction_date": null,
  "transaction_number": null, "payment_workflow": null, "payment_type": null, "paymentType": null,
  "payment_duration": null, "customer_directly_pays_seller": null, "currency_iso_code": null,
  "order_tax_mode": null, "price": null, "shipping_price": null, "total_price": null,
  "total_commission": null, "order_taxes": null, "order_refunds": null, "fully_refunded": null,
  "can_cancel": null, "can_shop_ship": null, "has_incident": null, "has_customer_message": null,
  "has_invoice": null, "invoice_details": null, "leadtime_to_ship": null, "shipping_deadline": null,
  "delivery_date": null, "shipping_type_code": null, "shipping_type_label": null,
  "shipping_type_standard_code": null, "shipping_zone_code": null, "shipping_zone_label": null,
  "shipping_carrier_code": null, "shipping_carrier_standard_code": null, "shipping_company": null,
  "shipping_tracking": null, "shipping_tracking_url": null, "shipping_pudo_id": null,
  "fulfillment": {"center": null}, "channel": null,
  "references": {"order_reference_for_customer": null, "order_reference_for_seller": null},
  "quote_id": null, "promotions": {"applied_promotions": null, "total_deduced_amount": null},
  "discount_campaigns": null, "order_additional_fields": [{"code": null, "type": null, "value": null}],
  "customer": {"customer_id": null, "firstname": null, "lastname": null, "civility": null, "locale": null,
    "billing_address": null, "shipping_address": null, "accounting_contact": null,
    "delivery_contact": null, "organization": {"organization_id": null, "address": null}},
  "customer_notification_email": null,
  "order_lines": [{
    "order_line_id": "W1001-A-1", "order_line_index": null, "order_line_state": null, "quantity": null,
    "offer_id": null, "offer_sku": null, "product_medias": null, "description": null, "price": null,
    "commission_taxes": null, "taxes": [{"code": null, "amount": null, "rate": null,
      "tax_calculation_rule": null, "amount_breakdown": null}], "shipping_taxes": null, "fees": null,
    "promotions": [{"id": null, "campaign": null, "configuration": null}], "discount_campaign": null,
    "refunds": [{"id": null, "refund_state": null, "amount": null, "taxes": null}],
    "cancelations": [{"id": null, "quantity": null, "commission_taxes": null}],
    "shipping_from": {"address": null, "warehouse": null}, "order_line_additional_fields": null
  }]
}"#;

#[test]
fn an_order_parses_with_null_everywhere_and_with_nearly_nothing() {
    let order = parse_order(NULL_EVERYWHERE).unwrap();
    assert_eq!(order.order_id, "W1001-A");
    assert_eq!(order.total_price, None);
    let lines = order.order_lines.unwrap();
    assert_eq!(
        (lines[0].quantity, lines[0].refunds.as_ref().unwrap().len()),
        (None, 1)
    );

    let bare = parse_order(r#"{"order_id":"W1001-A","order_lines":[{"order_line_id":"x"}]}"#);
    assert_eq!(bare.unwrap().order_lines.unwrap()[0].price, None);
    assert_eq!(
        parse_order(r#"{"order_id":"W1001-A"}"#)
            .unwrap()
            .order_lines,
        None
    );
}

#[test]
fn new_fields_new_words_and_both_kinds_of_time_are_taken() {
    let order = parse_order(
        r#"{"order_id":"A","order_state":"PARKED","payment_workflow":"PAY_TWICE",
            "order_tax_mode":"TAX_EXCLUDED","created_date":"2019-04-02T14:56:01Z",
            "last_updated_date":"2019-04-02T16:58:22.460+02:00","price":21.3,"total_price":"1",
            "shipping_price":1e2,"brand_new":{"deep":[1,{"x":null}]},
            "order_additional_fields":[{"code":"gift","type":"MULTIPLE_VALUES_LIST","value":["a","b"]}],
            "order_lines":[{"order_line_id":"A-1","order_line_state":"INCIDENT_OPEN","taxes":[
              {"code":"US","amount":8.00,"rate":8.0,"tax_calculation_rule":"NONE"}]}]}"#,
    )
    .unwrap();
    assert_eq!(
        order.order_state,
        Some(OrderState::Unknown("PARKED".into()))
    );
    assert_eq!(
        order.payment_workflow,
        Some(PaymentWorkflow::Unknown("PAY_TWICE".into()))
    );
    assert_eq!(order.order_tax_mode, Some(TaxMode::TaxExcluded));
    assert_eq!(
        order.created_date.unwrap().to_string(),
        "2019-04-02T14:56:01Z"
    );
    assert_eq!(
        order.last_updated_date.unwrap().to_string(),
        "2019-04-02T14:58:22.46Z"
    );
    assert_eq!(order.price, Some(Amount(Decimal::new(213, 1))));
    assert_eq!(order.total_price, Some(Amount(Decimal::ONE)));
    assert_eq!(order.shipping_price, Some(Amount(Decimal::ONE_HUNDRED)));
    let lines = order.order_lines.unwrap();
    assert_eq!(lines[0].order_line_state, Some(LineState::IncidentOpen));
    let tax = &lines[0].taxes.as_ref().unwrap()[0];
    assert_eq!(tax.tax_calculation_rule, Some(TaxCalculationRule::None));
}

#[test]
fn an_order_that_cannot_be_read_names_the_path_and_quotes_nothing() {
    for (json, path) in [
        (r#"{"commercial_id":"W1001"}"#, "order_id"),
        (r#"{"order_id":7}"#, "order_id"),
        (r#"{"order_id":"A","price":"Ann"}"#, "price"),
        (r#"{"order_id":"A","price":1e400}"#, "price"),
        (r#"{"order_id":"A","created_date":"Ann"}"#, "created_date"),
        (
            r#"{"order_id":"A","customer":{"firstname":["Ann"]}}"#,
            "customer.firstname",
        ),
        (
            r#"{"order_id":"A","order_lines":[{"order_line_id":"A-1"},{"quantity":"Ann"}]}"#,
            "order_lines[1].quantity",
        ),
        (
            r#"{"order_id":"A","order_lines":[{}]}"#,
            "order_lines[0].order_line_id",
        ),
        (r#"["A"]"#, ""),
        ("null", ""),
        (r#"{"order_id":"A""#, "order_id"),
    ] {
        let error = parse_order(json).expect_err(json);
        assert_eq!(error.path, path, "{json}");
        assert!(
            !format!("{error} {error:?} {}", error.source).contains("Ann"),
            "{json}"
        );
    }
}

#[test]
fn personal_data_is_never_printed() {
    let json = r#"{"order_id":"W1001-A","customer_notification_email":"SECRET",
        "shipping_tracking":"SECRET","shipping_pudo_id":"SECRET",
        "customer":{"customer_id":"SECRET","firstname":"SECRET","lastname":"SECRET",
          "billing_address":{"lastname":"SECRET","street_1":"SECRET","phone":"SECRET"},
          "shipping_address":{"lastname":"SECRET","additional_info":"SECRET"},
          "delivery_contact":{"lastname":"SECRET"},
          "organization":{"name":"SECRET","address":{"street_1":"SECRET"}}},
        "order_additional_fields":[{"code":"gift","value":"SECRET"}],
        "order_lines":[{"order_line_id":"W1001-A-1",
          "order_line_additional_fields":[{"code":"text","value":"SECRET"}]}]}"#;
    let raw = RawOrder::read(serde_json::from_str(json).unwrap());
    let order = raw.order.clone().unwrap();
    let customer = order.customer.clone().unwrap();
    for printed in [
        format!("{raw:?}"),
        format!("{order:#?}"),
        format!("{customer:?}"),
        format!("{:?}", customer.billing_address),
        format!("{:?}", customer.delivery_contact),
        format!("{:?}", customer.organization),
        format!("{:?}", order.order_additional_fields),
    ] {
        assert!(!printed.contains("SECRET"), "{printed}");
    }
    assert!(format!("{raw:?}").contains("W1001-A-1"));
}

#[test]
fn an_order_keeps_its_exact_text_and_its_id_even_when_it_cannot_be_read() {
    let json = r#"{ "price" : 1.50e0,"x":"é\u00e9", "order_id":"A", "created_date":"soon" }"#;
    let raw = RawOrder::read(serde_json::from_str(json).unwrap());
    assert_eq!(raw.json, json);
    assert_eq!(raw.order_id.as_deref(), Some("A"));
    assert_eq!(raw.order.unwrap_err().path, "created_date");

    for nameless in ["7", "null", "[]", r#"{"order_id":null}"#] {
        let raw = RawOrder::read(serde_json::from_str(nameless).unwrap());
        assert_eq!(
            (raw.order_id.as_deref(), raw.order.is_err()),
            (None, true),
            "{nameless}"
        );
    }
}

#[test]
fn times_are_sent_with_milliseconds_at_most() {
    let time: Timestamp = "2026-03-02T09:15:00.123456789Z".parse().unwrap();
    assert_eq!(to_milliseconds(time).unwrap(), "2026-03-02T09:15:00.123Z");
}
