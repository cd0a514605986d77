//! OR11: one page of orders.

use std::collections::BTreeSet;

use axum::http::Uri;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::error::Refusal;
use super::order::Order;
use super::wire;
use super::world::World;
use crate::fault::Asks;

const MAX_DEFAULT: usize = 10;
const MAX_MOST: usize = 100;
const IDS_MOST: usize = 100;

/// One page, and the queries of the pages beside it.
#[derive(Debug)]
pub struct Page {
    pub body: Value,
    pub previous: Option<String>,
    pub next: Option<String>,
}

/// The orders a query asks for, as the faults have them shown.
pub fn page(
    world: &mut World,
    uri: &Uri,
    asked: &[(String, String)],
    asks: &Asks,
) -> Result<Page, Refusal> {
    world.settle();
    let world = &*world;
    let filter = Filter::read(asked, world.options.start_update_overlap_s, asks.skew_s)?;
    let max = whole(asked, "max")?.unwrap_or(MAX_DEFAULT).min(MAX_MOST);
    let offset = whole(asked, "offset")?.unwrap_or(0);
    if max == 0 {
        return Err(Refusal::bad("max must be 1 or more"));
    }
    let named: Option<BTreeSet<&str>> = filter
        .order_ids
        .as_ref()
        .map(|ids| ids.iter().copied().collect());
    let among: Box<dyn Iterator<Item = &Order>> = match &named {
        Some(ids) => Box::new(ids.iter().filter_map(|id| world.orders.get(*id))),
        None => Box::new(
            world
                .orders
                .values()
                .filter(|order| world.is_listed(&order.order_id)),
        ),
    };
    let mut found: Vec<&Order> = among
        .filter_map(|order| world.seen(order, asks.stale))
        .filter(|order| filter.takes(order))
        .collect();
    found.sort_by_key(|order| (order.created, &order.order_id));
    match (first(asked, "sort"), first(asked, "order")) {
        (None | Some("dateCreated"), None | Some("asc")) => {}
        (None | Some("dateCreated"), Some("desc")) => found.reverse(),
        _ => {
            return Err(Refusal::bad(
                "sort takes dateCreated, order takes asc or desc",
            ));
        }
    }
    if let Some(seed) = asks.shuffle {
        found.sort_by_key(|order| mixed(seed, &order.order_id));
    }
    if asks.repeat {
        found = found.into_iter().flat_map(|order| [order; 2]).collect();
    }
    let total = found.len();
    let shown: Vec<Value> = found
        .into_iter()
        .skip(offset)
        .take(max)
        .map(|order| wire::order(order, &world.options))
        .collect();
    let after = offset.saturating_add(max);
    Ok(Page {
        body: json!({ "orders": shown, "total_count": total }),
        previous: (offset > 0).then(|| query_at(uri, offset.saturating_sub(max), max)),
        next: (after < total).then(|| query_at(uri, after, max)),
    })
}

/// A place that depends on the seed and the ID alone, so that pages of one order agree.
pub fn mixed(seed: u64, id: &str) -> u64 {
    id.bytes()
        .fold(seed ^ 0x9E37_79B9_7F4A_7C15, |mixed, byte| {
            (mixed ^ u64::from(byte))
                .wrapping_mul(0x0100_0000_01b3)
                .rotate_left(17)
        })
}

/// The same address at another offset.
fn query_at(uri: &Uri, offset: usize, max: usize) -> String {
    let kept = uri.query().unwrap_or_default().split('&').filter(|part| {
        !part.is_empty() && !part.starts_with("offset=") && !part.starts_with("max=")
    });
    let places = [format!("max={max}"), format!("offset={offset}")];
    let parts: Vec<&str> = kept.chain(places.iter().map(String::as_str)).collect();
    format!("{}?{}", uri.path(), parts.join("&"))
}

#[derive(Debug)]
struct Filter<'a> {
    order_ids: Option<Vec<&'a str>>,
    references_for_customer: Option<Vec<&'a str>>,
    references_for_seller: Option<Vec<&'a str>>,
    states: Option<Vec<&'a str>>,
    centers: Vec<&'a str>,
    has_channel: bool,
    created: (Option<Timestamp>, Option<Timestamp>),
    updated: (Option<Timestamp>, Option<Timestamp>),
    debited: Option<bool>,
    has_incident: Option<bool>,
    payment_workflow: Option<&'a str>,
}

