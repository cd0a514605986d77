//! What a person may tell an order, and what it does.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aftercare::{Resolving, incident_key};
use crate::fulfillment::{Facts, open_quantities};
use crate::order::State;
use crate::progress::{Acceptance, Corrections, Progress};
use crate::shipment::{Shipped, shipped};
use crate::step::Step;

/// A person's word to one order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Try the blocked step again; cuts a back-off short.
    Retry,
    /// Call the order off.
    Cancel {
        /// Why; a code, never free text.
        reason_code: String,
    },
    /// Write nothing more for this order until `release`.
    Hold,
    /// Go on; also takes back a `cancel` that nothing was done for yet.
    Release,
    /// Codes for this order alone, over the mapping tables.
    Correct(Corrections),
    /// An incident is settled with the customer: Mirakl is told so (OR64).
    ResolveIncident {
        /// Which line; needed where several are disputed.
        #[serde(default)]
        line: Option<String>,
        /// Why, a code of the operator (RE01, INCIDENT_CLOSE).
        reason_code: String,
    },
    /// A step was done by hand; counts only when the other side confirms it.
    MarkDone {
        /// Word of the step.
        step: String,
        /// Number of the document made by hand, where the step makes one.
        #[serde(default)]
        reference: Option<String>,
        /// Why; a code.
        #[serde(default)]
        reason_code: Option<String>,
    },
}

/// Answer to a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Was it taken?
    pub done: bool,
    /// A code, for scripts.
    pub code: String,
    /// A sentence, for people.
    pub says: String,
}

impl Answer {
    /// It was taken.
    pub fn done(code: &str, says: &str) -> Self {
        Self {
            done: true,
            code: code.to_owned(),
            says: says.to_owned(),
        }
    }

    /// It was refused, and nothing changed.
    pub fn refused(code: &str, says: &str) -> Self {
        Self {
            done: false,
            code: code.to_owned(),
            says: says.to_owned(),
        }
    }
}

