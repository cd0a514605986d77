//! What needs a person: kinds, owners, and the words they read.

mod problem;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use problem::Problem;

/// Who takes care of an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// Orders, stock, warehouse, carriers.
    Operations,
    /// Money, taxes, journals.
    Finance,
    /// Offers, SKUs, the marketplace's settings.
    Ecommerce,
    /// The consumer.
    CustomerCare,
    /// The engineers who run this program.
    Engineering,
}

impl Owner {
    /// The word in tables, metrics and search attributes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Operations => "operations",
            Self::Finance => "finance",
            Self::Ecommerce => "ecommerce",
            Self::CustomerCare => "customer_care",
            Self::Engineering => "engineering",
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident, $word:literal, $owner:ident, $mapping:literal, $cause:literal, $next:literal;)*) => {
        /// What happened that this program may not settle alone.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Kind { $($(#[$doc])* $variant,)* }

        impl Kind {
            /// Every kind, for documents and tests.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word in tables, metrics, search attributes and `--json`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Whose it is.
            pub fn owner(self) -> Owner {
                match self { $(Self::$variant => Owner::$owner,)* }
            }

            /// Can a corrected mapping table be the cure? Then a new version wakes the order.
            pub fn is_cured_by_mapping(self) -> bool {
                match self { $(Self::$variant => $mapping,)* }
            }

            /// The plain cause, one sentence.
            pub fn cause(self) -> &'static str {
                match self { $(Self::$variant => $cause,)* }
            }

            /// What to do next, one or two sentences.
            pub fn next_step(self) -> &'static str {
                match self { $(Self::$variant => $next,)* }
            }
        }
    };
}

