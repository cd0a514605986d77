//! A ledger that is brought back: whether it is empty, how far its rebuild is, and people's
//! decisions put back before anything else.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::columns::{from_json, to_json};
use crate::commands::{erase, insert};
use crate::error::{Doing, Result};
use crate::export::{Exported, Said};
use crate::open::{Alone, Ledger, meta, set_meta};
use crate::rows::TakenCommand;

const WHAT: &str = "the rebuild's state";
const NAME: &str = "rebuild";

/// That and when a ledger was rebuilt, and from what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rebuild {
    /// When it began.
    pub began_at: Timestamp,
    /// When it ended; empty while it has not, and then no worker may use the ledger.
    #[serde(default)]
    pub finished_at: Option<Timestamp>,
    /// What it was brought back from, and how many of each.
    #[serde(default)]
    pub from: Vec<(String, u64)>,
}

impl Ledger {
    /// The last rebuild; `None` for a ledger that was never lost.
    pub async fn rebuild(&self) -> Result<Option<Rebuild>> {
        let json = meta(&mut *self.reading().await?, NAME).await?;
        json.map(|json| from_json(&json, WHAT)).transpose()
    }

    /// Notes how far a rebuild is.
    pub async fn note_rebuild(&self, rebuild: &Rebuild) -> Result<()> {
        let json = to_json(rebuild, WHAT)?;
        let mut writing = self.writing().await?;
        set_meta(writing.conn(), NAME, &json).await?;
        writing.commit("noting a rebuild").await
    }

    /// Does it know of no order, shipment, document, decision or cursor?
    pub async fn is_empty(&self) -> Result<bool> {
        let row = sqlx::query(
            "SELECT 1 AS one WHERE EXISTS (SELECT 1 FROM orders) \
             OR EXISTS (SELECT 1 FROM shipments) OR EXISTS (SELECT 1 FROM documents) \
             OR EXISTS (SELECT 1 FROM intents) \
             OR EXISTS (SELECT 1 FROM commands) OR EXISTS (SELECT 1 FROM erasures) \
             OR EXISTS (SELECT 1 FROM feeds WHERE cursor IS NOT NULL)",
        )
        .fetch_optional(&mut *self.reading().await?)
        .await
        .doing("looking whether the ledger is empty")?;
        Ok(row.is_none())
    }

    /// Puts exported decisions back, each once, and appends them to no export. Orders that are not
    /// known yet are erased in advance; what people told them counts once they are.
    ///
    /// Answers how many were not here before.
    pub async fn replay(&self, decisions: &[Exported]) -> Result<u64> {
        let mut writing = self.writing().await?;
        writing.alone(Alone::Stores).await?;
        let mut new = 0;
        for decision in decisions {
            let (conn, key, at) = (writing.conn(), &decision.order, decision.at);
            let is_new = match &decision.said {
                Said::Forget { reason_code } => erase(conn, key, reason_code, at).await?,
                Said::Command {
                    command,
                    by,
                    detail,
                    outcome,
                    ..
                } => {
                    let said = TakenCommand {
                        id: &decision.id,
                        name: command,
                        by,
                        detail,
                        outcome: &|| outcome.clone(),
                    };
                    insert(conn, key, &said, at).await?
                }
            };
            new += u64::from(is_new);
        }
        writing.commit("putting decisions back").await?;
        self.flush_log().await?;
        Ok(new)
    }

    /// How many of these decisions are not in the ledger.
    pub async fn not_replayed(&self, decisions: &[Exported]) -> Result<u64> {
        let doing = "looking for decisions";
        let mut conn = self.reading().await?;
        let mut missing = 0;
        for decision in decisions {
            let query = match &decision.said {
                Said::Forget { .. } => sqlx::query(
                    "SELECT order_id FROM erasures WHERE marketplace = $1 AND order_id = $2",
                )
                .bind(decision.order.marketplace.as_str())
                .bind(&decision.order.order_id),
                Said::Command { .. } => {
                    sqlx::query("SELECT order_id FROM commands WHERE export_id = $1")
                        .bind(&decision.id)
                }
            };
            let found = query.fetch_optional(&mut *conn).await.doing(doing)?;
            missing += u64::from(found.is_none());
        }
        Ok(missing)
    }
}
