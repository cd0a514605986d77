//! Reading the site's batch, once for all marketplaces.

use std::time::Duration;

use bluecherry::{Mode, Page, Position};
use domain::ats::{self, Code, Figures};
use domain::exception::{Kind, Problem};
use domain::stock::snapshot::{self, Batch, Fault, Previous};
use ledger::{NewSnapshot, Snapshot, StoredPosition};
use serde::{Deserialize, Serialize};
use workflows::stock::{PublishInput, RefusedBatch, SnapshotRead, StockTicket, Word};

use super::faults::{code, may_be_approved, numbers, told};
use super::offers::Looked;
use super::{Run, Stocks, stock_key};
use crate::Failure;
use crate::calls::To;

/// A batch that changes while it is read is begun again so often.
const BEGINNINGS: u32 = 3;
/// Between two looks whether another worker has read the site.
const LOOK: Duration = Duration::from_millis(300);
/// Place of a row that could not be read; its item is unknown.
const UNREADABLE: &str = "?";

/// Totals of a batch, as the ledger keeps them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Totals {
    /// Rows read.
    pub(super) rows: u64,
    /// Rows that could not be read, though their item is known.
    pub(super) unreadable: u64,
    /// Rows that the site says it has.
    pub(super) rows_told: Option<u64>,
    /// On-hand units.
    pub(super) units: Option<i64>,
}

/// The batch to compute from.
struct Newest {
    snapshot: Snapshot,
    /// What is wrong with the newest batch, when that is another.
    faults: Vec<Fault>,
    /// That one, when a person may say otherwise.
    refused: Option<RefusedBatch>,
}

impl From<Snapshot> for Newest {
    fn from(snapshot: Snapshot) -> Self {
        Self {
            snapshot,
            faults: vec![],
            refused: None,
        }
    }
}

/// A batch being read.
struct Reading {
    snapshot: Snapshot,
    totals: Totals,
    ended: bool,
    complete: bool,
    /// Rows whose item is not known either.
    lost: u64,
}

impl Stocks {
    /// Takes the marketplace's lease and has the newest batch of the site in the ledger. While
    /// BlueCherry cannot be asked, or the newest batch is not what it says, the one before counts.
    ///
    /// # Errors
    /// What is to be tried again: no batch was ever read.
    pub async fn read_snapshot(
        &self,
        input: &PublishInput,
        run: &str,
    ) -> Result<SnapshotRead, Failure> {
        self.check_ledger(&input.of, &input.ledger_id).await?;
        let ends = |word| SnapshotRead {
            word,
            ticket: None,
            offers_due: false,
            rows: 0,
            age_s: 0,
            faults: vec![],
        };
        let Some(shop) = self.connections.stock.shops.get(&input.of) else {
            return Ok(ends(Word::Off));
        };
        let Some(run) = self.lease(input.of.as_str(), run).await? else {
            return Ok(ends(Word::Busy));
        };
        let Newest {
            snapshot,
            faults,
            refused,
        } = self.newest(&run).await?;
        let looked = self.looked(self.shop(&input.of)?).await?;
        let totals: Totals = serde_json::from_str(&snapshot.totals).unwrap_or_default();
        let age_s = self.now().duration_since(snapshot.as_of).as_secs();
        Ok(SnapshotRead {
            word: Word::Go,
            ticket: Some(StockTicket {
                of: input.of.clone(),
                epoch: run.lease.epoch,
                snapshot: snapshot.id,
                snapshot_no: 0,
                refused,
            }),
            offers_due: Looked::is_due(looked.as_ref(), shop.read_back, self.now()),
            rows: totals.rows,
            age_s,
            faults: faults.iter().map(code).collect(),
        })
    }

    async fn newest(&self, marketplace: &Run<'_>) -> Result<Newest, Failure> {
        let site = &self.connections.site.name;
        let (scope, asked_at) = (format!("site/{site}"), self.now());
        let holder = format!("{}/{}", marketplace.lease.scope, marketplace.lease.holder);
        let reading = loop {
            if let Some(reading) = self.lease(&scope, &holder).await? {
                break reading;
            }
            marketplace.rest(LOOK).await?;
        };
        let before = self.ledger().current_snapshot(site).await?;
        // Another marketplace's run read it while this one waited.
        let is_new = |s: &Snapshot| s.ended_at.is_some_and(|ended| ended > asked_at);
        if let Some(current) = before.as_ref().filter(|s| is_new(s)) {
            self.give_back(&reading).await?;
            return Ok(current.clone().into());
        }
        let read = self.read_site(&reading, marketplace, before.as_ref()).await;
        self.give_back(&reading).await?;
        match (read, before) {
            (Ok(read), _) => Ok(read),
            (Err(failure), Some(before)) if failure.kind != Failure::LEASE_LOST => {
                tracing::warn!(site, "no batch was read: {failure}; the one before counts");
                Ok(before.into())
            }
            (Err(failure), _) => Err(failure),
        }
    }

