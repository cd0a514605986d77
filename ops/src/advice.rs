//! Commands to type next, by kind of problem.

use domain::exception::Kind;
use domain::marketplace::OrderKey;

/// A piece of evidence.
fn of<'a>(evidence: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut all = evidence.iter();
    all.find(|(n, _)| n == name)
        .map(|(_, value)| value.as_str())
}

/// Is it about a refund, a cancelation of units, or a return?
fn is_aftercare(evidence: &[(String, String)]) -> bool {
    matches!(of(evidence, "call"), Some("OR28" | "OR30" | "RT01"))
}

/// Commands to type next about an order's problem; words in capitals are to be filled in.
pub(crate) fn commands(kind: Kind, key: &OrderKey, evidence: &[(String, String)]) -> Vec<String> {
    let order = quoted(&key.to_string());
    let correct = |codes: &str| format!("bcm orders correct {order} {codes}");
    let retry = || format!("bcm orders retry {order}");
    let cancel = || format!("bcm orders cancel {order} --reason CODE");
    let by_hand = |step: &str| format!("bcm orders mark-done {order} --step {step}");
    let resolve = || {
        let line = quoted(of(evidence, "line").unwrap_or("LINE"));
        format!("bcm orders resolve-incident {order} --line {line} --reason CODE")
    };
    match kind {
        Kind::UnmappedSku => {
            let skus = evidence.iter().filter(|(name, _)| name == "offer_sku");
            let skus: Vec<String> = skus
                .map(|(_, sku)| format!("--sku {}", quoted(&format!("{sku}=ERP_SKU"))))
                .collect();
            let codes = if skus.is_empty() {
                "--sku OFFER_SKU=ERP_SKU".to_owned()
            } else {
                skus.join(" ")
            };
            vec![correct(&codes)]
        }
        Kind::UnmappedShipVia => vec![correct("--ship-via CODE")],
        Kind::MissingWarehouse => vec![correct("--warehouse CODE")],
        Kind::MixedWarehouses => vec![correct("--division CODE --warehouse CODE")],
        Kind::UnmappedCarrier | Kind::UnregisteredCarrier => vec![correct("--carrier-code CODE")],
        Kind::TotalMismatch | Kind::ShortStock | Kind::AcceptanceDue => vec![retry(), cancel()],
        Kind::NeedsRefund => vec![format!("bcm orders release {order}")],
        Kind::AddressUnusable => vec![by_hand("release")],
        Kind::CancelledAfterPick => vec![by_hand("cancel_sales_order")],
        Kind::IncidentOpen => vec![resolve()],
        Kind::RefundRefused | Kind::CreditAbovePaid => vec![retry()],
        // A step of a return that the other side refused; others go on with the next news.
        Kind::ReturnUnclear if of(evidence, "call").is_some() => vec![retry()],
        Kind::MarketplaceRefused if of(evidence, "call") == Some("OR64") => {
            vec![retry(), resolve()]
        }
        // No step of these is done by hand: where the write shows on Mirakl, it counts by itself.
        Kind::MarketplaceRefused | Kind::OutcomeUnknown if is_aftercare(evidence) => vec![retry()],
        Kind::CreditPostedTwice | Kind::RefundUnsure => {
            let credit = of(evidence, "credit").unwrap_or("CREDIT");
            vec![correct(&format!("--approve {}", quoted(credit)))]
        }
        Kind::MarketplaceRefused | Kind::OutcomeUnknown | Kind::DuplicateUnseen => {
            vec![retry(), by_hand("STEP")]
        }
        Kind::ExternalPoTooLong
        | Kind::SalesOrderConflict
        | Kind::SalesOrderRefused
        | Kind::CustomerRefused
        | Kind::ReleaseRefused
        | Kind::IdempotencyConflict => vec![retry()],
        // These go on by themselves once their cause is gone.
        Kind::TrackingMissing
        | Kind::UnmappedTax
        | Kind::UnmappedAllowance
        | Kind::QueuedTooLong
        | Kind::SeveralParcels
        | Kind::ShortShip
        | Kind::ToldParcelChanged
        | Kind::ExcessShip
        | Kind::ShippedElsewhere
        | Kind::CancelledInErp
        | Kind::LinesChanged
        | Kind::UnknownWord
        | Kind::UnreadableOrder
        | Kind::UnreadableShipment
        | Kind::StrayShipment
        | Kind::EndpointDown
        | Kind::KeyRefused
        | Kind::RightMissing
        | Kind::ShippingDue
        | Kind::FeedStale
        | Kind::MissedOrder
        | Kind::CancelledOrderBooked
        | Kind::SalesOrderMissing
        | Kind::DuplicateSalesOrder
        | Kind::SettingsDrift
        | Kind::MappingHeld
        | Kind::StockHeld
        | Kind::SnapshotRefused
        | Kind::StockStale
        | Kind::UnmappedOffers
        | Kind::UnknownStock
        | Kind::OfferRefused
        | Kind::OfferDrift
        | Kind::ImportFailed
        | Kind::CreditWithoutSale
        | Kind::CreditUnusable
        | Kind::RefundAgeing
        | Kind::CreditChangedAfterRefund
        | Kind::CreditTaxMismatch
        | Kind::UnmappedReason
        | Kind::RefundElsewhere
        | Kind::ReturnUnclear
        | Kind::ReturnToDecide
        | Kind::UnmappedDisposition => vec![],
    }
}

