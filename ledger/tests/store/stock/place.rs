//! A ledger and the lease that every write of stock proves.

use ledger::{
    Holding, Import, ImportLine, ImportOf, Lease, Ledger, NewPublication, NewSnapshot, Publication,
    ShownOffer, Snapshot, StoredPosition, WantedStock,
};

use crate::harness::*;

/// A ledger with a lease that lasts for the whole test.
pub struct Place {
    pub _home: Home,
    pub ledger: Ledger,
    pub lease: Lease,
}

impl Place {
    pub async fn new() -> Self {
        let (home, ledger) = fresh().await;
        let lease = ledger.take_stock_lease("nw", "run", at(9_999), at(0)).await;
        Self {
            _home: home,
            lease: lease.unwrap().unwrap(),
            ledger,
        }
    }

    /// What a write proves, at a moment.
    pub fn holding(&self, now: i64) -> Holding<'_> {
        Holding {
            lease: &self.lease,
            until: at(9_999),
            now: at(now),
        }
    }

    pub async fn begin(&self, batch_id: &str, delta: bool) -> Snapshot {
        let new = NewSnapshot {
            site: "main",
            batch_id,
            delta,
            as_of: at(0),
            orders_seen_through: Some("SO-9"),
        };
        let begun = self.ledger.begin_snapshot(self.holding(1), &new).await;
        begun.unwrap()
    }

    pub async fn add(&self, snapshot: &Snapshot, rows: &[StoredPosition]) {
        let added = self
            .ledger
            .add_positions(self.holding(1), snapshot.id, rows)
            .await;
        added.unwrap();
    }

    pub async fn accept(&self, snapshot: &Snapshot) -> bool {
        let accepted = self
            .ledger
            .accept_snapshot(self.holding(2), snapshot, "{\"n\":4}")
            .await;
        accepted.unwrap()
    }

    pub async fn read(&self, batch_id: &str, delta: bool, rows: &[StoredPosition]) -> Snapshot {
        let snapshot = self.begin(batch_id, delta).await;
        self.add(&snapshot, rows).await;
        assert!(self.accept(&snapshot).await);
        snapshot
    }

    /// All positions of some items, in their order.
    pub async fn positions(&self, snapshot: &Snapshot, skus: &[&str]) -> Vec<StoredPosition> {
        let found = self.ledger.positions_of_all(snapshot.id, skus).await;
        let mut found = found.unwrap();
        found.sort_by(|a, b| (&a.sku, &a.place).cmp(&(&b.sku, &b.place)));
        found
    }

    /// Has Mirakl's export name offers, with what they show.
    pub async fn show(&self, offers: &[(&str, i64)], asked: i64, now: i64) -> Vec<(String, i64)> {
        let offers: Vec<_> = offers
            .iter()
            .map(|(sku, quantity)| ShownOffer {
                offer_sku: (*sku).to_owned(),
                quantity: Some(*quantity),
                is_gone: false,
            })
            .collect();
        let others = self
            .ledger
            .note_shown(self.holding(now), &nw(), &offers, at(asked))
            .await;
        let others = others.unwrap();
        others.into_iter().map(|o| (o.offer_sku, o.shown)).collect()
    }

    /// A computation that wants these numbers.
    pub async fn want(&self, offers: &[(&str, u32)], now: i64) -> Publication {
        let publication = self.compute(false, now).await;
        self.want_by(publication.snapshot_no, offers, now).await;
        publication
    }

    pub async fn compute(&self, is_full: bool, now: i64) -> Publication {
        if self
            .ledger
            .current_snapshot("main")
            .await
            .unwrap()
            .is_none()
        {
            self.read("b-0", false, &[]).await;
        }
        let new = NewPublication {
            marketplace: &nw(),
            run: "run",
            site: "main",
            is_full,
        };
        let begun = self.ledger.begin_publication(self.holding(now), &new).await;
        begun.unwrap()
    }

    pub async fn want_by(&self, snapshot_no: i64, offers: &[(&str, u32)], now: i64) {
        let offers: Vec<_> = offers.iter().map(|(sku, n)| wanted(sku, *n)).collect();
        let noted = self
            .ledger
            .want_stock(self.holding(now), &nw(), snapshot_no, &offers)
            .await;
        noted.unwrap();
    }

    /// The file of a computation and its lines.
    pub async fn file(
        &self,
        publication: &Publication,
        of: ImportOf,
        now: i64,
    ) -> (Import, Vec<(String, i64)>) {
        let import = self
            .ledger
            .begin_import(self.holding(now), publication, of)
            .await;
        let import = import.unwrap().expect("no later one");
        let lines = self.ledger.import_lines(import.id, "", 9_999).await;
        let pair = |line: ImportLine| (line.offer_sku, line.quantity);
        (import, lines.unwrap().into_iter().map(pair).collect())
    }

    pub async fn attempt(&self, import: &Import, now: i64) -> bool {
        let begun = self
            .ledger
            .begin_import_attempt(self.holding(now), import)
            .await;
        begun.unwrap()
    }

    /// Sends a file and has Mirakl refuse these lines of it.
    pub async fn send(
        &self,
        publication: &Publication,
        import: &Import,
        refused: &[&str],
        now: i64,
    ) {
        let ledger = &self.ledger;
        assert!(self.attempt(import, now).await);
        assert!(ledger.import_sent(import.id, "77").await.unwrap());
        let refused: Vec<_> = refused.iter().map(|sku| (*sku).to_owned()).collect();
        ledger
            .refuse_import_lines(import.id, &refused)
            .await
            .unwrap();
        assert!(
            ledger
                .import_done(import, publication, at(now))
                .await
                .unwrap()
        );
    }

    pub async fn acknowledged(&self, offer_sku: &str) -> Option<i64> {
        let offer = self.ledger.offer_stock(&nw(), offer_sku).await.unwrap();
        offer.unwrap().acknowledged.map(|(quantity, _)| quantity)
    }
}

pub fn position(sku: &str, place: &str, figures: &str) -> StoredPosition {
    StoredPosition {
        sku: sku.into(),
        place: place.into(),
        figures: figures.into(),
    }
}

/// What an offer should show, with a sum as it is kept.
pub fn wanted(offer_sku: &str, quantity: u32) -> WantedStock {
    WantedStock {
        offer_sku: offer_sku.into(),
        sku: Some(offer_sku.to_lowercase()),
        quantity: Some(quantity),
        explanation: format!(
            "{{\"no\":0,\"co\":[],\"q\":{quantity},\"or\":{quantity},\"to\":{{\"u\":{quantity}}}}}"
        ),
        print: i64::from(quantity),
    }
}

pub fn pairs(of: &[(&str, i64)]) -> Vec<(String, i64)> {
    of.iter().map(|(sku, n)| ((*sku).to_owned(), *n)).collect()
}
