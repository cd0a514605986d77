//! Mirakl's order to ours, without anything that names a person.

mod paid;

use domain::money;
use domain::order::{Line, Order, State};
use jiff::Timestamp;

/// Reads what decisions need from an order as Mirakl sent it.
///
/// # Errors
/// The path of the first field that is missing or makes no sense; without it nothing can be decided
/// for this order.
pub fn order(wire: &mirakl::Order, read_at: Timestamp) -> Result<Order, String> {
    let need = |path: &str| format!("$.{path}");
    let state = wire
        .order_state
        .as_ref()
        .ok_or_else(|| need("order_state"))?;
    let lines = wire.order_lines.as_deref().unwrap_or_default();
    if lines.is_empty() {
        return Err(need("order_lines"));
    }
    let lines = lines
        .iter()
        .enumerate()
        .map(|(at, l)| line(at, l))
        .collect::<Result<_, _>>()?;
    let customer = wire.customer.as_ref();
    Ok(Order {
        state: word(state.as_str()),
        reason_code: wire.order_state_reason_code.clone(),
        created_at: wire.created_date.ok_or_else(|| need("created_date"))?,
        updated_at: wire
            .last_updated_date
            .ok_or_else(|| need("last_updated_date"))?,
        read_at,
        decided_at: wire.acceptance_decision_date,
        debited_at: wire.customer_debited_date,
        ship_by: wire.shipping_deadline,
        shipping_type: wire.shipping_type_code.clone().unwrap_or_default(),
        center: wire
            .fulfillment
            .as_ref()
            .and_then(|f| f.center.as_ref())
            .and_then(|c| c.code.clone()),
        can_cancel: wire.can_cancel.unwrap_or(false),
        has_address: customer.is_some_and(|c| c.shipping_address.is_some()),
        tracking_number: wire.shipping_tracking.clone(),
        seller_reference: wire
            .references
            .as_ref()
            .and_then(|r| r.order_reference_for_seller.clone()),
        total: total(wire),
        currency: wire
            .currency_iso_code
            .clone()
            .ok_or_else(|| need("currency_iso_code"))?,
        paid: paid::paid(wire),
        refund_pending_since: paid::pending_since(wire),
        lines,
    })
}

/// The total as people write it: with all digits of the currency's minor unit.
fn total(wire: &mirakl::Order) -> String {
    let digits = money::minor_digits(wire.currency_iso_code.as_deref().unwrap_or_default());
    let total = wire.total_price.as_ref().map(|t| {
        let mut total = t.0;
        if total.scale() < digits {
            total.rescale(digits);
        }
        total.to_string()
    });
    total.unwrap_or_default()
}

fn line(at: usize, wire: &mirakl::OrderLine) -> Result<Line, String> {
    let need = |field: &str| format!("$.order_lines[{at}].{field}");
    let quantity = wire.quantity.ok_or_else(|| need("quantity"))?;
    let state = wire
        .order_line_state
        .as_ref()
        .ok_or_else(|| need("order_line_state"))?;
    Ok(Line {
        line_id: wire.order_line_id.clone(),
        offer_sku: wire.offer_sku.clone().ok_or_else(|| need("offer_sku"))?,
        quantity: u32::try_from(quantity)
            .ok()
            .filter(|q| *q > 0)
            .ok_or_else(|| need("quantity"))?,
        state: word(state.as_str()),
        canceled: paid::canceled(wire),
    })
}

/// Mirakl's word as a state; one that is not known stays what it is.
fn word(word: &str) -> State {
    serde_json::from_value(serde_json::Value::String(word.to_owned()))
        .unwrap_or_else(|_| State::Unknown(word.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(state: &str) -> mirakl::Order {
        let json = format!(
            r#"{{"order_id":"C-1-A","order_state":"{state}","created_date":"2026-03-02T09:15:00Z",
               "last_updated_date":"2026-03-02T09:15:04Z","currency_iso_code":"USD",
               "shipping_type_code":"STD","total_price":110.00,"can_cancel":false,
               "customer":{{"customer_id":"C77","shipping_address":null}},
               "order_lines":[{{"order_line_id":"C-1-A-1","offer_sku":"BC-1","quantity":2,
               "order_line_state":"{state}"}}]}}"#
        );
        mirakl::parse_order(&json).unwrap()
    }

    #[test]
    fn an_order_without_an_address_is_read() {
        let order = order(&wire("WAITING_ACCEPTANCE"), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(order.state, State::WaitingAcceptance);
        assert!(!order.has_address);
        assert_eq!(
            (order.lines[0].quantity, order.total.as_str()),
            (2, "110.00")
        );
    }

    #[test]
    fn a_new_word_is_kept_and_a_missing_field_is_named() {
        let strange = order(&wire("TELEPORTING"), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(strange.unknown_word(), Some("TELEPORTING"));
        let mut broken = wire("SHIPPING");
        broken.order_lines.as_mut().unwrap()[0].quantity = Some(-1);
        let path = order(&broken, Timestamp::UNIX_EPOCH).unwrap_err();
        assert_eq!(path, "$.order_lines[0].quantity");
        broken.order_lines = None;
        assert_eq!(
            order(&broken, Timestamp::UNIX_EPOCH).unwrap_err(),
            "$.order_lines"
        );
    }
}
