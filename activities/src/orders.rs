//! The effects of an order's run. Each is safe to repeat, and answers what comes next.

mod accept;
mod aftercare;
mod cancel;
mod commands;
mod create;
mod customer;
mod effect;
mod glance;
mod incident;
mod parcels;
mod references;
mod refund;
mod release;
mod returns;
mod ship;
mod units;

pub use effect::SEND_MARGIN;

use std::sync::Arc;

pub(crate) use create::booked;
use domain::aftercare::{self as care, Aftercare};
use domain::exception::Problem;
use domain::fulfillment::{self, Facts, Versions};
use domain::marketplace::OrderKey;
use domain::order::State;
use domain::progress::{Acceptance, Blocked, Progress, Sent};
use domain::step::{Decision, Step};
use jiff::Timestamp;
use ledger::{Decided, Intent, NewEvent, Note, OrderRow, Settled};

use crate::Failure;
use crate::calls::{Admitted, To};
use crate::settings::{Connections, Mapped, Shop, Site};
use crate::switches::Plant;
use crate::translate::evidence;

/// Does the steps of orders.
pub struct Orders {
    connections: Arc<Connections>,
}

/// What is known of an order at one moment.
pub(crate) struct Situation<'a> {
    pub(crate) shop: &'a Shop,
    pub(crate) row: OrderRow,
    pub(crate) mapped: Mapped,
    pub(crate) now: Timestamp,
    /// The operator's setting as last read; looked up where goods may leave only.
    pub(crate) multi_shipment: Option<bool>,
    /// Returns, credits and their rules.
    pub(crate) aftercare: Aftercare,
    accepts_early: bool,
}

impl Situation<'_> {
    pub(crate) fn facts(&self) -> Facts<'_> {
        Facts {
            order: &self.row.order,
            shipments: &self.row.shipments,
            policy: &self.shop.policy,
            multi_shipment: self.multi_shipment,
            aftercare: &self.aftercare,
            versions: Versions {
                mapping: self.mapped.version,
                order: self.row.seen_version,
                shipments: self.row.shipments_version,
            },
            now: self.now,
        }
    }

    pub(crate) fn step(&self) -> Step {
        self.early(fulfillment::next_step(&self.row.progress, &self.facts()))
    }

    /// A test's planted fault: the answer to Mirakl before the sales order.
    fn early(&self, step: Step) -> Step {
        let waits = self.row.order.state == State::WaitingAcceptance;
        if self.accepts_early && waits && step == Step::CreateSalesOrder {
            return Step::AcceptLines;
        }
        step
    }
}

impl Orders {
    /// The steps, over these connections.
    pub fn new(connections: Arc<Connections>) -> Self {
        Self { connections }
    }

    /// Runs a step of an order so that its calls take that order's turn at a gate.
    pub async fn for_order<T>(&self, order: &OrderKey, step: impl Future<Output = T>) -> T {
        self.connections.on_behalf_of(order, step).await
    }

    /// What the steps work with.
    pub fn connections(&self) -> &Connections {
        &self.connections
    }

    pub(crate) fn ledger(&self) -> &ledger::Ledger {
        &self.connections.ledger
    }

    pub(crate) fn site(&self) -> &Site {
        &self.connections.site
    }

