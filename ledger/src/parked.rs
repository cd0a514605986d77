//! What of an order waits for a person while the rest goes on: one exception each, kept equal to
//! what the last decision parked.

use std::collections::BTreeMap;

use domain::exception::Problem;
use domain::marketplace::OrderKey;
use jiff::Timestamp;
use sqlx::AnyConnection;

use crate::columns::{Columns, to_json};
use crate::error::{Doing, Result};
use crate::exceptions::{self, About, Opening, Origin};

const WHAT: &str = "an exception";

/// Evidence of what is open, by subject and the word of its kind.
type Open = BTreeMap<(String, String), String>;

/// Opens what is new, renews evidence that changed, closes what is gone; writes nothing else.
pub(crate) async fn keep(
    conn: &mut AnyConnection,
    key: &OrderKey,
    parked: &[(String, Problem)],
    now: Timestamp,
) -> Result<()> {
    let mut gone = open(conn, key).await?;
    for (name, problem) in parked {
        let subject = format!("{} {name}", key.order_id);
        let evidence = to_json(&problem.evidence, WHAT)?;
        let was = gone.remove(&(subject.clone(), problem.kind.as_str().to_owned()));
        if was.is_some_and(|was| was == evidence) {
            continue;
        }
        let opening = Opening {
            about: about(key, &subject),
            kind: problem.kind,
            marketplace: Some(&key.marketplace),
            order_id: Some(&key.order_id),
            evidence: &problem.evidence,
            deadline: None,
        };
        exceptions::open(conn, &opening, now).await?;
    }
    for (subject, kind) in gone.keys() {
        close(conn, key, subject, kind, now).await?;
    }
    Ok(())
}

fn about<'a>(key: &'a OrderKey, subject: &'a str) -> About<'a> {
    About {
        origin: Origin::Paper,
        scope: key.marketplace.as_str(),
        subject,
    }
}

async fn open(conn: &mut AnyConnection, key: &OrderKey) -> Result<Open> {
    let rows = sqlx::query(
        // The origin stands in the text, as in the index that this needs.
        "SELECT subject, kind, evidence FROM exceptions WHERE closed_at IS NULL \
         AND origin = 'paper' AND scope = $1 AND order_id = $2",
    )
    .bind(key.marketplace.as_str())
    .bind(&key.order_id)
    .fetch_all(conn)
    .await
    .doing("reading open exceptions")?;
    let mut open = Open::new();
    for row in &rows {
        let columns = Columns { row, what: WHAT };
        let of = (columns.text("subject")?, columns.text("kind")?);
        open.insert(of, columns.text("evidence")?);
    }
    Ok(open)
}

async fn close(
    conn: &mut AnyConnection,
    key: &OrderKey,
    subject: &str,
    kind: &str,
    now: Timestamp,
) -> Result<()> {
    let about = about(key, subject);
    sqlx::query(
        "UPDATE exceptions SET closed_at = $1, closed_by = 'cause_gone' WHERE closed_at IS NULL \
         AND origin = $2 AND scope = $3 AND subject = $4 AND kind = $5",
    )
    .bind(now.as_millisecond())
    .bind(about.origin.as_str())
    .bind(about.scope)
    .bind(about.subject)
    .bind(kind)
    .execute(conn)
    .await
    .doing("closing an exception")?;
    Ok(())
}
