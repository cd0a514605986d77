//! A person's word, taken into the ledger.

use std::sync::PoisonError;

use bluecherry::OrderStatus;
use domain::command::{Answer, Command, is_code};
use domain::fulfillment::{open_quantities, tracking_key};
use domain::marketplace::OrderKey;
use domain::order::Order;
use domain::progress::{Progress, SalesOrder, Sent};
use domain::shipment::{Shipped, shipped};
use domain::step::Step;
use jiff::SignedDuration;
use ledger::{Note, Settled, TakenCommand};
use serde_json::Value;
use workflows::activities::CommandRequest;

use super::create::booked;
use super::ship::tracking_effect;
use super::{Orders, Situation};
use crate::Failure;
use crate::calls::To;

/// A second `retry` within this time is told who said the first.
const SAID_BEFORE: SignedDuration = SignedDuration::from_hours(1);

/// Where a word came from, and the code of the person where one was given.
fn said_by(request: &CommandRequest) -> String {
    let person = request.detail.get("by").and_then(Value::as_str);
    match person.filter(|code| is_code(code)) {
        Some(code) => format!("{}:{code}", request.by),
        None => request.by.clone(),
    }
}

impl Orders {
    /// Takes a command, or says why not. The order's run looks at it right after.
    ///
    /// `id` names it for good: one that was taken changes nothing when it comes again.
    ///
    /// # Errors
    /// What is to be tried again: the ledger, or the look at the other side that `mark_done` needs.
    pub async fn take_command(
        &self,
        id: &str,
        request: &CommandRequest,
    ) -> Result<Answer, Failure> {
        let key = &request.order;
        let at = self.situation(key).await?;
        let command = match Command::read(&request.name, &request.detail) {
            Ok(command) => command,
            Err(answer) => return Ok(answer),
        };
        let confirmed = match &command {
            Command::MarkDone {
                step, reference, ..
            } => match self.confirmed(&at, step, reference.as_deref()).await? {
                Ok(found) => found,
                Err(answer) => {
                    self.note(request, &command, &answer).await?;
                    return Ok(answer);
                }
            },
            _ => None,
        };
        let step = at.step();
        // What the command does is worked out once more inside the transaction, on what stands there.
        let answer = command.apply(&mut at.row.progress.clone(), &at.facts(), &step);
        if !answer.done {
            self.note(request, &command, &answer).await?;
            return Ok(answer);
        }
        let taken = std::sync::Mutex::new(answer.clone());
        let change = |p: &mut Progress| {
            let answer = command.apply(p, &at.facts(), &step);
            *taken.lock().unwrap_or_else(PoisonError::into_inner) = answer;
            if let Some(found) = &confirmed {
                found.clone().into(p);
            }
        };
        // What was done by hand settles what was meant to be sent.
        let effect = match (&command, &confirmed) {
            (_, Some(Found::Tracking(shipment))) => Some(tracking_effect(shipment)),
            (Command::MarkDone { step, .. }, _) => Some(step.clone()),
            _ => None,
        };
        let intent = match effect {
            Some(effect) => self.ledger().open_intent(key, &effect).await?,
            None => None,
        };
        let note = Note {
            settle: intent.as_ref().map(|intent| (intent, Settled::Done)),
            event: None,
        };
        let outcome = || {
            let taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
            taken.code.clone()
        };
        let said = TakenCommand {
            id,
            name: command.name(),
            by: &said_by(request),
            detail: &as_json(&command)?,
            outcome: &outcome,
        };
        match self
            .ledger()
            .take_command(key, &said, note, at.now, change)
            .await
        {
            Ok(()) => {}
            // Better refused now than lost with the ledger later.
            Err(error @ ledger::Error::NotExported { .. }) => {
                tracing::error!("{error}: see [ledger] export in bcm.toml");
                return Ok(Answer::refused(
                    "not_exported",
                    "The export of decisions cannot be written on the worker's machine, so nothing was taken: see [ledger] export in bcm.toml, then say it again.",
                ));
            }
            Err(error) => return Err(error.into()),
        }
        // Of two people at once, one changed it, and the other is told so.
        let answer = taken.into_inner().unwrap_or_else(PoisonError::into_inner);
        if answer.code == "looked_again" {
            return Ok(self.said_before(key).await?.unwrap_or(answer));
        }
        Ok(answer)
    }

    /// Nothing is blocked: has somebody else said `retry` a moment ago? Then who.
    async fn said_before(&self, key: &OrderKey) -> Result<Option<Answer>, Failure> {
        let said = self.ledger().last_command(key, "retry", "retried").await?;
        let recent = said.filter(|(_, at)| self.now().duration_since(*at) < SAID_BEFORE);
        Ok(recent.map(|(by, at)| {
            let says = format!("Nothing is blocked: {by} had the step tried again at {at:.0}.");
            Answer::done("already_retried", &says)
        }))
    }

