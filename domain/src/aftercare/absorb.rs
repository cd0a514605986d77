//! What a newly read order proves of calls whose answer was lost.

use super::care::{Care, SentCancelation};
use super::is_disputed;
use super::units::canceled_on_mirakl;
use crate::order::Order;
use crate::refund::{SentState, read_back};
use crate::step::Step;

/// The word of OR28's intent: each cause is repaid once.
pub fn refund_effect(cause: &str) -> String {
    format!("{}:{cause}", Step::Refund.as_str())
}

/// The word of OR30's intent: each unit is canceled once.
pub fn cancelation_effect(key: &str) -> String {
    format!("{}:{key}", Step::CancelLines.as_str())
}

/// The cancelation that an effect's word stands for; empty for any other.
pub fn cancelation_of(effect: &str) -> Option<SentCancelation> {
    let key = effect.strip_prefix(Step::CancelLines.as_str())?;
    SentCancelation::of_key(key.strip_prefix(':')?)
}

/// The word of OR64's intent.
pub fn incident_effect(order_line_id: &str) -> String {
    format!("{}:{order_line_id}", Step::ResolveIncident.as_str())
}

impl Care {
    /// Takes in what an order shows of refunds and cancelations without a known outcome, and of an
    /// incident; what it does not show was not done. Answers the effects that are settled by it.
    ///
    /// Nothing is said of a call before the order was read late enough to tell.
    pub fn absorb(&mut self, order: &Order) -> Vec<String> {
        let mut settled = vec![];
        let over = self
            .resolving
            .take_if(|r| !is_disputed(order, &r.order_line_id));
        settled.extend(over.map(|r| incident_effect(&r.order_line_id)));
        settled.extend(self.read_back(order));
        settled
    }

    fn read_back(&mut self, order: &Order) -> Vec<String> {
        let is_told = self.read_after.is_some_and(|after| order.read_at >= after);
        let Some(paid) = order.paid.as_ref().filter(|_| is_told) else {
            return vec![];
        };
        self.read_after = None;
        let mut settled = vec![];
        for (place, refund_id) in read_back(&self.refunds, paid).found {
            let sent = &mut self.refunds[place];
            sent.state = SentState::Done { refund_id };
            settled.push(refund_effect(&sent.item.cause.key()));
        }
        self.refunds.retain(|sent| sent.state != SentState::Unknown);
        for sent in self.cancelations.iter_mut().filter(|c| !c.is_done) {
            let mut lines = order.lines.iter();
            let line = lines.find(|l| l.line_id == sent.order_line_id);
            sent.is_done = line.is_some_and(|line| canceled_on_mirakl(line) >= sent.to);
            if sent.is_done {
                settled.push(cancelation_effect(&sent.key()));
            }
        }
        self.cancelations.retain(|c| c.is_done);
        settled
    }
}
