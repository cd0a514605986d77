//! Returns: what a customer sends back, from the wish to the end (RT01 to RT29).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::aftercare::order_of;
use super::options::MiraklOptions;
use super::order::State;
use super::parts::reason;
use super::seek::{Ask, by_time};
use super::world::World;
use crate::calls::Mark;

/// Where a return stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReturnState {
    /// Waits for the seller's decision.
    WaitingAcceptance,
    /// Accepted: the goods are on their way.
    InProgress,
    /// Refused by the seller.
    Refused,
    /// The goods are there.
    Received,
    /// Done.
    Closed,
    /// Nothing came.
    NoReception,
    /// Called off.
    Canceled,
}

impl ReturnState {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::WaitingAcceptance => "WAITING_ACCEPTANCE",
            Self::InProgress => "IN_PROGRESS",
            Self::Refused => "REFUSED",
            Self::Received => "RECEIVED",
            Self::Closed => "CLOSED",
            Self::NoReception => "NO_RECEPTION",
            Self::Canceled => "CANCELED",
        }
    }
}

/// One return, of one order.
#[derive(Clone, Debug, Serialize)]
pub struct Return {
    pub id: String,
    #[serde(flatten)]
    pub mark: Mark,
    pub order_id: String,
    pub order_commercial_id: String,
    pub customer_id: String,
    pub state: ReturnState,
    pub method_code: String,
    pub rejection_reason_code: Option<String>,
    pub description: Option<String>,
    pub rma: Option<String>,
    pub label_url: Option<String>,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub tracking: Value,
    pub address: Value,
    pub lines: Vec<ReturnLine>,
    /// Each move, with its state.
    pub moves: Vec<&'static str>,
}

/// One line of a return.
#[derive(Clone, Debug, Serialize)]
pub struct ReturnLine {
    pub order_line_id: String,
    pub quantity: u32,
    pub reason_code: String,
    /// What the seller found, once it looked.
    pub compliance: Vec<Value>,
}

/// A return as RT01 takes it.
#[derive(Clone, Debug, Deserialize)]
pub struct ReturnIn {
    pub order_commercial_id: String,
    method_code: Option<String>,
    return_lines: Vec<ReturnLineIn>,
    accepted: Option<bool>,
    description: Option<String>,
    label_url: Option<String>,
    rma: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct ReturnLineIn {
    order_line_id: String,
    quantity: u32,
    reason_code: Option<String>,
}

impl Return {
    /// The return as RT11 shows it.
    pub fn shown(&self) -> Value {
        let lines = self.lines.iter().map(|line| {
            json!({
                "order_line_id": line.order_line_id,
                "quantity": line.quantity,
                "reason_code": line.reason_code,
                "compliance": line.compliance,
            })
        });
        json!({
            "id": self.id,
            "order_id": self.order_id,
            "order_commercial_id": self.order_commercial_id,
            "state": self.state,
            "method_code": self.method_code,
            "reason_code": self.lines.first().map(|line| &line.reason_code),
            "rejection_reason_code": self.rejection_reason_code,
            "description": self.description,
            "rma": self.rma,
            "label_url": self.label_url,
            "date_created": self.created,
            "last_updated": self.updated,
            "return_address": self.address,
            "return_lines": lines.collect::<Vec<_>>(),
            "tracking": self.tracking,
            "documents": [],
        })
    }

    /// Something changed: clients that poll must see it.
    pub fn touch(&mut self, now: Timestamp) {
        let next = self.updated + jiff::SignedDuration::from_millis(1);
        self.updated = super::order::whole_ms(now).max(next);
    }

    /// The return goes to another state.
    pub fn go(&mut self, state: ReturnState, now: Timestamp) {
        self.state = state;
        self.moves.push(state.word());
        self.touch(now);
    }

