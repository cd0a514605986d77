//! Comparing: each order with its sales orders and its run, and the tables with the operator's lists.

use std::time::Duration;

use bluecherry::{OrderStatus, SalesOrder as Booked};
use domain::exception::{Kind, Problem};
use domain::mapping::same_code;
use domain::marketplace::{OrderKey, ShortShip};
use domain::order::State;
use domain::progress::SalesOrder;
use domain::retry::Retry;
use domain::step::Step;
use jiff::tz::Offset;
use ledger::{Finding, Sweep};
use workflows::sweep::{SweepReport, SweepTicket};

use super::runs::Runs;
use super::{Sweeps, report};
use crate::Failure;
use crate::calls::To;
use crate::orders::Situation;
use crate::settings::Shop;

/// Between two look-ups in BlueCherry: twenty a second at most, orders go before.
const PACE: Duration = Duration::from_millis(50);
/// Orders compared between two notes of how far it is.
const PAGE: u32 = 50;
/// An order that fails so often is left to the next sweep.
const ATTEMPTS: u32 = 4;
/// What the findings on the mapping tables are about.
pub(super) const CARRIERS: &str = "carriers.csv";

/// What became of comparing one order.
#[derive(Debug, Default)]
struct Compared {
    looked_up: bool,
    look_again: bool,
    problems: Vec<Problem>,
}

impl Sweeps {
    /// Compares every listed order with BlueCherry, has those looked at again whose own steps repair
    /// them, starts runs that are not there, and holds the tables against the operator's lists.
    ///
    /// One that cannot be compared stops no other: it is skipped, and the next sweep tries again.
    ///
    /// # Errors
    /// What is to be tried again; what was compared is not compared again.
    pub async fn compare_orders(
        &self,
        ticket: &SweepTicket,
        attempt: u32,
        runs: &impl Runs,
    ) -> Result<SweepReport, Failure> {
        let shop = self.shop(&ticket.of)?;
        let ledger = self.ledger();
        let mut sweep = self.sweep_of(ticket).await?;
        if sweep.state == "done" {
            return Ok(report(&sweep));
        }
        loop {
            let order_ids = ledger.to_compare(sweep.id, PAGE).await?;
            if order_ids.is_empty() {
                break;
            }
            for order_id in order_ids {
                let one = self.compare_one(shop, &mut sweep, &order_id, attempt);
                if let Err(failure) = one.await {
                    ledger.note_sweep(&sweep, &[], self.now()).await?;
                    return Err(failure);
                }
            }
            ledger.note_sweep(&sweep, &[], self.now()).await?;
        }
        loop {
            let seen_before = sweep.started_at;
            let (looked_at, taken_up) = self
                .look_at_runs(&ticket.of, seen_before, PAGE, runs)
                .await?;
            sweep.counts.runs += looked_at;
            sweep.counts.taken_up += taken_up;
            ledger.note_sweep(&sweep, &[], self.now()).await?;
            if looked_at < PAGE {
                break;
            }
        }
        self.hold_tables_against_lists(shop, &mut sweep).await?;
        sweep.state = "done".to_owned();
        ledger.note_sweep(&sweep, &[], self.now()).await?;
        Ok(report(&sweep))
    }

    async fn compare_one(
        &self,
        shop: &Shop,
        sweep: &mut Sweep,
        order_id: &str,
        attempt: u32,
    ) -> Result<(), Failure> {
        let about = Finding {
            marketplace: &shop.code,
            subject: order_id,
            is_order: true,
        };
        let key = OrderKey {
            marketplace: shop.code.clone(),
            order_id: order_id.to_owned(),
        };
        let compared = match self.compare(&key).await {
            Ok(compared) => compared,
            Err(failure) if failure.retry == Retry::Never || attempt >= ATTEMPTS => {
                tracing::warn!(order.id = order_id, marketplace = %shop.code, "not compared: {failure}");
                sweep.counts.skipped += 1;
                return Ok(self.ledger().skip_comparing(sweep.id, order_id).await?);
            }
            Err(failure) => return Err(failure),
        };
        if compared.look_again {
            self.ledger().owe_a_look(&key, self.now()).await?;
        }
        let standing = self
            .ledger()
            .compared(sweep.id, &about, &compared.problems, self.now())
            .await?;
        sweep.counts.findings += standing;
        sweep.counts.looked_again += u32::from(compared.look_again);
        if compared.looked_up {
            sweep.counts.looked_up += 1;
            tokio::time::sleep(PACE).await;
        }
        Ok(())
    }

    /// Holds an order against the sales orders under its key. An order that should have none yet is
    /// not looked up.
    async fn compare(&self, key: &OrderKey) -> Result<Compared, Failure> {
        let orders = &self.feeds.orders;
        let Some(row) = self.ledger().order(key).await? else {
            return Ok(Compared::default());
        };
        let state = &row.order.state;
        let may_be_booked = state.is_past_acceptance()
            || state.is_called_off()
            || row.progress.sales_order != SalesOrder::None;
        let at = orders.situation(key).await?;
        let Some(external_po) = row.external_po.as_deref() else {
            return Ok(Compared::default());
        };
        if !row.ours || at.shop.policy.dry_run || !may_be_booked {
            return Ok(Compared::default());
        }
        let mut found = self.look_up(external_po).await?;
        if found.is_empty() && row.progress.sales_order.booked().is_some() {
            // It may be so new that a look-up does not show it yet.
            tokio::time::sleep(orders.site().read_lag).await;
            found = self.look_up(external_po).await?;
        }
        // Units that the house canceled show nowhere else before the rest has left.
        let news = match found.as_slice() {
            [only] => orders.note_unknown_units(&at, only).await?,
            _ => false,
        };
        let at = match news {
            true => orders.situation(key).await?,
            false => at,
        };
        let judged = judged(&at, &found);
        Ok(Compared {
            look_again: judged.look_again || news,
            ..judged
        })
    }

