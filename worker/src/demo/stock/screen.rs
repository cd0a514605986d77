//! The live view of the stock, and the small charts at its end.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use simulators::scenario::{GALERIA, NORDWIND};

use super::market::Seen;
use crate::demo::ink::mark;

/// Columns of a chart.
const WIDTH: usize = 32;
/// From nothing to everything.
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One moment of one item: what could be picked, and what each marketplace showed.
type Moment = [i64; 3];

/// A line an item on a terminal; else a line now and then.
pub(super) struct Screen {
    skus: Vec<String>,
    bars: Option<(MultiProgress, Vec<ProgressBar>)>,
    seen: Mutex<Vec<Vec<Moment>>>,
    last: Mutex<Option<Instant>>,
}

impl Screen {
    pub(super) fn new(skus: Vec<String>) -> Self {
        let bars = std::io::stderr().is_terminal().then(|| {
            let all = MultiProgress::new();
            let style = ProgressStyle::with_template("{msg}")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = |_: &String| all.add(ProgressBar::new(1)).with_style(style.clone());
            let bars = skus.iter().map(bar).collect();
            (all, bars)
        });
        Self {
            seen: Mutex::new(vec![vec![]; skus.len()]),
            skus,
            bars,
            last: Mutex::new(None),
        }
    }

    /// Says something beside the lines.
    pub(super) fn note(&self, line: &str) {
        let line = format!("  {} {line}", mark("!"));
        match &self.bars {
            // A terminal that is gone needs no note.
            Some((all, _)) => drop(all.println(line)),
            None => eprintln!("{line}"),
        }
    }

    pub(super) fn show(&self, now: &[Seen]) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for (all, item) in seen.iter_mut().zip(now) {
            all.push([item.left(), item.shown(NORDWIND), item.shown(GALERIA)]);
        }
        if let Some((_, bars)) = &self.bars {
            for ((bar, all), sku) in bars.iter().zip(seen.iter()).zip(&self.skus) {
                bar.set_message(row(sku, all));
            }
            return;
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|at| at.elapsed().as_secs() >= 3) {
            let sum = |of: fn(&Seen) -> i64| now.iter().map(of).sum::<i64>();
            eprintln!(
                "  can be picked {:>3} · nordwind shows {:>3} · galeria shows {:>3} · sold {:>3} · wholesale {:>2} · oversold {}",
                sum(|s| s.left().max(0)),
                sum(|s| s.shown(NORDWIND)),
                sum(|s| s.shown(GALERIA)),
                sum(|s| s.sold.values().sum()),
                sum(|s| s.wholesale),
                now.iter().map(Seen::oversold).sum::<u64>(),
            );
            *last = Some(Instant::now());
        }
    }

    pub(super) fn finish(&self) {
        if let Some((_, bars)) = &self.bars {
            for bar in bars {
                bar.finish_and_clear();
            }
        }
    }

    /// A line an item: three charts with the last figure of each.
    pub(super) fn chart(&self) -> String {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = self.skus.iter().zip(seen.iter());
        rows.map(|(sku, all)| row(sku, all) + "\n").collect()
    }
}

fn row(sku: &str, all: &[Moment]) -> String {
    let most = all.iter().flatten().copied().max().unwrap_or(0);
    let part = |at: usize| {
        let figures: Vec<i64> = all.iter().map(|moment| moment[at]).collect();
        let last = figures.last().copied().unwrap_or_default();
        format!("{} {last:>3}", spark(&figures, most))
    };
    format!(
        "  {sku:<12} picked {} │ {NORDWIND} {} │ {GALERIA} {}",
        part(0),
        part(1),
        part(2)
    )
}

/// A chart of one line: a column a stretch of time, as high as its last figure.
fn spark(figures: &[i64], most: i64) -> String {
    let columns = WIDTH.min(figures.len());
    let column = |n: usize| {
        let at = (n + 1) * figures.len() / columns - 1;
        let (figure, top) = (figures[at].max(0), most.max(1));
        let level = usize::try_from(figure * 7 / top).unwrap_or_default();
        if figure == 0 {
            ' '
        } else {
            LEVELS[level.min(7)]
        }
    };
    let chart: String = (0..columns).map(column).collect();
    format!("{chart:<WIDTH$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_has_a_column_a_stretch_and_nothing_is_blank() {
        assert_eq!(spark(&[8, 4, 1, 0], 8).trim_end(), "█▄▁");
        assert_eq!(spark(&[], 8).chars().count(), WIDTH);
        let long: Vec<i64> = (0..100).rev().collect();
        let chart = spark(&long, 99);
        assert_eq!(chart.chars().count(), WIDTH);
        assert!(chart.starts_with('▇') && chart.ends_with(' '), "{chart:?}");
        assert_eq!(spark(&[-3], 8).trim_end(), "");
    }
}
