//! Checks of one shop on its marketplace.

use domain::mapping::{CarrierRow, Mappings, ShipViaRow, same_code};
use jiff::Timestamp;
use jiff::tz::Offset;
use ledger::Ledger;
use mirakl::{Carrier, Error, PlatformSettings, ShippingType, Shop};

use super::daily::{Copy, Daily};
use super::reasons::reasons;
use super::{Checked, Rows, ShopToCheck, told};
use crate::render::moment;

pub(super) const AGAIN: &str = "Repeat the check later; what it needs was not read.";

pub(super) async fn check(
    shop: &ShopToCheck,
    mappings: &Mappings,
    ledger: &Ledger,
    now: Timestamp,
) -> Vec<Checked> {
    let mut rows = Rows::of(shop.code.as_str());
    if shop.dry_run {
        rows.ok("dry run", "on: nothing is written to either side");
    }
    let reachable = answers(shop, &mut rows).await;
    let daily = Daily {
        shop,
        ledger,
        now,
        reachable,
    };
    identity(&daily, &mut rows).await;
    carriers(&daily, mappings, &mut rows).await;
    shipping_methods(&daily, mappings, &mut rows).await;
    reasons(&daily, mappings, &mut rows).await;
    rows.rows
}

/// V01. Answers whether other reads have a chance.
async fn answers(shop: &ShopToCheck, rows: &mut Rows) -> bool {
    let check = "API answers (V01)";
    let Err(error) = shop.client.health().await else {
        rows.ok(check, "yes");
        return true;
    };
    let next = match &error {
        Error::NotSent { .. } | Error::Unreachable { .. } => {
            "See that base_url in bcm.toml is right and that this machine reaches it."
        }
        Error::Unauthorized { .. } => "Set a valid api_key for this shop.",
        Error::Forbidden { .. } => "Have the operator give the key's user the right.",
        Error::NotFound { .. } => "See that base_url in bcm.toml is the marketplace's.",
        _ => AGAIN,
    };
    rows.fail(check, told(&error), next);
    !matches!(error, Error::NotSent { .. } | Error::Unreachable { .. })
}

/// A01. A wrong key or shop would read, and accept, somebody else's orders.
async fn identity(daily: &Daily<'_>, rows: &mut Rows) {
    let check = "shop (A01)";
    let shop = daily.shop;
    // Two shops on one host have two accounts, so the shop belongs to the copy's name.
    let call = format!("A01/{}", shop.shop_id);
    let fetch = || shop.client.shop();
    let mut account = daily.read::<Shop, _>(&call, fetch).await;
    if let Ok(copy) = &account
        && copy.value.shop_id != shop.shop_id
        && copy.read_at != daily.now
    {
        // The copy may be from before somebody put the key right.
        account = daily.fresh(&call, fetch).await;
    }
    match account {
        Err(why) => rows.fail(check, why, AGAIN),
        Ok(Copy { value, .. }) if value.shop_id != shop.shop_id => rows.fail(
            check,
            format!(
                "the key acts for shop {}, bcm.toml says {}",
                value.shop_id, shop.shop_id
            ),
            "Correct shop_id in bcm.toml, or set the key of the right shop.",
        ),
        Ok(Copy { value, read_at }) => {
            let found = format!("{} as configured, read {}", value.shop_id, moment(read_at));
            match value.shop_state.as_deref() {
                None | Some("OPEN") => rows.ok(check, found),
                Some(state) => rows.warn(
                    check,
                    format!("{found}; its state is {state}"),
                    "Ask the operator why the shop does not sell.",
                ),
            }
        }
    }
}

