//! `bcm orders list`.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::Args;
use domain::exception::{Kind, Owner};
use domain::marketplace::MarketplaceCode;
use jiff::Timestamp;
use ledger::{OrderFilter, OrderListed};
use serde::Serialize;

use crate::render::{Cell, Look, Tone, count, due, json, or_dash, paint, source, table};
use crate::{Output, Surroundings, words};

/// `bcm orders list`: all that are not finished, unless told otherwise.
#[derive(Clone, Debug, Args)]
pub struct ListOrders {
    /// Of this marketplace only
    #[arg(long, value_parser = words::marketplace)]
    pub marketplace: Option<MarketplaceCode>,
    /// In this stage only
    #[arg(long, value_parser = words::stages())]
    pub stage: Option<String>,
    /// Only those that need a person
    #[arg(long)]
    pub blocked: bool,
    /// Order ID or sales order number contains this
    #[arg(long)]
    pub text: Option<String>,
    /// The finished ones too, and those that are not ours
    #[arg(long)]
    pub all: bool,
    /// The nearest deadline first
    #[arg(long)]
    pub due: bool,
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
}

/// `bcm orders list --json`.
#[derive(Clone, Debug, Serialize)]
pub struct OrdersDocument {
    /// Whose answer it is: `ledger`.
    pub source: &'static str,
    /// Of when, RFC 3339.
    pub as_of: Timestamp,
    /// The last sold first, or with `--due` the nearest deadline first.
    pub orders: Vec<OrderItem>,
    /// Were there more than `--limit` allows?
    pub more: bool,
}

/// One order of the list.
#[derive(Clone, Debug, Serialize)]
pub struct OrderItem {
    /// Marketplace code.
    pub marketplace: MarketplaceCode,
    /// Mirakl's order ID.
    pub order_id: String,
    /// Stage, in a word.
    pub stage: String,
    /// What it waits for, in a word; null while it works.
    pub waits_for: Option<String>,
    /// BlueCherry's number, once it exists.
    pub sales_order: Option<String>,
    /// Kind of the open problem.
    pub problem: Option<Kind>,
    /// Who has to act.
    pub owner: Option<Owner>,
    /// By when the stage should be over, RFC 3339.
    pub due: Option<Timestamp>,
    /// How much of the time until then is gone, 0 to 4: half, three quarters, nine tenths, all.
    pub level: i64,
    /// When it was sold, RFC 3339.
    pub created_at: Timestamp,
    /// Total as Mirakl shows it, a decimal as text.
    pub total: String,
    /// ISO 4217.
    pub currency: String,
    /// Is its run over?
    pub finished: bool,
}

impl OrderItem {
    fn of(listed: OrderListed, now: Timestamp) -> Self {
        // The window as last seen is newer than the decision that named a deadline.
        let window = listed.window.filter(|_| !listed.finished);
        Self {
            marketplace: listed.key.marketplace,
            order_id: listed.key.order_id,
            stage: listed.stage,
            waits_for: listed.waits_for,
            sales_order: listed.sales_order,
            problem: listed.blocked_on,
            owner: listed.owner,
            due: window.map(|window| window.due).or(listed.deadline),
            level: window.map_or(0, |window| window.level(now).number()),
            created_at: listed.created_at,
            total: listed.total,
            currency: listed.currency,
            finished: listed.finished,
        }
    }
}

impl ListOrders {
    /// Lists.
    ///
    /// # Errors
    /// The ledger's.
    pub async fn run(self, surroundings: &Surroundings) -> Result<Output> {
        let filter = OrderFilter {
            marketplace: self.marketplace,
            stage: self.stage,
            blocked_only: self.blocked,
            text: self.text,
            include_finished: self.all,
            by_deadline: self.due,
        };
        // One more than asked for tells whether there are more.
        let asked = self.limit.saturating_add(1);
        let mut listed = surroundings.ledger.list_orders(&filter, asked).await?;
        let more = listed.len() > self.limit as usize;
        listed.truncate(self.limit as usize);
        let document = OrdersDocument {
            source: "ledger",
            as_of: surroundings.now,
            orders: listed
                .into_iter()
                .map(|listed| OrderItem::of(listed, surroundings.now))
                .collect(),
            more,
        };
        Ok(Output::good(document.render(surroundings.look())))
    }
}

impl OrdersDocument {
    fn render(&self, look: Look) -> String {
        if look.json {
            return json(self);
        }
        let now = self.as_of;
        let row = |order: &OrderItem| {
            // The deadline of an order that is over is nobody's worry.
            let deadline = order.due.filter(|_| !order.finished);
            let problem = order.problem.map_or(or_dash(None::<&str>), |kind| {
                Cell::new(kind.as_str(), Tone::Warning)
            });
            vec![
                Cell::from(&order.order_id),
                order.marketplace.as_str().into(),
                order.stage.as_str().into(),
                or_dash(order.waits_for.as_deref()),
                or_dash(order.sales_order.as_deref()),
                problem,
                or_dash(order.owner.map(Owner::as_str)),
                due(deadline, now),
                format!("{} {}", order.total, order.currency).into(),
            ]
        };
        let headers = [
            "order",
            "marketplace",
            "stage",
            "waits for",
            "sales order",
            "problem",
            "owner",
            "due",
            "total",
        ];
        let rows: Vec<Vec<Cell>> = self.orders.iter().map(row).collect();
        let rows = if rows.is_empty() {
            String::new()
        } else {
            table(&headers, rows, look)
        };
        format!("{rows}{}\n", paint(&self.footer(), Tone::Faint, look))
    }

    fn footer(&self) -> String {
        let mut stages: BTreeMap<&str, u64> = BTreeMap::new();
        for order in &self.orders {
            *stages.entry(&order.stage).or_default() += 1;
        }
        let mut parts = vec![match self.orders.len() as u64 {
            0 => "No order".to_owned(),
            n if self.more => format!("The first {n} orders, more with --limit"),
            n => count(n, "order", "orders"),
        }];
        if !stages.is_empty() {
            let stages = stages.iter().map(|(stage, n)| format!("{n} {stage}"));
            parts.push(stages.collect::<Vec<_>>().join(", "));
        }
        let blocked = self.orders.iter().filter(|o| o.problem.is_some()).count();
        if blocked > 0 {
            parts.push(count(blocked as u64, "needs a person", "need a person"));
        }
        parts.push(source(self.as_of));
        parts.join(" · ")
    }
}
