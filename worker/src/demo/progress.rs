//! The live view: how far the orders are.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Instant;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::ink::mark;
use super::report::Report;

/// Bars on a terminal; else a line now and then.
pub(super) struct View {
    bars: Option<(MultiProgress, [(ProgressBar, Figure); 5])>,
    last: Mutex<Option<(Instant, String)>>,
}

type Figure = fn(&Report) -> u64;

impl View {
    pub(super) fn new(orders: usize) -> Self {
        let bars = std::io::stderr().is_terminal().then(|| {
            let all = MultiProgress::new();
            let rows: [(&str, Figure); 5] = [
                ("seen", |r| r.seen),
                ("sales order", |r| r.sales_orders),
                ("accepted", |r| r.accepted),
                ("at their end", |r| r.ended),
                ("need a person", |r| r.exceptions_open),
            ];
            let bars = rows.map(|(name, figure)| {
                let bar = all.add(ProgressBar::new(orders as u64));
                bar.set_style(style());
                bar.set_prefix(format!("{name:>14}"));
                (bar, figure)
            });
            (all, bars)
        });
        Self {
            bars,
            last: Mutex::new(None),
        }
    }

    /// Says something beside the bars.
    pub(super) fn note(&self, line: &str) {
        let line = format!("  {} {line}", mark("!"));
        match &self.bars {
            // A terminal that is gone needs no note.
            Some((all, _)) => drop(all.println(line)),
            None => eprintln!("{line}"),
        }
    }

    pub(super) fn show(&self, seen: &Report) {
        if let Some((_, bars)) = &self.bars {
            for (bar, figure) in bars {
                bar.set_position(figure(seen));
            }
            return;
        }
        let line = format!(
            "  seen {:>3} · sales orders {:>3} · accepted {:>3} · at their end {:>3} · need a person {:>2}",
            seen.seen, seen.sales_orders, seen.accepted, seen.ended, seen.exceptions_open
        );
        let mut last = self
            .last
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let due = last
            .as_ref()
            .is_none_or(|(at, said)| *said != line && at.elapsed().as_secs() >= 2);
        if due {
            eprintln!("{line}");
            *last = Some((Instant::now(), line));
        }
    }

    pub(super) fn finish(&self) {
        if let Some((_, bars)) = &self.bars {
            for (bar, _) in bars {
                bar.abandon();
            }
        }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{prefix} {bar:40.green/black} {pos:>4}/{len}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
