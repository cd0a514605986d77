//! An order in the words of OR11.

use serde_json::{Value, json};

use super::amount::Amount;
use super::options::{MiraklOptions, PaymentWorkflow};
use super::order::{Line, Order, State};
use super::spec::{CustomerSpec, FeeSpec, PromotionSpec, TaxSpec};

/// What OR11 shows of an order now.
pub fn order(order: &Order, options: &MiraklOptions) -> Value {
    let total = |part: fn(&Line) -> Amount| order.lines.iter().map(part).sum::<Amount>();
    let shipping_type = options
        .shipping_types
        .iter()
        .find(|kind| kind.code == order.shipping_type_code);
    let tracking = order.tracking.clone().unwrap_or_default();
    let days = matches!(order.payment_workflow, PaymentWorkflow::PayOnDueDate).then_some(30);
    let promotions: Vec<&PromotionSpec> = order
        .lines
        .iter()
        .flat_map(|line| &line.promotions)
        .collect();
    let deduced: Amount = promotions
        .iter()
        .map(|promotion| promotion.deduced_amount)
        .sum();
    let mut shown = json!({
        "order_id": order.order_id,
        "commercial_id": order.commercial_id,
        "order_state": order.state,
        "order_state_reason_code": order.reason,
        "order_state_reason_label": order.reason.map(label),
        "created_date": order.created,
        "last_updated_date": order.updated,
        "acceptance_decision_date": order.decided,
        "customer_debited_date": order.debited,
        "transaction_date": order.debited,
        "transaction_number": order.debited.map(|_| format!("T-{}", order.order_id)),
        "payment_workflow": order.payment_workflow,
        "payment_type": "Card",
        "paymentType": "Card",
        "payment_duration": days,
        "customer_directly_pays_seller": false,
        "currency_iso_code": order.currency,
        "order_tax_mode": order.tax_mode,
        "price": total(|line| line.price),
        "shipping_price": total(|line| line.shipping_price),
        "total_price": total(|line| line.total_price),
        "total_commission": total(|line| line.commission),
        "order_taxes": null,
        "order_refunds": null,
        "fully_refunded": order.is_fully_refunded(),
        "can_cancel": order.can_cancel(options),
        "can_shop_ship": order.can_ship(),
        "has_incident": order.lines.iter().any(|line| line.incident.is_some()),
        "has_customer_message": false,
        "has_invoice": false,
        "invoice_details": null,
        "leadtime_to_ship": options.lead_time_s.div_ceil(86_400),
        "shipping_deadline": order.deadline,
    });
    let rest = json!({
        "delivery_date": null,
        "shipping_type_code": order.shipping_type_code,
        "shipping_type_label": shipping_type.map_or("", |kind| &kind.label),
        "shipping_type_standard_code": shipping_type.and_then(|kind| kind.standard_code.clone()),
        "shipping_zone_code": "DOM",
        "shipping_zone_label": "Domestic",
        "shipping_carrier_code": tracking.carrier_code,
        "shipping_carrier_standard_code": tracking.carrier_standard_code,
        "shipping_company": tracking.carrier_name,
        "shipping_tracking": tracking.number,
        "shipping_tracking_url": tracking.url,
        "shipping_pudo_id": null,
        "fulfillment": { "center": { "code": order.fulfillment_center } },
        "channel": null,
        "references": {
            "order_reference_for_customer": null,
            "order_reference_for_seller": order.reference_for_seller,
        },
        "quote_id": null,
        "promotions": {
            "applied_promotions": promotions.into_iter().map(promotion).collect::<Vec<_>>(),
            "total_deduced_amount": deduced,
        },
        "discount_campaigns": [],
        "order_additional_fields": [],
        "customer": customer(&order.customer, shows_addresses(order, options)),
        "customer_notification_email": order.customer_notification_email,
        "order_lines": (1..).zip(&order.lines).map(|(index, line)| self::line(order, index, line, options)).collect::<Vec<_>>(),
    });
    merge(&mut shown, &rest);
    merge(&mut shown, &Value::Object(order.extra.clone()));
    shown
}

fn shows_addresses(order: &Order, options: &MiraklOptions) -> bool {
    options.addresses_before_acceptance || order.to_ship_since.is_some()
}

fn label(reason: &str) -> String {
    reason
        .trim_start_matches("SYSTEM_")
        .replace('_', " ")
        .to_lowercase()
}

/// Where an order goes, once it is to be shipped.
pub fn shipping_address(order: &Order) -> Value {
    customer(&order.customer, true)["shipping_address"].take()
}

fn customer(customer: &CustomerSpec, with_addresses: bool) -> Value {
    let address = with_addresses.then(|| {
        json!({
            "civility": null,
            "firstname": customer.firstname,
            "lastname": customer.lastname,
            "company": null,
            "company_2": null,
            "street_1": customer.street_1,
            "street_2": customer.street_2,
            "zip_code": customer.zip_code,
            "city": customer.city,
            "state": customer.state,
            "country": country(&customer.country_iso_code),
            "country_iso_code": customer.country_iso_code,
            "phone": customer.phone,
            "phone_secondary": null,
        })
    });
    let mut shipping = address.clone();
    if let Some(Value::Object(shipping)) = &mut shipping {
        shipping.insert("additional_info".to_owned(), Value::Null);
    }
    json!({
        "customer_id": customer.customer_id,
        "civility": null,
        "firstname": customer.firstname,
        "lastname": customer.lastname,
        "locale": "en_US",
        "billing_address": address,
        "shipping_address": shipping,
        "accounting_contact": null,
        "delivery_contact": null,
        "organization": null,
    })
}

