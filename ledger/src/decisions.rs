//! Decisions on an order, and the exceptions that follow from them.

use domain::marketplace::OrderKey;
use domain::step::Step;
use jiff::Timestamp;
use sqlx::AnyConnection;

use crate::columns::{Columns, ms, to_json};
use crate::error::{Doing, Error, Result};
use crate::events;
use crate::exceptions::{self, About, Opening, Origin};
use crate::inbox::lock;
use crate::open::Ledger;
use crate::parked;
use crate::rows::{Decided, NewEvent};

const WHAT: &str = "an order";

/// Versions of what a decision is made from.
#[derive(Clone, Copy)]
struct Versions {
    order: i64,
    shipments: i64,
    commands: i64,
}

impl Versions {
    fn each(self, other: Self, pick: impl Fn(i64, i64) -> i64) -> Self {
        Self {
            order: pick(self.order, other.order),
            shipments: pick(self.shipments, other.shipments),
            commands: pick(self.commands, other.commands),
        }
    }

    fn any_below(self, other: Self) -> bool {
        self.order < other.order
            || self.shipments < other.shipments
            || self.commands < other.commands
    }
}

/// How the order stood before the decision.
struct Before {
    seen: Versions,
    handled: Versions,
    stage: String,
    blocked_on: Option<String>,
    decided: bool,
    ours: bool,
    read_back_since: Option<i64>,
}

impl Ledger {
    /// Writes a decision down, with the exception and the event that follow from it.
    ///
    /// News that came after what the decision was made from stay owed. A decision made from older
    /// news than an earlier one changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`]: no such order.
    pub async fn record_decision(
        &self,
        key: &OrderKey,
        made: &Decided<'_>,
        now: Timestamp,
    ) -> Result<()> {
        let mut writing = self.writing().await?;
        let conn = writing.conn();
        if !lock(conn, key, now).await? {
            return Err(Error::NotFound);
        }
        let before = before(conn, key).await?;
        let from = Versions {
            order: made.seen_version,
            shipments: made.shipments_version,
            commands: made.commands_version,
        };
        // A ledger that was restored counts lower than a run that remembers; its own count rules.
        let from = from.each(before.seen, i64::min);
        if from.any_below(before.handled) {
            return Ok(());
        }
        write(conn, key, made, from, &before, now).await?;
        reconcile(conn, key, made, now).await?;
        parked::keep(conn, key, made.parked, now).await?;
        tell(conn, key, made, &before, now).await?;
        writing.commit("writing a decision").await
    }
}

async fn before(conn: &mut AnyConnection, key: &OrderKey) -> Result<Before> {
    let row = sqlx::query(
        "SELECT seen_version, shipments_version, commands_version, handled_version, \
         handled_shipments, handled_commands, stage, blocked_on, ours, read_back_since, \
         CASE WHEN shown IS NULL THEN 0 ELSE 1 END AS decided \
         FROM orders WHERE marketplace = $1 AND order_id = $2",
    )
    .bind(key.marketplace.as_str())
    .bind(&key.order_id)
    .fetch_one(conn)
    .await
    .doing("reading an order")?;
    let columns = Columns {
        row: &row,
        what: WHAT,
    };
    Ok(Before {
        seen: Versions {
            order: columns.number("seen_version")?,
            shipments: columns.number("shipments_version")?,
            commands: columns.number("commands_version")?,
        },
        handled: Versions {
            order: columns.number("handled_version")?,
            shipments: columns.number("handled_shipments")?,
            commands: columns.number("handled_commands")?,
        },
        stage: columns.text("stage")?,
        blocked_on: columns.text_or_null("blocked_on")?,
        decided: columns.flag("decided")?,
        ours: columns.flag("ours")?,
        read_back_since: columns.number_or_null("read_back_since")?,
    })
}

async fn write(
    conn: &mut AnyConnection,
    key: &OrderKey,
    made: &Decided<'_>,
    from: Versions,
    before: &Before,
    now: Timestamp,
) -> Result<()> {
    let shown = &made.decision.shown;
    let finished = matches!(made.decision.step, Step::Done(_));
    let has_news = from.any_below(before.seen);
    let active = before.ours && (!finished || has_news);
    let for_mapping = shown.kind().is_some_and(|kind| kind.is_cured_by_mapping());
    let since = before.read_back_since.unwrap_or(now.as_millisecond());
    sqlx::query(
        "UPDATE orders SET handled_version = $3, handled_shipments = $4, handled_commands = $5, \
         shown = $6, stage = $7, blocked_on = $8, waits_for = $9, waits_for_mapping = $10, \
         mapping_version = $11, deadline = $12, wake_at = $13, read_back_since = $14, \
         finished = $15, active = $16 WHERE marketplace = $1 AND order_id = $2",
    )
    .bind(key.marketplace.as_str())
    .bind(&key.order_id)
    .bind(from.order)
    .bind(from.shipments)
    .bind(from.commands)
    .bind(to_json(shown, WHAT)?)
    .bind(shown.stage.as_str())
    .bind(shown.kind().map(|kind| kind.as_str().to_owned()))
    .bind(waits_for(&made.decision.step).map(str::to_owned))
    .bind(i64::from(for_mapping))
    .bind(made.mapping_version)
    .bind(ms(shown.deadline))
    .bind(ms(made.wake_at))
    .bind(made.read_back.then_some(since))
    .bind(i64::from(finished))
    .bind(i64::from(active))
    .execute(conn)
    .await
    .doing("writing a decision")?;
    Ok(())
}

/// Closes the exception whose cause is gone, and opens the one whose cause is there.
async fn reconcile(
    conn: &mut AnyConnection,
    key: &OrderKey,
    made: &Decided<'_>,
    now: Timestamp,
) -> Result<()> {
    let shown = &made.decision.shown;
    let about = About {
        origin: Origin::Decision,
        scope: key.marketplace.as_str(),
        subject: &key.order_id,
    };
    exceptions::close(conn, about, shown.kind(), "cause_gone", now).await?;
    let Some(problem) = &shown.blocked_on else {
        return Ok(());
    };
    let opening = Opening {
        about,
        kind: problem.kind,
        marketplace: Some(&key.marketplace),
        order_id: Some(&key.order_id),
        evidence: &problem.evidence,
        deadline: shown.deadline,
    };
    exceptions::open(conn, &opening, now).await
}

/// Appends an event when people see something else than before.
async fn tell(
    conn: &mut AnyConnection,
    key: &OrderKey,
    made: &Decided<'_>,
    before: &Before,
    now: Timestamp,
) -> Result<()> {
    let shown = &made.decision.shown;
    let kind = shown.kind().map(|kind| kind.as_str());
    let stage = shown.stage.as_str();
    let same_block = before.blocked_on.as_deref() == kind;
    if before.decided && before.stage == stage && same_block {
        return Ok(());
    }
    let what = match (same_block, kind) {
        (false, Some(_)) => "blocked",
        (false, None) => "unblocked",
        (true, _) => "stage_changed",
    };
    let mut detail = vec![("stage", stage.to_owned())];
    detail.extend(kind.map(|kind| ("kind", kind.to_owned())));
    let event = NewEvent { what, detail };
    events::append(conn, key, &event, now).await
}

/// What a step waits for, in a word.
fn waits_for(step: &Step) -> Option<&'static str> {
    let Step::Wait(wait) = step else { return None };
    Some(wait.as_str())
}
