//! The live view: how far the orders are, figure by figure.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Instant;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::ink::mark;

/// A figure of a report and what it is called.
pub(super) type Figure<R> = (&'static str, fn(&R) -> u64);

/// Bars on a terminal; else a line now and then.
pub(super) struct View<R> {
    figures: Vec<Figure<R>>,
    bars: Option<(MultiProgress, Vec<ProgressBar>)>,
    last: Mutex<Option<(Instant, String)>>,
}

impl<R> View<R> {
    /// A bar for each figure, each as long as there are orders.
    pub(super) fn new(orders: usize, figures: Vec<Figure<R>>) -> Self {
        let bars = std::io::stderr().is_terminal().then(|| {
            let all = MultiProgress::new();
            let bar = |(name, _): &Figure<R>| {
                let bar = all.add(ProgressBar::new(orders as u64));
                bar.set_style(style());
                bar.set_prefix(format!("{name:>14}"));
                bar
            };
            let bars = figures.iter().map(bar).collect();
            (all, bars)
        });
        Self {
            figures,
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

    pub(super) fn show(&self, seen: &R) {
        if let Some((_, bars)) = &self.bars {
            for (bar, (_, figure)) in bars.iter().zip(&self.figures) {
                bar.set_position(figure(seen));
            }
            return;
        }
        let told = |(name, figure): &Figure<R>| format!("{name} {:>3}", figure(seen));
        let told: Vec<String> = self.figures.iter().map(told).collect();
        let line = format!("  {}", told.join(" · "));
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
            for bar in bars {
                bar.abandon();
            }
        }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{prefix} {bar:40.green/black} {pos:>4}/{len}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
