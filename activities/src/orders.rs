//! The effects of an order's run. Each is safe to repeat, and answers what comes next.

mod accept;
mod cancel;
mod commands;
mod create;
mod effect;
mod references;
mod release;
mod ship;

use std::sync::Arc;

use domain::exception::Problem;
use domain::fulfillment::{self, Facts, Versions};
use domain::marketplace::OrderKey;
use domain::progress::{Blocked, Progress};
use domain::step::{Decision, Step};
use jiff::Timestamp;
use ledger::{Decided, Intent, NewEvent, Note, OrderRow, Settled};

use crate::Failure;
use crate::settings::{Connections, Mapped, Shop, Site};

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
}

impl Situation<'_> {
    pub(crate) fn facts(&self) -> Facts<'_> {
        Facts {
            order: &self.row.order,
            shipments: &self.row.shipments,
            policy: &self.shop.policy,
            versions: Versions {
                mapping: self.mapped.version,
                order: self.row.seen_version,
                shipments: self.row.shipments_version,
            },
            now: self.now,
        }
    }

    pub(crate) fn step(&self) -> Step {
        fulfillment::next_step(&self.row.progress, &self.facts())
    }
}

impl Orders {
    /// The steps, over these connections.
    pub fn new(connections: Arc<Connections>) -> Self {
        Self { connections }
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
        Ok(Situation {
            shop,
            row,
            mapped,
            now: self.now(),
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
        let facts = at.facts();
        let decision = fulfillment::decide(&at.row.progress, &facts);
        let made = Decided {
            decision: &decision,
            seen_version: at.row.seen_version,
            shipments_version: at.row.shipments_version,
            mapping_version: at.mapped.version,
            commands_version: at.row.commands_version,
            wake_at: fulfillment::wake_at(&at.row.progress, &facts, &decision.step),
            read_back: fulfillment::wants_read_back(&decision.step),
        };
        self.ledger().record_decision(key, &made, at.now).await?;
        Ok(decision)
    }

    /// Takes in what the order as read proves of calls whose answer was lost.
    async fn absorb(&self, at: &mut Situation<'_>) -> Result<(), Failure> {
        let mut progress = at.row.progress.clone();
        let settled = progress.absorb(&at.row.order);
        if progress == at.row.progress {
            return Ok(());
        }
        let key = &at.row.key;
        let elsewhere = progress.accepted_elsewhere && !at.row.progress.accepted_elsewhere;
        let event = match (settled.first(), elsewhere) {
            (Some(effect), _) => Some(NewEvent {
                what: "answer_found",
                detail: vec![("step", (*effect).to_owned())],
            }),
            (None, true) => Some(NewEvent {
                what: "accepted_elsewhere",
                detail: vec![],
            }),
            _ => None,
        };
        let order = at.row.order.clone();
        let note = Note {
            settle: None,
            event,
        };
        let change = |p: &mut Progress| {
            p.absorb(&order);
        };
        at.row.progress = self.ledger().advance(key, note, at.now, change).await?;
        for effect in settled {
            if let Some(intent) = self.ledger().open_intent(key, effect).await? {
                let note = Note {
                    settle: Some((&intent, Settled::Done)),
                    event: None,
                };
                self.ledger().advance(key, note, at.now, |_| {}).await?;
            }
        }
        Ok(())
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
            p.blocked = Some(blocked.clone());
            change(p);
        };
        self.ledger()
            .advance(&at.row.key, note, at.now, change)
            .await?;
        self.decide(&at.row.key).await
    }
}
