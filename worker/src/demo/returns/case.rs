//! One order under way: which deed is next, whether its time has come, and whether all is as planned.

use std::time::{Duration, Instant};

use ledger::Exception;
use serde_json::Value;
use simulators::mirakl::{Amount, Debit};
use simulators::mirakl::{LineSpec, OrderSpec, TaxSpec};
use simulators::scenario::{CatalogueItem, GALERIA, NORDWIND, World};

use super::books::sales_orders;
use super::lives::{Deed, Life};
use crate::campaign::chance::Chance;
use crate::demo::rows::{is_shipped, rows, text};

/// Least time between two deeds about one order.
const PAUSE: Duration = Duration::from_millis(1500);
/// How long an order stays hidden: in that time the ERP's feed brings the credit.
const HIDDEN: Duration = Duration::from_secs(6);

/// An order of the demo.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) life: Life,
    pub(super) marketplace: &'static str,
    pub(super) id: String,
    pub(super) spec: OrderSpec,
    /// Deeds that are done.
    done: usize,
    /// When the last one was.
    last: Option<Instant>,
    /// Why the next one did not work, if it was tried.
    pub(super) trouble: Option<String>,
}

/// What both systems hold of one order.
pub(super) struct Seen<'a> {
    pub(super) order: &'a Value,
    pub(super) sales_order: Option<&'a Value>,
    /// Returns that the ERP knows.
    pub(super) authorizations: Vec<&'a Value>,
    pub(super) memos: Vec<&'a Value>,
    /// Refunds, whoever made them.
    pub(super) refunds: Vec<&'a Value>,
    /// Cancelations of a part.
    pub(super) cancelations: Vec<&'a Value>,
    /// Returns on the marketplace.
    pub(super) returns: Vec<&'a Value>,
}

impl<'a> Seen<'a> {
    /// What is there of an order that was sold.
    pub(super) fn of(case: &Case, marketplace: &'a Value, erp: &'a Value) -> Option<Self> {
        let is_mine = |row: &&Value| text(row, "order_id") == case.id;
        let mine = |name: &str| rows(marketplace, name).iter().filter(is_mine).collect();
        let sales_order = sales_orders(case.marketplace, &case.id, erp).next();
        let number = sales_order.map_or("", |so| text(so, "ord_num"));
        let of_number = |name: &str| {
            let rows = rows(erp, name).iter();
            rows.filter(|row| text(row, "ord_num") == number).collect()
        };
        Some(Self {
            order: rows(marketplace, "orders").iter().find(is_mine)?,
            sales_order,
            authorizations: of_number("returns"),
            memos: of_number("credit_memos"),
            refunds: mine("refunds"),
            cancelations: mine("cancelations"),
            returns: mine("returns"),
        })
    }

    pub(super) fn state(&self) -> &'a str {
        text(self.order, "state")
    }

    pub(super) fn by_call(&self) -> usize {
        let calls = self.refunds.iter().filter(|row| text(row, "by") == "api");
        calls.count()
    }

    /// Are refunds left that the operator has not confirmed?
    pub(super) fn is_unconfirmed(&self) -> bool {
        let lines = rows(self.order, "lines").iter();
        let mut refunds = lines.flat_map(|line| rows(line, "refunds"));
        refunds.any(|refund| refund["paid"].is_null())
    }

    /// Has the ERP canceled what the marketplace shows canceled?
    fn units_off_are_booked(&self) -> bool {
        let units = |row: &Value, name: &str| row[name].as_i64().unwrap_or_default();
        let off: i64 = self
            .cancelations
            .iter()
            .map(|row| units(row, "quantity"))
            .sum();
        let lines = self
            .sales_order
            .map_or(&[][..], |so| rows(so, "lines"))
            .iter();
        lines.map(|line| units(line, "qty_cancelled")).sum::<i64>() >= off
    }

    fn is_booked_as(&self, statuses: &[&str]) -> bool {
        self.sales_order
            .is_some_and(|so| statuses.contains(&text(so, "status")))
    }
}

impl Case {
    /// Orders of a world: one life after the other, on both marketplaces in turn.
    pub(super) fn plan(world: &World, orders: usize) -> Vec<Self> {
        let items: Vec<&CatalogueItem> = world
            .catalogue()
            .iter()
            .filter(|entry| !entry.scarce && entry.item.division == "01")
            .collect();
        let mut chance = Chance::new(world.seed(), "what follows a sale");
        let lives = Life::ALL.iter().cycle().take(orders);
        let case = |(n, life): (usize, &Life)| {
            // Each round the other marketplace has the life.
            let turn = n + n / Life::ALL.len();
            let marketplace = if turn.is_multiple_of(2) {
                NORDWIND
            } else {
                GALERIA
            };
            let id = format!("R{:05}-A", 10_001 + n);
            let mut spec = OrderSpec::default().id(&id);
            for units in life.units() {
                let at = usize::try_from(chance.between(0, 1 << 16)).unwrap_or_default();
                let Some(item) = items.get(at % items.len().max(1)) else {
                    continue;
                };
                spec.lines.push(line(item, marketplace, *units));
            }
            if life.pays_later() {
                spec.debit = Some(Debit::Manual);
            }
            Self {
                life: *life,
                marketplace,
                id,
                spec,
                done: 0,
                last: None,
                trouble: None,
            }
        };
        lives.enumerate().map(case).collect()
    }

    /// The next deed, if its time has come.
    pub(super) fn due(&self, seen: &Seen<'_>) -> Option<Deed> {
        let deed = self.next()?;
        let pause = match deed {
            Deed::ShowInList => HIDDEN,
            _ => PAUSE,
        };
        let rested = self.last.is_none_or(|last| last.elapsed() >= pause);
        (rested && is_time(deed, seen)).then_some(deed)
    }

