//! Credits, and what became of each.

use domain::aftercare::is_disputed;
use domain::order::State;
use domain::refund::{
    Cause, CreditMemo, MemoKind, MemoLine, MemoStatus, Sent, SentState, TaxPart, read_back,
};
use jiff::Timestamp;
use ledger::{Event, Exception, OrderRow};
use rust_decimal::Decimal;
use serde::Serialize;

use super::{Parked, waits_for_person};
use crate::render::{amount, relative};
use crate::words;

/// A line of a credit memo, units that fell short, or a refund that no credit stands for. Amounts are
/// decimals as text, in the order's currency.
#[derive(Clone, Debug, Serialize)]
pub struct CreditItem {
    /// Its name in exceptions: `memo/NUMBER/LINE`, `short/LINE/FROM-TO` or `refund/ID`.
    pub credit: String,
    /// Number of the credit memo.
    pub memo: Option<String>,
    /// Line of the memo.
    pub memo_line: Option<String>,
    /// `draft`, `posted`, `voided` or BlueCherry's own word; null where it is no memo, or the line is
    /// in it no more.
    pub status: Option<MemoStatus>,
    /// What it gives money for; null where it is no memo.
    pub kind: Option<MemoKind>,
    /// Mirakl's order line.
    pub order_line_id: String,
    /// Pieces; null for a component of a pack.
    pub quantity: Option<u32>,
    /// What the customer gets: goods and shipping and tax, less the fee.
    pub amount: String,
    /// Goods, before the fee.
    pub goods: String,
    /// Shipping.
    pub shipping: String,
    /// All taxes.
    pub tax: String,
    /// Kept back from the goods.
    pub restocking_fee: String,
    /// What became of it: `refunded`, `found`, `unknown`, `parked`, `draft`, `voided`, `nothing`,
    /// `incident`, `payment`, `held`, `dry_run`, `due` or `elsewhere`.
    pub became: &'static str,
    /// Mirakl's ID of the refund.
    pub refund_id: Option<String>,
    /// The same for people.
    pub says: String,
    #[serde(skip)]
    is_nothing: bool,
}

/// Every line of every memo, the first seen first; then refunds of units that fell short, of memo
/// lines that are gone, and those that no credit stands for.
pub(super) fn all(
    row: &OrderRow,
    events: &[Event],
    parked: &Parked<'_>,
    now: Timestamp,
) -> Vec<CreditItem> {
    let view = View {
        row,
        events,
        parked,
        now,
    };
    let memos = row.papers.credits.iter();
    let of_memo = |memo| view.memo(memo);
    let mut all: Vec<CreditItem> = memos.flat_map(of_memo).collect();
    let sent = row.progress.care.refunds.iter();
    let others = sent.filter(|sent| !all.iter().any(|item| item.credit == sent.item.cause.key()));
    let others: Vec<CreditItem> = others.map(|sent| view.sent(sent)).collect();
    all.extend(others);
    all.extend(view.elsewhere(&all));
    all
}

struct View<'a> {
    row: &'a OrderRow,
    events: &'a [Event],
    parked: &'a Parked<'a>,
    now: Timestamp,
}

/// Four amounts as they add up.
struct Sum {
    goods: Decimal,
    shipping: Decimal,
    tax: Decimal,
    fee: Decimal,
}

