//! Mirakl's order to a BlueCherry sales order, to the cent.

mod amounts;
#[cfg(test)]
mod tests;

use bluecherry::{Hold, NewLine, NewSalesOrder, PriceBasis, Shipping};
use domain::exception::{Kind, Problem};
use domain::mapping::{self, Mappings};
use domain::progress::Corrections;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use mirakl::TaxMode;

use super::evidence;
use amounts::{amount, charges, price, taxes, totals};

/// What a sales order is made from, besides Mirakl's order.
pub struct SalesOrderDraft<'a> {
    /// Code of the marketplace; becomes the sales order's channel.
    pub marketplace: &'a str,
    /// The order, as read for decisions.
    pub order: &'a domain::order::Order,
    /// The order, as Mirakl sent it.
    pub wire: &'a mirakl::Order,
    /// Natural key.
    pub external_po: &'a str,
    /// Whom BlueCherry invoices.
    pub customer_code: &'a str,
    /// Hold that keeps it from picking.
    pub hold_code: &'a str,
    /// Seconds the operator waits for acceptance; the hold lasts three days longer.
    pub acceptance_limit_s: u32,
    /// Days from the sale to the shipping deadline, until Mirakl names one.
    pub ship_within_days: u32,
    /// Days from the sale to the cancel date.
    pub cancel_after_days: u32,
    /// Tables in force.
    pub mappings: &'a Mappings,
    /// A person's codes for this order.
    pub corrections: &'a Corrections,
}

/// Makes the sales order: on hold, without ship-to, with every amount as Mirakl has it.
///
/// # Errors
/// The problem that blocks the order: something unmapped, or sums that do not meet.
pub fn new_sales_order(draft: &SalesOrderDraft<'_>) -> Result<NewSalesOrder, Problem> {
    let SalesOrderDraft { wire, order, .. } = draft;
    let day = order.created_at.to_zoned_datetime(TimeZone::UTC).date();
    let basis = match &wire.order_tax_mode {
        Some(TaxMode::TaxIncluded) => PriceBasis::Gross,
        Some(TaxMode::TaxExcluded) => PriceBasis::Net,
        _ => return Err(mismatch("order_tax_mode", "unknown")),
    };
    if wire
        .order_taxes
        .as_ref()
        .is_some_and(|taxes| !taxes.is_empty())
    {
        return Err(mismatch("order_taxes", "order-level taxes"));
    }
    let place = place(draft, day)?;
    let open: Vec<&mirakl::OrderLine> = open_lines(draft).collect();
    let lines = open
        .iter()
        .map(|l| line(draft, l, day))
        .collect::<Result<Vec<_>, _>>()?;
    let charges = charges(&open)?;
    let totals = totals(draft, basis, &open, &lines, &charges)?;
    let held_for = i64::from(draft.acceptance_limit_s) + 3 * 86_400;
    let expires_at = order
        .created_at
        .checked_add(SignedDuration::from_secs(held_for))
        .ok();
    Ok(NewSalesOrder {
        customer_code: draft.customer_code.to_owned(),
        external_po: draft.external_po.to_owned(),
        channel: draft.marketplace.to_owned(),
        channel_order_id: wire.order_id.clone(),
        order_type: "dropship".to_owned(),
        division: place.division,
        warehouse: place.warehouse,
        season: None,
        order_date: day,
        start_date: day,
        cancel_date: day.saturating_add(i64::from(draft.cancel_after_days).days()),
        ship_by_deadline: order.ship_by.or_else(|| ship_by(draft)),
        currency: order.currency.clone(),
        price_basis: basis,
        ship_via: place.ship_via,
        hold: Some(Hold {
            code: draft.hold_code.to_owned(),
            expires_at,
        }),
        ship_to: None,
        bill_to: None,
        notes: None,
        lines,
        charges,
        totals,
    })
}

/// Is a sales order that was found under our key really this order? Channel, order ID and lines tell.
pub fn matches(found: &bluecherry::SalesOrder, meant: &NewSalesOrder) -> bool {
    let line = |id: &str, sku: &str, qty: u32| (id.to_owned(), sku.trim().to_uppercase(), qty);
    let mut theirs: Vec<_> = found
        .lines
        .iter()
        .map(|l| line(&l.external_line_id, &l.sku, l.qty_ordered))
        .collect();
    let mut ours: Vec<_> = meant
        .lines
        .iter()
        .map(|l| line(&l.external_line_id, &l.sku, l.qty))
        .collect();
    theirs.sort();
    ours.sort();
    mapping::same_code(&found.channel, &meant.channel)
        && found.channel_order_id.trim() == meant.channel_order_id
        && theirs == ours
}

