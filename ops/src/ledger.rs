//! `bcm ledger`: bringing a lost ledger back.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Serialize;

use crate::Output;
use crate::render::{Cell, Look, Tone, json, paint, table};

/// Verbs of `bcm ledger`.
#[derive(Debug, Subcommand)]
pub enum LedgerVerb {
    /// Brings an empty ledger back from Mirakl, BlueCherry and Temporal; stop every worker first
    Rebuild(RebuildLedger),
}

/// `bcm ledger rebuild`.
#[derive(Clone, Debug, Default, Args)]
pub struct RebuildLedger {
    /// An export of decisions of another host; one for each. The one of bcm.toml is read anyway.
    #[arg(long, value_name = "FILE")]
    pub export: Vec<PathBuf>,
    /// Reads everything and tells what would come back, in a ledger that is thrown away
    #[arg(long)]
    pub dry_run: bool,
}

/// `bcm ledger rebuild --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RebuildDocument {
    /// Was nothing kept?
    pub dry_run: bool,
    /// Was the ledger rebuilt before, with the same decisions?
    pub nothing_to_do: bool,
    /// When it began, RFC 3339.
    pub began_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// Decisions and erasures put back from exports.
    pub decisions: u64,
    /// Rows that Mirakl's pages had.
    pub rows: u64,
    /// Orders since `take_over_from`.
    pub orders: u64,
    /// Orders that are ours to fulfill.
    pub ours: u64,
    /// Sales orders found.
    pub sales_orders: u64,
    /// Released to the warehouse.
    pub released: u64,
    /// Confirmed as shipped on Mirakl.
    pub shipped: u64,
    /// Accepted by somebody else.
    pub accepted_elsewhere: u64,
    /// With nothing left to do.
    pub over: u64,
    /// Fulfilments of BlueCherry.
    pub shipments: u64,
    /// Returns of both sides, and credit memos.
    pub papers: u64,
    /// Open runs.
    pub open_runs: u64,
    /// Commands that only the histories of open runs remembered.
    pub remembered: u64,
    /// Writes that wait for a person, because nobody knows what became of them.
    pub parked: u64,
    /// Orders with an open run that Mirakl does not show.
    pub not_shown: u64,
    /// Do mapping tables wait for a person's yes?
    pub tables_held: bool,
    /// Feeds over the lost ledger that were ended.
    pub feeds_ended: Vec<String>,
    /// Sweeps and runs of stock that went by the lost ledger and were ended.
    pub runs_ended: Vec<String>,
}

impl RebuildDocument {
    /// Nothing counted yet.
    pub fn new(dry_run: bool, began_at: Timestamp) -> Self {
        Self {
            dry_run,
            nothing_to_do: false,
            began_at,
            finished_at: began_at,
            decisions: 0,
            rows: 0,
            orders: 0,
            ours: 0,
            sales_orders: 0,
            released: 0,
            shipped: 0,
            accepted_elsewhere: 0,
            over: 0,
            shipments: 0,
            papers: 0,
            open_runs: 0,
            remembered: 0,
            parked: 0,
            not_shown: 0,
            tables_held: false,
            feeds_ended: vec![],
            runs_ended: vec![],
        }
    }

    /// What was brought back, and how many of each.
    pub fn counted(&self) -> Vec<(String, u64)> {
        self.figures()
            .map(|(_, what, count)| (what.to_owned(), count))
            .to_vec()
    }

    fn figures(&self) -> [(&'static str, &'static str, u64); 12] {
        [
            ("export", "decisions and erasures", self.decisions),
            ("Mirakl", "orders", self.orders),
            ("", "of them ours", self.ours),
            ("", "shipped", self.shipped),
            ("", "accepted by somebody else", self.accepted_elsewhere),
            ("", "with nothing left to do", self.over),
            ("BlueCherry", "sales orders", self.sales_orders),
            ("", "released", self.released),
            ("", "shipments", self.shipments),
            ("both sides", "returns and credit memos", self.papers),
            ("Temporal", "commands from open runs", self.remembered),
            ("", "writes that wait for a person", self.parked),
        ]
    }

    /// How it is printed.
    pub fn output(&self, look: Look) -> Output {
        if look.json {
            return Output::good(json(self));
        }
        if self.nothing_to_do {
            let done = paint("nothing to do:", Tone::Good, look);
            return Output::good(format!("{done} this ledger is rebuilt already.\n"));
        }
        let row = |(from, what, count): (&str, &str, u64)| {
            let from = Cell::new(from, Tone::Strong);
            vec![from, what.into(), count.to_string().into()]
        };
        let rows = self.figures().map(row).to_vec();
        let mut text = table(&["from", "what", "count"], rows, look);
        for feed in &self.feeds_ended {
            text += &format!(
                "ended {feed}: it filled the lost ledger; the next worker starts it over this one\n"
            );
        }
        for run in &self.runs_ended {
            text += &format!("ended {run}: it went by the lost ledger; the next one looks again\n");
        }
        if self.not_shown > 0 {
            text += &format!(
                "{} orders with an open run are not shown by Mirakl; each is taken up when it shows\n",
                self.not_shown
            );
        }
        if self.tables_held {
            text += "mapping tables still wait for a yes: bcm mappings show\n";
        }
        text += if self.dry_run {
            "dry run: nothing was kept, and nothing ended\n"
        } else {
            "rebuilt: start the workers\n"
        };
        Output::good(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rebuild_tells_where_everything_came_from_and_a_second_one_has_nothing_to_do() {
        let began = Timestamp::UNIX_EPOCH;
        let mut document = RebuildDocument::new(false, began);
        document.decisions = 2;
        document.orders = 10;
        document.sales_orders = 8;
        document.feeds_ended = vec!["feed/nw/orders".to_owned()];
        let text = document.output(Look::default()).text;
        for told in [
            "decisions and erasures",
            "sales orders",
            "ended feed/nw/orders",
            "start the workers",
        ] {
            assert!(text.contains(told), "{text}");
        }
        assert!(document.counted().contains(&("orders".to_owned(), 10)));

        document.nothing_to_do = true;
        let text = document.output(Look::default()).text;
        insta::assert_snapshot!(text, @"nothing to do: this ledger is rebuilt already.");
    }
}