/// Is this a code that may stand in histories, tables and logs? Letters, digits, `_ . -`, up to 64.
pub fn is_code(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

impl Command {
    /// The names a command goes by as signal, update and CLI verb.
    pub const NAMES: [&'static str; 7] = [
        "retry",
        "cancel",
        "hold",
        "release",
        "correct",
        "resolve_incident",
        "mark_done",
    ];

    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Cancel { .. } => "cancel",
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Correct(_) => "correct",
            Self::ResolveIncident { .. } => "resolve_incident",
            Self::MarkDone { .. } => "mark_done",
        }
    }

    /// Reads a command as it came from the Temporal UI or the CLI.
    ///
    /// Missing details are `Value::Null`; unknown fields are passed over.
    ///
    /// # Errors
    /// The [`Answer`] that tells the person what to write instead. It never repeats what they wrote.
    pub fn read(name: &str, detail: &Value) -> Result<Self, Answer> {
        let text = |field: &str| detail.get(field).and_then(Value::as_str).map(str::to_owned);
        let code = |field: &str| text(field).filter(|code| is_code(code));
        let wrong = |says: &str| Err(Answer::refused("unreadable", says));
        match name {
            "retry" => Ok(Self::Retry),
            "hold" => Ok(Self::Hold),
            "release" => Ok(Self::Release),
            "cancel" => match code("reason_code") {
                Some(reason_code) => Ok(Self::Cancel { reason_code }),
                None => {
                    wrong("cancel wants {\"reason_code\": \"…\"}, a code of letters and digits.")
                }
            },
            "correct" => match serde_json::from_value::<Corrections>(detail.clone()) {
                Ok(corrections) if !corrections.is_empty() => Ok(Self::Correct(corrections)),
                _ => wrong(
                    "correct wants one of skus {offer SKU: BlueCherry SKU}, division, warehouse, ship_via, carrier_code, approved.",
                ),
            },
            "resolve_incident" => match code("reason_code") {
                Some(reason_code) => Ok(Self::ResolveIncident {
                    line: code("line"),
                    reason_code,
                }),
                None => wrong(
                    "resolve_incident wants {\"reason_code\": \"…\"}, and \"line\" where several are disputed.",
                ),
            },
            "mark_done" => match code("step") {
                Some(step) => {
                    let (reference, reason_code) = (code("reference"), code("reason_code"));
                    Ok(Self::MarkDone {
                        step,
                        reference,
                        reason_code,
                    })
                }
                None => wrong("mark_done wants {\"step\": \"…\", \"reference\": \"…\"}."),
            },
            _ => wrong(
                "This program knows retry, cancel, hold, release, correct, resolve_incident and mark_done.",
            ),
        }
    }

    /// Takes the command into `progress`, or says why not; `step` is what the order does now.
    ///
    /// `mark_done` only passes here after the caller saw the other side confirm it.
    pub fn apply(&self, progress: &mut Progress, facts: &Facts<'_>, step: &Step) -> Answer {
        let is_shipped = facts.order.state.is_shipped();
        let over = facts.order.state.is_called_off() || matches!(step, Step::Done(_));
        match self {
            Self::Retry => {
                let short = std::mem::take(&mut progress.no_stock);
                let stopped = !std::mem::take(&mut progress.care.stops).is_empty();
                // Units that could not be canceled are asked for once more.
                let units = progress.care.erp_units.as_mut();
                let units = units.map(|units| std::mem::take(&mut units.not_canceled));
                let late = units.is_some_and(|units| !units.is_empty());
                let blocked = progress.blocked.take().is_some() || short || stopped || late;
                if blocked {
                    Answer::done("retried", "The blocked step is tried again now.")
                } else {
                    Answer::done(
                        "looked_again",
                        "Nothing was blocked; the order is looked at again.",
                    )
                }
            }
            Self::Hold if is_shipped || over => Answer::refused(
                "too_late",
                "The order is shipped or over; there is nothing to hold.",
            ),
            Self::Hold => {
                progress.held = true;
                Answer::done(
                    "held",
                    "Nothing more is written for this order until release.",
                )
            }
            Self::Release => release(progress),
            Self::Cancel { .. } if over => {
                Answer::refused("already_over", "The order is called off or over already.")
            }
            // A parcel may have left while Mirakl has not been told, or not been read, yet.
            Self::Cancel { .. } if is_shipped || has_left(progress, facts) => Answer::refused(
                "shipped",
                "The order is shipped; take it back as a return, which ends in a credit memo.",
            ),
            Self::Cancel { reason_code } => {
                progress.cancel.get_or_insert_with(|| reason_code.clone());
                unblock(progress);
                if facts.order.debited_at.is_some() {
                    Answer::done(
                        "needs_refund",
                        "The order is paid: nothing more is shipped, and a credit memo in BlueCherry settles it.",
                    )
                } else {
                    Answer::done("cancelling", "The order is being called off on both sides.")
                }
            }
            Self::Correct(corrections) => {
                progress.corrections.merge(corrections.clone());
                unblock(progress);
                Answer::done(
                    "corrected",
                    "The codes count for this order; the step is tried again.",
                )
            }
            Self::ResolveIncident { line, reason_code } => {
                resolve_incident(progress, facts, line.as_deref(), reason_code)
            }
            Self::MarkDone { step, .. } => mark_done(progress, step),
        }
    }
}

/// Lets the blocked step be tried again, unless it is parked.
fn unblock(progress: &mut Progress) {
    progress.blocked.take_if(|blocked| !blocked.is_parked());
}

fn has_left(progress: &Progress, facts: &Facts<'_>) -> bool {
    shipped(
        &open_quantities(progress, facts.order, facts.shipments),
        facts.shipments,
    ) != Shipped::Nothing
}

fn release(progress: &mut Progress) -> Answer {
    let acted = progress.cancelled.is_some()
        || progress.acceptance == (Acceptance::Told { accepted: false });
    let withdrawn = progress.cancel.is_some() && !acted;
    if withdrawn {
        progress.cancel = None;
    }
    match (std::mem::take(&mut progress.held), withdrawn) {
        (_, true) => Answer::done(
            "cancel_withdrawn",
            "The order goes on; the cancel is taken back.",
        ),
        (true, false) => Answer::done("released", "The order goes on."),
        (false, false) => Answer::done("not_held", "The order was not held."),
    }
}