impl<'a> Filter<'a> {
    /// Moments are by the clock that the caller knows, which is off by `skew_s`.
    fn read(asked: &'a [(String, String)], overlap_s: u64, skew_s: i64) -> Result<Self, Refusal> {
        let moment = |asked: &[(String, String)], name: &str| {
            let skew = SignedDuration::from_secs(skew_s);
            let asked = moment(asked, name)?;
            Ok(asked.map(|at| at.checked_sub(skew).unwrap_or(at)))
        };
        let overlap = SignedDuration::from_secs(i64::try_from(overlap_s).unwrap_or(i64::MAX));
        let since = moment(asked, "start_update_date")?
            .map(|since| since.checked_sub(overlap).unwrap_or(Timestamp::MIN));
        let only_null_channel = flag(asked, "only_null_channel")?.unwrap_or(false);
        Ok(Self {
            order_ids: list(asked, "order_ids")?,
            references_for_customer: list(asked, "order_references_for_customer")?,
            references_for_seller: list(asked, "order_references_for_seller")?,
            states: list(asked, "order_state_codes")?,
            centers: every(asked, "fulfillment_center_code").collect(),
            has_channel: list(asked, "channel_codes")?.is_some() && !only_null_channel,
            created: (moment(asked, "start_date")?, moment(asked, "end_date")?),
            updated: (since, moment(asked, "end_update_date")?),
            debited: flag(asked, "customer_debited")?,
            has_incident: flag(asked, "has_incident")?,
            payment_workflow: first(asked, "payment_workflow"),
        })
    }

    fn takes(&self, order: &Order) -> bool {
        let reference = order.reference_for_seller.as_deref();
        let workflow = || json!(order.payment_workflow);
        let among = |list: &Option<Vec<&str>>, value: Option<&str>| {
            list.as_ref()
                .is_none_or(|list| value.is_some_and(|value| list.contains(&value)))
        };
        let between = |(from, to): (Option<Timestamp>, Option<Timestamp>), at: Timestamp| {
            from.is_none_or(|from| at >= from) && to.is_none_or(|to| at <= to)
        };
        among(&self.order_ids, Some(&order.order_id))
            && among(&self.references_for_customer, None)
            && among(&self.references_for_seller, reference)
            && among(&self.states, Some(order.state.word()))
            && (self.centers.is_empty() || self.centers.contains(&&*order.fulfillment_center))
            && !self.has_channel
            && between(self.created, order.created)
            && between(self.updated, order.updated)
            && self
                .debited
                .is_none_or(|debited| debited == order.debited.is_some())
            && self.has_incident != Some(true)
            && self
                .payment_workflow
                .is_none_or(|asked| workflow() == asked)
    }
}

fn every<'a>(asked: &'a [(String, String)], name: &str) -> impl Iterator<Item = &'a str> {
    asked
        .iter()
        .filter(move |(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

fn first<'a>(asked: &'a [(String, String)], name: &str) -> Option<&'a str> {
    every(asked, name).next().filter(|value| !value.is_empty())
}

fn list<'a>(asked: &'a [(String, String)], name: &str) -> Result<Option<Vec<&'a str>>, Refusal> {
    let Some(joined) = first(asked, name) else {
        return Ok(None);
    };
    let values: Vec<&str> = joined.split(',').map(str::trim).collect();
    if values.len() > IDS_MOST {
        let message = format!("The limit of {IDS_MOST} is exceeded for the parameter : {name}");
        return Err(Refusal::bad(message));
    }
    Ok(Some(values))
}

fn whole(asked: &[(String, String)], name: &str) -> Result<Option<usize>, Refusal> {
    parsed(asked, name, |value| value.parse().ok())
}

fn flag(asked: &[(String, String)], name: &str) -> Result<Option<bool>, Refusal> {
    parsed(asked, name, |value| value.parse().ok())
}

fn moment(asked: &[(String, String)], name: &str) -> Result<Option<Timestamp>, Refusal> {
    parsed(asked, name, |value| value.parse().ok())
}

fn parsed<T>(
    asked: &[(String, String)],
    name: &str,
    parse: fn(&str) -> Option<T>,
) -> Result<Option<T>, Refusal> {
    let unreadable = |value: &str| Refusal::bad(format!("'{value}' is not valid for {name}"));
    first(asked, name)
        .map(|value| parse(value).ok_or_else(|| unreadable(value)))
        .transpose()
}
