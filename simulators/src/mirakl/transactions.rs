//! The shop's account, line by line (TL02): what orders bring, and what refunds take.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::amount::Amount;
use super::order::{Order, State};
use super::refund::Refund;
use super::seek::{Ask, by_time};

/// One line of the account.
#[derive(Clone, Debug, Serialize)]
pub struct Transaction {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// From the shop's view: credit is positive.
    pub amount: Amount,
    pub balance: Amount,
    pub currency: String,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub is_payable: bool,
    pub order_id: String,
    pub order_line_id: String,
    pub refund_id: Option<String>,
    /// Code and rate of the tax that the line is about.
    pub tax: Option<(String, Option<Amount>)>,
    pub fee_code: Option<String>,
}

/// Every line so far, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Transactions(Vec<Transaction>);

/// Type, amount, tax and fee of a line to write.
type Entry = (
    &'static str,
    Amount,
    Option<(String, Option<Amount>)>,
    Option<String>,
);

impl Transactions {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Every line, the oldest first.
    pub fn all(&self) -> &[Transaction] {
        &self.0
    }

    /// Brings the account up to what the order has become: the sale once the customer has paid,
    /// payable once the goods are received and no incident is open.
    pub fn follow(&mut self, order: &Order, now: Timestamp) {
        let Some(debited) = order.debited else {
            return;
        };
        for at in 0..order.lines.len() {
            let line = &order.lines[at];
            let is_known = |one: &Transaction| one.order_line_id == line.order_line_id;
            if line.state != State::Refused && !self.0.iter().any(is_known) {
                self.write(order, at, None, sale(order, at), debited);
            }
            let is_payable = order.received.is_some() && line.incident.is_none();
            let of_line = self.0.iter_mut().filter(|one| is_known(one));
            for one in of_line.filter(|one| one.is_payable != is_payable) {
                one.is_payable = is_payable;
                one.updated = super::order::whole_ms(now);
            }
        }
    }

    /// Writes what a refund takes and gives back.
    pub fn refund(&mut self, order: &Order, at: usize, refund: &Refund, now: Timestamp) {
        let none = Amount::default();
        let parts = &refund.parts;
        let mut entries: Vec<Entry> = vec![
            ("REFUND_ORDER_AMOUNT", none - parts.amount, None, None),
            (
                "REFUND_ORDER_SHIPPING_AMOUNT",
                none - parts.shipping_amount,
                None,
                None,
            ),
        ];
        for (kind, taxes) in [
            ("REFUND_ORDER_AMOUNT_TAX", &parts.taxes),
            ("REFUND_ORDER_SHIPPING_AMOUNT_TAX", &parts.shipping_taxes),
        ] {
            let taxes = taxes.iter();
            entries.extend(taxes.map(|tax| {
                let named = Some((tax.code.clone(), tax.rate));
                (kind, none - tax.amount, named, None)
            }));
        }
        let fees = parts.fees.iter();
        entries.extend(fees.map(|fee| {
            let code = Some(fee.code.clone());
            ("REFUND_ORDER_FEE_AMOUNT", none - fee.amount, None, code)
        }));
        entries.push(("REFUND_COMMISSION_FEE", refund.commission, None, None));
        self.write(order, at, Some(&refund.id), entries, now);
    }

    fn write(
        &mut self,
        order: &Order,
        at: usize,
        refund_id: Option<&str>,
        entries: Vec<Entry>,
        now: Timestamp,
    ) {
        let line = &order.lines[at];
        for (kind, amount, tax, fee_code) in entries {
            if amount.is_zero() {
                continue;
            }
            let before = self.0.last().map_or(Amount::default(), |one| one.balance);
            let number = u128::try_from(self.0.len()).unwrap_or(0) + 1;
            self.0.push(Transaction {
                id: super::aftercare::uuid_of(2, number),
                kind,
                amount,
                balance: before + amount,
                currency: order.currency.clone(),
                created: super::order::whole_ms(now),
                updated: super::order::whole_ms(now),
                is_payable: order.received.is_some() && line.incident.is_none(),
                order_id: order.order_id.clone(),
                order_line_id: line.order_line_id.clone(),
                refund_id: refund_id.map(str::to_owned),
                tax,
                fee_code,
            });
        }
    }

