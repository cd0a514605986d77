//! Customers, warehouse, finance and operator: what they do, by the simulators' control routes.

use anyhow::Context;
use domain::marketplace::MarketplaceCode;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};
use simulators::scenario::GALERIA;
use temporalio_client::Client;
use temporalio_client::schedules::ScheduleOverlapPolicy;
use workflows::ids;

use super::case::{Case, Seen};
use super::lives::{Credit, Deed, Manner};
use crate::config::Config;
use crate::connect;
use crate::demo::rows::{money, rows, text};
use crate::demo::world::World;
use crate::place::Http;

/// Part of the goods that finance keeps as a fee, in percent.
const FEE_PERCENT: i64 = 10;
/// How much more than was paid a wrong credit gives.
const TOO_MUCH: Decimal = Decimal::from_parts(1000, 0, 0, false, 2);

/// Both marketplaces and the ERP, as those outside reach them.
pub(super) struct Outside {
    nordwind: Http,
    galeria: Http,
    erp: Http,
    temporal: Client,
}

impl Outside {
    pub(super) async fn of(world: &World, config: &Config) -> anyhow::Result<Self> {
        Ok(Self {
            nordwind: Http::new(world.nordwind.url())?,
            galeria: Http::new(world.galeria.url())?,
            erp: Http::new(world.erp.url())?,
            temporal: connect::temporal(&config.temporal).await?,
        })
    }

    fn marketplace(&self, name: &str) -> &Http {
        if name == GALERIA {
            &self.galeria
        } else {
            &self.nordwind
        }
    }

    /// The operator confirms every refund of an order.
    pub(super) async fn confirm(&self, case: &Case) -> anyhow::Result<()> {
        let body = json!({ "order_id": case.id });
        let marketplace = self.marketplace(case.marketplace);
        marketplace.post("/_sim/refunds/confirm", &body).await?;
        Ok(())
    }

    /// Does what is next for an order.
    pub(super) async fn act(&self, case: &Case, seen: &Seen<'_>, deed: Deed) -> anyhow::Result<()> {
        let first = first_line(seen)?;
        let marketplace = self.marketplace(case.marketplace);
        let line_id = text(first, "order_line_id");
        let steps = format!("/_sim/orders/{}", case.id);
        match deed {
            Deed::Sweep => {
                let code = MarketplaceCode::new(case.marketplace)?;
                let sweep = self.temporal.get_schedule_handle(ids::sweep(&code));
                // One that is under way may have passed this order already: another follows it.
                let begun = sweep.trigger(ScheduleOverlapPolicy::BufferOne, Default::default());
                begun.await?;
                return Ok(());
            }
            Deed::Pay => {
                marketplace
                    .post(&format!("{steps}/debit"), &json!({}))
                    .await?
            }
            Deed::CallOff => {
                marketplace
                    .post(&format!("{steps}/cancel"), &json!({}))
                    .await?
            }
            Deed::CancelLineInPortal | Deed::CallLineOff => {
                let last = rows(seen.order, "lines").last().context("no line")?;
                let (by, reason) = match deed {
                    Deed::CallLineOff => ("operator", "36"),
                    _ => ("seller", "35"),
                };
                let mut off = whole(last, reason);
                off["currency_iso_code"] = seen.order["currency"].clone();
                let body = json!({ "by": by, "cancelations": [off] });
                marketplace.post("/_sim/cancelations", &body).await?
            }
            Deed::RefundInPortal => {
                let mut refund = whole(first, "19");
                refund["amount"] = json!(unit_price(first));
                refund["shipping_amount"] = json!("0");
                refund["quantity"] = json!(1);
                refund["currency_iso_code"] = seen.order["currency"].clone();
                let body = json!({ "by": "seller", "refunds": [refund] });
                marketplace.post("/_sim/refunds", &body).await?
            }
            Deed::HideFromList | Deed::ShowInList => {
                let step = if deed == Deed::HideFromList {
                    "hold"
                } else {
                    "release"
                };
                let body = json!({ "key": case.id });
                marketplace.post(&format!("/_sim/{step}"), &body).await?
            }
            Deed::OpenIncident | Deed::CloseIncident => {
                let end = if deed == Deed::OpenIncident {
                    ""
                } else {
                    "/close"
                };
                let body = json!({ "order_id": case.id, "order_line_id": line_id });
                let path = format!("/_sim/incidents{end}");
                marketplace.post(&path, &body).await?
            }
            Deed::SendBack(units, reason) => {
                let body = wish(seen, units, reason);
                marketplace.post("/_sim/returns", &body).await?
            }
            Deed::OperatorGivesUp => {
                let id = seen.returns.first().map(|row| text(row, "id"));
                let path = format!("/_sim/returns/{}/no-reception", id.context("no return")?);
                marketplace.post(&path, &json!({})).await?
            }
            _ => self.act_at_erp(seen, first, deed).await?,
        };
        Ok(())
    }

