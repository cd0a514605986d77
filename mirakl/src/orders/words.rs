//! Words that Mirakl may extend: a new one is kept as it came.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $word:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $word,)+
            /// A word this client does not know; never guessed at.
            #[serde(untagged)]
            Unknown(String),
        }

        impl $name {
            /// The word as Mirakl writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$word => $text,)+
                    Self::Unknown(word) => word,
                }
            }
        }

        // By hand, since the derived way forgets at which place of the JSON it failed.
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = String::deserialize(deserializer)?;
                Ok(match word.as_str() {
                    $($text => Self::$word,)+
                    _ => Self::Unknown(word),
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// Where an order stands.
    ///
    /// Source: Mirakl seller API, OR11, `order_state`.
    OrderState {
        /// Under the operator's checks; for information only.
        Staging = "STAGING",
        /// Waits for the shop's decision.
        WaitingAcceptance = "WAITING_ACCEPTANCE",
        /// Accepted; the operator has not been asked to debit yet.
        WaitingDebit = "WAITING_DEBIT",
        /// The operator has been asked to debit the customer.
        WaitingDebitPayment = "WAITING_DEBIT_PAYMENT",
        /// To be shipped: the first state in which shipping is allowed.
        Shipping = "SHIPPING",
        /// The shop confirmed the shipment.
        Shipped = "SHIPPED",
        /// At the collection point.
        ToCollect = "TO_COLLECT",
        /// With the customer, or the time for saying otherwise is over.
        Received = "RECEIVED",
        /// Final; no refund any more.
        Closed = "CLOSED",
        /// Every line was refused.
        Refused = "REFUSED",
        /// Cancelled before shipping, by whomever.
        Canceled = "CANCELED",
        /// Deprecated: a refund waits. Newer platforms say so on the refund.
        WaitingRefund = "WAITING_REFUND",
        /// Deprecated: a refund waits for its payment.
        WaitingRefundPayment = "WAITING_REFUND_PAYMENT",
    }
}

words! {
    /// Where an order line stands.
    ///
    /// Source: Mirakl seller API, OR11, `order_line_state`.
    LineState {
        /// See [`OrderState::Staging`].
        Staging = "STAGING",
        /// See [`OrderState::WaitingAcceptance`].
        WaitingAcceptance = "WAITING_ACCEPTANCE",
        /// See [`OrderState::WaitingDebit`].
        WaitingDebit = "WAITING_DEBIT",
        /// See [`OrderState::WaitingDebitPayment`].
        WaitingDebitPayment = "WAITING_DEBIT_PAYMENT",
        /// See [`OrderState::Shipping`].
        Shipping = "SHIPPING",
        /// See [`OrderState::Shipped`].
        Shipped = "SHIPPED",
        /// See [`OrderState::ToCollect`].
        ToCollect = "TO_COLLECT",
        /// See [`OrderState::Received`].
        Received = "RECEIVED",
        /// See [`OrderState::Closed`].
        Closed = "CLOSED",
        /// The shop refused this line.
        Refused = "REFUSED",
        /// Cancelled before shipping.
        Canceled = "CANCELED",
        /// A dispute is open; its money is held.
        IncidentOpen = "INCIDENT_OPEN",
        /// Refunded in full, and the refund paid.
        Refunded = "REFUNDED",
        /// Deprecated: a refund waits.
        WaitingRefund = "WAITING_REFUND",
        /// Deprecated: a refund waits for its payment.
        WaitingRefundPayment = "WAITING_REFUND_PAYMENT",
    }
}

words! {
    /// Where a refund stands.
    ///
    /// Source: Mirakl seller API, OR11, `refund_state`.
    RefundState {
        /// Waits for its taxes to be confirmed.
        WaitingRefundTaxConfirmation = "WAITING_REFUND_TAX_CONFIRMATION",
        /// Asked for.
        WaitingRefund = "WAITING_REFUND",
        /// The operator has been asked to pay it.
        WaitingRefundPayment = "WAITING_REFUND_PAYMENT",
        /// Paid.
        Refunded = "REFUNDED",
    }
}

words! {
    /// When the customer is debited.
    ///
    /// Source: Mirakl seller API, OR11, `payment_workflow`.
    PaymentWorkflow {
        /// Right after acceptance.
        PayOnAcceptance = "PAY_ON_ACCEPTANCE",
        /// On delivery.
        PayOnDelivery = "PAY_ON_DELIVERY",
        /// A number of days after delivery or invoice.
        PayOnDueDate = "PAY_ON_DUE_DATE",
        /// With each shipment, once it is prepared.
        PayOnShipment = "PAY_ON_SHIPMENT",
        /// Never reported to Mirakl.
        NoCustomerPaymentConfirmation = "NO_CUSTOMER_PAYMENT_CONFIRMATION",
    }
}

words! {
    /// Whether prices hold their taxes.
    ///
    /// Source: Mirakl seller API, OR11, `order_tax_mode`.
    TaxMode {
        /// Taxes are inside the prices.
        TaxIncluded = "TAX_INCLUDED",
        /// Taxes are to be added to the prices.
        TaxExcluded = "TAX_EXCLUDED",
    }
}

words! {
    /// What becomes of a tax on a partial refund or cancelation.
    ///
    /// Source: Mirakl seller API, OR75, `tax_calculation_rule`.
    TaxCalculationRule {
        /// Mirakl computes the share.
        ProportionalToAmount = "PROPORTIONAL_TO_AMOUNT",
        /// Nothing is computed: who refunds states the tax.
        None = "NONE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_not_known_yet_is_kept_as_it_came() {
        for (json, state) in [
            (r#""SHIPPING""#, OrderState::Shipping),
            (r#""TO_COLLECT""#, OrderState::ToCollect),
            (r#""PARKED""#, OrderState::Unknown("PARKED".into())),
            (r#""shipping""#, OrderState::Unknown("shipping".into())),
            (r#""Unknown""#, OrderState::Unknown("Unknown".into())),
        ] {
            assert_eq!(serde_json::from_str::<OrderState>(json).expect(json), state);
            assert_eq!(serde_json::to_string(&state).unwrap(), json);
            assert_eq!(format!("\"{state}\""), json);
        }
        for json in ["7", "{}", "[]", "true"] {
            assert!(serde_json::from_str::<OrderState>(json).is_err(), "{json}");
        }
        let rule: TaxCalculationRule = serde_json::from_str(r#""NONE""#).unwrap();
        assert_eq!(rule, TaxCalculationRule::None);
        let workflow: PaymentWorkflow = serde_json::from_str(r#""PAY_LATER""#).unwrap();
        assert_eq!(workflow, PaymentWorkflow::Unknown("PAY_LATER".into()));
    }
}
