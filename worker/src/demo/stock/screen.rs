//! The live view: a line for each item, with what is shown over time.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::super::ink::{bad, bold};
use super::plan::Hot;
use super::report::{ItemNow, OfferNow};

/// Characters of a chart.
const CHART: usize = 28;
/// Steps of one character, from nothing to everything.
const STEPS: [char; 9] = ['·', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Between two tables where there is no terminal.
const TABLE: Duration = Duration::from_secs(5);

/// Lines that are drawn again on a terminal; else a table now and then.
pub(super) struct Screen {
    bars: Option<(MultiProgress, Vec<ProgressBar>)>,
    /// What both marketplaces showed together at each look, by item.
    shown: Vec<Vec<i64>>,
    last: Option<Instant>,
}

impl Screen {
    pub(super) fn new(hot: &[Hot]) -> Self {
        let bars = std::io::stderr().is_terminal().then(|| {
            let all = MultiProgress::new();
            let line = |_| {
                let bar = all.add(ProgressBar::new_spinner());
                let style = ProgressStyle::with_template("{msg}");
                bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
                bar
            };
            // Two lines of heading.
            let lines = (0..hot.len() + 2).map(line).collect();
            (all, lines)
        });
        Self {
            bars,
            shown: vec![vec![]; hot.len()],
            last: None,
        }
    }

    pub(super) fn show(&mut self, items: &[ItemNow], elapsed: Duration) {
        for (shown, item) in self.shown.iter_mut().zip(items) {
            shown.push(item.nordwind.shows + item.galeria.shows);
        }
        let is_due = self.last.is_none_or(|last| last.elapsed() >= TABLE);
        if self.bars.is_some() || is_due {
            self.draw(items, elapsed);
            self.last = Some(Instant::now());
        }
    }

    pub(super) fn finish(&mut self, items: &[ItemNow], elapsed: Duration) {
        self.draw(items, elapsed);
        if let Some((_, bars)) = &self.bars {
            for bar in bars {
                bar.abandon();
            }
        }
    }

    fn draw(&self, items: &[ItemNow], elapsed: Duration) {
        let lines = lines(items, &self.shown, elapsed);
        match &self.bars {
            Some((_, bars)) => {
                for (bar, line) in bars.iter().zip(lines) {
                    bar.set_message(line);
                }
            }
            None => eprintln!("{}\n", lines.join("\n")),
        }
    }
}

/// The table: two lines of heading, then a line for each item.
fn lines(items: &[ItemNow], shown: &[Vec<i64>], elapsed: Duration) -> Vec<String> {
    let time = format!("second {}", elapsed.as_secs());
    let mut lines = vec![
        bold(format!(
            "  {time:<14}{:<CHART$}   {:^17}   {:^17}        BlueCherry",
            "on offer, both shops", "nordwind", "galeria"
        )),
        format!(
            "  {:<14}{:<CHART$}   {HEAD}   {HEAD}   left picked oversold",
            "", ""
        ),
    ];
    for (item, shown) in items.iter().zip(shown) {
        let oversold = match item.oversold {
            0 => format!("{:>8}", 0),
            units => bad(format!("{units:>8}")),
        };
        lines.push(format!(
            "  {:<14}{}   {}   {}   {:>4} {:>6} {oversold}",
            item.sku,
            chart(shown, item.opening),
            offer(&item.nordwind),
            offer(&item.galeria),
            item.can_be_promised,
            item.picked,
        ));
    }
    lines
}

const HEAD: &str = "should sent shows";

fn offer(offer: &OfferNow) -> String {
    let units = |units: Option<i64>| units.map_or_else(|| "–".to_owned(), |n| n.to_string());
    let (wanted, sent) = (units(offer.wanted), units(offer.sent));
    format!("{wanted:>6} {sent:>4} {:>5}", offer.shows)
}

/// A line of characters over time, oldest first. All looks fit in: of several in one character the
/// newest counts.
fn chart(shown: &[i64], most: i64) -> String {
    let height = |units: i64| {
        let top = i64::try_from(STEPS.len()).unwrap_or(1) - 1;
        let step = ((units.max(0) * top + most.max(1) - 1) / most.max(1)).min(top);
        STEPS[usize::try_from(step).unwrap_or(0)]
    };
    let width = shown.len().clamp(1, CHART);
    let drawn: String = (1..=width.min(shown.len()))
        .map(|n| height(shown[n * shown.len() / width - 1]))
        .collect();
    format!("{drawn:<CHART$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_goes_from_full_to_nothing_and_keeps_its_width() {
        assert_eq!(chart(&[], 8), " ".repeat(CHART));
        assert_eq!(chart(&[8, 4, 1, 0], 8).trim_end(), "█▄▁·");
        let long: Vec<i64> = (0..=280).rev().collect();
        let drawn = chart(&long, 280);
        assert_eq!(drawn.chars().count(), CHART);
        assert!(drawn.starts_with('█') && drawn.ends_with('·'));
    }

    #[test]
    fn an_offer_stands_below_its_heading_and_what_is_unknown_is_a_dash() {
        let known = OfferNow {
            wanted: Some(12),
            sent: Some(12),
            shows: 9,
        };
        assert_eq!(offer(&known), "    12   12     9");
        assert_eq!(offer(&OfferNow::default()), "     –    –     0");
        assert_eq!(offer(&known).len(), HEAD.len());
    }
}