/// Until Mirakl names the shipping deadline, the shop's own promise stands on the sales order, so that
/// the warehouse can sort by it.
fn ship_by(draft: &SalesOrderDraft<'_>) -> Option<Timestamp> {
    let within = SignedDuration::from_hours(24 * i64::from(draft.ship_within_days));
    draft.order.created_at.checked_add(within).ok()
}

fn mismatch(name: &str, value: impl std::fmt::Display) -> Problem {
    Problem::new(Kind::TotalMismatch).with(name, value)
}

/// The lines that the sales order is for: all but those refused or called off already.
fn open_lines<'a>(draft: &'a SalesOrderDraft<'_>) -> impl Iterator<Item = &'a mirakl::OrderLine> {
    let open = |id: &str| draft.order.open_lines().any(|l| l.line_id == id);
    let lines = draft.wire.order_lines.as_deref().unwrap_or_default();
    lines.iter().filter(move |l| open(&l.order_line_id))
}

struct Place {
    division: String,
    warehouse: String,
    ship_via: String,
}

/// Division, warehouse and ship-via: one of each for the whole order.
fn place(draft: &SalesOrderDraft<'_>, day: Date) -> Result<Place, Problem> {
    let SalesOrderDraft {
        marketplace,
        mappings,
        corrections,
        order,
        ..
    } = draft;
    let mut divisions: Vec<&str> = vec![];
    for line in order.open_lines() {
        match mappings.sku(marketplace, &line.offer_sku, day) {
            Some(mapped) => divisions.push(mapped.division.trim()),
            None if corrections.skus.contains_key(&line.offer_sku) => {}
            None => {
                return Err(Problem::new(Kind::UnmappedSku)
                    .with("offer_sku", evidence(&line.offer_sku))
                    .with("line", evidence(&line.line_id)));
            }
        }
    }
    divisions.sort_unstable();
    divisions.dedup();
    let division = match (&corrections.division, divisions.as_slice()) {
        (Some(division), _) => division.clone(),
        (None, [one]) => (*one).to_owned(),
        (None, []) => {
            return Err(Problem::new(Kind::UnmappedSku).with("missing", "division"));
        }
        (None, many) => {
            return Err(Problem::new(Kind::MixedWarehouses).with("divisions", many.join(" ")));
        }
    };
    let warehouse = match &corrections.warehouse {
        Some(warehouse) => warehouse.clone(),
        None => mappings
            .warehouse(marketplace, &division, day)
            .map(|row| row.warehouse.clone())
            .ok_or_else(|| {
                Problem::new(Kind::MissingWarehouse)
                    .with("division", &division)
                    .with("day", day)
            })?,
    };
    let ship_via = match &corrections.ship_via {
        Some(ship_via) => ship_via.clone(),
        None => mappings
            .ship_via(marketplace, &order.shipping_type, day)
            .map(|row| row.ship_via.clone())
            .ok_or_else(|| {
                Problem::new(Kind::UnmappedShipVia)
                    .with("shipping_type_code", evidence(&order.shipping_type))
            })?,
    };
    Ok(Place {
        division,
        warehouse,
        ship_via,
    })
}

fn line(
    draft: &SalesOrderDraft<'_>,
    wire: &mirakl::OrderLine,
    day: Date,
) -> Result<NewLine, Problem> {
    let SalesOrderDraft {
        marketplace,
        mappings,
        corrections,
        ..
    } = draft;
    let offer_sku = wire.offer_sku.as_deref().unwrap_or_default();
    let corrected = corrections.skus.get(offer_sku).cloned();
    let sku = corrected
        .or_else(|| {
            mappings
                .sku(marketplace, offer_sku, day)
                .map(|mapped| mapped.sku.into_owned())
        })
        .ok_or_else(|| Problem::new(Kind::UnmappedSku).with("offer_sku", evidence(offer_sku)))?;
    let qty = wire
        .quantity
        .and_then(|q| u32::try_from(q).ok())
        .unwrap_or_default();
    let (unit_price, discount) = price(draft, wire, qty)?;
    let shipping = Shipping {
        amount: amount(wire.shipping_price.as_ref(), "shipping_price")?,
        tax: taxes(draft, wire.shipping_taxes.as_deref())?,
    };
    Ok(NewLine {
        external_line_id: wire.order_line_id.clone(),
        sku,
        qty,
        unit_price,
        retail_price: None,
        discount,
        tax: taxes(draft, wire.taxes.as_deref())?,
        shipping: Some(shipping),
        pack: None,
    })
}
