//! Figures beside their goals: medians, a table, JSON.

use ops::render::{Cell, Look, Tone, table};
use serde::Serialize;

/// What a figure is held against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
    /// Told without a goal, to explain another figure.
    None,
}

impl Goal {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
            Self::None => true,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtMost(most) => format!("≤ {}", plain(most)),
            Self::AtLeast(least) => format!("≥ {}", plain(least)),
            Self::None => String::new(),
        }
    }
}

/// One measured figure.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// Which measurement it is of: the word after `bcm bench`.
    pub bench: &'static str,
    /// What was measured.
    pub name: &'static str,
    /// The median of the repeats.
    pub value: f64,
    /// Unit of value, goal and repeats.
    pub unit: &'static str,
    /// `≤ 14`; empty when the figure only explains another.
    pub goal: String,
    /// Does the value meet the goal?
    pub pass: bool,
    /// Each measured value, in the order of measuring; one when it was not repeated.
    pub repeats: Vec<f64>,
    /// How it was measured, and what was scaled.
    pub note: String,
}

impl Figure {
    /// The median of `repeats` against a goal. Nothing measured is no number, and a miss.
    pub fn new(
        bench: &'static str,
        name: &'static str,
        repeats: &[f64],
        unit: &'static str,
        goal: Goal,
    ) -> Self {
        let value = median(repeats);
        Self {
            bench,
            name,
            value,
            unit,
            goal: goal.text(),
            pass: goal.is_met(value),
            repeats: repeats.to_vec(),
            note: String::new(),
        }
    }

    /// The same with a word on how it was measured.
    pub fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

/// Everything that was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    /// Version of the program.
    pub version: &'static str,
    /// Processors that server, simulators and worker shared.
    pub cores: usize,
    /// Were the measurements cut short? Such figures only show that the measuring works.
    pub short: bool,
    /// Was the program built for speed?
    pub optimized: bool,
    /// Seconds that it took.
    pub seconds: f64,
    /// How many goals were missed.
    pub missed: usize,
    /// The figures.
    pub figures: Vec<Figure>,
}

impl Measured {
    /// The figures as a table, with what explains them below it.
    pub fn render(&self, look: Look) -> String {
        let rows = self.figures.iter().map(|f| {
            let (word, tone) = match (f.goal.is_empty(), f.pass) {
                (true, _) => ("", Tone::Faint),
                (false, true) => ("pass", Tone::Good),
                (false, false) => ("miss", Tone::Bad),
            };
            let repeats = match f.repeats.len() {
                0 | 1 => String::new(),
                n => format!("median of {n}"),
            };
            vec![
                f.bench.into(),
                f.name.into(),
                Cell::new(plain(f.value), Tone::Strong),
                f.goal.as_str().into(),
                f.unit.into(),
                Cell::new(word, tone),
                Cell::new(repeats, Tone::Faint),
            ]
        });
        let headers = ["bench", "figure", "value", "goal", "unit", "", ""];
        let mut text = table(&headers, rows.collect(), look);
        for f in self.figures.iter().filter(|f| !f.note.is_empty()) {
            text.push_str(&format!("  {} · {}: {}\n", f.bench, f.name, f.note));
        }
        if self.short || !self.optimized {
            text.push_str("  cut short, or not a release build: these figures show that the measuring works, no more\n");
        }
        text
    }
}

/// The middle value, the mean of both middle ones of an even number; not a number of none.
pub fn median(values: &[f64]) -> f64 {
    percentile(values, 50.0)
}

/// A percentile by linear interpolation between the nearest ranks; not a number of none.
pub fn percentile(values: &[f64], percent: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = (percent / 100.0).clamp(0.0, 1.0) * last as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    sorted[below] + (sorted[above] - sorted[below]) * place.fract()
}

/// A number with as many decimals as matter.
fn plain(value: f64) -> String {
    let text = match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    };
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_the_nearest_ranks() {
        let cases: [(&[f64], f64, f64); 6] = [
            (&[3.0, 1.0, 2.0], 50.0, 2.0),
            (&[4.0, 1.0, 2.0, 3.0], 50.0, 2.5),
            (&[1.0, 2.0, 3.0, 4.0, 5.0], 0.0, 1.0),
            (&[1.0, 2.0, 3.0, 4.0, 5.0], 100.0, 5.0),
            (&[0.0, 100.0], 99.0, 99.0),
            (&[7.0], 99.0, 7.0),
        ];
        for (values, percent, wanted) in cases {
            assert_eq!(percentile(values, percent), wanted, "{values:?} {percent}");
        }
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn a_figure_passes_only_when_it_meets_its_goal() {
        let figure = |value: &[f64], goal| Figure::new("orders", "x", value, "s", goal);
        assert!(figure(&[2.0], Goal::AtMost(2.0)).pass);
        assert!(!figure(&[2.1], Goal::AtMost(2.0)).pass);
        assert!(figure(&[5.0], Goal::AtLeast(5.0)).pass);
        assert!(!figure(&[4.9], Goal::AtLeast(5.0)).pass);
        assert!(figure(&[9.0, 1.0, 1.5], Goal::AtMost(2.0)).pass, "median");
        assert!(!figure(&[], Goal::AtMost(2.0)).pass, "nothing measured");
        assert_eq!(figure(&[1.0], Goal::AtMost(0.5)).goal, "≤ 0.5");
    }

    #[test]
    fn numbers_are_as_long_as_they_matter() {
        let cases = [
            (6000.0, "6000"),
            (240.0, "240"),
            (13.25, "13.2"),
            (0.5, "0.5"),
            (1.204, "1.2"),
            (14.0, "14"),
        ];
        for (value, wanted) in cases {
            assert_eq!(plain(value), wanted);
        }
    }
}
