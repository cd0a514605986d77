//! `bcm check`: configuration and mapping tables against the live systems.
//!
//! Reads only. What Mirakl lets a shop read once a day comes from the day's copy in the ledger.

mod daily;
mod reasons;
mod shop;
mod site;

use std::sync::Arc;

use domain::mapping::Mappings;
use domain::marketplace::{CustomerModel, MarketplaceCode};
use jiff::Timestamp;
use ledger::Ledger;
use serde::Serialize;

use crate::Output;
use crate::render::{Cell, Look, Tone, count, json, moment, paint, plain, table};

/// One shop to check.
pub struct ShopToCheck {
    /// Its code in `bcm.toml`.
    pub code: MarketplaceCode,
    /// Stands before the order ID in BlueCherry.
    pub prefix: String,
    /// Its client.
    pub client: mirakl::Client,
    /// Host of the marketplace; the day's copies are kept by it.
    pub host: String,
    /// The shop that `bcm.toml` names.
    pub shop_id: i64,
    /// Is nothing to be written?
    pub dry_run: bool,
    /// Whom BlueCherry invoices.
    pub customer: CustomerModel,
}

/// The BlueCherry site to check.
pub struct SiteToCheck {
    /// Its name in `bcm.toml`.
    pub name: String,
    /// The way to reach it.
    pub binding: Arc<dyn bluecherry::Binding>,
    /// Code of the hold that new orders bear.
    pub hold_code: String,
}

/// What came of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Works for now, or cannot be told.
    Warning,
    /// Orders would stop here.
    Failed,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Marketplace code, or the site's name.
    pub subject: String,
    /// What was checked, a few words.
    pub check: &'static str,
    /// What came of it.
    pub result: Verdict,
    /// What was found.
    pub found: String,
    /// What to do; empty when all is well.
    pub next_step: Option<String>,
}

/// Rows about one subject.
struct Rows {
    subject: String,
    rows: Vec<Checked>,
}

impl Rows {
    fn of(subject: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            rows: vec![],
        }
    }

    fn ok(&mut self, check: &'static str, found: impl Into<String>) {
        self.push(check, Verdict::Ok, found.into(), None);
    }

    fn warn(&mut self, check: &'static str, found: impl Into<String>, next: &str) {
        self.push(check, Verdict::Warning, found.into(), Some(next.to_owned()));
    }

    fn fail(&mut self, check: &'static str, found: impl Into<String>, next: &str) {
        self.push(check, Verdict::Failed, found.into(), Some(next.to_owned()));
    }

    fn push(
        &mut self,
        check: &'static str,
        result: Verdict,
        found: String,
        next_step: Option<String>,
    ) {
        self.rows.push(Checked {
            subject: self.subject.clone(),
            check,
            result,
            found,
            next_step,
        });
    }
}

/// An error and its causes, in one line. Errors of both clients quote nothing.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Checks the site, then each shop. No check's failure stops another.
pub async fn check(
    shops: &[ShopToCheck],
    site: &SiteToCheck,
    mappings: &Mappings,
    ledger: &Ledger,
    now: Timestamp,
) -> Vec<Checked> {
    let mut checked = site::check(site, shops).await;
    for shop in shops {
        checked.extend(shop::check(shop, mappings, ledger, now).await);
    }
    checked
}

#[derive(Serialize)]
struct Document<'a> {
    source: &'static str,
    as_of: Timestamp,
    failed: usize,
    warnings: usize,
    checks: &'a [Checked],
}

/// What to print; exit code 1 when a check failed.
///
/// With `--json`: `{"source": "mirakl, bluecherry", "as_of", "failed", "warnings", "checks":
/// [{"subject", "check", "result": "ok" | "warning" | "failed", "found", "next_step"}]}`.
pub fn report(checked: &[Checked], now: Timestamp, look: Look) -> Output {
    let number = |of: Verdict| checked.iter().filter(|c| c.result == of).count();
    let (failed, warnings) = (number(Verdict::Failed), number(Verdict::Warning));
    let exit = u8::from(failed > 0);
    let source = "mirakl, bluecherry";
    if look.json {
        let document = Document {
            source,
            as_of: now,
            failed,
            warnings,
            checks: checked,
        };
        let text = json(&document);
        return Output { text, exit };
    }
    let row = |checked: &Checked| {
        let result = match checked.result {
            Verdict::Ok => Cell::new("ok", Tone::Good),
            Verdict::Warning => Cell::new("warning", Tone::Warning),
            Verdict::Failed => Cell::new("failed", Tone::Bad),
        };
        vec![
            Cell::from(&checked.subject),
            checked.check.into(),
            result,
            checked.found.as_str().into(),
        ]
    };
    let headers = ["of", "check", "result", "found"];
    let rows = table(&headers, checked.iter().map(row).collect(), look);
    let next = |checked: &Checked| {
        let step = checked.next_step.as_deref()?;
        let about = format!("{}, {}:", plain(&checked.subject), checked.check);
        Some(format!("{} {step}\n", paint(&about, Tone::Strong, look)))
    };
    let next: String = checked.iter().filter_map(next).collect();
    let footer = format!(
        "{}: {failed} failed, {} · {source}, as of {}",
        count(checked.len() as u64, "check", "checks"),
        count(warnings as u64, "warning", "warnings"),
        moment(now)
    );
    Output {
        text: format!("{rows}{next}{}\n", paint(&footer, Tone::Faint, look)),
        exit,
    }
}
