//! BlueCherry's fulfilments into the ledger, and beside them its returns and credit memos.

use std::time::Duration;

use bluecherry::{Fulfilment, Row};
use domain::exception::Kind;
use ledger::{FeedRun, Recorded, SeenShipment, Unreadable};
use workflows::activities::FeedReport;

use super::erp::{PAGE, named};
use super::tell::News;
use super::{Feeds, Pulled, Read};
use crate::{Failure, translate};

/// Runs told after one read, by shop.
const TOLD_A_PULL: u32 = 1_000;

impl Feeds {
    pub(super) async fn pull_shipments(&self, name: &str) -> Result<Pulled, Failure> {
        let connections = self.orders.connections();
        let (ledger, site) = (&connections.ledger, &connections.site);
        let began = connections.clock.elapsed();
        let mut sum = Read::default();
        // What came before one of the lists failed is told all the same, then the pull fails.
        let failed = match self.read_shipments(name, began).await {
            Ok(read) => {
                sum += read;
                None
            }
            Err(failure) => Some(failure),
        };
        let failed_beside = Box::pin(self.pull_papers(began, &mut sum)).await?;
        let mut owed = vec![];
        for code in connections.shops.keys() {
            owed.extend(
                ledger
                    .owed_orders(code, connections.clock.now(), TOLD_A_PULL)
                    .await?,
            );
        }
        let report = FeedReport {
            rows: sum.rows,
            changed: sum.recorded.new + sum.recorded.changed,
            told: 0,
            unreadable: sum.recorded.unreadable,
            next_in_ms: u64::try_from(site.poll.as_millis()).unwrap_or(u64::MAX),
        };
        Ok(Pulled {
            report,
            owed,
            news: News::ShipmentConfirmed,
            failed,
            failed_beside,
        })
    }

    pub(super) async fn read_shipments(
        &self,
        name: &str,
        began: Duration,
    ) -> Result<Read, Failure> {
        let mut list = self.reading(name, "list_fulfilments", began).await?;
        while let Some(admitted) = list.next().await? {
            let binding = &self.orders.connections().site.binding;
            let page = admitted
                .send(binding.fulfilments(list.cursor(), PAGE))
                .await?;
            list.came(&page);
            let recorded = self.store(&list.run(), &page.rows).await?;
            list.stored(page.rows.len(), recorded);
        }
        Ok(list.brought())
    }

    async fn store(
        &self,
        run: &FeedRun<'_>,
        rows: &[Row<Fulfilment>],
    ) -> Result<Recorded, Failure> {
        let (mut seen, mut unreadable) = (vec![], vec![]);
        for row in rows {
            match &row.read {
                Ok(wire) => seen.push(SeenShipment {
                    external_po: wire.external_po.trim().to_owned(),
                    shipment: translate::shipment(wire),
                    payload: row.text.clone(),
                }),
                Err(error) => unreadable.push(Unreadable {
                    key: named(&row.text, "shipment_id"),
                    marketplace: None,
                    payload: row.text.clone(),
                    path: error.path.clone(),
                    kind: Kind::UnreadableShipment,
                }),
            }
        }
        let ledger = self.orders.ledger();
        Ok(ledger.record_shipments(run, &seen, &unreadable).await?)
    }
}
