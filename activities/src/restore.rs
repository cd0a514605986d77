//! An order's progress as both systems show it, for a ledger that was lost. Reads only.

use bluecherry::{LineStatus, OrderStatus, SalesOrder};
use domain::command::Command;
use domain::exception::Problem;
use domain::fulfillment::{self, open_quantities, tracking_key};
use domain::mapping::same_code;
use domain::marketplace::OrderKey;
use domain::order::{Order, State};
use domain::progress::{Acceptance, Blocked, Cancelled, Progress, SalesOrder as Place, Sent};
use domain::shipment::{Shipped, shipped};
use domain::step::Step;
use jiff::Timestamp;
use ledger::{Exported, NewEvent, Note, Said, TakenCommand};
use workflows::activities::CommandRequest;

use crate::calls::To;
use crate::orders::{Orders, Situation, booked};
use crate::settings::after;
use crate::{Failure, command_id};

/// What came back of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Is it ours to fulfill?
    pub ours: bool,
    /// Its sales order is there.
    pub sales_order: bool,
    /// Somebody else accepted it.
    pub accepted_elsewhere: bool,
    /// It is released to the warehouse.
    pub released: bool,
    /// Mirakl was told of its shipment.
    pub shipped: bool,
    /// People's words stand on it.
    pub decided_by_people: bool,
    /// There is nothing left to do.
    pub over: bool,
}

/// A command that a run's history shows as taken.
#[derive(Clone, Debug)]
pub struct Remembered {
    /// Run that took it.
    pub run_id: String,
    /// Activity that took it.
    pub activity_id: String,
    /// When.
    pub at: Timestamp,
    /// The command.
    pub request: CommandRequest,
}

impl Orders {
    /// Puts back how far an order is: its sales order from BlueCherry, what Mirakl shows as done,
    /// people's words from the export.
    ///
    /// `queues`: BlueCherry carries writes out with its next cycle, so one that cannot be seen may
    /// still come; it is looked for once more before another is sent. Nothing is written to either
    /// side. What may have been under way when the old ledger was lost must be over before this.
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn restore(
        &self,
        key: &OrderKey,
        said: &[Exported],
        queues: bool,
    ) -> Result<Restored, Failure> {
        let mut at = self.situation(key).await?;
        if !at.row.ours {
            return Ok(Restored::default());
        }
        if at.row.order.state == State::Shipped && at.multi_shipment.is_none() {
            at.multi_shipment = self.reads_multi_shipment(&at).await.ok();
        }
        let found = self.sales_order_of(&at).await?;
        let mut progress = restored(&at, found.as_ref(), &self.site().hold_code);
        let is_open = !at.row.order.state.is_called_off();
        if queues && found.is_none() && is_open {
            let cycle = self.site().queue_cycle;
            progress.sales_order = Place::Queued {
                since: at.now,
                look_at: after(at.now, cycle * 2),
                late_at: after(at.now, cycle * 3),
            };
        }
        for one in said {
            put_back(&mut progress, one, &at.row.order);
        }
        let state = &at.row.order.state;
        let went_on = state.is_past_acceptance() || state.is_called_off();
        if went_on || progress != at.row.progress {
            // It stands for all that the lost ledger had noted of the order.
            let event = NewEvent {
                what: "restored",
                detail: found
                    .iter()
                    .map(|so| ("sales_order", so.ord_num.clone()))
                    .collect(),
            };
            let note = Note {
                settle: None,
                event: Some(event),
            };
            self.ledger()
                .advance(key, note, at.now, |p| *p = progress.clone())
                .await?;
        }
        let step = fulfillment::next_step(&progress, &at.facts());
        Ok(Restored {
            ours: true,
            sales_order: found.is_some(),
            accepted_elsewhere: progress.accepted_elsewhere,
            released: progress.released,
            shipped: progress.shipment == Sent::Yes,
            decided_by_people: !said.is_empty(),
            over: matches!(step, Step::Done(_)),
        })
    }

    /// Parks an order's write once more that its run waits with: the lost ledger knew how often it
    /// had been sent, so this one must not send it as if it never was. BlueCherry is asked for it at
    /// once, and where it does not show, only a person's word sends it.
    ///
    /// Answers whether it is parked; it is not when the other side shows it by now.
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn park_again(&self, key: &OrderKey, problem: &Problem) -> Result<bool, Failure> {
        let at = self.situation(key).await?;
        let Some(step) = Blocked::parked_step(problem) else {
            return Ok(false);
        };
        let progress = &at.row.progress;
        let shows = match step {
            Step::CreateSalesOrder => progress.sales_order.booked().is_some(),
            Step::CancelSalesOrder => progress.cancelled.is_some(),
            _ => at.row.order.state == State::Canceled,
        };
        if shows {
            return Ok(false);
        }
        let kind = problem.kind.as_str().to_owned();
        let blocked = Blocked {
            step: step.as_str().to_owned(),
            problem: problem.clone(),
            mapping_version: at.mapped.version,
            order_version: at.row.seen_version,
            shipments_version: at.row.shipments_version,
            look_at: (step != Step::CancelOrder).then_some(at.now),
        };
        let detail = vec![("step", blocked.step.clone()), ("kind", kind)];
        let note = Note {
            settle: None,
            event: Some(NewEvent {
                what: "blocked",
                detail,
            }),
        };
        let change = |p: &mut Progress| p.blocked = Some(blocked.clone());
        self.ledger().advance(key, note, at.now, change).await?;
        Ok(true)
    }