/// The order first, which cannot be shown while it cannot be read.
pub(crate) fn at_hand(kind: Kind, key: &OrderKey, evidence: &[(String, String)]) -> Vec<String> {
    let mut all = commands(kind, key, evidence);
    if kind != Kind::UnreadableOrder {
        all.insert(0, format!("bcm orders show {}", quoted(&key.to_string())));
    }
    all
}

/// As a shell takes it for one word.
fn quoted(text: &str) -> String {
    let harmless =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '=' | ':');
    if !text.is_empty() && text.chars().all(harmless) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::marketplace::MarketplaceCode;

    #[test]
    fn each_kind_names_commands_that_a_shell_takes() {
        let key = OrderKey {
            marketplace: MarketplaceCode::new("nordwind").unwrap(),
            order_id: "C-1001-A".into(),
        };
        let evidence = [("offer_sku".to_owned(), "BC 1's".to_owned())];
        let all = Kind::ALL.iter().map(|kind| {
            let commands = commands(*kind, &key, &evidence);
            format!("{kind}: {}", commands.join(" | "))
        });
        insta::assert_snapshot!(all.collect::<Vec<_>>().join("\n"), @r"
        unmapped_sku: bcm orders correct nordwind/C-1001-A --sku 'BC 1'\''s=ERP_SKU'
        unmapped_ship_via: bcm orders correct nordwind/C-1001-A --ship-via CODE
        missing_warehouse: bcm orders correct nordwind/C-1001-A --warehouse CODE
        mixed_warehouses: bcm orders correct nordwind/C-1001-A --division CODE --warehouse CODE
        unmapped_carrier: bcm orders correct nordwind/C-1001-A --carrier-code CODE
        unregistered_carrier: bcm orders correct nordwind/C-1001-A --carrier-code CODE
        tracking_missing: 
        unmapped_tax: 
        unmapped_allowance: 
        total_mismatch: bcm orders retry nordwind/C-1001-A | bcm orders cancel nordwind/C-1001-A --reason CODE
        external_po_too_long: bcm orders retry nordwind/C-1001-A
        sales_order_conflict: bcm orders retry nordwind/C-1001-A
        sales_order_refused: bcm orders retry nordwind/C-1001-A
        customer_refused: bcm orders retry nordwind/C-1001-A
        short_stock: bcm orders retry nordwind/C-1001-A | bcm orders cancel nordwind/C-1001-A --reason CODE
        queued_too_long: 
        marketplace_refused: bcm orders retry nordwind/C-1001-A | bcm orders mark-done nordwind/C-1001-A --step STEP
        release_refused: bcm orders retry nordwind/C-1001-A
        address_unusable: bcm orders mark-done nordwind/C-1001-A --step release
        several_parcels: 
        short_ship: 
        excess_ship: 
        told_parcel_changed: 
        shipped_elsewhere: 
        cancelled_after_pick: bcm orders mark-done nordwind/C-1001-A --step cancel_sales_order
        cancelled_in_erp: 
        needs_refund: bcm orders release nordwind/C-1001-A
        lines_changed: 
        unknown_word: 
        unreadable_order: 
        unreadable_shipment: 
        stray_shipment: 
        endpoint_down: 
        key_refused: 
        right_missing: 
        acceptance_due: bcm orders retry nordwind/C-1001-A | bcm orders cancel nordwind/C-1001-A --reason CODE
        shipping_due: 
        feed_stale: 
        missed_order: 
        cancelled_order_booked: 
        sales_order_missing: 
        duplicate_sales_order: 
        settings_drift: 
        mapping_held: 
        outcome_unknown: bcm orders retry nordwind/C-1001-A | bcm orders mark-done nordwind/C-1001-A --step STEP
        duplicate_unseen: bcm orders retry nordwind/C-1001-A | bcm orders mark-done nordwind/C-1001-A --step STEP
        idempotency_conflict: bcm orders retry nordwind/C-1001-A
        stock_held: 
        snapshot_refused: 
        stock_stale: 
        unmapped_offers: 
        unknown_stock: 
        offer_refused: 
        offer_drift: 
        import_failed: 
        credit_without_sale: 
        credit_above_paid: bcm orders retry nordwind/C-1001-A
        credit_unusable: 
        credit_posted_twice: bcm orders correct nordwind/C-1001-A --approve CREDIT
        credit_changed_after_refund: 
        credit_tax_mismatch: 
        unmapped_reason: 
        refund_elsewhere: 
        refund_unsure: bcm orders correct nordwind/C-1001-A --approve CREDIT
        return_unclear: 
        return_to_decide: 
        unmapped_disposition: 
        incident_open: bcm orders resolve-incident nordwind/C-1001-A --line LINE --reason CODE
        refund_refused: bcm orders retry nordwind/C-1001-A
        refund_ageing: 
        ");
    }

    #[test]
    fn the_evidence_of_aftercare_fills_the_commands_in() {
        let key = OrderKey {
            marketplace: MarketplaceCode::new("nordwind").unwrap(),
            order_id: "C-1".into(),
        };
        let table = [
            (Kind::IncidentOpen, vec![("line", "C-1-2")]),
            (Kind::CreditPostedTwice, vec![("credit", "memo/CM 2/1")]),
            (Kind::CreditAbovePaid, vec![("credit", "memo/CM-2/1")]),
            (Kind::RefundRefused, vec![("line", "C-1-2")]),
            (
                Kind::RefundAgeing,
                vec![("asked_at", "2027-01-15T08:00:00Z")],
            ),
            (Kind::OutcomeUnknown, vec![("call", "OR28")]),
            (Kind::OutcomeUnknown, vec![("call", "OR29")]),
            (Kind::MarketplaceRefused, vec![("call", "OR30")]),
            (
                Kind::MarketplaceRefused,
                vec![("call", "OR64"), ("line", "C-1-2")],
            ),
            (Kind::ReturnUnclear, vec![("call", "RT25")]),
            (Kind::ReturnUnclear, vec![("authorization", "canceled")]),
        ];
        let all = table.into_iter().map(|(kind, evidence)| {
            let owned = |(n, v): &(&str, &str)| ((*n).to_owned(), (*v).to_owned());
            let evidence: Vec<_> = evidence.iter().map(owned).collect();
            format!("{kind}: {}", at_hand(kind, &key, &evidence).join(" | "))
        });
        insta::assert_snapshot!(all.collect::<Vec<_>>().join("\n"), @r"
        incident_open: bcm orders show nordwind/C-1 | bcm orders resolve-incident nordwind/C-1 --line C-1-2 --reason CODE
        credit_posted_twice: bcm orders show nordwind/C-1 | bcm orders correct nordwind/C-1 --approve 'memo/CM 2/1'
        credit_above_paid: bcm orders show nordwind/C-1 | bcm orders retry nordwind/C-1
        refund_refused: bcm orders show nordwind/C-1 | bcm orders retry nordwind/C-1
        refund_ageing: bcm orders show nordwind/C-1
        outcome_unknown: bcm orders show nordwind/C-1 | bcm orders retry nordwind/C-1
        outcome_unknown: bcm orders show nordwind/C-1 | bcm orders retry nordwind/C-1 | bcm orders mark-done nordwind/C-1 --step STEP
        marketplace_refused: bcm orders show nordwind/C-1 | bcm orders retry nordwind/C-1
        marketplace_refused: bcm orders show nordwind/C-1 | bcm orders retry nordwind/C-1 | bcm orders resolve-incident nordwind/C-1 --line C-1-2 --reason CODE
        return_unclear: bcm orders show nordwind/C-1 | bcm orders retry nordwind/C-1
        return_unclear: bcm orders show nordwind/C-1
        ");
    }
}
