//! A marketplace that publishes, and its parts without Temporal.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use activities::{Failure, StockRuns, StockSettings, Stocks};
use domain::ats::Code;
use domain::exception::Kind;
use domain::marketplace::MarketplaceCode;
use domain::stock::settings::{ShopStock, SiteStock};
use ledger::{Exception, ExceptionFilter, Import, OfferStock};
use serde_json::{Value, json};
use simulators::scenario::{NORDWIND, World};
use workflows::stock::{
    ImportEnd, OffersRead, PublishInput, SnapshotRead, StockComputed, StockSent, StockTicket, Word,
};

use crate::harness::Env;
use crate::plan::Plan;
use crate::web;

/// What a run told Temporal.
#[derive(Default)]
pub struct Told {
    pub replaced: Mutex<Vec<i64>>,
    pub published: Mutex<u32>,
}

impl StockRuns for Told {
    async fn tell_replaced(&self, _of: &MarketplaceCode, review: i64) -> Result<(), Failure> {
        self.replaced.lock().unwrap().push(review);
        Ok(())
    }

    async fn publish_now(&self, _of: &MarketplaceCode) -> Result<(), Failure> {
        *self.published.lock().unwrap() += 1;
        Ok(())
    }
}

/// Both systems with every item on offer, and a good batch.
pub struct Desk {
    pub env: Env,
    pub told: Told,
    pub of: MarketplaceCode,
}

/// One marketplace that publishes; the calls of its simulator have no limits to speak of.
pub fn plan() -> Plan {
    let mut plan = Plan::usual();
    plan.poll = Duration::from_millis(1);
    plan.erp.position_cadence_s = 30 * 86_400;
    let mut site = SiteStock::default();
    site.pools.pools = BTreeSet::from([Code::new("MAIN")]);
    site.lag = Duration::ZERO;
    let code = MarketplaceCode::new(NORDWIND).unwrap();
    plan.stock = StockSettings {
        site,
        shops: BTreeMap::from([(code, ShopStock::default())]),
    };
    plan
}

impl Desk {
    pub async fn usual() -> Self {
        Self::start(plan()).await
    }

    pub async fn start(plan: Plan) -> Self {
        let desk = Self {
            env: plan.start().await,
            told: Told::default(),
            of: MarketplaceCode::new(NORDWIND).unwrap(),
        };
        desk.list_all(0).await;
        desk.batch("none").await;
        desk
    }

    /// Puts every item on offer with this quantity.
    pub async fn list_all(&self, quantity: i64) {
        let world = World::new(7);
        let all = world.catalogue().iter();
        let offers: BTreeMap<String, i64> = all
            .map(|item| (item.offer_sku(NORDWIND), quantity))
            .collect();
        self.mirakl("/_sim/offers", json!(offers)).await;
    }

    /// A control call of Mirakl.
    pub async fn mirakl(&self, path: &str, body: Value) {
        web::post(&self.env.mirakl.url(), path, &body).await;
    }

    /// Has BlueCherry make a batch, a moment later.
    pub async fn batch(&self, spoil: &str) {
        self.env.clock.advance(Duration::from_secs(1));
        let body = json!({ "spoil": spoil });
        self.env.erp_control("/_sim/batches/run", &body).await;
    }

    /// Takes units away from an item, or brings some.
    pub async fn move_units(&self, sku: &str, warehouse: &str, units: i64) {
        let moved =
            json!({ "sku": sku, "warehouse": warehouse, "record_type": "SA", "qty": units });
        self.env.erp_control("/_sim/stock", &moved).await;
    }

    pub fn input(&self) -> PublishInput {
        PublishInput {
            of: self.of.clone(),
            ledger_id: self.env.ledger.id().to_owned(),
        }
    }

    pub async fn read(&self, run: &str) -> Result<SnapshotRead, Failure> {
        self.env.clock.advance(Duration::from_secs(1));
        self.env.stocks.read_snapshot(&self.input(), run).await
    }

    /// The ticket of a run that has read the batch and the offers.
    pub async fn ready(&self, run: &str) -> StockTicket {
        let read = self.read(run).await.unwrap();
        assert_eq!(read.word, Word::Go);
        let ticket = read.ticket.unwrap();
        if read.offers_due {
            self.offers(&ticket, run).await.unwrap();
        }
        ticket
    }

    pub async fn offers(&self, ticket: &StockTicket, run: &str) -> Result<OffersRead, Failure> {
        self.env.clock.advance(Duration::from_secs(1));
        self.env.stocks.read_offers(ticket, run).await
    }

    pub async fn compute(
        &self,
        ticket: &mut StockTicket,
        run: &str,
    ) -> Result<StockComputed, Failure> {
        self.env.clock.advance(Duration::from_secs(1));
        let made = self
            .env
            .stocks
            .compute_stock(ticket, run, &self.told)
            .await?;
        ticket.snapshot_no = made.snapshot_no;
        Ok(made)
    }

    pub async fn send(&self, ticket: &StockTicket, run: &str) -> Result<StockSent, Failure> {
        self.env.clock.advance(Duration::from_secs(1));
        self.env.stocks.send_stock(ticket, run).await
    }

    pub async fn wait(&self, ticket: &StockTicket, run: &str) -> Result<ImportEnd, Failure> {
        self.env.clock.advance(Duration::from_secs(1));
        self.env.stocks.await_stock_import(ticket, run).await
    }

    /// A whole run, as the workflow does it.
    pub async fn publish(&self, run: &str) -> StockComputed {
        let mut ticket = self.ready(run).await;
        let made = self.compute(&mut ticket, run).await.unwrap();
        let sent = self.send(&ticket, run).await.unwrap();
        if sent.word == Word::Go {
            let end = self.wait(&ticket, run).await.unwrap();
            assert_eq!(end.word, Word::Done);
        }
        made
    }

    /// The other stocks, which reach nobody.
    pub fn cut_off(&self) -> &Stocks {
        &self.env.stocks_cut_off
    }

    /// What Mirakl shows of each offer.
    pub async fn shown(&self) -> BTreeMap<String, i64> {
        let seen = web::get(&self.env.mirakl.url(), "/_sim/offers").await;
        let offers = seen["offers"].as_object().unwrap().iter();
        offers
            .map(|(sku, offer)| (sku.clone(), offer["quantity"].as_i64().unwrap()))
            .collect()
    }

    pub async fn offer(&self, offer_sku: &str) -> OfferStock {
        let found = self.env.ledger.offer_stock(&self.of, offer_sku).await;
        found.unwrap().unwrap()
    }

    pub async fn files(&self) -> Vec<Import> {
        self.env.ledger.imports(&self.of, 99).await.unwrap()
    }

    /// Open exceptions.
    pub async fn exceptions(&self) -> Vec<Exception> {
        let filter = ExceptionFilter::default();
        self.env.ledger.exceptions(&filter, 100).await.unwrap()
    }

    pub async fn kinds(&self) -> Vec<Kind> {
        let open = self.exceptions().await;
        let mut kinds: Vec<_> = open.into_iter().map(|e| e.kind).collect();
        kinds.sort();
        kinds
    }
}