    async fn act_at_erp(
        &self,
        seen: &Seen<'_>,
        first: &Value,
        deed: Deed,
    ) -> anyhow::Result<Value> {
        let line_id = text(first, "order_line_id");
        let number = seen.sales_order.map(|so| text(so, "ord_num"));
        let number = number.context("no sales order")?;
        let unit = |qty: i64| json!([{ "external_line_id": line_id, "qty": qty }]);
        let ra_number = || {
            let ra_number = seen
                .authorizations
                .first()
                .map(|row| text(row, "ra_number"));
            ra_number.context("no authorization")
        };
        let credit_no = || {
            let credit_no = seen.memos.first().map(|row| text(row, "credit_no"));
            credit_no.context("no credit memo")
        };
        let (path, body) = match deed {
            Deed::HouseCancelUnpaid | Deed::HouseCancelPaid => {
                let body = json!({ "ord_num": number, "lines": unit(1) });
                ("/_sim/cancel".to_owned(), body)
            }
            Deed::ShipOne => {
                let parcels = json!([{ "lines": unit(1) }]);
                let body = json!({ "ord_num": number, "parcels": parcels, "final": false });
                ("/_sim/shipments".to_owned(), body)
            }
            Deed::ShipRest { parcels, short } => {
                let mut body = json!({ "ord_num": number, "parcels": vec![json!({}); parcels] });
                if short > 0 {
                    body["short"] = unit(short);
                }
                ("/_sim/shipments".to_owned(), body)
            }
            Deed::Arrive(dispositions) => {
                let mut body = json!({ "ra_number": ra_number()? });
                if !dispositions.is_empty() {
                    let piece = |word: &&str| json!({ "external_line_id": line_id, "qty": 1, "disposition": word });
                    body["lines"] = dispositions.iter().map(piece).collect();
                }
                ("/_sim/returns/receive".to_owned(), body)
            }
            Deed::ArriveUnannounced => {
                let body = json!({ "ord_num": number, "lines": unit(1) });
                ("/_sim/returns/receive".to_owned(), body)
            }
            Deed::GiveUpWaiting => {
                let body = json!({ "ra_number": ra_number()?, "no_reception": true });
                ("/_sim/returns/receive".to_owned(), body)
            }
            Deed::CreditWhatCame => {
                let body = json!({ "ra_number": ra_number()? });
                ("/_sim/credit-memos".to_owned(), body)
            }
            Deed::Credit(credit) => {
                let body = memo(seen, first, credit, number);
                ("/_sim/credit-memos".to_owned(), body)
            }
            Deed::Post | Deed::Repeat | Deed::Void => {
                let step = match deed {
                    Deed::Post => "post",
                    Deed::Repeat => "repeat",
                    _ => "void",
                };
                let path = format!("/_sim/credit-memos/{}/{step}", credit_no()?);
                (path, json!({}))
            }
            other => anyhow::bail!("{other:?} is nothing that the ERP's people do"),
        };
        self.erp.post(&path, &body).await
    }
}

fn first_line<'a>(seen: &Seen<'a>) -> anyhow::Result<&'a Value> {
    rows(seen.order, "lines")
        .first()
        .context("the order has no line")
}

/// Everything of a line, as a refund or a cancelation names it.
fn whole(line: &Value, reason: &str) -> Value {
    json!({
        "order_line_id": line["order_line_id"],
        "amount": line["price"],
        "shipping_amount": line["shipping_price"],
        "quantity": line["quantity"],
        "reason_code": reason,
    })
}

/// The customer's wish: so many units of the first line, or everything.
fn wish(seen: &Seen<'_>, units: u32, reason: &str) -> Value {
    let all = rows(seen.order, "lines");
    let lines = if units == 0 {
        all
    } else {
        &all[..all.len().min(1)]
    };
    let line = |line: &Value| {
        let quantity = match units {
            0 => line["quantity"].clone(),
            units => json!(units),
        };
        json!({ "order_line_id": line["order_line_id"], "quantity": quantity, "reason_code": reason })
    };
    json!({
        "order_commercial_id": seen.order["commercial_id"],
        "method_code": "RETURN_METHOD_BY_MAIL",
        "return_lines": lines.iter().map(line).collect::<Vec<_>>(),
    })
}

/// A credit memo, its tax in the same proportion to the price as on the order.
fn memo(seen: &Seen<'_>, first: &Value, credit: Credit, number: &str) -> Value {
    let (price, sold) = (money(&first["price"]), money(&first["quantity"]));
    let part = cents(price * Decimal::from(credit.units) / sold.max(Decimal::ONE));
    let goods = match credit.manner {
        Manner::TooMuch => price + TOO_MUCH,
        _ => part,
    };
    let fee = match credit.manner {
        Manner::DraftLessFee => cents(part * Decimal::new(FEE_PERCENT, 2)),
        _ => Decimal::ZERO,
    };
    let taxes = rows(first, "taxes").iter();
    let tax: Decimal = taxes
        .map(|tax| cents(money(&tax["amount"]) * (goods - fee) / price.max(Decimal::ONE)))
        .sum();
    let mut line = json!({
        "external_line_id": first["order_line_id"],
        "qty": credit.units,
        "goods": goods.to_string(),
        "shipping": "0",
        "tax": tax.to_string(),
    });
    if !fee.is_zero() {
        line["restocking_fee"] = json!(fee.to_string());
    }
    let mut memo = json!({ "ord_num": number, "lines": [line] });
    // The goods' own authorization, where there is one.
    if let Some(returned) = seen.authorizations.first() {
        memo["ra_number"] = returned["ra_number"].clone();
    }
    match credit.manner {
        Manner::Plain | Manner::TooMuch => {}
        Manner::DraftLessFee => memo["status"] = json!("draft"),
        Manner::ForeignCurrency => memo["currency"] = json!("CHF"),
        Manner::WithStranger => {
            let id = format!("{}-9", text(seen.order, "order_id"));
            let stranger = json!({
                "external_line_id": id, "qty": 1, "goods": "10.00", "shipping": "0", "tax": "0",
            });
            memo["lines"] = json!([line, stranger]);
        }
    }
    memo
}

fn unit_price(line: &Value) -> String {
    let sold = money(&line["quantity"]).max(Decimal::ONE);
    cents(money(&line["price"]) / sold).to_string()
}

fn cents(exact: Decimal) -> Decimal {
    exact.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}
