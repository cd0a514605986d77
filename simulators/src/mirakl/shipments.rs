//! Shipments of a part of an order: ST01, ST06, ST11, ST12, ST23, ST24.
//!
//! The vendor's text leaves open what an order of several shipments looks like on the way. Chosen
//! here: it and its lines stay SHIPPING until nothing is left to ship, then all turn SHIPPED.

mod left;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::actions::{SentTracking, text, tracking};
use super::error::Refusal;
use super::options::MiraklOptions;
use super::order::{Order, State, Tracking};
use super::world::World;

/// Elements that one call may hold.
const ELEMENTS_MOST: usize = 1000;

/// One shipment of an order.
#[derive(Clone, Debug, Serialize)]
pub struct Shipment {
    pub id: String,
    /// It has left; else it is only being prepared.
    pub is_shipped: bool,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub shipped: Option<Timestamp>,
    pub tracking: Option<Tracking>,
    pub lines: Vec<ShipmentLine>,
}

/// So many pieces of an order line in a shipment.
#[derive(Clone, Debug, Serialize)]
pub struct ShipmentLine {
    pub order_line_id: String,
    pub offer_sku: String,
    pub quantity: u32,
    pub package_reference: Option<String>,
}

impl Shipment {
    fn leave(&mut self, now: Timestamp) {
        self.is_shipped = true;
        self.shipped = Some(now);
        self.updated = now;
    }
}

/// An ID of the right shape that depends on the order and the number alone.
fn shipment_id(order_id: &str, number: u32) -> String {
    let mixed = super::list::mixed(u64::from(number), order_id);
    let tail = mixed & 0xFFFF_FFFF_FFFF;
    format!("{:08x}-{number:04x}-4000-8000-{tail:012x}", mixed >> 32)
}

/// Where several shipments are switched off, their calls are refused.
pub fn allowed(options: &MiraklOptions) -> Result<(), Refusal> {
    match options.multi_shipment {
        true => Ok(()),
        false => Err(Refusal::bad(
            "Multi shipment is not enabled on this platform",
        )),
    }
}

fn elements(body: &Value) -> Result<&Vec<Value>, Refusal> {
    let elements = body.get("shipments").and_then(Value::as_array);
    let elements = elements.ok_or_else(|| Refusal::bad("shipments must be a list"))?;
    match (1..=ELEMENTS_MOST).contains(&elements.len()) {
        true => Ok(elements),
        false => Err(Refusal::bad("shipments must hold 1 to 1000 elements")),
    }
}

/// ST01: makes shipments. Tells those made and those refused, and whether any was made.
///
/// Shipments of orders whose ID holds `refused` are refused inside the answer; empty means every one.
pub fn create(
    world: &mut World,
    body: &Value,
    refused: Option<&str>,
) -> Result<(Value, bool), Refusal> {
    allowed(&world.options)?;
    let (mut made, mut errors) = (vec![], vec![]);
    for sent in elements(body)? {
        let order_id = sent.get("order_id").and_then(text);
        let order_id = order_id.ok_or_else(|| Refusal::bad("order_id is required"))?;
        let result = match refused {
            Some(key) if order_id.contains(key) => {
                Err("The shipment cannot be created at the moment.".to_owned())
            }
            _ => create_one(world, &order_id, sent),
        };
        match result {
            Ok(shown) => made.push(shown),
            Err(message) => errors.push(json!({ "order_id": order_id, "message": message })),
        }
    }
    let any = !made.is_empty();
    Ok((
        json!({ "shipment_success": made, "shipment_errors": errors }),
        any,
    ))
}