    pub(crate) async fn admit<'a>(
        &'a self,
        to: To<'a>,
        call: &'static str,
    ) -> Result<Admitted<'a>, Failure> {
        self.connections.admit(to, call).await
    }

    pub(crate) fn is_planted(&self, plant: Plant) -> bool {
        self.connections.switches.is_planted(plant)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.connections.clock.now()
    }

    pub(crate) async fn situation(&self, key: &OrderKey) -> Result<Situation<'_>, Failure> {
        let shop = self.connections.shop(&key.marketplace)?;
        let row = self.ledger().order(key).await?;
        let row = row.ok_or_else(|| {
            Failure::unexpected(format!(
                "order {key} is not in the ledger; the next pull may bring it"
            ))
        })?;
        let mapped = self.connections.mappings().await?;
        let may_leave = matches!(row.order.state, State::Shipping | State::Shipped);
        let multi_shipment = match may_leave {
            true => self.kept_multi_shipment(shop).await?,
            false => None,
        };
        let aftercare = self.aftercare_of(shop, &row, &mapped).await?;
        Ok(Situation {
            multi_shipment,
            aftercare,
            shop,
            row,
            mapped,
            now: self.now(),
            accepts_early: self.is_planted(Plant::AcceptBeforeOrder),
        })
    }

    /// Decides what comes next, and notes it in the ledger: versions handled, what is shown, what to
    /// wake for, and the exceptions that follow from it.
    ///
    /// # Errors
    /// The ledger's; and [`Failure`] for an order that is not in it.
    pub async fn decide(&self, key: &OrderKey) -> Result<Decision, Failure> {
        let mut at = self.situation(key).await?;
        self.absorb(&mut at).await?;
        Box::pin(self.adopt_refunds(&mut at)).await?;
        Box::pin(self.adopt_returns(&mut at)).await?;
        Box::pin(self.adopt_cancelations(&mut at)).await?;
        let mut decision = fulfillment::decide(&at.row.progress, &at.facts());
        if self.wants_a_look(&mut at, &decision.step).await? {
            decision = fulfillment::decide(&at.row.progress, &at.facts());
        }
        decision.step = at.early(decision.step);
        self.note_decision(key, &at, &decision).await?;
        Ok(decision)
    }

    /// Writes a decision down, with the versions that it was made from.
    async fn note_decision(
        &self,
        key: &OrderKey,
        at: &Situation<'_>,
        decision: &Decision,
    ) -> Result<(), Failure> {
        let parked = care::parked(&at.row.progress, &at.facts());
        let made = Decided {
            decision,
            parked: &parked,
            seen_version: at.row.seen_version,
            shipments_version: at.row.shipments_version,
            mapping_version: at.mapped.version,
            commands_version: at.row.commands_version,
            wake_at: fulfillment::wake_at(&at.row.progress, &at.facts(), &decision.step),
            read_back: fulfillment::wants_read_back(&at.row.progress, &decision.step),
        };
        Ok(self.ledger().record_decision(key, &made, at.now).await?)
    }

    /// Takes in what the order as read proves of calls whose answer was lost.
    async fn absorb(&self, at: &mut Situation<'_>) -> Result<(), Failure> {
        let unfinished = self.unfinished(at).await?;
        let order = at.row.order.clone();
        let now = at.now;
        let change = |p: &mut Progress| {
            for effect in &unfinished {
                presume_sent(p, effect, now);
            }
            p.absorb(&order)
        };
        let mut progress = at.row.progress.clone();
        let settled = change(&mut progress);
        if progress == at.row.progress {
            return Ok(());
        }
        let key = &at.row.key;
        let elsewhere = progress.accepted_elsewhere && !at.row.progress.accepted_elsewhere;
        let event = match (settled.first(), elsewhere) {
            (Some(effect), _) => Some(NewEvent {
                what: "answer_found",
                detail: vec![("step", evidence(effect))],
            }),
            (None, true) => Some(NewEvent {
                what: "accepted_elsewhere",
                detail: vec![],
            }),
            _ => None,
        };
        let note = Note {
            settle: None,
            event,
        };
        let change = |p: &mut Progress| {
            change(p);
        };
        at.row.progress = self.ledger().advance(key, note, at.now, change).await?;
        for effect in settled {
            if let Some(intent) = self.ledger().open_intent(key, &effect).await? {
                let note = Note {
                    settle: Some((&intent, Settled::Done)),
                    event: None,
                };
                self.ledger().advance(key, note, at.now, |_| {}).await?;
            }
        }
        Ok(())
    }

    /// Calls that may have brought the order where it stands, of which a killed worker could not
    /// note that it made them.
    async fn unfinished(&self, at: &Situation<'_>) -> Result<Vec<&'static str>, Failure> {
        let (state, progress) = (&at.row.order.state, &at.row.progress);
        let called_off_later = *state == State::Canceled && at.row.order.decided_at.is_some();
        let decided = state.is_past_acceptance() || *state == State::Refused || called_off_later;
        let mut suspects = vec![];
        if decided && progress.acceptance == Acceptance::None {
            suspects.extend([Step::AcceptLines, Step::RefuseLines]);
        }
        if state.is_shipped() && progress.shipment == Sent::No {
            suspects.push(Step::ConfirmShipment);
        }
        if *state == State::Canceled && progress.order_cancelled == Sent::No {
            suspects.push(Step::CancelOrder);
        }
        let mut found = vec![];
        for effect in suspects.iter().map(Step::as_str) {
            let intent = self.ledger().open_intent(&at.row.key, effect).await?;
            if intent.is_some_and(|intent| intent.send_deadline.is_some()) {
                found.push(effect);
            }
        }
        Ok(found)
    }

    /// Notes a success and decides again.
    pub(crate) async fn done(
        &self,
        key: &OrderKey,
        intent: &Intent,
        event: NewEvent<'_>,
        change: impl Fn(&mut Progress) + Send + Sync,
    ) -> Result<Decision, Failure> {
        let note = Note {
            settle: Some((intent, Settled::Done)),
            event: Some(event),
        };
        let change = |p: &mut Progress| {
            p.blocked = None;
            change(p);
        };
        self.ledger().advance(key, note, self.now(), change).await?;
        self.decide(key).await
    }

    /// Notes that a step was refused: the order waits for its cure, the run goes on living.
    pub(crate) async fn block(
        &self,
        at: &Situation<'_>,
        step: &Step,
        problem: Problem,
        intent: Option<&Intent>,
        change: impl Fn(&mut Progress) + Send + Sync,
    ) -> Result<Decision, Failure> {
        let blocked = Blocked {
            step: step.as_str().to_owned(),
            problem,
            mapping_version: at.mapped.version,
            order_version: at.row.seen_version,
            shipments_version: at.row.shipments_version,
            look_at: None,
        };
        let kind = blocked.problem.kind.as_str().to_owned();
        let detail = vec![("step", blocked.step.clone()), ("kind", kind)];
        let note = Note {
            settle: intent.map(|intent| (intent, Settled::Refused)),
            event: Some(NewEvent {
                what: "blocked",
                detail,
            }),
        };
        let change = |p: &mut Progress| {
            // A correction that came while this attempt was under way may be the cure.
            if p.corrections == at.row.progress.corrections {
                p.blocked = Some(blocked.clone());
            }
            change(p);
        };
        self.ledger()
            .advance(&at.row.key, note, at.now, change)
            .await?;
        self.decide(&at.row.key).await
    }
}

/// Takes it that a call was sent whose sender could not note it.
fn presume_sent(progress: &mut Progress, call: &str, read_after: Timestamp) {
    match call {
        "confirm_shipment" => effect::doubt_sent(&mut progress.shipment, read_after),
        "cancel_order" => effect::doubt_sent(&mut progress.order_cancelled, read_after),
        _ if progress.acceptance == Acceptance::None => {
            progress.acceptance = Acceptance::Doubtful { read_after };
        }
        _ => {}
    }
}
