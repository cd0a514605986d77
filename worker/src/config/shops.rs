//! The `[[marketplaces]]` of the file.

use std::time::Duration;

use domain::marketplace::{CustomerModel, MarketplaceCode, ShortStock};
use jiff::Timestamp;

use super::Marketplace;
use super::after_sale;
use super::calls;
use super::section::{At, CALL_S, Section, key};
use super::stock;
use super::web;

const HOUR_S: u32 = 3600;
const DAY_S: u64 = 24 * 3600;

/// What the file says of shops.
pub(super) struct Shops {
    /// Those without a problem.
    pub(super) complete: Vec<Marketplace>,
    /// The codes of all, for the tables to be checked against.
    pub(super) codes: Vec<MarketplaceCode>,
}

/// What no two shops may share, and the line it stands on.
#[derive(Default)]
struct Taken {
    codes: Vec<At<MarketplaceCode>>,
    prefixes: Vec<At<String>>,
    accounts: Vec<At<(String, i64)>>,
}

pub(super) fn read(root: &Section<'_>, now: Timestamp) -> Shops {
    let sections = root.sections("marketplaces");
    if !root.has("marketplaces") {
        root.refuse(
            root.line(),
            "the file has no marketplace",
            "add `[[marketplaces]]` and its keys, once for each shop",
        );
    }
    let mut taken = Taken::default();
    let complete = sections
        .into_iter()
        .filter_map(|section| shop(section, now, &mut taken));
    let complete = complete.collect();
    Shops {
        complete,
        codes: taken.codes.into_iter().map(|at| at.value).collect(),
    }
}

/// Notes a value, or reports that another shop has it.
fn take<T: Clone + PartialEq>(
    section: &Section<'_>,
    taken: &mut Vec<At<T>>,
    value: Option<&At<T>>,
    what: &str,
    instead: &str,
) {
    let Some(value) = value else { return };
    match taken.iter().find(|other| other.value == value.value) {
        Some(other) => section.refuse(
            value.line,
            format!("{what} is that of line {} already", other.line),
            instead,
        ),
        None => taken.push(value.clone()),
    }
}

