//! How the simulators' ledgers are read: JSON as they show it, never this program's own types.

use rust_decimal::Decimal;
use serde_json::Value;

/// The rows of a list; none when there is no such list.
pub(super) fn rows<'a>(ledger: &'a Value, name: &str) -> &'a [Value] {
    ledger[name].as_array().map_or(&[], Vec::as_slice)
}

/// A text; empty when there is none.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// An amount, written as a number or as a text.
pub(super) fn money(value: &Value) -> Decimal {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.parse().unwrap_or(Decimal::MAX)
}

/// Has an order in this state left?
pub(super) fn is_shipped(state: &str) -> bool {
    matches!(state, "SHIPPED" | "TO_COLLECT" | "RECEIVED" | "CLOSED")
}
