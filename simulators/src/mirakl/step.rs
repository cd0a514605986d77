//! Moves that a person or the marketplace makes by a control call.

use super::order::State;

/// A move of a control call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The customer's money came.
    Debit,
    /// The customer's money did not come.
    RefuseDebit,
    /// The customer has the goods.
    Receive,
    /// The marketplace is done with the order.
    Close,
    /// The marketplace cancels.
    Cancel,
    /// Somebody accepts every line in the portal.
    Accept,
}

impl Step {
    /// The step of a control route's last part.
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [
            Self::Debit,
            Self::RefuseDebit,
            Self::Receive,
            Self::Close,
            Self::Cancel,
            Self::Accept,
        ];
        all.into_iter().find(|step| step.word() == word)
    }

    /// The last part of its control route.
    pub fn word(self) -> &'static str {
        match self {
            Self::Debit => "debit",
            Self::RefuseDebit => "refuse-debit",
            Self::Receive => "receive",
            Self::Close => "close",
            Self::Cancel => "cancel",
            Self::Accept => "accept",
        }
    }

    /// Whether an order in that state can make the move.
    pub fn is_allowed_in(self, state: State) -> bool {
        match self {
            Self::Debit | Self::RefuseDebit => {
                matches!(state, State::WaitingDebit | State::WaitingDebitPayment)
            }
            Self::Receive => matches!(state, State::Shipping | State::Shipped),
            Self::Close => state == State::Received,
            Self::Cancel => state <= State::Shipping,
            Self::Accept => state == State::WaitingAcceptance,
        }
    }
}