    async fn read_site(
        &self,
        run: &Run<'_>,
        marketplace: &Run<'_>,
        before: Option<&Snapshot>,
    ) -> Result<Newest, Failure> {
        self.refresh_items(run).await?;
        for _ in 0..BEGINNINGS {
            let first = self.page(run, None).await?;
            let batch_id = batch_of(&first);
            if let Some(same) = before.filter(|before| before.batch_id == batch_id) {
                return Ok(same.clone().into());
            }
            if let Some(read) = self.read_pages(run, marketplace, first, batch_id).await? {
                return self.judged(run, read, before).await;
            }
        }
        Err(Failure::unexpected(
            "the inventory batch changed each time while it was read".to_owned(),
        ))
    }

    async fn page(&self, run: &Run<'_>, cursor: Option<&str>) -> Result<Page<Position>, Failure> {
        let admitted = run.admitted(To::BlueCherry, "list_positions").await?;
        let binding = &self.connections.site.binding;
        Ok(admitted.send(binding.positions(cursor, Mode::Full)).await?)
    }

    /// Streams the pages of a batch into the ledger; nothing when another batch came meanwhile.
    async fn read_pages(
        &self,
        run: &Run<'_>,
        marketplace: &Run<'_>,
        first: Page<Position>,
        batch_id: String,
    ) -> Result<Option<Reading>, Failure> {
        let through = first.rows.iter().find_map(|row| row.read.as_ref().ok());
        let new = NewSnapshot {
            site: &self.connections.site.name,
            batch_id: &batch_id,
            delta: false,
            as_of: first.as_of,
            orders_seen_through: through.and_then(|row| row.orders_seen_through.as_deref()),
        };
        let snapshot = self.ledger().begin_snapshot(run.holding(), &new).await?;
        let mut read = Reading {
            snapshot,
            totals: Totals {
                units: Some(0),
                ..Totals::default()
            },
            ended: false,
            complete: true,
            lost: 0,
        };
        let mut page = first;
        loop {
            let positions = read.take(&page);
            let holding = run.holding();
            self.ledger()
                .add_positions(holding, read.snapshot.id, &positions)
                .await?;
            self.ledger()
                .keep_stock_lease(marketplace.holding())
                .await?;
            let Some(cursor) = page.next_cursor.take() else {
                break;
            };
            page = self.page(run, Some(&cursor)).await?;
            if batch_of(&page) != batch_id {
                return Ok(None);
            }
        }
        read.ended = true;
        read.totals.rows_told = self.rows_told(run, &batch_id).await;
        Ok(Some(read))
    }

    /// How many rows the site says the batch has; empty when it does not say.
    async fn rows_told(&self, run: &Run<'_>, batch_id: &str) -> Option<u64> {
        let admitted = run.admitted(To::BlueCherry, "list_batches").await.ok()?;
        let binding = &self.connections.site.binding;
        let batches = admitted
            .send(binding.batches(Some("inventory")))
            .await
            .ok()?;
        let batch = batches.into_iter().find(|b| b.batch_id == batch_id)?;
        batch.row_count
    }

