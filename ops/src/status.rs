//! `bcm status`: everything on one screen.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::Args;
use domain::deadline::Level;
use domain::exception::{Kind, Owner};
use jiff::Timestamp;
use serde::Serialize;

use crate::feeds::{self, FeedItem};
use crate::gates::{self, ClosedCallItem, GateItem};
use crate::render::{Cell, Look, Tone, count, json, paint, source, table};
use crate::stock::{self, MarketplaceStock};
use crate::{Output, Surroundings};

/// `bcm status`.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Status {}

/// `bcm status --json`.
#[derive(Clone, Debug, Serialize)]
pub struct StatusDocument {
    /// Whose answer it is: `ledger`.
    pub source: &'static str,
    /// Of when, RFC 3339.
    pub as_of: Timestamp,
    /// Our orders, finished ones too, by stage.
    pub orders: BTreeMap<String, u64>,
    /// Orders with a deadline, by the part of its window that is gone: `calm`, `50`, `75`, `90`,
    /// `overdue`.
    pub due: BTreeMap<&'static str, u64>,
    /// Open exceptions by owner and kind, all that have any.
    pub exceptions: Vec<OpenExceptions>,
    /// Feeds, by name.
    pub feeds: Vec<FeedItem>,
    /// Systems that nobody calls now.
    pub gates: Vec<GateItem>,
    /// Calls that wait.
    pub closed_calls: Vec<ClosedCallItem>,
    /// Stock of each marketplace that publishes it, without its offers.
    pub stock: Vec<MarketplaceStock>,
    /// Calls whose outcome is not known yet.
    pub open_intents: u64,
    /// Orders that somebody else accepted before we could.
    pub accepted_elsewhere: u64,
    /// Messages that cannot be read.
    pub unreadable: u64,
}

/// Open exceptions of one kind.
#[derive(Clone, Debug, Serialize)]
pub struct OpenExceptions {
    /// Whose they are.
    pub owner: Owner,
    /// What happened.
    pub kind: Kind,
    /// How many.
    pub count: u64,
}

impl Status {
    /// Tells.
    ///
    /// # Errors
    /// The ledger's.
    pub async fn run(self, surroundings: &Surroundings) -> Result<Output> {
        let counts = surroundings.ledger.counts().await?;
        let open = counts.exceptions.into_iter();
        let mut exceptions: Vec<OpenExceptions> = open
            .map(|(kind, owner, count)| OpenExceptions { owner, kind, count })
            .collect();
        exceptions.sort_by_key(|e| (e.owner, e.kind));
        let (ledger, now) = (&surroundings.ledger, surroundings.now);
        let (gates, closed_calls) = gates::items(ledger, now).await?;
        let due = ledger.due_counts(now).await?;
        let document = StatusDocument {
            due: due.iter().map(|(level, n)| (level.as_str(), *n)).collect(),
            source: "ledger",
            as_of: surroundings.now,
            orders: counts.by_stage,
            exceptions,
            feeds: feeds::items(&surroundings.ledger).await?,
            gates,
            closed_calls,
            stock: stock::summary(surroundings).await?,
            open_intents: counts.open_intents,
            accepted_elsewhere: counts.accepted_elsewhere,
            unreadable: counts.unreadable,
        };
        Ok(Output::good(document.render(surroundings.look())))
    }
}

impl StatusDocument {
    fn render(&self, look: Look) -> String {
        if look.json {
            return json(self);
        }
        let heading = |text: &str| format!("{}\n", paint(text, Tone::Strong, look));
        let n: u64 = self.orders.values().sum();
        let mut text = heading(&match n {
            0 => "No orders yet".to_owned(),
            n => count(n, "order", "orders"),
        });
        if n > 0 {
            let row = |(stage, n): (&String, &u64)| vec![stage.into(), n.to_string().into()];
            text += &table(
                &["stage", "orders"],
                self.orders.iter().map(row).collect(),
                look,
            );
        }
        text += &self.due(look);
        text += "\n";
        text += &self.exceptions(look);
        text += "\n";
        text += &heading(if self.feeds.is_empty() {
            "No feed has run yet"
        } else {
            "Feeds"
        });
        text += &feeds::rows(&self.feeds, self.as_of, look);
        if !self.stock.is_empty() {
            text += &format!("\n{}", heading("Stock"));
            text += &stock::rows(&self.stock, self.as_of, look);
        }
        text += &gates::rows(&self.gates, &self.closed_calls, self.as_of, look);
        let footer = format!(
            "{} · {} · {} · {}",
            count(
                self.open_intents,
                "call with an open outcome",
                "calls with an open outcome"
            ),
            count(
                self.accepted_elsewhere,
                "order accepted elsewhere",
                "orders accepted elsewhere"
            ),
            count(self.unreadable, "unreadable message", "unreadable messages"),
            source(self.as_of)
        );
        format!("{text}\n{}\n", paint(&footer, Tone::Faint, look))
    }

    /// Nothing while every deadline is far.
    fn due(&self, look: Look) -> String {
        let n = |level: Level| self.due.get(level.as_str()).copied().unwrap_or(0);
        let tones = [
            (Level::Half, Tone::Plain),
            (Level::ThreeQuarters, Tone::Warning),
            (Level::NineTenths, Tone::Bad),
            (Level::Overdue, Tone::Bad),
        ];
        let near: u64 = tones.iter().map(|(level, _)| n(*level)).sum();
        if near == 0 {
            return String::new();
        }
        let row = |(level, tone): (Level, Tone)| {
            let gone = match level {
                Level::Overdue => "overdue".to_owned(),
                level => format!("{} % or more gone", level.percent()),
            };
            let tone = if n(level) == 0 { Tone::Faint } else { tone };
            vec![gone.into(), Cell::new(n(level).to_string(), tone)]
        };
        let title = count(
            near,
            "order near its deadline",
            "orders near their deadline",
        );
        let title = paint(&title, Tone::Strong, look);
        let rows = tones.map(row).into();
        format!("\n{title}\n{}", table(&["deadline", "orders"], rows, look))
    }

    fn exceptions(&self, look: Look) -> String {
        let mut owners: BTreeMap<Owner, (u64, Vec<String>)> = BTreeMap::new();
        for open in &self.exceptions {
            let (n, kinds) = owners.entry(open.owner).or_default();
            *n += open.count;
            kinds.push(format!("{} {}", open.count, open.kind));
        }
        let n: u64 = owners.values().map(|(n, _)| n).sum();
        if n == 0 {
            return format!("{}\n", paint("Nothing needs a person", Tone::Good, look));
        }
        let title = count(n, "open exception", "open exceptions");
        let row = |(owner, (n, kinds)): (Owner, (u64, Vec<String>))| {
            let n = Cell::new(n.to_string(), Tone::Warning);
            vec![owner.as_str().into(), n, kinds.join(", ").into()]
        };
        let rows = owners.into_iter().map(row).collect();
        format!(
            "{}\n{}",
            paint(&title, Tone::Strong, look),
            table(&["owner", "open", "kinds"], rows, look)
        )
    }
}