    async fn note(
        &self,
        request: &CommandRequest,
        command: &Command,
        answer: &Answer,
    ) -> Result<(), Failure> {
        let detail = as_json(command)?;
        let (name, by) = (command.name(), said_by(request));
        self.ledger()
            .record_command(&request.order, name, &by, &detail, &answer.code, self.now())
            .await?;
        Ok(())
    }

    /// Does the other side confirm that the step is done? Nothing counts on a person's word alone.
    async fn confirmed(
        &self,
        at: &Situation<'_>,
        step: &str,
        reference: Option<&str>,
    ) -> Result<Result<Option<Found>, Answer>, Failure> {
        let not_yet = |says: &str| Ok(Err(Answer::refused("not_confirmed", says)));
        let number = at
            .row
            .progress
            .sales_order
            .booked()
            .map(|b| b.number.as_str());
        match step {
            "create_sales_order" => {
                let Some(number) = reference else {
                    return not_yet("Say which sales order: reference is its number.");
                };
                let admitted = self.admit(To::BlueCherry, "get_sales_order").await?;
                let order = match admitted.send(self.site().binding.sales_order(number)).await {
                    Ok(order) => order,
                    Err(bluecherry::Error::NotFound { .. }) => {
                        return not_yet("BlueCherry has no sales order of that number.");
                    }
                    Err(error) => return Err(error.into()),
                };
                let key = at.row.external_po.as_deref();
                if key != Some(order.external_po.trim()) || !has_lines_of(&order, &at.row.order) {
                    return not_yet("That sales order has another key, or other lines.");
                }
                Ok(Ok(Some(Found::SalesOrder(SalesOrder::There(booked(
                    &order,
                ))))))
            }
            "release" | "cancel_sales_order" => {
                let Some(number) = number else {
                    return not_yet("There is no sales order yet.");
                };
                let admitted = self.admit(To::BlueCherry, "get_sales_order").await?;
                let order = admitted
                    .send(self.site().binding.sales_order(number))
                    .await?;
                let gone = matches!(order.status, OrderStatus::Cancelled | OrderStatus::Closed);
                let confirmed = match step {
                    "release" => !gone && order.hold.is_none() && order.ship_to_set,
                    _ => gone,
                };
                if confirmed {
                    Ok(Ok(None))
                } else {
                    not_yet("BlueCherry does not show it done yet.")
                }
            }
            "send_tracking" if at.row.order.tracking_number.is_some() => {
                let open = open_quantities(&at.row.progress, &at.row.order, &at.row.shipments);
                let Shipped::Whole(shipment, _) = shipped(&open, &at.row.shipments) else {
                    return not_yet("BlueCherry does not show the whole order shipped yet.");
                };
                Ok(Ok(Some(Found::Tracking(tracking_key(shipment)))))
            }
            "confirm_shipment" if at.row.order.state.is_shipped() => Ok(Ok(Some(Found::Shipped))),
            "send_tracking" | "confirm_shipment" => not_yet(
                "Mirakl does not show it done yet; wait for the next pull and say it again.",
            ),
            _ if step == Step::AcceptLines.as_str() => {
                not_yet("Accepting is seen on the order itself; nothing needs to be marked.")
            }
            _ => not_yet("This step cannot be marked done."),
        }
    }
}

fn as_json(command: &Command) -> Result<String, Failure> {
    serde_json::to_string(command)
        .map_err(|_| Failure::unexpected("a command cannot be written".into()))
}

/// Acceptance and shipments go by Mirakl's line IDs, so a sales order made by hand must bear them.
pub(super) fn has_lines_of(order: &bluecherry::SalesOrder, ours: &Order) -> bool {
    let line = |id: &str, quantity: u32| (id.trim().to_owned(), quantity);
    let theirs = order.lines.iter();
    let mut theirs: Vec<_> = theirs
        .map(|l| line(&l.external_line_id, l.qty_ordered))
        .collect();
    let ours = ours.open_lines();
    let mut ours: Vec<_> = ours.map(|l| line(&l.line_id, l.quantity)).collect();
    theirs.sort();
    ours.sort();
    theirs == ours
}

/// What a look at the other side found.
#[derive(Clone)]
enum Found {
    SalesOrder(SalesOrder),
    /// Which shipment the tracking is of.
    Tracking(String),
    Shipped,
}

impl Found {
    fn into(self, progress: &mut Progress) {
        match self {
            Self::SalesOrder(order) => progress.sales_order = order,
            Self::Tracking(shipment) => progress.tracking = Some(shipment),
            Self::Shipped => progress.shipment = Sent::Yes,
        }
    }
}