    /// Accepts a batch, or refuses it and tells its owner.
    async fn judged(
        &self,
        run: &Run<'_>,
        read: Reading,
        before: Option<&Snapshot>,
    ) -> Result<Newest, Failure> {
        let Reading {
            snapshot, totals, ..
        } = &read;
        let limits = &self.connections.stock.site.snapshot;
        let faults = snapshot::judge(
            &read.batch(),
            before.map(previous).as_ref(),
            limits,
            self.now(),
        );
        let (ledger, holding) = (self.ledger(), run.holding());
        let approvals = ledger.batch_approvals(&snapshot.site, &snapshot.batch_id);
        let approved = !approvals.await?.is_empty();
        let stands = |fault: &Fault| fault.refuses() && !(approved && may_be_approved(fault));
        let refusing: Vec<Fault> = faults.into_iter().filter(stands).collect();
        let json = serde_json::to_string(totals).unwrap_or_default();
        let scope = &run.lease.scope;
        if refusing.is_empty() {
            ledger.accept_snapshot(holding, snapshot, &json).await?;
            ledger
                .settle_stock_problems(scope, None, &[Kind::SnapshotRefused], &[], holding.now)
                .await?;
            let current = ledger.current_snapshot(&snapshot.site).await?;
            return Ok(current.ok_or(ledger::Error::NotFound)?.into());
        }
        let reasons: Vec<String> = refusing.iter().map(code).collect();
        ledger
            .refuse_snapshot(holding, snapshot.id, &json, &reasons)
            .await?;
        let mut problem = Problem::new(Kind::SnapshotRefused)
            .with("batch", &snapshot.batch_id)
            .with("as_of", snapshot.as_of);
        for fault in &refusing {
            problem = problem.with(&code(fault), numbers(fault));
        }
        ledger
            .settle_stock_problems(scope, None, &[problem.kind], &[problem], holding.now)
            .await?;
        tracing::warn!(batch = snapshot.batch_id, ?reasons, "the batch is refused");
        match before {
            Some(before) => Ok(Newest {
                snapshot: before.clone(),
                refused: refusing.iter().all(may_be_approved).then(|| RefusedBatch {
                    batch_id: snapshot.batch_id.clone(),
                    faults: refusing.iter().map(told).collect(),
                }),
                faults: refusing,
            }),
            None => Err(Failure::unexpected(format!(
                "the first inventory batch is refused ({}); nothing can be published before a good one",
                reasons.join(", ")
            ))),
        }
    }
}

impl Reading {
    /// Counts a page, and makes its rows ready to be stored.
    fn take(&mut self, page: &Page<Position>) -> Vec<StoredPosition> {
        self.complete &= page.complete;
        let mut positions = Vec::with_capacity(page.rows.len());
        for row in &page.rows {
            self.totals.rows += 1;
            match &row.read {
                Ok(position) => {
                    let units = self.totals.units;
                    self.totals.units = units.and_then(|sum| sum.checked_add(position.on_hand));
                    positions.push(stored(position));
                }
                // Its item is unknown; the others are not.
                Err(_) => match sku_of(&row.text) {
                    Some(sku) => {
                        self.totals.unreadable += 1;
                        positions.push(StoredPosition {
                            sku: stock_key(&sku),
                            place: UNREADABLE.to_owned(),
                            figures: "null".to_owned(),
                        });
                    }
                    None => self.lost += 1,
                },
            }
        }
        positions
    }

    fn batch(&self) -> Batch {
        Batch {
            batch_id: self.snapshot.batch_id.clone(),
            as_of: self.snapshot.as_of,
            full: !self.snapshot.delta,
            ended: self.ended && self.complete && self.lost == 0,
            rows: self.totals.rows,
            rows_told: self.totals.rows_told,
            units: self.totals.units,
            units_told: None,
        }
    }
}

fn previous(snapshot: &Snapshot) -> Previous {
    let totals: Option<Totals> = serde_json::from_str(&snapshot.totals).ok();
    Previous {
        batch_id: snapshot.batch_id.clone(),
        as_of: snapshot.as_of,
        rows: totals.as_ref().map(|totals| totals.rows),
        units: totals.and_then(|totals| totals.units),
    }
}

/// The site's name of a batch; its moment where it gives none.
fn batch_of(page: &Page<Position>) -> String {
    page.batch_id
        .clone()
        .unwrap_or_else(|| format!("as-of {}", page.as_of))
}

fn stored(row: &Position) -> StoredPosition {
    let text = |code: &Option<String>| Code::new(code.as_deref().unwrap_or_default());
    let position = ats::Position {
        warehouse: Code::new(&row.warehouse),
        lot: text(&row.lot),
        pool: text(&row.pool),
        sellable: row.sellable,
        figures: Figures {
            on_hand: row.on_hand,
            linked: row.linked_received.saturating_sub(row.linked_invoiced),
            picked: row.picked,
            open: row.open,
            reserved: row.reserved,
            demand: row.demand,
            irregular: row.irregular,
        },
        as_of: row.as_of,
        orders_seen_through: row.orders_seen_through.clone(),
    };
    let (warehouse, lot, pool) = (&position.warehouse, &position.lot, &position.pool);
    StoredPosition {
        sku: stock_key(&row.sku),
        place: format!("{}/{}/{}", warehouse.as_str(), lot.as_str(), pool.as_str()),
        figures: serde_json::to_string(&position).unwrap_or_else(|_| "null".to_owned()),
    }
}

fn sku_of(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        sku: String,
    }
    let named: Named = serde_json::from_str(text).ok()?;
    (!named.sku.trim().is_empty()).then_some(named.sku)
}