/// SH21 and PC01 against `carriers.csv`.
async fn carriers(daily: &Daily<'_>, mappings: &Mappings, rows: &mut Rows) {
    let client = &daily.shop.client;
    let mapped = carrier_rows(daily, mappings);
    let check = "carrier codes (SH21)";
    let listed = daily.read::<Vec<Carrier>, _>("SH21", || client.carriers());
    match listed.await {
        Err(why) => rows.fail(check, why, AGAIN),
        Ok(listed) => {
            let coded = mapped.iter().filter_map(|row| {
                let code = row.carrier_code.as_deref()?;
                Some((row, code))
            });
            let (known, unknown): (Vec<_>, Vec<_>) =
                coded.partition(|(_, code)| listed.value.iter().any(|c| c.code == *code));
            if unknown.is_empty() {
                let (n, all) = (known.len(), listed.value.len());
                rows.ok(
                    check,
                    format!("{n} mapped, all in the operator's list of {all}"),
                );
            } else {
                let words = unknown
                    .iter()
                    .map(|(row, code)| format!("{} as {code}", row.erp_carrier));
                let words = words.collect::<Vec<_>>().join(", ");
                rows.fail(
                    check,
                    format!("not in the operator's list: {words}"),
                    "Map them in carriers.csv to codes of the operator's list.",
                );
            }
        }
    }
    let check = "other carriers (PC01)";
    let by_name = mapped.iter().filter(|row| row.carrier_code.is_none());
    let by_name: Vec<&str> = by_name.map(|row| row.erp_carrier.as_str()).collect();
    let settings = daily.read::<PlatformSettings, _>("PC01", || client.platform_settings());
    match settings.await {
        Err(why) if by_name.is_empty() => rows.warn(check, why, AGAIN),
        Err(why) => rows.fail(check, why, AGAIN),
        Ok(settings) => {
            let features = settings.value.features.as_ref();
            let forbidden = features.and_then(|f| f.disable_seller_alternative_carrier);
            match (forbidden, by_name.is_empty()) {
                (Some(true), true) => rows.ok(check, "not taken, and none is mapped by name"),
                (Some(true), false) => rows.fail(
                    check,
                    format!("not taken, but mapped by name: {}", by_name.join(", ")),
                    "Give these rows of carriers.csv a code of the operator's list.",
                ),
                (Some(false), _) => rows.ok(check, "taken by name"),
                (None, true) => rows.ok(check, "not said, and none is mapped by name"),
                (None, false) => rows.warn(
                    check,
                    format!("not said; mapped by name: {}", by_name.join(", ")),
                    "Ask the operator whether carriers outside the list are taken.",
                ),
            }
        }
    }
}

/// Rows of `carriers.csv` that count for this shop today or later.
fn carrier_rows<'a>(daily: &Daily<'_>, mappings: &'a Mappings) -> Vec<&'a CarrierRow> {
    let code = daily.shop.code.as_str();
    let today = Offset::UTC.to_datetime(daily.now).date();
    let counts = |row: &&CarrierRow| row.valid.to.is_none_or(|to| to >= today);
    let own = |row: &&CarrierRow| same_code(&row.marketplace, code);
    let rows = || mappings.carriers.iter().filter(counts);
    // A row for all counts unless the shop has one of its own on the same days.
    let hidden = |row: &&CarrierRow| {
        let mut own = rows().filter(own);
        own.any(|o| same_code(&o.erp_carrier, &row.erp_carrier) && o.valid.overlaps(&row.valid))
    };
    let for_all = |row: &&CarrierRow| row.marketplace.trim() == "*" && !hidden(row);
    rows().filter(|row| own(row) || for_all(row)).collect()
}

/// SH12 against `ship_via.csv`.
async fn shipping_methods(daily: &Daily<'_>, mappings: &Mappings, rows: &mut Rows) {
    let client = &daily.shop.client;
    let methods = daily.read::<Vec<ShippingType>, _>("SH12", || client.shipping_types());
    let methods = match methods.await {
        Ok(methods) => methods.value,
        Err(why) => return rows.fail("shipping methods (SH12)", why, AGAIN),
    };
    let code = daily.shop.code.as_str();
    let today = Offset::UTC.to_datetime(daily.now).date();
    let unmapped: Vec<&str> = methods
        .iter()
        .map(|method| method.code.as_str())
        .filter(|method| mappings.ship_via(code, method, today).is_none())
        .collect();
    let check = "shipping methods (SH12)";
    if unmapped.is_empty() {
        rows.ok(
            check,
            format!("{} methods, each with a ship-via", methods.len()),
        );
    } else {
        rows.warn(
            check,
            format!("without a ship-via: {}", unmapped.join(", ")),
            "Add rows to ship_via.csv, unless this shop does not offer these methods: their orders would wait.",
        );
    }
    let check = "mandatory tracking (SH12)";
    let mandatory = methods
        .iter()
        .filter(|m| m.mandatory_tracking == Some(true));
    let mandatory: Vec<&str> = mandatory.map(|m| m.code.as_str()).collect();
    rows.ok(
        check,
        match mandatory.as_slice() {
            [] => "for no method".to_owned(),
            codes => format!("for {}", codes.join(", ")),
        },
    );
    stray_ship_vias(mappings, code, &methods, rows);
}

/// A row for a method that the operator does not know is most often a slip of the pen.
fn stray_ship_vias(mappings: &Mappings, code: &str, methods: &[ShippingType], rows: &mut Rows) {
    let stray = |row: &&ShipViaRow| {
        let known = |m: &ShippingType| same_code(&m.code, &row.shipping_type_code);
        same_code(&row.marketplace, code) && !methods.iter().any(known)
    };
    let stray = mappings.ship_vias.iter().filter(stray);
    let stray: Vec<&str> = stray.map(|row| row.shipping_type_code.as_str()).collect();
    if !stray.is_empty() {
        rows.warn(
            "ship_via.csv (SH12)",
            format!(
                "methods that the operator does not have: {}",
                stray.join(", ")
            ),
            "Correct or remove these rows of ship_via.csv.",
        );
    }
}
