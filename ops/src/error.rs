//! Failures as a person, or a script, reads them.

use serde::Serialize;

use crate::Output;
use crate::render::{Look, Tone, json, paint, plain};

/// A failure with the step that cures it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct Trouble {
    /// For scripts, for example `order_not_found`.
    pub code: &'static str,
    /// What is wrong, a sentence.
    pub message: String,
    /// What to do, a sentence.
    pub next_step: String,
}

impl Trouble {
    pub(crate) fn new(
        code: &'static str,
        message: impl Into<String>,
        next_step: impl Into<String>,
    ) -> Self {
        Self {
            code,
            message: message.into(),
            next_step: next_step.into(),
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    error: &'a Trouble,
}

/// What to print of a verb that failed; the exit code is 1.
///
/// With `--json`: `{"error": {"code", "message", "next_step"}}`. Codes: `ledger_unavailable`,
/// `ledger`, `order_not_found`, `order_ambiguous`, `exception_not_found`, `feed_unknown`,
/// `ledger_not_empty`, `decisions_missing`, `not_exported`,
/// `stock_unknown`, `sku_unknown`, `nothing_held`, `push_goes_on`, `no_schedule`, `sweep_goes_on`,
/// `no_temporal`, `temporal_unreachable`, `no_run`, `run_over`, `no_worker`, `run_ended`, `config_refused`, `failed`.
pub fn failed(error: &anyhow::Error, look: Look) -> Output {
    let trouble = trouble(error);
    let text = if look.json {
        json(&Document { error: &trouble })
    } else {
        let head = paint("error:", Tone::Bad, look);
        let Trouble {
            message, next_step, ..
        } = &trouble;
        let lines: Vec<String> = message.lines().map(plain).collect();
        format!("{head} {}\nnext:  {}\n", lines.join("\n"), plain(next_step))
    };
    Output { text, exit: 1 }
}

fn trouble(error: &anyhow::Error) -> Trouble {
    let causes = || error.chain();
    if let Some(trouble) = causes().find_map(|e| e.downcast_ref::<Trouble>()) {
        return trouble.clone();
    }
    match causes().find_map(|e| e.downcast_ref::<ledger::Error>()) {
        Some(ledger @ ledger::Error::Unavailable { .. }) => Trouble::new(
            "ledger_unavailable",
            format!("{ledger}."),
            "See that the ledger's file or database can be reached, then repeat the command.",
        ),
        Some(ledger @ ledger::Error::NotExported { .. }) => Trouble::new(
            "not_exported",
            format!("{ledger}; nothing changed."),
            "See that the file of [ledger] export in bcm.toml can be written here, then repeat the command.",
        ),
        Some(ledger) => Trouble::new(
            "ledger",
            format!("{ledger}."),
            "See that the master key and the ledger's address in bcm.toml are those of the worker.",
        ),
        None => Trouble::new(
            "failed",
            format!("{error:#}"),
            "Repeat the command; if it fails again, tell engineering the words above.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_tells_the_next_step_in_words_and_in_json() {
        let error = anyhow::Error::new(Trouble::new("no_run", "No run is open.", "Pull now."))
            .context("retrying");
        let look = Look::default();
        insta::assert_snapshot!(failed(&error, look).text, @r"
        error: No run is open.
        next:  Pull now.
        ");
        let document = failed(&error, Look { json: true, ..look });
        assert_eq!(document.exit, 1);
        insta::assert_snapshot!(document.text, @r#"
        {
          "error": {
            "code": "no_run",
            "message": "No run is open.",
            "next_step": "Pull now."
          }
        }
        "#);
        let ledger = failed(&ledger::Error::WrongMasterKey.into(), look);
        insta::assert_snapshot!(ledger.text, @r"
        error: the master key is not the one this ledger was made with.
        next:  See that the master key and the ledger's address in bcm.toml are those of the worker.
        ");
    }
}
