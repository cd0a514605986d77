//! What a shop's section says of the time after the sale: short units, refunds, returns.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::marketplace::{ReturnsRule, ShortShip};

use super::calls;
use super::section::{Section, key};

const DAY_S: f64 = 86_400.0;

/// The keys' values.
pub(super) struct AfterSale {
    pub(super) short_ship: ShortShip,
    pub(super) refund_age: Duration,
    pub(super) returns: ReturnsRule,
    pub(super) return_method: Option<String>,
    pub(super) poll: Duration,
}

pub(super) fn read(
    section: &Section<'_>,
    every: &BTreeMap<String, Duration>,
    simulated: bool,
) -> AfterSale {
    let short_ship = section.checked_if_any(key("short_ship", "\"ask\""), short_ship);
    // Parts of a day go too, for simulators.
    let age_days = section.number(key("refund_age_days", "7"), 7.0, 0.0..=365.0);
    let returns = section.checked_if_any(key("returns", "\"accept\""), returns);
    let method = section.text_if_any(key("return_method", "\"RETURN_METHOD_BY_MAIL\""));
    AfterSale {
        short_ship: short_ship.map(|at| at.value).unwrap_or_default(),
        refund_age: Duration::from_secs_f64(age_days * DAY_S),
        returns: returns.map(|at| at.value).unwrap_or_default(),
        return_method: method.map(|at| at.value),
        poll: calls::poll(&calls::RETURNS, section, every, simulated),
    }
}

fn short_ship(text: &str) -> Result<ShortShip, String> {
    match text {
        "ask" => Ok(ShortShip::Ask),
        "refund" => Ok(ShortShip::Refund),
        _ => Err("is neither `ask` nor `refund`".to_owned()),
    }
}

fn returns(text: &str) -> Result<ReturnsRule, String> {
    match text {
        "off" => Ok(ReturnsRule::Off),
        "ask" => Ok(ReturnsRule::Ask),
        "accept" => Ok(ReturnsRule::Accept),
        _ => Err("is none of `off`, `ask` and `accept`".to_owned()),
    }
}