fn resolve_incident(
    progress: &mut Progress,
    facts: &Facts<'_>,
    line: Option<&str>,
    reason_code: &str,
) -> Answer {
    let lines = facts.order.lines.iter();
    let disputed = lines.filter(|l| l.state == State::IncidentOpen);
    let mut meant = disputed.filter(|l| line.is_none_or(|id| l.line_id == id));
    match (meant.next(), meant.next()) {
        (None, _) => Answer::refused(
            "no_incident",
            "Mirakl shows no open incident there; look at the order's lines.",
        ),
        (Some(_), Some(_)) => Answer::refused(
            "which_line",
            "Several lines are disputed: say which with line.",
        ),
        (Some(line), None) => {
            let subject = incident_key(&line.line_id);
            progress.care.unstop(&subject);
            progress.care.resolving = Some(Resolving {
                order_line_id: line.line_id.clone(),
                reason_code: reason_code.to_owned(),
            });
            Answer::done("resolving", "Mirakl is told that the incident is settled.")
        }
    }
}

fn mark_done(progress: &mut Progress, step: &str) -> Answer {
    match step {
        "release" => progress.released = true,
        "cancel_sales_order" => progress.settled_by_hand = true,
        _ => {}
    }
    progress.blocked = None;
    Answer::done(
        "marked_done",
        "The other side confirms it; the order goes on.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_person_types_is_read_or_answered_without_repeating_it() {
        assert_eq!(Command::read("retry", &Value::Null), Ok(Command::Retry));
        assert_eq!(Command::read("hold", &json!("whatever")), Ok(Command::Hold));
        let cancel = Command::read("cancel", &json!({"reason_code": "34", "more": 1}));
        assert_eq!(
            cancel,
            Ok(Command::Cancel {
                reason_code: "34".into()
            })
        );
        for bad in [
            Value::Null,
            json!({"reason_code": "Ann Lee called, 5th Avenue"}),
            json!([1]),
        ] {
            let answer = Command::read("cancel", &bad).unwrap_err();
            assert!(!answer.done && !answer.says.contains("Ann"));
        }
        assert!(Command::read("correct", &json!({})).is_err());
        assert!(Command::read("correct", &json!({"warehouse": "NJ1"})).is_ok());
        assert!(Command::read("explode", &Value::Null).is_err());
    }

    #[test]
    fn an_order_that_left_the_warehouse_cannot_be_called_off() {
        use crate::fulfillment::Versions;
        use crate::fulfillment::tests::{at, order, policy, whole_shipment};
        use crate::order::State;

        let (order, policy) = (order(State::Shipping), policy());
        let cancel = Command::Cancel {
            reason_code: "34".into(),
        };
        let told = |shipments: &[crate::shipment::Shipment]| {
            let versions = Versions::default();
            let facts = Facts {
                multi_shipment: None,
                aftercare: &crate::aftercare::Aftercare::default(),
                order: &order,
                shipments,
                policy: &policy,
                versions,
                now: at(0),
            };
            let mut progress = Progress::default();
            let answer = cancel.apply(&mut progress, &facts, &Step::ConfirmShipment);
            (answer.code, progress.cancel.is_some())
        };
        assert_eq!(told(&[whole_shipment()]), ("shipped".to_owned(), false));
        assert_eq!(told(&[]), ("cancelling".to_owned(), true));
    }

    #[test]
    fn release_takes_back_a_cancel_that_nothing_was_done_for() {
        let mut p = Progress {
            cancel: Some("34".into()),
            ..Progress::default()
        };
        assert_eq!(release(&mut p).code, "cancel_withdrawn");
        assert_eq!(p.cancel, None);
        let mut done = Progress {
            cancel: Some("34".into()),
            acceptance: Acceptance::Told { accepted: false },
            ..Progress::default()
        };
        assert_eq!(release(&mut done).code, "not_held");
        assert!(done.cancel.is_some());
    }
}
