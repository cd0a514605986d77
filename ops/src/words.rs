//! Sentences for codes, as a clerk reads them, and the words that options take.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use domain::exception::{Kind, Owner};
use domain::marketplace::MarketplaceCode;
use domain::step::{Stage, Step};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use subject::{memo_line, subject};

mod subject;

/// Where an order stands, in one sentence.
pub(crate) fn standing(
    stage: &str,
    waits_for: Option<&str>,
    problem: Option<Kind>,
    finished: bool,
) -> String {
    if let (Some(kind), false) = (problem, finished) {
        let who = owner(kind.owner());
        return format!("Waits for {who}: {}", kind.cause());
    }
    let says = match (finished, waits_for) {
        (true, _) => over(stage),
        (_, Some("validation")) => "Under the operator's own checks; nothing to do yet.",
        (_, Some("payment")) => "Accepted; waits for the operator to debit the customer.",
        (_, Some("address")) => "Paid; waits for Mirakl to show the delivery address.",
        (_, Some("queue")) => "BlueCherry queued the sales order; waits until it shows there.",
        (_, Some("read_back")) => {
            "Mirakl was told; waits for the next pull of orders to show what became of it."
        }
        (_, Some("shipment")) => "Released in BlueCherry; waits for the warehouse to ship.",
        (_, Some("tracking")) => "Left the warehouse; waits for a tracking number that is late.",
        (_, Some("aftercare")) => {
            "Shipped, and Mirakl knows; stays open for what may come after the sale."
        }
        (_, Some("held")) => "Held by a person; nothing is written for it until release.",
        (_, Some("dry_run")) => "The shop runs dry: all is decided, nothing is written.",
        (_, Some("person")) => "Stands still until a person acts.",
        _ => under_way(stage),
    };
    says.to_owned()
}

fn over(stage: &str) -> &'static str {
    match stage {
        "shipped" => "Over: shipped.",
        "refused" => "Over: refused; no open sales order is left.",
        "cancelled" => "Over: cancelled; no open sales order is left.",
        "not_ours" => "Not ours to fulfill; listed only.",
        _ => "Over.",
    }
}

fn under_way(stage: &str) -> &'static str {
    match stage {
        "new" => "Seen; its sales order is being created in BlueCherry.",
        "accepting" => "The sales order stands; Mirakl is being told of the acceptance.",
        "awaiting_payment" => "Accepted; the customer's payment is awaited.",
        "releasing" => "Paid; ship-to and release are under way in BlueCherry.",
        "awaiting_shipment" => "With the warehouse.",
        "confirming" => "Left the warehouse; Mirakl is being told.",
        "shipped" => "Shipped.",
        "cancelling" => "Being called off on both sides.",
        "refused" => "Refused.",
        "cancelled" => "Cancelled.",
        "not_ours" => "Not ours to fulfill; listed only.",
        _ => "See the stage.",
    }
}

/// Who it is, inside a sentence.
pub(crate) fn owner(owner: Owner) -> &'static str {
    match owner {
        Owner::Operations => "operations",
        Owner::Finance => "finance",
        Owner::Ecommerce => "e-commerce",
        Owner::CustomerCare => "customer care",
        Owner::Engineering => "engineering",
    }
}

/// A step, inside a sentence; an unknown one as it is.
pub(crate) fn step(word: &str) -> String {
    if let Some(effect) = subject::effect(word) {
        return effect;
    }
    // The effect of a tracking is one a shipment: `send_tracking:S1`.
    let says = match word.split(':').next().unwrap_or(word) {
        "create_sales_order" => "creating the sales order",
        "find_sales_order" => "looking for the sales order",
        "accept_lines" => "accepting on Mirakl",
        "refuse_lines" => "refusing on Mirakl",
        "release" => "ship-to and release",
        "cancel_sales_order" => "cancelling the sales order",
        "cancel_order" => "cancelling on Mirakl",
        "send_tracking" => "sending carrier and tracking number",
        "tell_parcels" => "telling Mirakl of a parcel",
        "correct_tracking" => "correcting a parcel's tracking",
        "confirm_shipment" => "confirming the shipment",
        "cancel_units" => "canceling units in BlueCherry",
        "read_units" => "looking for canceled units in BlueCherry",
        "cancel_lines" => "canceling units on Mirakl",
        "refund" => "repaying what was credited",
        "forward_returns" => "bringing returns on",
        "resolve_incident" => "telling Mirakl that an incident is settled",
        _ => word,
    };
    says.to_owned()
}

/// The kind that a word names, as the ledger writes it.
pub(crate) fn kind(word: &str) -> Option<Kind> {
    Kind::ALL.iter().copied().find(|k| k.as_str() == word)
}

pub(crate) fn marketplace(text: &str) -> Result<MarketplaceCode, String> {
    MarketplaceCode::new(text).map_err(|e| e.to_string())
}

pub(crate) fn reason_code(text: &str) -> Result<String, String> {
    if domain::command::is_code(text) {
        Ok(text.to_owned())
    } else {
        Err("a code is 1 to 64 letters, digits, _ . or -; never free text".to_owned())
    }
}

const STAGES: [Stage; 11] = [
    Stage::New,
    Stage::Accepting,
    Stage::AwaitingPayment,
    Stage::Releasing,
    Stage::AwaitingShipment,
    Stage::Confirming,
    Stage::Shipped,
    Stage::Cancelling,
    Stage::Refused,
    Stage::Cancelled,
    Stage::NotOurs,
];

const OWNERS: [Owner; 5] = [
    Owner::Operations,
    Owner::Finance,
    Owner::Ecommerce,
    Owner::CustomerCare,
    Owner::Engineering,
];

const EFFECTS: [Step; 8] = [
    Step::CreateSalesOrder,
    Step::AcceptLines,
    Step::RefuseLines,
    Step::Release,
    Step::CancelSalesOrder,
    Step::CancelOrder,
    Step::SendTracking,
    Step::ConfirmShipment,
];

pub(crate) fn stages() -> PossibleValuesParser {
    PossibleValuesParser::new(STAGES.map(Stage::as_str))
}

pub(crate) fn effects() -> PossibleValuesParser {
    let words: Vec<&'static str> = EFFECTS.iter().map(Step::as_str).collect();
    PossibleValuesParser::new(words)
}

pub(crate) fn owners() -> impl TypedValueParser<Value = Owner> {
    PossibleValuesParser::new(OWNERS.map(Owner::as_str)).try_map(typed)
}

pub(crate) fn kinds() -> impl TypedValueParser<Value = Kind> {
    let words: Vec<&'static str> = Kind::ALL.iter().map(|k| k.as_str()).collect();
    PossibleValuesParser::new(words).try_map(typed)
}

fn typed<T: DeserializeOwned>(word: String) -> Result<T, serde_json::Error> {
    serde_json::from_value(Value::String(word))
}
