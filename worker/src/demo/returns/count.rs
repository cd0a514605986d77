//! What must not be, counted from the simulators' ledgers alone.

use rust_decimal::Decimal;
use serde::Serialize;

use super::books::{Credit, Line, Refund};

/// Faults over all orders; each must be 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Faults {
    /// Refunds for a line of a credit memo, or for a short unit, that was refunded before.
    pub(super) refunded_twice: u64,
    /// Refunds by call without a posted line of a memo, or a unit that the ERP had canceled, on their
    /// order line before them.
    pub(super) refunded_without_cause: u64,
    /// Order lines with more refunded and canceled than was paid, in price, shipping or a tax.
    pub(super) over_refunded: u64,
    /// Order lines of which the marketplace shows other units shipped, or called off, than the ERP.
    pub(super) shipped_quantity_mismatch: u64,
}

/// Counts over all order lines, and the lines with a fault.
pub(super) fn faults(lines: &[Line]) -> (Faults, Vec<String>) {
    let (mut faults, mut at) = (Faults::default(), Vec::new());
    for line in lines {
        let (twice, without_cause) = judge(line);
        let (over, differ) = (is_over_refunded(line), !units_meet(line));
        faults.refunded_twice += twice;
        faults.refunded_without_cause += without_cause;
        faults.over_refunded += u64::from(over);
        faults.shipped_quantity_mismatch += u64::from(differ);
        if twice + without_cause > 0 || over || differ {
            at.push(line.id.clone());
        }
    }
    (faults, at)
}

/// What a refund of a line may still stand on.
struct Causes<'a> {
    line: &'a Line,
    open: Vec<&'a Credit>,
    spent: Vec<&'a Credit>,
    /// Short units that were refunded.
    short_spent: i64,
}

impl<'a> Causes<'a> {
    fn is_of(refund: &Refund, credit: &Credit) -> bool {
        refund.parts.amount == credit.amount && refund.parts.shipping == credit.shipping
    }

    /// Takes the first open credit of this money that stood at the moment; any moment for `None`.
    fn take_credit(&mut self, refund: &Refund, at_us: Option<i64>) -> bool {
        let stood = |credit: &Credit| {
            at_us.is_none_or(|at| {
                credit.posted_us <= at && credit.voided_us.is_none_or(|voided| at <= voided)
            })
        };
        let place = self
            .open
            .iter()
            .position(|credit| Self::is_of(refund, credit) && stood(credit));
        place
            .map(|place| self.spent.push(self.open.remove(place)))
            .is_some()
    }

    /// Units that the ERP had canceled at a moment.
    fn short_at(&self, at_us: i64) -> i64 {
        let shorts = self.line.shorts.iter();
        shorts.filter(|s| s.at_us <= at_us).map(|s| s.units).sum()
    }

    /// Could a refund be for the units that it names? To a cent, since shares are rounded.
    fn is_for_units(&self, refund: &Refund) -> bool {
        let share = self.line.paid.amount * Decimal::from(refund.units);
        let whole = Decimal::from(self.line.units.max(1));
        refund.units > 0 && refund.parts.amount <= share / whole + Decimal::new(1, 2)
    }

    fn take_short(&mut self, refund: &Refund) -> bool {
        let left = self.short_at(refund.at_us) - self.short_spent;
        let fits = self.is_for_units(refund) && refund.units <= left;
        if fits {
            self.short_spent += refund.units;
        }
        fits
    }

    /// Is it for something that was refunded before?
    fn is_repeat(&self, refund: &Refund) -> bool {
        let of_credit = self.spent.iter().any(|credit| Self::is_of(refund, credit));
        of_credit || (self.short_spent > 0 && self.is_for_units(refund))
    }
}

/// Refunds of a line for what was refunded before, and for nothing at all.
///
/// A refund in the portal needs no cause. It stands for the credit of its money, whenever that came.
fn judge(line: &Line) -> (u64, u64) {
    let mut causes = Causes {
        line,
        open: line.credits.iter().collect(),
        spent: Vec::new(),
        short_spent: 0,
    };
    for refund in line.refunds.iter().filter(|refund| !refund.by_call) {
        causes.take_credit(refund, None);
    }
    let (mut twice, mut without_cause) = (0, 0);
    for refund in line.refunds.iter().filter(|refund| refund.by_call) {
        if causes.take_credit(refund, Some(refund.at_us)) || causes.take_short(refund) {
            continue;
        }
        if causes.is_repeat(refund) {
            twice += 1;
        } else {
            without_cause += 1;
        }
    }
    (twice, without_cause)
}

fn is_over_refunded(line: &Line) -> bool {
    let mut back = super::books::Parts::default();
    for parts in &line.cancelations {
        back.add(parts);
    }
    for refund in &line.refunds {
        back.add(&refund.parts);
    }
    back.exceeds(&line.paid)
}

/// Do both sides show the same units, once nothing is waited for?
fn units_meet(line: &Line) -> bool {
    if !line.settled {
        return true;
    }
    let off_meets = !line.booked || line.told_off == line.off;
    line.told_shipped == line.shipped && off_meets
}

#[cfg(test)]
mod tests;
