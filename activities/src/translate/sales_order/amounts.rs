//! Every amount as Mirakl has it, and the sums held against Mirakl's own.

use bluecherry::{Charge, Discount, NewLine, PriceBasis, Remitter, Tax, Totals};
use domain::exception::{Kind, Problem};
use domain::{mapping, money};
use rust_decimal::Decimal;

use super::{SalesOrderDraft, mismatch};
use crate::translate::evidence;

pub(super) fn amount(wire: Option<&mirakl::Amount>, field: &str) -> Result<Decimal, Problem> {
    wire.map(|a| a.0).ok_or_else(|| mismatch("missing", field))
}

/// Unit price and discounts that together make the line's price.
pub(super) fn price(
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

pub(super) fn taxes(
    draft: &SalesOrderDraft<'_>,
    wire: Option<&[mirakl::Tax]>,
) -> Result<Vec<Tax>, Problem> {
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
pub(super) fn charges(lines: &[&mirakl::OrderLine]) -> Result<Vec<Charge>, Problem> {
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
pub(super) fn totals(
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