kinds! {
    /// An offer SKU without a row in `skus.csv`.
    UnmappedSku, "unmapped_sku", Ecommerce, true,
        "An offer SKU of this order has no BlueCherry SKU in skus.csv.",
        "Add the row to skus.csv; the order goes on by itself. For this order alone: bcm orders correct.";
    /// The shipping method has no ship-via.
    UnmappedShipVia, "unmapped_ship_via", Operations, true,
        "The marketplace's shipping method has no BlueCherry ship-via in ship_via.csv.",
        "Add the row to ship_via.csv; the order goes on by itself.";
    /// The division has no warehouse at that date.
    MissingWarehouse, "missing_warehouse", Operations, true,
        "No warehouse is mapped for the division of this order's goods on the day of sale.",
        "Add the row to warehouses.csv; the order goes on by itself.";
    /// Lines would leave from different divisions or warehouses.
    MixedWarehouses, "mixed_warehouses", Operations, true,
        "The lines map to more than one division or warehouse; one sales order takes one of each.",
        "Map the SKUs to one division and warehouse, or correct this order.";
    /// The carrier that shipped has no row in `carriers.csv`.
    UnmappedCarrier, "unmapped_carrier", Operations, true,
        "The carrier that BlueCherry names has no Mirakl carrier in carriers.csv.",
        "Add the row to carriers.csv; the shipment is sent right after. The parcel has left already.";
    /// The mapped carrier is not in the operator's list, and may not go by name.
    UnregisteredCarrier, "unregistered_carrier", Operations, true,
        "The mapped carrier is not in the operator's list (SH21), and the operator takes no other.",
        "Map it to a code of the operator's list in carriers.csv.";
    /// The operator demands a tracking number and there is none.
    TrackingMissing, "tracking_missing", Operations, false,
        "The operator wants a tracking number for this shipping method and BlueCherry sent none.",
        "Have the warehouse add the tracking number; the next fulfilment record goes on by itself.";
    /// A tax code without its remitter.
    UnmappedTax, "unmapped_tax", Finance, true,
        "A tax code of this order has no remitter in taxes.csv, so it is unknown who pays it over.",
        "Add the row to taxes.csv; the order goes on by itself.";
    /// A promotion without its allowance code.
    UnmappedAllowance, "unmapped_allowance", Finance, true,
        "A promotion of this order has no allowance code in allowances.csv.",
        "Add the row to allowances.csv; the order goes on by itself.";
    /// The sums do not meet.
    TotalMismatch, "total_mismatch", Finance, false,
        "The sales order's total would differ from Mirakl's, so it is not created.",
        "Compare the amounts in the evidence with the order in the Mirakl back office, then retry or cancel.";
    /// `external_po` would not fit the ERP's field.
    ExternalPoTooLong, "external_po_too_long", Engineering, false,
        "Prefix and order ID together are longer than BlueCherry's field; a cut key could meet another order's.",
        "Choose a shorter prefix for this marketplace, or have the field widened, then retry.";
    /// BlueCherry holds another order under the same key.
    SalesOrderConflict, "sales_order_conflict", Operations, false,
        "BlueCherry already has a sales order under this key, with another channel, order or lines.",
        "Find out who entered it. When it is this order after all, correct it there and retry.";
    /// BlueCherry refused the sales order.
    SalesOrderRefused, "sales_order_refused", Operations, true,
        "BlueCherry refused the sales order; its code stands in the evidence.",
        "Put right what the code names, in BlueCherry or in the mapping tables, then retry.";
    /// The customer account is missing or clashes.
    CustomerRefused, "customer_refused", Finance, false,
        "BlueCherry refused the customer account for this order.",
        "Check the customer code of this marketplace in bcm.toml and the account in BlueCherry, then retry.";
    /// Stock does not cover it and the policy asks.
    ShortStock, "short_stock", Operations, false,
        "BlueCherry cannot cover every line, and the policy for this marketplace asks a person.",
        "Free stock and retry, or cancel to refuse the order on Mirakl.";
    /// A queued write that does not show.
    QueuedTooLong, "queued_too_long", Engineering, false,
        "BlueCherry queued the sales order and after two cycles it still does not show.",
        "Look at the site's import job. The order goes on by itself when the sales order shows.";
    /// Mirakl refused a call.
    MarketplaceRefused, "marketplace_refused", Operations, false,
        "Mirakl refused the call; its code stands in the evidence.",
        "Look the order up in the Mirakl back office, then retry, or mark the step done.";
    /// BlueCherry refused ship-to or release.
    ReleaseRefused, "release_refused", Operations, true,
        "BlueCherry refused the delivery address or the release; its code stands in the evidence.",
        "Put right what the code names, in BlueCherry or in the mapping tables, then retry.";
    /// A delivery address that the ERP cannot hold.
    AddressUnusable, "address_unusable", CustomerCare, false,
        "The delivery address lacks a part that BlueCherry needs.",
        "Ask the operator for the missing part, complete the sales order in BlueCherry and mark the step done.";
    /// More parcels than one call can tell.
    SeveralParcels, "several_parcels", Operations, false,
        "The order left in several parcels, and an earlier release of this program confirmed whole orders in one parcel only.",
        "Confirm the shipments in the Mirakl back office; the order goes on when Mirakl shows it shipped.";
    /// The warehouse shipped less than ordered.
    ShortShip, "short_ship", CustomerCare, false,
        "The warehouse shipped less than was ordered.",
        "Refund the missing pieces and confirm the rest in the Mirakl back office.";
    /// The warehouse shipped what was not ordered.
    ExcessShip, "excess_ship", Operations, false,
        "BlueCherry reports more pieces shipped than were ordered, or a line that is not in the order.",
        "Have the warehouse correct the fulfilment record.";
    /// A parcel changed after Mirakl was told of it.
    ToldParcelChanged, "told_parcel_changed", Operations, false,
        "A parcel that Mirakl was told of was voided in BlueCherry, or holds other pieces now.",
        "Ask the warehouse. Sent again with the same contents, its new tracking goes out by itself; else settle it with the customer in the Mirakl back office.";
    /// Shipped on Mirakl, not in BlueCherry.
    ShippedElsewhere, "shipped_elsewhere", Operations, false,
        "Mirakl shows the order shipped, and BlueCherry has no final shipment for it.",
        "Find out who confirmed it. Ship or close the sales order in BlueCherry.";
    /// Called off on Mirakl when BlueCherry could not cancel any more.
    CancelledAfterPick, "cancelled_after_pick", Operations, false,
        "The order was called off on Mirakl, and BlueCherry could not cancel every piece: picked or shipped.",
        "Stop the parcel or take it back, close the sales order in BlueCherry, then mark the step done.";
    /// BlueCherry cancelled what Mirakl still waits for.
    CancelledInErp, "cancelled_in_erp", CustomerCare, false,
        "The sales order is cancelled in BlueCherry while the order is open on Mirakl.",
        "Cancel or refund it on Mirakl, or enter it again in BlueCherry.";
    /// Paid already: only a refund can call it off.
    NeedsRefund, "needs_refund", CustomerCare, false,
        "The order is paid, so it cannot be cancelled any more; only a credit in BlueCherry settles it.",
        "Post the credit memo in BlueCherry. To go on shipping instead, use release.";
    /// Part of the order was cancelled or refunded on Mirakl.
    LinesChanged, "lines_changed", CustomerCare, false,
        "Part of the order was cancelled or refunded on Mirakl; this release carries whole orders only.",
        "Change the sales order in BlueCherry, and confirm the shipment in the Mirakl back office.";
    /// A state nobody taught us.
    UnknownWord, "unknown_word", Engineering, false,
        "Mirakl sent a state that this program does not know.",
        "Look the order up in the Mirakl back office; teach the program the word.";
    /// An order that cannot be read.
    UnreadableOrder, "unreadable_order", Engineering, false,
        "Mirakl sent an order that this program cannot read; it is kept as it came.",
        "The evidence names the place in the message. The order is read again with every change.";
    /// A fulfilment record that cannot be read.
    UnreadableShipment, "unreadable_shipment", Engineering, false,
        "BlueCherry sent a fulfilment record that this program cannot read; it is kept as it came.",
        "The evidence names the place in the message. It is read again with every change.";
    /// A fulfilment for no order that we know.
    StrayShipment, "stray_shipment", Operations, false,
        "BlueCherry reports a shipment under a key of ours, and there is no such order.",
        "Find out which order it belongs to.";
    /// Nobody answers at an endpoint.
    EndpointDown, "endpoint_down", Engineering, false,
        "A system does not answer; everything that needs it waits, and one probe at a time asks whether it is back.",
        "Look whether the system, or the way to it, is down. All go on by themselves when it answers, the nearest deadline first.";
    /// A key is not taken any more.
    KeyRefused, "key_refused", Engineering, false,
        "A system does not take our key; everything that needs it waits.",
        "Put a valid key into the file that bcm.toml names; it is read again within a second. A key in an environment variable needs a restart.";
    /// A key lacks the right for one operation.
    RightMissing, "right_missing", Engineering, false,
        "The key lacks the right for the operation in the evidence; every order that needs it waits.",
        "Have the right granted to the key's user. One call a minute tries, and all go on by themselves.";
    /// The acceptance limit draws near and nothing else explains why.
    AcceptanceDue, "acceptance_due", Operations, false,
        "The operator waits for acceptance, and half of the time or more is gone; the evidence names what the order waits for.",
        "Look at the order and at both systems. Where it cannot be accepted in time, refuse it with cancel before the operator does.";
    /// The shipping deadline draws near and nothing else explains why.
    ShippingDue, "shipping_due", Operations, false,
        "The order is paid and not shipped, and half of the time or more is gone; the evidence names what it waits for.",
        "Ask the warehouse where it is. It closes by itself when the shipment is confirmed or the deadline moves.";
    /// A feed or a schedule has brought nothing for too long.
    FeedStale, "feed_stale", Engineering, false,
        "A feed or a schedule had no success for three of its intervals; the evidence names it, and whether it is paused.",
        "Resume it when it is paused; else see that a worker runs and that the system it reads answers.";
    /// An order on Mirakl that no pull ever brought.
    MissedOrder, "missed_order", Engineering, false,
        "Mirakl held an order that the feed should have brought and did not; the sweep found it and has its run started.",
        "Find out why the feed passed it. It closes by itself when the order is taken up.";
    /// A sales order for an order that was called off.
    CancelledOrderBooked, "cancelled_order_booked", Operations, false,
        "The order is called off on Mirakl, and BlueCherry holds a sales order for it that is not cancelled.",
        "Cancel the sales order in BlueCherry. It closes with the next sweep that sees it cancelled.";
    /// An accepted order whose sales order is gone.
    SalesOrderMissing, "sales_order_missing", Operations, false,
        "The order is accepted on Mirakl, and BlueCherry shows no sales order under its key any more.",
        "Find out what became of it in BlueCherry. It closes with the next sweep that finds it.";
    /// Two sales orders under one key.
    DuplicateSalesOrder, "duplicate_sales_order", Operations, false,
        "BlueCherry holds more than one sales order under the key of this order.",
        "Find out which one is right and cancel the other in BlueCherry before either ships.";
    /// Tables or settings that no longer fit the operator's own.
    SettingsDrift, "settings_drift", Ecommerce, true,
        "A mapping table or setting names what the operator's own lists do not hold any more.",
        "Correct the table or setting that the evidence names; the next sweep looks again.";
    /// Mapping tables that change too much to be believed unseen.
    MappingHeld, "mapping_held", Operations, false,
        "The mapping tables on disk change more than a tenth of the keys in force, so they wait for a second yes.",
        "Read bcm mappings show. Right: bcm mappings approve with its number. Wrong: put the files back.";
    /// A write was sent several times, and nobody knows what became of it.
    OutcomeUnknown, "outcome_unknown", Finance, false,
        "A write was sent three times, each answer was lost, and a look afterwards did not show it.",
        "Look the key of the evidence up at the other side. Then retry to send it again, or mark the step done; when it shows by itself, this closes.";
    /// BlueCherry says that the sales order exists, and does not show it.
    DuplicateUnseen, "duplicate_unseen", Operations, false,
        "BlueCherry refuses the sales order because one under its key exists, and its look-up shows none.",
        "Find the sales order in BlueCherry. Correct or delete it there and retry, or mark the step done with its number.";
    /// One key with two bodies: a fault of this program.
    IdempotencyConflict, "idempotency_conflict", Engineering, false,
        "BlueCherry was sent two different bodies under one idempotency key: a fault of this program.",
        "Report it with the evidence. After the correction: retry.";
    /// The guard holds a change of stock.
    StockHeld, "stock_held", Operations, false,
        "The numbers of this marketplace would change more than the guard lets go unseen; what tripped it is held, everything else goes out.",
        "Look at the numbers in the evidence. Right: signal approve to the run stock-review of its number; wrong: reject, and correct the feed. A later batch that says otherwise replaces it.";
    /// A batch of stock that is not what it says.
    SnapshotRefused, "snapshot_refused", Operations, false,
        "BlueCherry's inventory batch is incomplete, empty, shrunken, of another scale or out of order; the one before stays in use.",
        "Have the batch of the evidence run again. The next good one closes this.";
    /// Stock figures that are too old.
    StockStale, "stock_stale", Operations, false,
        "The newest good inventory batch is older than it may be, so the action chosen in bcm.toml is taken.",
        "Find out why BlueCherry delivers no batch. The next good one closes this.";
    /// Offers without a BlueCherry SKU.
    UnmappedOffers, "unmapped_offers", Ecommerce, true,
        "Offers of this shop have no BlueCherry SKU in skus.csv; they keep what they show.",
        "Add the rows to skus.csv, or take the offers off the marketplace; the next run looks again.";
    /// Offers of which the snapshot says nothing.
    UnknownStock, "unknown_stock", Operations, false,
        "The inventory batch says nothing usable of some items; their offers keep what they show, since missing is not zero.",
        "See that BlueCherry's extract holds the items of the evidence; the next run looks again.";
    /// A row of a stock file that Mirakl refused.
    OfferRefused, "offer_refused", Ecommerce, false,
        "Mirakl refused the quantity of this offer, in its own words in the evidence; the other rows stand.",
        "Correct the offer on the marketplace. The next quantity that Mirakl takes closes this; a full push tries each night.";
    /// Offers that show something else than Mirakl took.
    OfferDrift, "offer_drift", Ecommerce, false,
        "Offers showed another quantity than Mirakl had taken from us, and no sale explains it; the next file set them right.",
        "Find out who else changes quantities on this marketplace. A read-back without any closes this.";
    /// A stock file that Mirakl gave up.
    ImportFailed, "import_failed", Engineering, false,
        "Mirakl gave up a file of quantities, or did not say in time what became of it; the next run sends them again.",
        "If it stays: ask the operator about the import of the evidence. The next file that is taken closes this.";
    /// A credit for a line that the order does not have.
    CreditWithoutSale, "credit_without_sale", Finance, false,
        "A credit memo names an order, or a line of one, that was never sold here, so nothing is refunded for it.",
        "Correct the order or line of the credit memo in BlueCherry; the next version of the memo goes on by itself.";
    /// A credit above what is left.
    CreditAbovePaid, "credit_above_paid", Finance, false,
        "A credit is higher than what is left of what the customer paid; the arithmetic stands in the evidence.",
        "Compare the refunds on Mirakl with the credit memos. Void or correct the memo in BlueCherry, or retry once a refund has fallen away.";
    /// A credit in another currency, with an amount nobody can pay, or with an unknown word.
    CreditUnusable, "credit_unusable", Finance, false,
        "A credit memo has another currency than the order, an amount that cannot be paid, or a word this program does not know.",
        "Correct the credit memo in BlueCherry; its next version goes on by itself.";
    /// One credit under two numbers.
    CreditPostedTwice, "credit_posted_twice", Finance, false,
        "Two posted credit memos of this order hold the same lines and amounts; only the first is refunded.",
        "Void the second in BlueCherry. When both are right, let it through with bcm orders correct: it is then refunded as well.";
    /// A credit that no longer stands as it was refunded.
    CreditChangedAfterRefund, "credit_changed_after_refund", Finance, false,
        "A credit memo was voided or changed after the customer had been repaid for it.",
        "Credit the same amount again in BlueCherry, or settle the difference with the operator; a refund cannot be taken back here.";
    /// Taxes that do not meet.
    CreditTaxMismatch, "credit_tax_mismatch", Finance, false,
        "The tax of a credit memo is not what the marketplace computes or has left for this line.",
        "Compare the tax in the evidence with the order line, and correct the credit memo in BlueCherry.";
    /// A reason without a code that the shop may send.
    UnmappedReason, "unmapped_reason", CustomerCare, true,
        "A return, refund or cancelation has no mapped reason that the shop may send to this operator.",
        "Map the reason of the evidence to one of the operator's own; the next look goes on by itself.";
    /// A refund that somebody made on Mirakl.
    RefundElsewhere, "refund_elsewhere", Finance, false,
        "A refund was made on the marketplace that this program did not send, so BlueCherry has no credit memo for it.",
        "Enter a credit memo for the amount of the evidence in BlueCherry: it counts for this refund, and nothing is repaid twice.";
    /// A credit that may be repaid already, as a lost ledger would have known.
    RefundUnsure, "refund_unsure", Finance, false,
        "The ledger was rebuilt, and Mirakl shows an earlier refund of this line that is for no credit of just that amount: it may be for this one.",
        "Compare the refunds on Mirakl with the credit memos of the line. Repaid already: void or correct the memo in BlueCherry. Not yet: let it through.";
    /// A return that neither side can bring on by itself.
    ReturnUnclear, "return_unclear", CustomerCare, false,
        "A return does not fit what BlueCherry or Mirakl says of it; what differs stands in the evidence.",
        "Look the return up on both sides and bring it on by hand; the next change on either side is looked at again.";
    /// A return that waits for the shop's word.
    ReturnToDecide, "return_to_decide", CustomerCare, false,
        "A customer wants to send goods back, and this shop decides on each return by hand.",
        "Accept or refuse the return in the Mirakl back office; an accepted one goes on by itself.";
    /// A return with a verdict that has no mapping.
    UnmappedDisposition, "unmapped_disposition", Operations, true,
        "BlueCherry's disposition of returned goods has no verdict mapped for the marketplace.",
        "Map the disposition of the evidence to compliant or to a reason against it; the return goes on by itself.";
    /// The customer disputes a line.
    IncidentOpen, "incident_open", CustomerCare, false,
        "The customer opened an incident on a line of this order; the marketplace keeps its money back, and a refund of a part of the line waits.",
        "Settle it with the customer, then run bcm orders resolve-incident. A credit of all that is left of the line goes out and ends it.";
    /// A refund that Mirakl said no to.
    RefundRefused, "refund_refused", Finance, false,
        "Mirakl refused a refund that was credited in BlueCherry; its own words stand in the evidence. Where the shop's balance does not cover it, it is tried again every hour.",
        "Settle what Mirakl names, then retry the order; other refunds of the order are not held up.";
    /// A refund that the operator does not pay.
    RefundAgeing, "refund_ageing", Finance, false,
        "A refund was asked for and the operator has not paid it back to the customer in the time that is allowed for it.",
        "Ask the operator about the refund; this closes once Mirakl shows it as refunded.";
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_a_kind_is_its_serde_name() {
        for kind in Kind::ALL {
            let json = serde_json::to_string(kind).unwrap();
            assert_eq!(json, format!("\"{kind}\""));
        }
    }

    #[test]
    fn every_kind_tells_cause_and_next_step_as_sentences() {
        for kind in Kind::ALL {
            assert!(kind.cause().ends_with('.'), "{kind}");
            assert!(kind.next_step().ends_with('.'), "{kind}");
        }
    }
}