    async fn look_up(&self, external_po: &str) -> Result<Vec<Booked>, Failure> {
        let orders = &self.feeds.orders;
        let admitted = orders.admit(To::BlueCherry, "find_sales_orders").await?;
        let finding = orders.site().binding.find_sales_orders(None, external_po);
        Ok(admitted.send(finding).await?)
    }

    /// Codes in the tables that the operator's lists do not hold, where that is forbidden.
    async fn hold_tables_against_lists(
        &self,
        shop: &Shop,
        sweep: &mut Sweep,
    ) -> Result<(), Failure> {
        let orders = &self.feeds.orders;
        let now = self.now();
        let known = match orders.known_carriers(shop, now).await {
            Ok(known) => known,
            Err(failure) => {
                tracing::warn!(marketplace = %shop.code, "carriers not compared: {failure}");
                sweep.counts.skipped += 1;
                return Ok(());
            }
        };
        let others_allowed = orders
            .allows_other_carriers(shop, now)
            .await
            .unwrap_or(true);
        let today = Offset::UTC.to_datetime(now).date();
        let mapped = orders.connections().mappings().await?;
        let mine = |marketplace: &str| {
            marketplace.trim() == "*" || same_code(marketplace, shop.code.as_str())
        };
        let rows = mapped.tables.carriers.iter();
        let rows = rows.filter(|row| mine(&row.marketplace) && row.valid.on(today));
        let mut problem = Problem::new(Kind::SettingsDrift);
        for row in rows {
            match &row.carrier_code {
                Some(code) if !known.iter().any(|carrier| carrier.code == *code) => {
                    problem = problem.with("carrier_code", code);
                }
                None if !others_allowed => {
                    problem = problem.with("carrier_without_code", &row.erp_carrier);
                }
                _ => {}
            }
        }
        let about = Finding {
            marketplace: &shop.code,
            subject: CARRIERS,
            is_order: false,
        };
        let drifted = !problem.evidence.is_empty();
        let problems = if drifted { vec![problem] } else { vec![] };
        sweep.counts.findings += self
            .ledger()
            .compared(sweep.id, &about, &problems, now)
            .await?;
        Ok(())
    }
}

/// What is to be done about an order and the sales orders under its key.
fn judged(at: &Situation<'_>, found: &[Booked]) -> Compared {
    let (state, progress) = (&at.row.order.state, &at.row.progress);
    let mut compared = Compared {
        looked_up: true,
        ..Compared::default()
    };
    let numbers = |problem: Problem, orders: &[&Booked]| {
        let add = |problem: Problem, order: &&Booked| problem.with("sales_order", &order.ord_num);
        orders.iter().fold(problem, add)
    };
    let all: Vec<&Booked> = found.iter().collect();
    let live: Vec<&Booked> = found.iter().filter(|order| is_live(order)).collect();
    if all.len() > 1 {
        let problem = Problem::new(Kind::DuplicateSalesOrder);
        compared.problems.push(numbers(problem, &all));
    }
    if progress.settled_by_hand || progress.held {
        return compared;
    }
    // What the order's own next step repairs is left to it.
    let repairs = |steps: &[Step]| steps.contains(&at.step());
    if state.is_called_off() {
        let under_way = [Step::CancelSalesOrder, Step::FindSalesOrder];
        if live.is_empty() || matches!(at.step(), Step::Wait(_)) {
            return compared;
        }
        if repairs(&under_way) {
            compared.look_again = true;
        } else {
            let problem = Problem::new(Kind::CancelledOrderBooked);
            compared.problems.push(numbers(problem, &live));
        }
    } else if state.is_past_acceptance() && live.is_empty() {
        let under_way = [
            Step::CreateSalesOrder,
            Step::FindSalesOrder,
            Step::CancelOrder,
        ];
        if repairs(&under_way) {
            compared.look_again = true;
        } else if !all.is_empty() && may_still_ship(state) && !is_settled_by_rule(at) {
            let problem = Problem::new(Kind::CancelledInErp);
            compared.problems.push(numbers(problem, &all));
        } else if all.is_empty() && progress.sales_order.booked().is_some() {
            let booked = progress.sales_order.booked().map(|b| b.number.as_str());
            let problem = Problem::new(Kind::SalesOrderMissing);
            let problem = problem.with("sales_order", booked.unwrap_or_default());
            compared.problems.push(problem);
        }
    }
    compared
}

/// Does the site still mean to do something with it, or has done it?
fn is_live(order: &Booked) -> bool {
    let open = |line: &bluecherry::SalesOrderLine| {
        line.qty_open + line.qty_allocated + line.qty_picked + line.qty_shipped > 0
    };
    order.status != OrderStatus::Cancelled && order.lines.iter().any(open)
}

/// Is an order that the house canceled settled without a person, by refund or cancelation?
fn is_settled_by_rule(at: &Situation<'_>) -> bool {
    at.row.progress.cancelled.is_some() || at.shop.policy.short_ship == ShortShip::Refund
}

fn may_still_ship(state: &State) -> bool {
    state.is_past_acceptance() && !state.is_shipped()
}
