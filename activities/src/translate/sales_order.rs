//! Mirakl's order to a BlueCherry sales order, to the cent.

use bluecherry::{
    Charge, Discount, Hold, NewLine, NewSalesOrder, PriceBasis, Remitter, Shipping, Tax, Totals,
};
use domain::exception::{Kind, Problem};
use domain::mapping::{self, Mappings};
use domain::money;
use domain::progress::Corrections;
use jiff::civil::Date;
use jiff::{SignedDuration, ToSpan, tz::TimeZone};
use mirakl::TaxMode;
use rust_decimal::Decimal;

use super::evidence;

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
        ship_by_deadline: order.ship_by,
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
            Some(row) => divisions.push(row.division.trim()),
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
                .map(|row| row.sku.clone())
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

fn amount(wire: Option<&mirakl::Amount>, field: &str) -> Result<Decimal, Problem> {
    wire.map(|a| a.0).ok_or_else(|| mismatch("missing", field))
}

/// Unit price and discounts that together make the line's price.
fn price(
    draft: &SalesOrderDraft<'_>,
    wire: &mirakl::OrderLine,
    qty: u32,
) -> Result<(Decimal, Vec<Discount>), Problem> {
    let total = amount(wire.price.as_ref(), "order_lines.price")?;
    let unit = amount(wire.price_unit.as_ref(), "order_lines.price_unit")?;
    let pieces = Decimal::from(qty);
    let promotions = wire.promotions.as_deref().unwrap_or_default();
    let deduced = money::sum(
        promotions
            .iter()
            .filter_map(|p| p.deduced_amount.as_ref().map(|a| a.0)),
    )
    .ok_or_else(|| mismatch("promotions", "too large"))?;
    let origin = wire.origin_unit_price.as_ref().map_or(unit, |a| a.0);
    let times = |unit: Decimal| unit.checked_mul(pieces);
    if !deduced.is_zero() && times(origin).and_then(|g| g.checked_sub(deduced)) == Some(total) {
        return Ok((origin, discounts(draft, promotions)?));
    }
    if times(unit) == Some(total) {
        return Ok((unit, vec![]));
    }
    Err(mismatch("line", evidence(&wire.order_line_id))
        .with("price", total)
        .with("price_unit", unit)
        .with("quantity", qty)
        .with("deduced", deduced))
}

fn discounts(
    draft: &SalesOrderDraft<'_>,
    promotions: &[mirakl::Promotion],
) -> Result<Vec<Discount>, Problem> {
    let discount = |p: &mirakl::Promotion| {
        let id = p.id.as_deref().unwrap_or_default();
        let row = draft
            .mappings
            .allowance(draft.marketplace, id)
            .ok_or_else(|| Problem::new(Kind::UnmappedAllowance).with("promotion", evidence(id)))?;
        let amount = amount(p.deduced_amount.as_ref(), "promotions.deduced_amount")?;
        Ok(Discount {
            allowance_code: row.allowance_code.clone(),
            amount,
        })
    };
    promotions.iter().map(discount).collect()
}

fn taxes(draft: &SalesOrderDraft<'_>, wire: Option<&[mirakl::Tax]>) -> Result<Vec<Tax>, Problem> {
    let tax = |t: &mirakl::Tax| {
        let code = t.code.as_deref().unwrap_or_default();
        let row = draft
            .mappings
            .tax(draft.marketplace, code)
            .ok_or_else(|| Problem::new(Kind::UnmappedTax).with("tax_code", evidence(code)))?;
        let remitter = match row.remitter {
            mapping::Remitter::Marketplace => Remitter::Marketplace,
            mapping::Remitter::Seller => Remitter::Seller,
        };
        let amount = amount(t.amount.as_ref(), "taxes.amount")?;
        let rate = t.rate.as_ref().map(|r| r.0);
        Ok(Tax {
            code: row.erp_tax_code.clone(),
            rate,
            amount,
            remitter,
        })
    };
    wire.unwrap_or_default().iter().map(tax).collect()
}

/// Customer fees become charges, one a code.
fn charges(lines: &[&mirakl::OrderLine]) -> Result<Vec<Charge>, Problem> {
    let mut charges: Vec<Charge> = vec![];
    for fee in lines
        .iter()
        .flat_map(|l| l.fees.as_deref().unwrap_or_default())
    {
        let code = fee.code.clone().unwrap_or_default();
        let amount = amount(fee.amount.as_ref(), "fees.amount")?;
        match charges.iter_mut().find(|c| c.code == code) {
            Some(charge) => {
                charge.amount = money::sum([charge.amount, amount])
                    .ok_or_else(|| mismatch("fees", "too large"))?;
            }
            None => charges.push(Charge { code, amount }),
        }
    }
    Ok(charges)
}

/// Adds up the sales order, and holds it against Mirakl's own sums.
fn totals(
    draft: &SalesOrderDraft<'_>,
    basis: PriceBasis,
    open: &[&mirakl::OrderLine],
    lines: &[NewLine],
    charges: &[Charge],
) -> Result<Totals, Problem> {
    let sum = |name: &str, amounts: &mut dyn Iterator<Item = Decimal>| {
        money::sum(amounts).ok_or_else(|| mismatch(name, "too large"))
    };
    let goods = |l: &NewLine| l.unit_price.checked_mul(Decimal::from(l.qty));
    let goods = lines
        .iter()
        .map(goods)
        .collect::<Option<Vec<_>>>()
        .and_then(money::sum);
    let goods = goods.ok_or_else(|| mismatch("goods", "too large"))?;
    let discounts = lines.iter().flat_map(|l| &l.discount);
    let discount = sum("discount", &mut discounts.map(|d| d.amount))?;
    let shippings = || lines.iter().filter_map(|l| l.shipping.as_ref());
    let shipping = sum("shipping", &mut shippings().map(|s| s.amount))?;
    let taxes = lines
        .iter()
        .flat_map(|l| &l.tax)
        .chain(shippings().flat_map(|s| &s.tax));
    let tax = sum("tax", &mut taxes.map(|t| t.amount))?;
    let charged = sum("charges", &mut charges.iter().map(|c| c.amount))?;
    let before_tax = sum(
        "total",
        &mut [goods, -discount, shipping, charged].into_iter(),
    )?;
    let grand = match basis {
        PriceBasis::Net => sum("total", &mut [before_tax, tax].into_iter())?,
        PriceBasis::Gross => before_tax,
    };
    for (name, amount) in [
        ("grand", grand),
        ("tax", tax),
        ("goods", goods),
        ("discount", discount),
        ("shipping", shipping),
        ("charges", charged),
    ] {
        if !money::is_bookable(amount, &draft.order.currency) {
            return Err(mismatch(name, amount).with("currency", &draft.order.currency));
        }
    }
    let wire = draft.wire;
    let lines_total = money::sum(
        open.iter()
            .filter_map(|l| l.total_price.as_ref().map(|t| t.0)),
    )
    .ok_or_else(|| mismatch("total_price", "too large"))?;
    let whole = wire
        .order_lines
        .as_ref()
        .is_some_and(|all| all.len() == open.len());
    let theirs = match (&wire.total_price, whole) {
        (Some(total), true) => total.0,
        (None, true) => return Err(mismatch("missing", "total_price")),
        (_, false) => lines_total,
    };
    if theirs != before_tax || lines_total != before_tax {
        return Err(mismatch("mirakl_total_price", theirs)
            .with("mirakl_lines_total", lines_total)
            .with("sales_order_before_tax", before_tax));
    }
    Ok(Totals {
        goods,
        shipping,
        tax,
        discount,
        grand,
    })
}

#[cfg(test)]
mod tests;