fn country(code: &str) -> &str {
    match code {
        "USA" => "United States",
        "CAN" => "Canada",
        "GBR" => "United Kingdom",
        "FRA" => "France",
        "DEU" => "Germany",
        "ESP" => "Spain",
        "ITA" => "Italy",
        other => other,
    }
}

fn line(order: &Order, index: u32, line: &Line, options: &MiraklOptions) -> Value {
    let moved = |at: Option<jiff::Timestamp>| at.filter(|_| line.state != State::Refused);
    let mut shown = json!({
        "order_line_id": line.order_line_id,
        "order_line_index": index,
        "order_line_state": if line.incident.is_some() { "INCIDENT_OPEN" } else { line.state.word() },
        "order_line_state_reason_code": order.reason.filter(|_| line.state == State::Canceled),
        "order_line_state_reason_label":
            order.reason.filter(|_| line.state == State::Canceled).map(label),
        "quantity": line.quantity,
        "offer_id": line.offer_id,
        "offer_sku": line.offer_sku,
        "offer_state_code": "11",
        "product_sku": format!("P{}", line.offer_id),
        "product_shop_sku": null,
        "product_title": line.title,
        "product_medias": [],
        "category_code": "APPAREL",
        "category_label": "Apparel",
        "description": null,
        "price_unit": line.price_unit,
        "price": line.price,
        "origin_unit_price": line.origin_unit_price,
        "price_additional_info": null,
        "shipping_price": line.shipping_price,
        "shipping_price_unit": null,
        "shipping_price_additional_unit": null,
        "total_price": line.total_price,
        "commission_fee": line.commission,
        "commission_taxes": [],
        "commission_vat": 0,
        "commission_rate_vat": 0,
        "total_commission": line.commission,
        "taxes": line.taxes.iter().map(|tax| self::tax(tax, options)).collect::<Vec<_>>(),
        "shipping_taxes": line.shipping_taxes.iter().map(|tax| self::tax(tax, options)).collect::<Vec<_>>(),
        "fees": line.fees.iter().map(fee).collect::<Vec<_>>(),
    });
    let rest = json!({
        "tax_legal_notice": null,
        "eco_contributions": null,
        "measurement": null,
        "promotions": line.promotions.iter().map(promotion).collect::<Vec<_>>(),
        "discount_campaign": null,
        "created_date": order.created,
        "last_updated_date": line.updated,
        "debited_date": moved(order.debited),
        "shipped_date": moved(order.shipped),
        "received_date": moved(order.received),
        "can_refund": line.refunds.is_empty()
            && line.cancelations.is_empty()
            && super::refund::state_fault(order, line, options).is_none(),
        "refunds": line.refunds.iter().map(super::refund::shown).collect::<Vec<_>>(),
        "cancelations": line.cancelations.iter().map(super::cancelation::shown).collect::<Vec<_>>(),
        "shipping_from": null,
        "order_line_additional_fields": [],
    });
    merge(&mut shown, &rest);
    shown
}

fn tax(tax: &TaxSpec, options: &MiraklOptions) -> Value {
    json!({
        "code": tax.code,
        "amount": tax.amount,
        "rate": tax.rate,
        "tax_calculation_rule": options.tax_calculation_rule,
    })
}

fn fee(fee: &FeeSpec) -> Value {
    json!({ "code": fee.code, "amount": fee.amount })
}

fn promotion(promotion: &PromotionSpec) -> Value {
    json!({
        "id": promotion.id,
        "apportioned": true,
        "deduced_amount": promotion.deduced_amount,
        "offered_quantity": null,
        "promo_code": promotion.promo_code,
        "configuration": {
            "type": "AMOUNT_OFF",
            "internal_description": promotion.id,
            "amount_off": promotion.deduced_amount,
        },
    })
}

/// Lays `over` on `under`: objects field by field, arrays element by element, the rest replaced.
fn merge(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (name, value) in over {
                merge(under.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(under), Value::Array(over)) => {
            under.resize(under.len().max(over.len()), Value::Null);
            under
                .iter_mut()
                .zip(over)
                .for_each(|(under, over)| merge(under, over));
        }
        (under, over) => *under = over.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_laid_over_an_order_reaches_its_lines() {
        let mut under = json!({ "a": 1, "lines": [{ "b": 2 }, { "b": 3 }] });
        merge(
            &mut under,
            &json!({ "new": "x", "lines": [{}, { "b": "?" }] }),
        );
        assert_eq!(
            under,
            json!({ "a": 1, "new": "x", "lines": [{ "b": 2 }, { "b": "?" }] })
        );
    }
}