    /// The next deed; none when all are done.
    pub(super) fn next(&self) -> Option<Deed> {
        self.life.deeds().get(self.done).copied()
    }

    /// The next deed is done, or could not be.
    pub(super) fn note(&mut self, result: &anyhow::Result<()>) {
        self.last = Some(Instant::now());
        match result {
            Ok(()) => {
                self.done += 1;
                self.trouble = None;
            }
            Err(error) => self.trouble = Some(format!("{error:#}")),
        }
    }

    /// What is still missing for the order to have come to its end; nothing when it has.
    pub(super) fn missing(&self, seen: Option<&Seen<'_>>, open: &[Exception]) -> Option<String> {
        let Some(seen) = seen else {
            return Some("it is not sold".to_owned());
        };
        if let Some(deed) = self.next() {
            let trouble = self.trouble.as_deref().unwrap_or("its time did not come");
            return Some(format!("{deed:?}: {trouble}"));
        }
        let expect = self.life.expect();
        let state = seen.state();
        let has_left = if expect.canceled {
            state == "CANCELED"
        } else {
            is_shipped(state)
        };
        if !has_left {
            return Some(format!("it is {state} on the marketplace"));
        }
        if seen.by_call() != expect.refunds {
            return Some(format!("{} refunds of {}", seen.by_call(), expect.refunds));
        }
        if seen.is_unconfirmed() {
            return Some("a refund is not confirmed".to_owned());
        }
        if seen.cancelations.len() != expect.cancelations {
            let (shown, wanted) = (seen.cancelations.len(), expect.cancelations);
            return Some(format!("{shown} cancelations of {wanted}"));
        }
        let states: Vec<&str> = seen.returns.iter().map(|row| text(row, "state")).collect();
        if states != Vec::from_iter(expect.returned) {
            return Some(format!("returns {states:?}, not {:?}", expect.returned));
        }
        let mine = open.iter().filter(|e| self.is_of(e));
        let kinds: Vec<&str> = mine.map(|e| e.kind.as_str()).collect();
        (kinds != Vec::from_iter(expect.exception))
            .then(|| format!("exceptions {kinds:?}, not {:?}", expect.exception))
    }

    fn is_of(&self, exception: &Exception) -> bool {
        let marketplace = exception.marketplace.as_ref();
        exception.order_id.as_deref() == Some(self.id.as_str())
            && marketplace.is_some_and(|code| code.as_str() == self.marketplace)
    }
}

fn is_time(deed: Deed, seen: &Seen<'_>) -> bool {
    let has_left = is_shipped(seen.state());
    match deed {
        Deed::HouseCancelUnpaid | Deed::CancelLineInPortal => {
            let unpaid = matches!(seen.state(), "WAITING_DEBIT" | "WAITING_DEBIT_PAYMENT");
            unpaid && seen.sales_order.is_some()
        }
        Deed::HouseCancelPaid => seen.is_booked_as(&["allocated"]),
        Deed::Sweep => true,
        Deed::CallOff | Deed::CallLineOff => {
            seen.sales_order.is_some() && seen.state() == "SHIPPING"
        }
        Deed::Pay => !seen.cancelations.is_empty(),
        Deed::ShipOne => seen.is_booked_as(&["allocated"]),
        // The warehouse works so slowly here that it never picks what was called off before.
        Deed::ShipRest { .. } => {
            seen.is_booked_as(&["allocated", "partially_shipped"]) && seen.units_off_are_booked()
        }
        Deed::OpenIncident
        | Deed::CloseIncident
        | Deed::SendBack(..)
        | Deed::ArriveUnannounced
        | Deed::HideFromList
        | Deed::ShowInList
        | Deed::RefundInPortal => has_left,
        Deed::Arrive(_) | Deed::GiveUpWaiting => {
            let mut all = seen.authorizations.iter();
            all.any(|one| text(one, "status") == "authorised")
        }
        Deed::OperatorGivesUp => {
            let mut all = seen.returns.iter();
            all.any(|one| text(one, "state") == "IN_PROGRESS")
        }
        Deed::CreditWhatCame => {
            let mut all = seen.authorizations.iter();
            all.any(|one| text(one, "status") == "received")
        }
        Deed::Credit(_) => has_left,
        Deed::Post => !seen.memos.is_empty(),
        Deed::Repeat | Deed::Void => seen.by_call() > 0,
    }
}

/// A line of so many units, with shipping and taxes as its country has them.
fn line(item: &CatalogueItem, marketplace: &str, units: u32) -> LineSpec {
    let shipping = 395;
    let price = item.price_cents * i64::from(units);
    let tax = |cents: i64| {
        // 8 % on top, or 19 % inside; rounded half up.
        let (code, rate, whole) = match marketplace {
            GALERIA => ("DE_VAT", 19, 119),
            _ => ("US_SALES_TAX", 8, 100),
        };
        vec![TaxSpec {
            code: code.to_owned(),
            amount: cents_of((2 * cents * rate + whole) / (2 * whole)),
            rate: None,
        }]
    };
    LineSpec {
        offer_sku: item.offer_sku(marketplace),
        quantity: units,
        price_unit: cents_of(item.price_cents),
        shipping_price: cents_of(shipping),
        taxes: tax(price),
        shipping_taxes: tax(shipping),
        ..LineSpec::default()
    }
}

fn cents_of(cents: i64) -> Amount {
    Amount(rust_decimal::Decimal::new(cents, 2))
}