    /// Sum of what is pending, and of what is payable.
    pub fn balances(&self) -> (Amount, Amount) {
        let sum = |is_payable: bool| {
            let lines = self.0.iter().filter(|one| one.is_payable == is_payable);
            lines.map(|one| one.amount).sum()
        };
        (sum(false), sum(true))
    }

    /// The lines that a call asks for, in its order.
    ///
    /// # Errors
    /// A moment that cannot be read, as its name.
    pub fn asked(&self, ask: &Ask) -> Result<Vec<&Transaction>, String> {
        let created = ask.between("date_created_from", "date_created_to")?;
        let updated = ask.between("last_updated_from", "last_updated_to")?;
        let is_meant = |one: &&Transaction| {
            created.holds(one.created)
                && updated.holds(one.updated)
                && ask.names("order_id", &one.order_id)
                && ask.names("order_line_id", &one.order_line_id)
                && ask.names("transaction_type", one.kind)
                && ask.names("payment_state", one.state())
        };
        let mut found: Vec<_> = self.0.iter().filter(is_meant).collect();
        let (sort, is_rising) = ask.sort("dateCreated,DESC");
        match sort.as_str() {
            "lastUpdated" => by_time(&mut found, is_rising, |one| one.updated),
            _ => by_time(&mut found, is_rising, |one| one.created),
        }
        Ok(found)
    }
}

impl Transaction {
    fn state(&self) -> &'static str {
        if self.is_payable {
            "PAYABLE"
        } else {
            "PENDING"
        }
    }

    /// The line as TL02 shows it.
    pub fn shown(&self, order: Option<&Order>) -> Value {
        let none = Amount::default();
        let is_debit = self.amount < none;
        let credited = if is_debit { none } else { self.amount };
        let debited = if is_debit { none - self.amount } else { none };
        json!({
            "id": self.id,
            "type": self.kind,
            "amount": self.amount,
            "amount_credited": credited,
            "amount_debited": debited,
            "balance": self.balance,
            "currency_iso_code": self.currency,
            "date_created": self.created,
            "last_updated": self.updated,
            "payment_state": self.state(),
            "pay_out_psp_code": "NOT_SPECIFIED",
            "seller_billing_cycle_id": null,
            "entities": {
                "domain": "PRODUCT",
                "order": order.map(|order| json!({
                    "id": order.order_id,
                    "commercial_id": order.commercial_id,
                    "creation_date": order.created,
                    "references": { "order_reference_for_seller": order.reference_for_seller },
                })),
                "order_line": { "id": self.order_line_id },
                "refund": self.refund_id.as_ref().map(|id| json!({ "id": id })),
                "order_tax": self.tax.as_ref().map(|(code, rate)| json!({ "code": code, "rate": rate })),
                "order_fee": self.fee_code.as_ref().map(|code| json!({ "code": code })),
            },
        })
    }
}

/// What one line of an order brings.
fn sale(order: &Order, at: usize) -> Vec<Entry> {
    let line = &order.lines[at];
    let canceled: Amount = line.cancelations.iter().map(|one| one.commission).sum();
    let left = super::parts::Parts::remaining(line);
    let mut entries: Vec<Entry> = vec![
        ("ORDER_AMOUNT", left.amount, None, None),
        ("ORDER_SHIPPING_AMOUNT", left.shipping_amount, None, None),
    ];
    for (kind, taxes) in [
        ("ORDER_AMOUNT_TAX", &left.taxes),
        ("ORDER_SHIPPING_AMOUNT_TAX", &left.shipping_taxes),
    ] {
        entries.extend(taxes.iter().map(|tax| {
            let named = Some((tax.code.clone(), tax.rate));
            (kind, tax.amount, named, None)
        }));
    }
    let fees = left.fees.iter();
    entries.extend(fees.map(|fee| ("ORDER_FEE_AMOUNT", fee.amount, None, Some(fee.code.clone()))));
    let commission = line.commission - canceled;
    entries.push(("COMMISSION_FEE", Amount::default() - commission, None, None));
    entries
}
