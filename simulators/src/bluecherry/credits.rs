//! Credit memos: what the house gives back, for returned goods or without any; and their feed.

use jiff::Timestamp;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::{Page, Refusal};
use super::order::{Line, SalesOrder};
use super::returns::Return;
use super::site::Site;
use crate::calls::Mark;
use crate::fault::Asks;

/// One credit memo, at its newest version.
#[derive(Clone, Debug, Serialize)]
pub struct CreditMemo {
    pub credit_no: String,
    pub ra_number: Option<String>,
    pub external_return_id: Option<String>,
    pub ord_num: String,
    pub external_po: String,
    pub invoice_no: Option<String>,
    pub currency: String,
    pub posted_at: Option<Timestamp>,
    pub voided_at: Option<Timestamp>,
    /// `draft`, `posted` or `voided`.
    pub status: &'static str,
    pub version: u64,
    pub lines: Vec<CreditLine>,
    pub total: Decimal,
    #[serde(skip)]
    pub mark: Mark,
}

/// One line of a credit memo.
#[derive(Clone, Debug, Serialize)]
pub struct CreditLine {
    pub line_id: String,
    pub external_line_id: String,
    pub sku: Option<String>,
    /// The pack whose component this line credits.
    pub pack_sku: Option<String>,
    pub qty: i64,
    pub goods: Decimal,
    pub shipping: Decimal,
    pub tax: Decimal,
    pub tax_detail: Vec<TaxDetail>,
    pub restocking_fee: Option<Decimal>,
}

/// Part of a line's tax.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaxDetail {
    pub code: String,
    pub amount: Decimal,
    /// `goods` or `shipping`.
    pub on: String,
}

/// Credit memos and their feed.
#[derive(Debug, Default)]
pub struct Credits {
    pub all: Vec<CreditMemo>,
    pub feed: Vec<Value>,
}