impl View<'_> {
    fn memo(&self, memo: &CreditMemo) -> Vec<CreditItem> {
        let line = |line: &MemoLine| {
            let cause = Cause::CreditMemo {
                number: memo.number.clone(),
                line_id: line.line_id.clone(),
            };
            let sum = Sum {
                goods: line.goods,
                shipping: line.shipping,
                tax: line.tax,
                fee: line.restocking_fee,
            };
            let mut item = self.item(cause.key(), &line.order_line_id, &sum);
            item.memo = Some(memo.number.clone());
            item.memo_line = Some(line.line_id.clone());
            item.status = Some(memo.status.clone());
            item.kind = Some(line.kind.clone());
            item.quantity = line.quantity;
            self.settle(&mut item, Some(&memo.status));
            item
        };
        memo.lines.iter().map(line).collect()
    }

    fn sent(&self, sent: &Sent) -> CreditItem {
        let sum = |taxes: &[TaxPart]| taxes.iter().map(|tax| tax.amount).sum::<Decimal>();
        let (money, computed) = (&sent.item.money, &sent.item.computed);
        let sum = Sum {
            goods: money.amount,
            shipping: money.shipping,
            tax: [money, computed]
                .iter()
                .map(|m| sum(&m.taxes) + sum(&m.shipping_taxes))
                .sum(),
            fee: Decimal::ZERO,
        };
        let cause = &sent.item.cause;
        let mut item = self.item(cause.key(), &sent.item.order_line_id, &sum);
        if let Cause::CreditMemo { number, line_id } = cause {
            item.memo = Some(number.clone());
            item.memo_line = Some(line_id.clone());
        }
        item.quantity = Some(sent.item.quantity);
        self.settle(&mut item, None);
        item
    }

    /// Refunds on Mirakl that neither we sent nor a credit stands for.
    fn elsewhere(&self, known: &[CreditItem]) -> Vec<CreditItem> {
        let Some(paid) = &self.row.order.paid else {
            return vec![];
        };
        let foreign = read_back(&self.row.progress.care.refunds, paid).foreign;
        let item = |foreign: &domain::refund::Foreign| {
            let money = &foreign.refund.money;
            let taxes = money.taxes.iter().chain(&money.shipping_taxes);
            let sum = Sum {
                goods: money.amount,
                shipping: money.shipping,
                tax: taxes.map(|tax| tax.amount).sum(),
                fee: Decimal::ZERO,
            };
            let name = format!("refund/{}", foreign.refund.id);
            let mut item = self.item(name, &foreign.order_line_id, &sum);
            item.quantity = Some(foreign.refund.quantity);
            item.became = "elsewhere";
            item.says = "made on Mirakl by somebody else".to_owned();
            if let Some(exception) = self.parked.of(&item.credit) {
                let who = words::owner(exception.owner);
                item.says += &format!("; waits for {who} and a credit memo");
            }
            item.refund_id = Some(foreign.refund.id.clone());
            item
        };
        let all = foreign.iter().map(item);
        let is_known = |item: &CreditItem| {
            known
                .iter()
                .any(|k| k.refund_id.is_some() && k.refund_id == item.refund_id)
        };
        all.filter(|item| !is_known(item)).collect()
    }

    fn item(&self, credit: String, order_line_id: &str, sum: &Sum) -> CreditItem {
        let told = |value: Decimal| amount(value, &self.row.order.currency);
        let total = sum.goods + sum.shipping + sum.tax - sum.fee;
        CreditItem {
            credit,
            memo: None,
            memo_line: None,
            status: None,
            kind: None,
            order_line_id: order_line_id.to_owned(),
            quantity: None,
            amount: told(total),
            is_nothing: total.is_zero(),
            goods: told(sum.goods),
            shipping: told(sum.shipping),
            tax: told(sum.tax),
            restocking_fee: told(sum.fee),
            became: "due",
            refund_id: None,
            says: String::new(),
        }
    }

    /// Says what became of a credit: what was sent first, then what keeps it, then what it waits for.
    fn settle(&self, item: &mut CreditItem, status: Option<&MemoStatus>) {
        let care = &self.row.progress.care;
        let mut sent = care.refunds.iter();
        let sent = sent.find(|sent| sent.item.cause.key() == item.credit);
        let mut says = vec![];
        match sent.map(|sent| &sent.state) {
            Some(SentState::Done { refund_id }) => {
                let named = match refund_id.as_str() {
                    "" => String::new(),
                    id => format!(" as {id}"),
                };
                item.refund_id = Some(refund_id.clone()).filter(|id| !id.is_empty());
                if self.was_found(&item.credit) {
                    item.became = "found";
                    says.push(format!("found on Mirakl{named}; not repaid again"));
                } else {
                    item.became = "refunded";
                    says.push(format!("refunded{named}"));
                }
            }
            Some(SentState::Unknown) => {
                item.became = "unknown";
                says.push("sent, the answer was lost; the next look at Mirakl tells".to_owned());
            }
            Some(SentState::Refused) | None => {}
        }
        if let Some(exception) = self.parked.of(&item.credit) {
            item.became = "parked";
            says.push(self.parked_says(&item.credit, exception));
        }
        if says.is_empty() {
            let (became, waits) = match item.is_nothing {
                true => ("nothing", "gives nothing back"),
                false => self.waits(&item.order_line_id, status),
            };
            item.became = became;
            says.push(waits.to_owned());
        }
        item.says = says.join("; ");
    }

    /// Was the refund taken over as it stood on Mirakl?
    fn was_found(&self, credit: &str) -> bool {
        let of_it = |event: &&Event| {
            let mut detail = event.detail.iter();
            detail.any(|(name, value)| name == "cause" && value == credit)
        };
        let mut found = self.events.iter().filter(|e| e.what == "refund_found");
        found.any(|event| of_it(&event))
    }

    fn parked_says(&self, credit: &str, exception: &Exception) -> String {
        let stops = &self.row.progress.care.stops;
        let stop = stops.iter().find(|stop| stop.subject == credit);
        let again = stop.and_then(|stop| stop.look_at);
        let again = again.map(|at| format!("; tried again {}", relative(at, self.now)));
        let why = waits_for_person(exception);
        format!("{why}{}", again.unwrap_or_default())
    }

    fn waits(&self, line_id: &str, status: Option<&MemoStatus>) -> (&'static str, &'static str) {
        let order = &self.row.order;
        let is_paid = order.state == State::Shipping && order.debited_at.is_some();
        match status {
            None => ("parked", "not refunded"),
            Some(MemoStatus::Draft) => ("draft", "waits until it is posted"),
            Some(MemoStatus::Voided) => ("voided", "nothing was refunded for it"),
            Some(MemoStatus::Unknown(_)) => {
                ("parked", "has a status that this program does not know")
            }
            Some(MemoStatus::Posted) if self.row.progress.held => {
                ("held", "waits until the order is released")
            }
            Some(MemoStatus::Posted) if self.row.waits_for.as_deref() == Some("dry_run") => {
                ("dry_run", "the shop runs dry: nothing is sent")
            }
            Some(MemoStatus::Posted) if is_disputed(order, line_id) => {
                ("incident", "waits for the end of the incident on its line")
            }
            Some(MemoStatus::Posted) if order.state.is_shipped() || is_paid => {
                ("due", "goes out next")
            }
            Some(MemoStatus::Posted) => ("payment", "waits until the customer is debited"),
        }
    }
}
