//! What may happen to the model.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::{ITEMS, LAG_S, OFFERS, SHOPS};

/// What happens next; an index past the end of its list is nothing.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Receive(usize, i64),
    ReceiveIrregular(usize, i64),
    Wholesale(usize, i64),
    PickWholesale(usize),
    ShipWholesale(usize),
    Sell(usize, usize, u32),
    Import,
    Cancel(usize),
    Ship(usize),
    Batch,
    Deliver(usize),
    DeliverTwice(usize),
    Lose(usize),
    Compute,
    Send(usize),
}

fn event() -> impl Strategy<Value = Event> {
    let item = || 0..ITEMS.len();
    prop_oneof![
        2 => (item(), 1..30_i64).prop_map(|(item, units)| Event::Receive(item, units)),
        1 => (item(), 1..9_i64).prop_map(|(item, units)| Event::ReceiveIrregular(item, units)),
        2 => (item(), 1..9_i64).prop_map(|(item, units)| Event::Wholesale(item, units)),
        1 => item().prop_map(Event::PickWholesale),
        1 => item().prop_map(Event::ShipWholesale),
        5 => (0..OFFERS.len(), 0..SHOPS.len(), 1..4_u32)
            .prop_map(|(offer, shop, units)| Event::Sell(offer, shop, units)),
        4 => Just(Event::Import),
        1 => (0..64_usize).prop_map(Event::Cancel),
        2 => (0..64_usize).prop_map(Event::Ship),
        4 => Just(Event::Batch),
        4 => (0..8_usize).prop_map(Event::Deliver),
        1 => (0..8_usize).prop_map(Event::DeliverTwice),
        1 => (0..8_usize).prop_map(Event::Lose),
        4 => Just(Event::Compute),
        4 => (0..8_usize).prop_map(Event::Send),
    ]
}

/// How the site marks what its figures have seen.
#[derive(Clone, Copy, Debug)]
pub(super) enum Marks {
    Number,
    Time,
    Nothing,
}

/// A site with its habits, and all that happens there.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) marks: Marks,
    /// Seconds from an order into the figures.
    pub(super) lag_s: i64,
    pub(super) buffer: u32,
    pub(super) share: Decimal,
    pub(super) events: Vec<Event>,
}

pub(super) fn site() -> impl Strategy<Value = Site> {
    (
        prop_oneof![Just(Marks::Number), Just(Marks::Time), Just(Marks::Nothing)],
        0..=LAG_S,
        0..4_u32,
        prop_oneof![Just(Decimal::ONE), Just(Decimal::new(5, 1))],
        prop::collection::vec(event(), 1..120),
    )
        .prop_map(|(marks, lag_s, buffer, share, events)| Site {
            marks,
            lag_s,
            buffer,
            share,
            events,
        })
}