/// A credit memo as a control route makes it; what is left out is computed.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CreditIn {
    ra_number: Option<String>,
    ord_num: Option<String>,
    external_po: Option<String>,
    currency: Option<String>,
    /// `posted` when absent.
    status: CreditStatus,
    lines: Option<Vec<CreditLineIn>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CreditStatus {
    #[default]
    Posted,
    Draft,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CreditLineIn {
    external_line_id: String,
    qty: i64,
    goods: Option<Decimal>,
    shipping: Option<Decimal>,
    tax: Option<Decimal>,
    tax_detail: Option<Vec<TaxDetail>>,
    restocking_fee: Option<Decimal>,
    /// Credits one component of the line's pack.
    component_sku: Option<String>,
}

impl Site {
    /// Makes a credit memo; wrong ones too, when they are asked for.
    pub fn make_credit(&mut self, wish: CreditIn) -> Result<Value, Refusal> {
        let returned = match &wish.ra_number {
            Some(ra) => {
                let mut all = self.returns.all.iter();
                let found = all.find(|one| one.ra_number == *ra);
                Some(
                    found
                        .ok_or_else(|| Refusal::not_found("no such return"))?
                        .clone(),
                )
            }
            None => None,
        };
        let number = match (&returned, wish.ord_num, wish.external_po) {
            (Some(one), _, _) => one.ord_num.clone(),
            (None, Some(number), _) => number,
            (None, None, Some(po)) => {
                let found = self.orders_of(&po).next();
                found
                    .ok_or_else(|| Refusal::not_found("no such order"))?
                    .ord_num
                    .clone()
            }
            _ => {
                return Err(Refusal::invalid(
                    "ra_number",
                    "which return or order is meant?",
                ));
            }
        };
        let order = self.order(&number)?.clone();
        let wished = wish.lines.unwrap_or_else(|| received(returned.as_ref()));
        if wished.is_empty() {
            return Err(Refusal::invalid("lines", "nothing is to be credited"));
        }
        let credit_no = format!("CM{:06}", self.credits.all.len() + 1);
        let lines = (1..).zip(wished).map(|(n, line)| {
            let id = format!("{credit_no}-{n}");
            self.credit_line(&order, &number, line, id)
        });
        let lines: Vec<CreditLine> = lines.collect();
        let now = self.now();
        let is_posted = wish.status == CreditStatus::Posted;
        let shipments = self.shipments.iter();
        let invoice_no = shipments
            .filter(|one| one.ord_num == number && !one.voided)
            .find_map(|one| one.invoice_no.clone());
        let memo = CreditMemo {
            credit_no,
            ra_number: returned.as_ref().map(|one| one.ra_number.clone()),
            external_return_id: returned.and_then(|one| one.external_return_id),
            ord_num: number,
            external_po: order.external_po.clone(),
            invoice_no,
            currency: wish.currency.unwrap_or_else(|| order.currency.clone()),
            posted_at: is_posted.then_some(now),
            voided_at: None,
            status: if is_posted { "posted" } else { "draft" },
            version: 1,
            total: lines.iter().map(CreditLine::total).sum(),
            lines,
            mark: self.calls.mark(),
        };
        Ok(self.note_credit(memo))
    }

    fn note_credit(&mut self, memo: CreditMemo) -> Value {
        let shown = json!(memo);
        self.credits.feed.push(shown.clone());
        self.credits.all.push(memo);
        shown
    }

    fn credit_line(
        &self,
        order: &SalesOrder,
        number: &str,
        wish: CreditLineIn,
        line_id: String,
    ) -> CreditLine {
        let mut lines = order.lines.iter();
        let line = lines.find(|line| line.external_line_id == wish.external_line_id);
        let sent = line.and_then(|line| sent_line(order, line));
        let part = line.map(|line| {
            let units = Decimal::from(line.ordered.max(1));
            let share = wish
                .component_sku
                .as_ref()
                .map_or(Decimal::ONE, |sku| component_share(&line.places, sku));
            Decimal::from(wish.qty) / units * share
        });
        let part = part.unwrap_or_default();
        let computed = |pointer: &str| -> Vec<TaxDetail> {
            let taxes = sent.and_then(|sent| sent.pointer(pointer)?.as_array());
            let on = if pointer == "/tax" {
                "goods"
            } else {
                "shipping"
            };
            let taxes = taxes.into_iter().flatten();
            let share = |tax: &Value| TaxDetail {
                code: tax["code"].as_str().unwrap_or_default().to_owned(),
                amount: cents(amount(&tax["amount"]) * part),
                on: on.to_owned(),
            };
            taxes.map(share).collect()
        };
        // The whole shipping goes back with the last units of a line, and not before.
        let credited = self.credited(number, &wish.external_line_id);
        let is_last = line.is_some_and(|line| credited + wish.qty >= line.shipped)
            && wish.component_sku.is_none();
        let discount: Decimal = sent
            .and_then(|sent| sent["discount"].as_array())
            .into_iter()
            .flatten()
            .map(|discount| amount(&discount["amount"]))
            .sum();
        let goods = wish.goods.unwrap_or_else(|| {
            let whole = line.map(|line| line.unit_price * Decimal::from(line.ordered) - discount);
            cents(whole.unwrap_or_default() * part)
        });
        let shipping = wish.shipping.unwrap_or_else(|| {
            let whole = sent.map(|sent| amount(&sent["shipping"]["amount"]));
            whole.filter(|_| is_last).unwrap_or_default()
        });
        let tax_detail = wish.tax_detail.unwrap_or_else(|| {
            let mut taxes = if wish.tax.is_some() {
                Vec::new()
            } else {
                computed("/tax")
            };
            if wish.tax.is_none() && is_last {
                let whole = sent.and_then(|sent| sent.pointer("/shipping/tax")?.as_array());
                taxes.extend(whole.into_iter().flatten().map(|tax| TaxDetail {
                    code: tax["code"].as_str().unwrap_or_default().to_owned(),
                    amount: amount(&tax["amount"]),
                    on: "shipping".to_owned(),
                }));
            }
            taxes
        });
        let tax = wish
            .tax
            .unwrap_or_else(|| tax_detail.iter().map(|tax| tax.amount).sum());
        let sold = line.map(|line| line.sku.clone());
        let (sku, pack_sku) = match wish.component_sku {
            Some(component) => (Some(component), sold),
            None => (sold, None),
        };
        CreditLine {
            line_id,
            external_line_id: wish.external_line_id,
            sku,
            pack_sku,
            qty: wish.qty,
            goods,
            shipping,
            tax,
            tax_detail,
            restocking_fee: wish.restocking_fee,
        }
    }

    /// Units of a line on memos that stand.
    fn credited(&self, number: &str, line_id: &str) -> i64 {
        let standing = self.credits.all.iter();
        let standing = standing.filter(|memo| memo.ord_num == number && memo.status != "voided");
        let lines = standing.flat_map(|memo| &memo.lines);
        let lines =
            lines.filter(|line| line.external_line_id == line_id && line.pack_sku.is_none());
        lines.map(|line| line.qty).sum()
    }

    /// Posts a draft, voids a memo, or makes the same one again under a new number.
    pub fn change_credit(&mut self, credit_no: &str, step: &str) -> Result<Value, Refusal> {
        let now = self.now();
        let at = self
            .credits
            .all
            .iter()
            .position(|memo| memo.credit_no == credit_no);
        let at = at.ok_or_else(|| Refusal::not_found("no such credit memo"))?;
        let mut memo = self.credits.all[at].clone();
        match (step, memo.status) {
            ("post", "draft") => {
                memo.status = "posted";
                memo.posted_at = Some(now);
            }
            ("void", "draft" | "posted") => {
                memo.status = "voided";
                memo.voided_at = Some(now);
            }
            ("repeat", _) => {
                memo.credit_no = format!("CM{:06}", self.credits.all.len() + 1);
                for (n, line) in (1..).zip(&mut memo.lines) {
                    line.line_id = format!("{}-{n}", memo.credit_no);
                }
                memo.version = 1;
                memo.mark = self.calls.mark();
                return Ok(self.note_credit(memo));
            }
            ("post" | "void", status) => {
                let words = format!("the credit memo is {status}");
                return Err(Refusal::conflict("credit_ended", words));
            }
            _ => return Err(Refusal::not_found("no such step")),
        }
        memo.version += 1;
        let shown = json!(memo);
        self.credits.feed.push(shown.clone());
        self.credits.all[at] = memo;
        Ok(shown)
    }

    /// A page of credit memos: a changed one comes again, newer.
    pub fn credit_page(
        &self,
        cursor: Option<&str>,
        limit: usize,
        asks: &Asks,
    ) -> Result<Page, Refusal> {
        self.feed_page(&self.credits.feed, 'M', cursor, limit, asks)
    }
}

impl CreditLine {
    fn total(&self) -> Decimal {
        self.goods + self.shipping + self.tax - self.restocking_fee.unwrap_or_default()
    }
}

/// What came back, to be credited.
fn received(returned: Option<&Return>) -> Vec<CreditLineIn> {
    let lines = returned.into_iter().flat_map(|one| &one.lines);
    let lines = lines.filter(|line| line.qty_received > 0);
    let wished = |line: &super::returns::ReturnLine| CreditLineIn {
        external_line_id: line.external_line_id.clone(),
        qty: line.qty_received,
        ..CreditLineIn::default()
    };
    lines.map(wished).collect()
}

/// The line as it was sent with the order.
fn sent_line<'a>(order: &'a SalesOrder, line: &Line) -> Option<&'a Value> {
    let mut lines = order.input["lines"].as_array()?.iter();
    lines.find(|sent| sent["external_line_id"].as_str() == Some(&line.external_line_id))
}

/// Share of a pack's price that one unit of a component stands for: every unit counts the same.
fn component_share(places: &[(super::stock::StockKey, i64)], sku: &str) -> Decimal {
    let units: i64 = places.iter().map(|(_, each)| each).sum();
    let is_in = places
        .iter()
        .any(|(place, _)| super::text::same(&place.sku, sku));
    if is_in && units > 0 {
        Decimal::ONE / Decimal::from(units)
    } else {
        Decimal::ZERO
    }
}

fn amount(value: &Value) -> Decimal {
    let text = value.as_str().and_then(|text| text.parse().ok());
    text.unwrap_or_default()
}

fn cents(exact: Decimal) -> Decimal {
    exact.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}