fn create_one(world: &mut World, order_id: &str, sent: &Value) -> Result<Value, String> {
    let options = world.options.clone();
    let now = world.now();
    let order = world
        .order_mut(order_id)
        .map_err(|refusal| refusal.message)?;
    if order.state != State::Shipping {
        let state = order.state.word();
        return Err(format!(
            "The order status must be 'SHIPPING' but it is '{state}'."
        ));
    }
    if !order.is_shipped_by_seller() {
        return Err("The order is fulfilled by the operator.".to_owned());
    }
    let lines = lines_of(order, sent)?;
    let is_shipped = sent.get("shipped").and_then(Value::as_bool);
    let is_shipped = is_shipped.unwrap_or(false);
    let tracking = tracking_of(sent, &options)?;
    let mandatory = options.is_tracking_mandatory(&order.shipping_type_code);
    if is_shipped && mandatory && tracking.is_none() {
        return Err("Tracking is mandatory for the shipping method.".to_owned());
    }
    let made = order.add_shipment(lines, tracking, now);
    if is_shipped {
        made.leave(now);
    }
    let id = made.id.clone();
    order.ship_if_complete(now);
    if is_shipped {
        world.note_parcel(order_id, &id);
    }
    shown(world, order_id, &id)
}

fn lines_of(order: &Order, sent: &Value) -> Result<Vec<ShipmentLine>, String> {
    let asked = sent.get("shipment_lines").and_then(Value::as_array);
    let asked = asked.filter(|lines| !lines.is_empty());
    let asked = asked.ok_or_else(|| "Shipment lines are required.".to_owned())?;
    let mut left = order.left_to_ship();
    let mut lines = vec![];
    for one in asked {
        let field = |name: &str| one.get(name).and_then(text);
        let (id, sku) = (field("order_line_id"), field("offer_sku"));
        let is_meant = |line: &super::order::Line| match (&id, &sku) {
            (Some(id), _) => line.order_line_id == *id,
            (None, Some(sku)) => line.offer_sku == *sku,
            (None, None) => false,
        };
        let place = order.lines.iter().position(is_meant);
        let place = place.ok_or_else(|| "The order line does not exist.".to_owned())?;
        let quantity = one.get("quantity").and_then(Value::as_u64);
        let quantity = quantity.and_then(|quantity| u32::try_from(quantity).ok());
        let quantity = quantity
            .filter(|quantity| *quantity >= 1 && *quantity <= left[place])
            .ok_or_else(|| "Shipment quantity is invalid.".to_owned())?;
        left[place] -= quantity;
        let line = &order.lines[place];
        lines.push(ShipmentLine {
            order_line_id: line.order_line_id.clone(),
            offer_sku: line.offer_sku.clone(),
            quantity,
            package_reference: field("package_reference"),
        });
    }
    Ok(lines)
}

fn tracking_of(sent: &Value, options: &MiraklOptions) -> Result<Option<Tracking>, String> {
    let Some(sent) = sent.get("tracking").filter(|sent| !sent.is_null()) else {
        return Ok(None);
    };
    let mut sent: SentTracking =
        serde_json::from_value(sent.clone()).map_err(|error| error.to_string())?;
    // Named otherwise than in OR23.
    sent.carrier_url = sent.tracking_url.take();
    tracking(sent, options)
        .map(Some)
        .map_err(|refusal| refusal.message)
}

/// ST06, ST23 and ST24: changes shipments by their IDs. Tells those changed and those refused, and
/// whether any was changed.
pub fn change_each(
    world: &mut World,
    body: &Value,
    change: impl Fn(&mut World, &str, &str, &Value) -> Result<(), String>,
) -> Result<(Value, bool), Refusal> {
    allowed(&world.options)?;
    let (mut changed, mut errors) = (vec![], vec![]);
    for sent in elements(body)? {
        let id = sent.get("id").and_then(text);
        let id = id.ok_or_else(|| Refusal::bad("id is required"))?;
        let holds = |order: &&Order| order.shipments.iter().any(|s| s.id == id);
        let order_id = world.orders.values().find(holds);
        let result = match order_id.map(|order| order.order_id.clone()) {
            Some(order_id) => change(world, &order_id, &id, sent),
            None => Err("The shipment does not exist.".to_owned()),
        };
        match result {
            Ok(()) => changed.push(json!({ "id": id })),
            Err(message) => errors.push(json!({ "id": id, "message": message })),
        }
    }
    let any = !changed.is_empty();
    Ok((
        json!({ "shipment_success": changed, "shipment_errors": errors }),
        any,
    ))
}

