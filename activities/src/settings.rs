//! What every activity works with: the ledger, both systems, the clock and the mapping tables.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use domain::mapping::Mappings;
use domain::marketplace::{CustomerModel, MarketplaceCode, Policy};
use domain::stock::settings::{ShopStock, SiteStock};
use jiff::{SignedDuration, Timestamp};
use ledger::Ledger;

use crate::Failure;
use crate::calls::{Limits, View};
use crate::switches::Switches;

/// The one clock of our code.
#[derive(Clone)]
pub struct Clock {
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    elapsed: Arc<dyn Fn() -> Duration + Send + Sync>,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::following(Timestamp::now)
    }

    /// Another clock: the demo follows the simulators'. Time that passes is the machine's.
    pub fn following(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let start = Instant::now();
        Self {
            now: Arc::new(now),
            elapsed: Arc::new(move || start.elapsed()),
        }
    }

    /// The same clock, where time passes as a test says.
    #[must_use]
    pub fn passing(self, elapsed: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self {
            elapsed: Arc::new(elapsed),
            ..self
        }
    }

    /// The moment.
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// Time since some moment of this process: never set, and it goes on while the process is
    /// stopped. Only differences mean something.
    pub fn elapsed(&self) -> Duration {
        (self.elapsed)()
    }
}

/// One shop on one marketplace.
pub struct Shop {
    /// Its code in `bcm.toml`.
    pub code: MarketplaceCode,
    /// Its client.
    pub client: mirakl::Client,
    /// Host of the marketplace; reference data is kept by it.
    pub host: String,
    /// Its rules.
    pub policy: Policy,
    /// Whom BlueCherry invoices.
    pub customer: CustomerModel,
    /// Time between two pulls of orders.
    pub poll: Duration,
    /// How far a pull reaches back behind the newest order seen.
    pub overlap: Duration,
    /// Longest a call may last, from connect to the last byte.
    pub call_timeout: Duration,
    /// How late a written change may show in a read.
    pub read_lag: Duration,
    /// Days from the sale to the shipping deadline, until Mirakl names one.
    pub ship_within_days: u32,
    /// Days from the sale to the sales order's cancel date.
    pub cancel_after_days: u32,
    /// Terms for consumer accounts.
    pub terms: Option<String>,
    /// Price level for consumer accounts.
    pub price_level: Option<String>,
    /// Time between two reads of returns; none where they are off.
    pub returns_every: Option<Duration>,
}

/// The BlueCherry site.
pub struct Site {
    /// Its name in the profile.
    pub name: String,
    /// The way to reach it.
    pub binding: Arc<dyn bluecherry::Binding>,
    /// Code of the hold that keeps marketplace orders from picking.
    pub hold_code: String,
    /// Longest a call may last.
    pub call_timeout: Duration,
    /// How late a written order may show in a look-up.
    pub read_lag: Duration,
    /// How often queued writes are carried out.
    pub queue_cycle: Duration,
    /// Time between two reads of fulfilments, returns and credit memos.
    pub poll: Duration,
    /// Does it take return authorizations? Else credit memos alone tell of returns.
    pub returns_in: bool,
}

/// Mapping tables and their version.
#[derive(Clone)]
pub struct Mapped {
    /// Version in the ledger; 0 while there is none.
    pub version: i64,
    /// The tables.
    pub tables: Arc<Mappings>,
}

/// What is published of stock.
#[derive(Clone, Debug, Default)]
pub struct StockSettings {
    /// What all marketplaces share.
    pub site: SiteStock,
    /// Those that publish; a shop that is not named here publishes nothing.
    pub shops: BTreeMap<MarketplaceCode, ShopStock>,
}

/// Everything together, shared by all activities of a worker.
pub struct Connections {
    /// What was seen, meant, sent and went wrong.
    pub ledger: Ledger,
    /// The shops, by code.
    pub shops: BTreeMap<MarketplaceCode, Shop>,
    /// The ERP.
    pub site: Site,
    /// The clock.
    pub clock: Clock,
    /// What is published of stock.
    pub stock: StockSettings,
    /// What a test planted.
    pub switches: Switches,
    pub(crate) limits: Limits,
    pub(crate) view: View,
    mapped: Mutex<Mapped>,
}

impl Connections {
    /// Puts them together.
    pub fn new(ledger: Ledger, shops: Vec<Shop>, site: Site, clock: Clock) -> Self {
        let shops = shops
            .into_iter()
            .map(|shop| (shop.code.clone(), shop))
            .collect();
        let mapped = Mutex::new(Mapped {
            version: 0,
            tables: Arc::default(),
        });
        Self {
            ledger,
            shops,
            site,
            clock,
            stock: StockSettings::default(),
            switches: Switches::default(),
            limits: Limits::default(),
            view: View::default(),
            mapped,
        }
    }

    /// The same with faults that a test plants.
    #[must_use]
    pub fn with_switches(self, switches: Switches) -> Self {
        Self { switches, ..self }
    }

    /// The same, publishing stock.
    #[must_use]
    pub fn with_stock(self, stock: StockSettings) -> Self {
        Self { stock, ..self }
    }

    /// The same with limits of calls and a pace of gates of their own.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Is work of a ledger of this ID ours? What goes by a ledger that was lost ends here, and harms
    /// nothing: the next run finds the same to do. Where this worker's own ledger is the lost one, it
    /// waits for another worker.
    ///
    /// # Errors
    /// It is not; and the ledger's.
    pub(crate) async fn is_of_ours(&self, what: &str, theirs: &str) -> Result<(), Failure> {
        if self.ledger.id() == theirs {
            return Ok(());
        }
        if self.ledger.is_in_place().await? {
            return Err(Failure::other_ledger(what));
        }
        Err(Failure::unexpected(format!(
            "{what} waits for a worker whose ledger is there"
        )))
    }

    /// The shop of a marketplace.
    ///
    /// # Errors
    /// A [`Failure`] that is tried again: the order belongs to a shop that this worker's
    /// configuration does not name (yet).
    pub fn shop(&self, code: &MarketplaceCode) -> Result<&Shop, Failure> {
        self.shops
            .get(code)
            .ok_or_else(|| Failure::not_configured(code))
    }

    /// The mapping tables in force: the newest version in the ledger, whichever worker loaded it.
    ///
    /// # Errors
    /// The ledger's.
    pub async fn mappings(&self) -> Result<Mapped, Failure> {
        let version = self.ledger.mapping_version().await?;
        let held = self.held();
        if held.version == version {
            return Ok(held);
        }
        let tables = Arc::new(self.ledger.mappings(version).await?);
        let mapped = Mapped { version, tables };
        let mut held = self
            .mapped
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *held = mapped.clone();
        Ok(mapped)
    }

    fn held(&self) -> Mapped {
        self.mapped
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }
}

/// A moment so much later; the end of time when that does not fit.
pub(crate) fn after(moment: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    moment.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// How long from `now` until `then`; nothing when it is past.
pub(crate) fn until(now: Timestamp, then: Timestamp) -> Duration {
    Duration::try_from(then.duration_since(now)).unwrap_or(Duration::ZERO)
}