fn shop(section: Section<'_>, now: Timestamp, taken: &mut Taken) -> Option<Marketplace> {
    let code = section.checked(key("code", "\"nordwind\""), |text| {
        MarketplaceCode::new(text).map_err(|_| "is not 1 to 32 of a-z, 0-9 and -".to_owned())
    });
    let prefix = section.checked(key("prefix", "\"NW\""), |text| {
        let fits = text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let fits = fits && text.len() <= 8;
        fits.then(|| text.to_owned())
            .ok_or_else(|| "is not 1 to 8 of A-Z and 0-9".to_owned())
    });
    let base_url = section.checked(
        key("base_url", "\"https://nordwind.example\""),
        web::base_url,
    );
    let shop_id = section.id(key("shop_id", "2001"));
    let api_key = section.secret(key("api_key", "{ env = \"NORDWIND_API_KEY\" }"));
    let api_key_file = section.secret_file(key("api_key", ""));
    let take_over_from = take_over_from(&section, now);
    let dry_run = section.flag(key("dry_run", "true"), false);
    // An address that is refused says nothing of how often it may be called.
    let simulated = base_url.as_ref().is_none_or(|at| web::is_here(&at.value));
    let every = calls::every(&section, simulated);
    let poll = calls::poll(&calls::ORDERS, &section, &every, simulated);
    let overlap = section.seconds(key("overlap_s", "300"), 300.0, 0.0..=86_400.0);
    let call_timeout = section.seconds(key("call_timeout_s", "30"), 30.0, CALL_S);
    let read_lag = section.seconds(key("read_lag_s", "5"), 5.0, 0.0..=600.0);
    let customer = customer(&section);
    let price_level = section.text_if_any(key("price_level", "\"WEB\""));
    let terms = section.text_if_any(key("terms", "\"PREPAID\""));
    let short_stock = section.checked_if_any(key("short_stock", "\"refuse\""), short_stock);
    let own_centers = section.texts(key("own_centers", "[\"DEFAULT\"]"), &["DEFAULT"]);
    let limit_h = section.seconds(key("acceptance_limit_h", "24"), 24.0, 0.001..=720.0);
    let aftercare_days = section.count(key("aftercare_days", "120"), 120, 1..=730);
    let grace_h = section.seconds(key("tracking_grace_h", "24"), 24.0, 0.0..=720.0);
    let after_sale = after_sale::read(&section, &every, simulated);
    let ship = section.count(key("ship_within_days", "2"), 2, 0..=90);
    let cancel = section.count(key("cancel_after_days", "10"), 10, 1..=365);
    let stock = section
        .has("stock")
        .then(|| stock::shop(section.section("stock")));

    take(
        &section,
        &mut taken.codes,
        code.as_ref(),
        "`code`",
        "give each shop a code of its own",
    );
    take(
        &section,
        &mut taken.prefixes,
        prefix.as_ref(),
        "`prefix`",
        "give each shop a prefix of its own, since order IDs repeat between operators",
    );
    let account = base_url.as_ref().zip(shop_id.as_ref());
    let account = account.map(|(url, id)| At {
        line: id.line,
        value: (url.value.clone(), id.value),
    });
    take(
        &section,
        &mut taken.accounts,
        account.as_ref(),
        "the shop (`base_url` and `shop_id`)",
        "list each shop once, else its orders are taken twice",
    );
    if cancel.value <= ship.value {
        section.refuse(
            cancel.line,
            format!(
                "`cancel_after_days` is {}, within `ship_within_days`",
                cancel.value
            ),
            format!("write more than {}", ship.value),
        );
    }
    if let Some(CustomerModel::Channel { .. }) = customer {
        let for_consumers = [("price_level", &price_level), ("terms", &terms)];
        for (name, at) in for_consumers {
            if let Some(At { line, .. }) = at {
                section.refuse(
                    *line,
                    format!("`{name}` is for consumer accounts; the channel's account has its own"),
                    "take it out, or write `customer = { model = \"consumer\" }`",
                );
            }
        }
    }
    section.close();
    Some(Marketplace {
        code: code?.value,
        prefix: prefix?.value,
        base_url: base_url?.value,
        shop_id: shop_id?.value,
        api_key: api_key?,
        api_key_file,
        take_over_from: take_over_from?,
        dry_run,
        poll,
        every,
        overlap,
        call_timeout,
        read_lag,
        customer: customer?,
        price_level: price_level.map(|at| at.value),
        terms: terms.map(|at| at.value),
        short_stock: short_stock.map(|at| at.value).unwrap_or_default(),
        own_centers,
        // Read as a number, so that a simulator's limit can be of seconds.
        acceptance_limit: limit_h.saturating_mul(HOUR_S),
        aftercare: Duration::from_secs(u64::from(aftercare_days.value) * DAY_S),
        tracking_grace: grace_h.saturating_mul(HOUR_S),
        short_ship: after_sale.short_ship,
        refund_age: after_sale.refund_age,
        returns: after_sale.returns,
        return_method: after_sale.return_method,
        returns_poll: after_sale.poll,
        ship_within_days: ship.value,
        cancel_after_days: cancel.value,
        stock,
    })
}

fn take_over_from(section: &Section<'_>, now: Timestamp) -> Option<Timestamp> {
    let At { line, value } = section.moment(key("take_over_from", "\"2026-11-01T00:00:00Z\""))?;
    if value > now {
        section.refuse(
            line,
            format!("`take_over_from` is in the future ({value})"),
            "write the moment of the hand-over once it has come, or until then an earlier one and `dry_run = true`",
        );
        return None;
    }
    Some(value)
}

fn short_stock(text: &str) -> Result<ShortStock, String> {
    match text {
        "refuse" => Ok(ShortStock::Refuse),
        "accept_part" => Ok(ShortStock::AcceptPart),
        "ask" => Ok(ShortStock::Ask),
        _ => Err("is none of `refuse`, `accept_part` and `ask`".to_owned()),
    }
}

fn customer(shop: &Section<'_>) -> Option<CustomerModel> {
    let customer = key(
        "customer",
        "{ model = \"channel\", customer_code = \"MKT-NW\" }",
    );
    if !shop.has(customer.name) {
        shop.missing(customer);
        return None;
    }
    let section = shop.section(customer.name);
    let model = section.checked(key("model", "\"channel\""), |text| match text {
        "channel" | "consumer" => Ok(text == "channel"),
        _ => Err("is neither `channel` nor `consumer`".to_owned()),
    });
    let read = match model {
        Some(At { value: true, .. }) => {
            section
                .text(key("customer_code", "\"MKT-NW\""))
                .map(|code| CustomerModel::Channel {
                    customer_code: code.value,
                })
        }
        Some(At { value: false, .. }) => Some(CustomerModel::Consumer),
        None => {
            section.has("customer_code");
            None
        }
    };
    section.close();
    read
}