fn found<'a>(
    world: &'a mut World,
    order_id: &str,
    id: &str,
) -> Result<(&'a mut Order, usize), String> {
    let unknown = || "The shipment does not exist.".to_owned();
    let order = world.order_mut(order_id).map_err(|_| unknown())?;
    let place = order.shipments.iter().position(|s| s.id == id);
    place.map(|place| (order, place)).ok_or_else(unknown)
}

/// ST23: writes a shipment's tracking anew.
pub fn track(world: &mut World, order_id: &str, id: &str, sent: &Value) -> Result<(), String> {
    let now = world.now();
    let tracking = tracking_of(sent, &world.options)?;
    let tracking = tracking.ok_or_else(|| "Tracking is required.".to_owned())?;
    let (order, place) = found(world, order_id, id)?;
    if !matches!(order.state, State::Shipping | State::Shipped) {
        let state = order.state.word();
        return Err(format!("A shipment in status '{state}' takes no tracking."));
    }
    let shipment = &mut order.shipments[place];
    shipment.tracking = Some(tracking);
    shipment.updated = now;
    order.touch(now);
    world.note_parcel_tracking(order_id, id);
    Ok(())
}

/// ST24: a prepared shipment has left.
pub fn leave(world: &mut World, order_id: &str, id: &str, _sent: &Value) -> Result<(), String> {
    let now = world.now();
    let options = world.options.clone();
    let (order, place) = found(world, order_id, id)?;
    if order.shipments[place].is_shipped || order.state != State::Shipping {
        return Err("The shipment status must be 'SHIPPING'.".to_owned());
    }
    let mandatory = options.is_tracking_mandatory(&order.shipping_type_code);
    if mandatory && order.shipments[place].tracking.is_none() {
        return Err("Tracking is mandatory for the shipping method.".to_owned());
    }
    order.shipments[place].leave(now);
    order.ship_if_complete(now);
    world.note_parcel(order_id, id);
    Ok(())
}

/// ST06: takes a shipment back that has not left; its pieces are to be shipped again.
pub fn delete(world: &mut World, order_id: &str, id: &str, _sent: &Value) -> Result<(), String> {
    let now = world.now();
    let (order, place) = found(world, order_id, id)?;
    if order.shipments[place].is_shipped {
        return Err("The shipment status must be 'SHIPPING'.".to_owned());
    }
    order.shipments.remove(place);
    order.touch(now);
    Ok(())
}

/// A shipment as ST01 and ST11 show it.
pub fn row(order: &Order, shipment: &Shipment) -> Value {
    let line = |line: &ShipmentLine| {
        json!({
            "order_line_id": line.order_line_id,
            "offer_sku": line.offer_sku,
            "quantity": line.quantity,
            "package_reference": line.package_reference,
        })
    };
    let tracking = shipment.tracking.as_ref().map(|tracking| {
        json!({
            "carrier_code": tracking.carrier_code,
            "carrier_standard_code": tracking.carrier_standard_code,
            "carrier_name": tracking.carrier_name,
            "tracking_number": tracking.number,
            "tracking_url": tracking.url,
        })
    });
    json!({
        "id": shipment.id,
        "order_id": order.order_id,
        "status": status(order, shipment),
        "status_customer_debit": "NO_DEBIT",
        "created_date": shipment.created,
        "last_updated_date": shipment.updated,
        "shipped_date": shipment.shipped,
        "shipment_lines": shipment.lines.iter().map(line).collect::<Vec<_>>(),
        "tracking": tracking,
    })
}

fn status(order: &Order, shipment: &Shipment) -> &'static str {
    match (shipment.is_shipped, order.state) {
        (false, _) => "SHIPPING",
        (true, State::Received | State::Closed) => order.state.word(),
        (true, _) => "SHIPPED",
    }
}

fn shown(world: &World, order_id: &str, id: &str) -> Result<Value, String> {
    let order = world.orders.get(order_id);
    let shipment = order.and_then(|order| order.shipments.iter().find(|s| s.id == id));
    match order.zip(shipment) {
        Some((order, shipment)) => Ok(row(order, shipment)),
        None => Err("The shipment does not exist.".to_owned()),
    }
}