    /// The order's own sales order. One that is not surely its own counts for none: the step that
    /// creates it looks again, and tells a person.
    async fn sales_order_of(&self, at: &Situation<'_>) -> Result<Option<SalesOrder>, Failure> {
        let Some(po) = at.row.external_po.as_deref() else {
            return Ok(None);
        };
        let admitted = self.admit(To::BlueCherry, "find_sales_orders").await?;
        let finding = self.site().binding.find_sales_orders(None, po);
        let found = admitted.send(finding).await?;
        let key = &at.row.key;
        let is_its_own = |so: &SalesOrder| {
            same_code(&so.channel, key.marketplace.as_str())
                && so.channel_order_id.trim() == key.order_id
                && has_only_lines_of(so, &at.row.order)
        };
        Ok(found.into_iter().find(is_its_own))
    }

    /// Takes a command once more that a run's history shows as taken, unless it is in the ledger.
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn take_again(&self, remembered: &Remembered) -> Result<bool, Failure> {
        let Remembered {
            run_id,
            activity_id,
            at: when,
            request,
        } = remembered;
        let key = &request.order;
        let at = self.situation(key).await?;
        let Ok(command) = Command::read(&request.name, &request.detail) else {
            return Ok(false);
        };
        let step = at.step();
        let answer = command.apply(&mut at.row.progress.clone(), &at.facts(), &step);
        if !answer.done {
            return Ok(false);
        }
        let detail = serde_json::to_string(&command)
            .map_err(|_| Failure::unexpected("a command cannot be written".into()))?;
        let said = TakenCommand {
            id: &command_id(run_id, activity_id),
            name: command.name(),
            by: &request.by,
            detail: &detail,
            outcome: &|| answer.code.clone(),
        };
        let change = |p: &mut Progress| {
            command.apply(p, &at.facts(), &step);
        };
        let before = at.row.commands_version;
        self.ledger()
            .take_command(key, &said, Note::default(), *when, change)
            .await?;
        let after = self.ledger().order(key).await?;
        Ok(after.is_some_and(|row| row.commands_version > before))
    }
}

fn restored(at: &Situation<'_>, found: Option<&SalesOrder>, hold_code: &str) -> Progress {
    let order = &at.row.order;
    let accepted = order.state.is_past_acceptance();
    let mut p = Progress::default();
    let shows_refunds = order
        .paid
        .as_ref()
        .is_some_and(|paid| paid.lines.iter().any(|line| !line.refunds.is_empty()));
    // Those that a credit stands for are known by their money, once the credits are read.
    p.care.refunds_lost_at = shows_refunds.then_some(at.now);
    if accepted {
        p.acceptance = Acceptance::Told { accepted: true };
        // We accept nothing without its sales order.
        p.accepted_elsewhere = found.is_none_or(|so| accepted_what_is_short(so, order));
    }
    if let Some(so) = found {
        let cancelled = so.status == OrderStatus::Cancelled;
        let mut there = booked(so);
        if accepted {
            // What BlueCherry took counts, also where it was cancelled since.
            for (line, theirs) in there.lines.iter_mut().zip(&so.lines) {
                line.taken = theirs.line_status == LineStatus::Accepted;
            }
        }
        p.sales_order = Place::There(there);
        p.cancelled = cancelled.then_some(Cancelled { not_cancelled: 0 });
        let held = so.hold.as_ref();
        let held = held.is_some_and(|hold| same_code(&hold.code, hold_code));
        p.released = so.ship_to_set && !held && !cancelled;
    }
    let open = open_quantities(&p, order, &at.row.shipments);
    if let Shipped::Whole(shipment, parcel) = shipped(&open, &at.row.shipments) {
        let shown = order.tracking_number.is_some();
        let same = shown && order.tracking_number == parcel.tracking_number;
        if same || order.state.is_shipped() {
            p.tracking = Some(tracking_key(shipment));
        }
        // Where parcels are told one by one, Mirakl is asked which it knows.
        if order.state.is_shipped() && at.multi_shipment != Some(true) {
            p.shipment = Sent::Yes;
        }
    }
    p
}

/// Mirakl shows lines as accepted that BlueCherry never took: that was not us.
fn accepted_what_is_short(so: &SalesOrder, order: &Order) -> bool {
    let is_open = |id: &str| order.open_lines().any(|line| line.line_id == id.trim());
    so.status != OrderStatus::Cancelled
        && so
            .lines
            .iter()
            .any(|l| l.line_status == LineStatus::Rejected && is_open(&l.external_line_id))
}

fn has_only_lines_of(so: &SalesOrder, order: &Order) -> bool {
    let is_one = |id: &str, quantity: u32| {
        let mut lines = order.lines.iter();
        lines.any(|line| line.line_id == id.trim() && line.quantity == quantity)
    };
    so.lines
        .iter()
        .all(|line| is_one(&line.external_line_id, line.qty_ordered))
}

/// Puts one exported decision into the progress it was made on.
fn put_back(progress: &mut Progress, one: &Exported, order: &Order) {
    let Said::Command { detail, stands, .. } = &one.said else {
        return;
    };
    stands.put(progress);
    let by_hand = serde_json::from_str(detail);
    if let Ok(Command::MarkDone { step, .. }) = by_hand
        && step == Step::ConfirmShipment.as_str()
        && (order.state.is_shipped() || order.state == State::Closed)
    {
        progress.shipment = Sent::Yes;
    }
}
