//! What was sold, paid, and left the warehouse.

use domain::order::{Line, Order, State};
use domain::refund::{Money, PaidLine, PaidOrder, PaidTax, ShownRefund, TaxPart, TaxRule};
use domain::shipment::{Parcel, Quantity, Shipment};
use ledger::SeenShipment;

use super::{PO, SOCK, TEE, dec};
use crate::tests::world::at;

fn gst(amount: &str) -> Vec<TaxPart> {
    vec![TaxPart {
        code: "GST".into(),
        amount: dec(amount),
    }]
}

/// A piece of the first line, with its share of the shipping: what is repaid for one that fell short.
pub(super) fn short_piece() -> Money {
    Money {
        amount: dec("20.00"),
        shipping: dec("2.00"),
        taxes: gst("2.00"),
        shipping_taxes: vec![],
    }
}

pub(super) fn returned_piece() -> Money {
    Money {
        amount: dec("17.00"),
        shipping: dec("0"),
        taxes: gst("2.00"),
        shipping_taxes: vec![],
    }
}

fn shown(id: &str, money: Money) -> ShownRefund {
    ShownRefund {
        id: id.into(),
        reason_code: Some("17".into()),
        quantity: 1,
        created_at: Some(at(6000)),
        money,
    }
}

/// Three tees for 60.00 and 6.00 shipping with tax, a pair of socks for 10.00.
fn paid() -> PaidOrder {
    let line = |id: &str, quantity, amount: &str, shipping: &str| PaidLine {
        order_line_id: id.into(),
        quantity,
        amount: dec(amount),
        shipping: dec(shipping),
        taxes: vec![],
        shipping_taxes: vec![],
        refunds: vec![],
        cancelations: vec![],
    };
    let mut tee = line(TEE, 3, "60.00", "6.00");
    tee.taxes = vec![PaidTax {
        code: "GST".into(),
        amount: dec("6.00"),
        rule: TaxRule::None,
    }];
    tee.refunds = vec![shown("1300", short_piece())];
    let mut sock = line(SOCK, 1, "10.00", "0");
    let courtesy = Money {
        amount: dec("1.00"),
        ..Money::default()
    };
    sock.refunds = vec![shown("1400", courtesy)];
    PaidOrder {
        currency: "USD".into(),
        lines: vec![tee, sock],
    }
}

/// Shipped on Mirakl, its second line disputed.
pub(crate) fn order() -> Order {
    let line = |id: &str, sku: &str, quantity, state| Line {
        line_id: id.into(),
        offer_sku: sku.into(),
        quantity,
        state,
        canceled: 0,
    };
    Order {
        state: State::Shipped,
        reason_code: None,
        created_at: at(0),
        updated_at: at(9000),
        read_at: at(9030),
        decided_at: Some(at(100)),
        debited_at: Some(at(200)),
        ship_by: None,
        shipping_type: "STD".into(),
        center: None,
        can_cancel: false,
        has_address: true,
        tracking_number: None,
        seller_reference: Some("500003".into()),
        currency: "USD".into(),
        total: "82.00".into(),
        lines: vec![
            line(TEE, "BC-TEE-RED-M", 3, State::Shipped),
            line(SOCK, "BC-SOCK-BLK-L", 1, State::IncidentOpen),
        ],
        paid: Some(paid()),
        refund_pending_since: Some(at(6000)),
    }
}

pub(super) fn shipment(id: &str, second: i64, lines: Vec<Quantity>) -> SeenShipment {
    SeenShipment {
        external_po: PO.into(),
        shipment: Shipment {
            shipment_id: id.into(),
            version: 1,
            is_final: id == "S-81",
            voided: false,
            ship_via: "UPSG".into(),
            carrier: "UPS".into(),
            confirmed_at: Some(at(second)),
            parcels: vec![Parcel {
                parcel_id: None,
                tracking_number: Some("1Z999AA10123456784".into()),
                tracking_url: None,
                lines,
            }],
            short: vec![],
        },
        payload: "{}".into(),
    }
}
