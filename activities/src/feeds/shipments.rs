//! BlueCherry's fulfilments into the ledger.

use domain::exception::Kind;
use ledger::{FeedRun, Recorded, SeenShipment, Unreadable};
use workflows::activities::FeedReport;

use super::tell::News;
use super::{Feeds, Pulled};
use crate::calls::To;
use crate::{Failure, translate};

/// Rows a page.
const PAGE: u32 = 100;
/// Runs told after one read, by shop.
const TOLD_A_PULL: u32 = 1_000;

impl Feeds {
    pub(super) async fn pull_shipments(&self, name: &str) -> Result<Pulled, Failure> {
        let connections = self.orders.connections();
        let (ledger, site) = (&connections.ledger, &connections.site);
        let prefixes: Vec<String> = connections
            .shops
            .values()
            .map(|s| format!("{}-", s.policy.prefix))
            .collect();
        let mut cursor = ledger.cursor(name).await?;
        let (mut rows, mut sum) = (0, Recorded::default());
        let began = connections.clock.elapsed();
        loop {
            let admitted = self
                .orders
                .admit(To::BlueCherry, "list_fulfilments")
                .await?;
            let reading = site.binding.fulfilments(cursor.as_deref(), PAGE);
            let page = admitted.send(reading).await?;
            let (mut seen, mut unreadable) = (vec![], vec![]);
            for row in &page.rows {
                match &row.read {
                    Ok(wire) => seen.push(SeenShipment {
                        external_po: wire.external_po.trim().to_owned(),
                        shipment: translate::shipment(wire),
                        payload: row.text.clone(),
                    }),
                    Err(error) => unreadable.push(Unreadable {
                        key: named(&row.text),
                        marketplace: None,
                        payload: row.text.clone(),
                        path: error.path.clone(),
                        kind: Kind::UnreadableShipment,
                    }),
                }
            }
            rows += u32::try_from(page.rows.len()).unwrap_or(u32::MAX);
            let next = page.next_cursor.clone().or(cursor.clone());
            // Each page moves the cursor, so what is left over is the next read's; a cursor that
            // stands still brings the same page for ever.
            let stands = next == cursor;
            let last_page = page.complete
                || page.rows.is_empty()
                || stands
                || !self.has_time(began, site.call_timeout);
            let run = FeedRun {
                feed: name,
                cursor: next.as_deref(),
                last_page,
                now: connections.clock.now(),
                prefixes: &prefixes,
            };
            let recorded = ledger.record_shipments(&run, &seen, &unreadable).await?;
            sum.new += recorded.new;
            sum.changed += recorded.changed;
            sum.unreadable += recorded.unreadable;
            cursor = next;
            if last_page {
                break;
            }
        }
        let mut owed = vec![];
        for code in connections.shops.keys() {
            owed.extend(
                ledger
                    .owed_orders(code, connections.clock.now(), TOLD_A_PULL)
                    .await?,
            );
        }
        let report = FeedReport {
            rows,
            changed: sum.new + sum.changed,
            told: 0,
            unreadable: sum.unreadable,
            next_in_ms: u64::try_from(site.poll.as_millis()).unwrap_or(u64::MAX),
        };
        Ok(Pulled {
            report,
            owed,
            news: News::ShipmentConfirmed,
            failed: None,
        })
    }
}

/// The shipment ID of a record that cannot be read as a whole; else a hash tells records apart.
fn named(json: &str) -> String {
    use sha2::{Digest, Sha256};
    let id = serde_json::from_str::<serde_json::Value>(json)
        .ok()
        .and_then(|v| {
            v.get("shipment_id")
                .and_then(|id| id.as_str().map(str::to_owned))
        });
    id.filter(|id| domain::command::is_code(id))
        .unwrap_or_else(|| {
            let hash = Sha256::digest(json.as_bytes());
            let hex: String = hash.iter().take(8).map(|b| format!("{b:02x}")).collect();
            format!("(no shipment_id) {hex}")
        })
}