    fn is_alive(&self) -> bool {
        !matches!(
            self.state,
            ReturnState::Refused | ReturnState::Canceled | ReturnState::NoReception
        )
    }
}

/// Units of a line that may still be sent back.
pub fn returnable(world: &World, line_id: &str) -> u32 {
    let Some(order) = world.orders.get(order_of(line_id)) else {
        return 0;
    };
    let line = order
        .lines
        .iter()
        .find(|line| line.order_line_id == line_id);
    let Some(line) = line.filter(|line| matches!(line.state, State::Shipped | State::Received))
    else {
        return 0;
    };
    let under_way: u32 = world
        .aftercare
        .returns
        .values()
        .filter(|one| one.is_alive())
        .flat_map(|one| &one.lines)
        .filter(|line| line.order_line_id == line_id)
        .map(|line| line.quantity)
        .sum();
    line.open_quantity().saturating_sub(under_way)
}

/// RT01 and the customer's own wish: one return per order.
///
/// # Errors
/// Why none of it can be opened.
pub fn open(world: &mut World, wish: &ReturnIn, by_shop: bool) -> Result<Vec<Value>, String> {
    let options = world.options.clone();
    let now = world.now();
    if wish.return_lines.is_empty() {
        return Err("return_lines must not be empty".to_owned());
    }
    let mut groups = std::collections::BTreeMap::<String, Vec<ReturnLine>>::new();
    for line in &wish.return_lines {
        let order_id = order_of(&line.order_line_id);
        let order = world.orders.get(order_id);
        let order = order.filter(|one| one.commercial_id == wish.order_commercial_id);
        let known = order.is_some_and(|order| {
            let mut lines = order.lines.iter();
            lines.any(|one| one.order_line_id == line.order_line_id)
        });
        if !known {
            return Err(format!(
                "Order line '{}' does not exist",
                line.order_line_id
            ));
        }
        let usual = "RETURN_OTHER".to_owned();
        let reason_code = line.reason_code.clone().unwrap_or(usual);
        reason(&options, &reason_code, "RETURN", by_shop).map_err(|refusal| refusal.message)?;
        let group = groups.entry(order_id.to_owned()).or_default();
        group.push(ReturnLine {
            order_line_id: line.order_line_id.clone(),
            quantity: line.quantity,
            reason_code,
            compliance: Vec::new(),
        });
        let asked = group
            .iter()
            .filter(|one| one.order_line_id == line.order_line_id);
        let asked: u32 = asked.map(|one| one.quantity).sum();
        let left = returnable(world, &line.order_line_id);
        if line.quantity == 0 || asked > left {
            let id = &line.order_line_id;
            return Err(format!(
                "{asked} of {left} returnable units asked for on '{id}'"
            ));
        }
    }
    let opened = groups.into_iter().map(|(order_id, lines)| {
        let state = match wish.accepted {
            Some(true) => ReturnState::InProgress,
            None if options.automatic_return_acceptance => ReturnState::InProgress,
            _ => ReturnState::WaitingAcceptance,
        };
        let mark = world.effect(&order_id, Value::Null).mark;
        let customer_id = world.orders[&order_id].customer.customer_id.clone();
        let one = Return {
            id: world.aftercare.next_uuid(),
            mark,
            order_id,
            order_commercial_id: wish.order_commercial_id.clone(),
            customer_id,
            state,
            method_code: wish
                .method_code
                .clone()
                .unwrap_or_else(|| "RETURN_METHOD_BY_MAIL".to_owned()),
            rejection_reason_code: None,
            description: wish.description.clone(),
            rma: wish.rma.clone(),
            label_url: wish.label_url.clone(),
            created: super::order::whole_ms(now),
            updated: super::order::whole_ms(now),
            tracking: Value::Null,
            address: address(&options),
            lines,
            moves: vec![state.word()],
        };
        let shown = one.shown();
        world.aftercare.returns.insert(one.id.clone(), one);
        shown
    });
    Ok(opened.collect())
}

fn address(_: &MiraklOptions) -> Value {
    json!({
        "street1": "1 Simulation Way",
        "street2": null,
        "zip_code": "97201",
        "city": "Portland",
        "state": "OR",
        "country_iso_code": "USA",
    })
}

/// The returns that a call asks for, in its order.
///
/// # Errors
/// A moment that cannot be read.
pub fn asked<'a>(world: &'a World, ask: &Ask) -> Result<Vec<&'a Return>, String> {
    let created = ask.between("return_creation_date_from", "return_creation_date_to")?;
    let updated = ask.between("return_last_updated_from", "return_last_updated_to")?;
    let is_meant = |one: &&Return| {
        let mut lines = one.lines.iter();
        created.holds(one.created)
            && updated.holds(one.updated)
            && ask.names("return_id", &one.id)
            && ask.names("return_state", one.state.word())
            && ask.names("order_commercial_id", &one.order_commercial_id)
            && ask.names("return_rma", one.rma.as_deref().unwrap_or_default())
            && ask.names("customer_id", &one.customer_id)
            && lines.any(|line| ask.names("order_line_id", &line.order_line_id))
    };
    let mut found: Vec<_> = world.aftercare.returns.values().filter(is_meant).collect();
    let (sort, is_rising) = ask.sort("date_created,ASC");
    match sort.as_str() {
        "last_updated" => by_time(&mut found, is_rising, |one| one.updated),
        _ => by_time(&mut found, is_rising, |one| one.created),
    }
    Ok(found)
}
