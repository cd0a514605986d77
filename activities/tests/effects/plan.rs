//! What the world of a test is like before it starts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use activities::{Clock, Limits, Shop, Site, StockSettings};
use bluecherry::{AccountModel, Binding, NewCustomer, Rest};
use domain::mapping::Mappings;
use domain::marketplace::{
    CustomerModel, MarketplaceCode, Policy, ReturnsRule, ShortShip, ShortStock,
};
use jiff::{SignedDuration, Timestamp};
use simulators::bluecherry::BlueCherryOptions;
use simulators::clock::SimClock;
use simulators::mirakl::{MiraklOptions, OrderSpec};
use simulators::scenario::{NORDWIND, World};
use tempfile::TempDir;

use crate::harness::Env;
use crate::tables::tables;

/// Longest a call may last, and how late a write may show: by the tests' clock, nobody waits.
pub const CALL: Duration = Duration::from_secs(30);
pub const LAG: Duration = Duration::from_secs(10);
/// From when on a write must show whose answer was lost.
pub const SHOWS: Duration = CALL
    .saturating_add(activities::SEND_MARGIN)
    .saturating_add(LAG);
/// Length of the site's queue cycle.
pub const CYCLE: Duration = Duration::from_secs(600);
/// What a test wants to be different.
pub struct Plan {
    pub mirakl: MiraklOptions,
    pub erp: BlueCherryOptions,
    pub mappings: Mappings,
    pub policy: Policy,
    /// None: the account opened for the marketplace.
    pub customer: Option<CustomerModel>,
    pub poll: Duration,
    /// Time between two reads of the shop's returns; None: it has none.
    pub returns_every: Option<Duration>,
    pub limits: Limits,
    /// What is published of stock; nothing by default.
    pub stock: StockSettings,
    /// A wire lies between us and both systems that spoils answers.
    pub spoiled: bool,
    /// How long a client waits for an answer, in real time; None: as long as usual.
    pub answer_within: Option<Duration>,
    /// When our worker stands still for a minute.
    pub thaw: Thaw,
}

/// A worker that is stopped for a minute, as by SIGSTOP, at the n-th look at its clock.
#[derive(Clone, Default)]
pub struct Thaw {
    left: Arc<AtomicU32>,
    stood_s: Arc<AtomicU32>,
}

impl Thaw {
    /// Stops it at the n-th look from now.
    pub fn at(&self, nth: u32) {
        self.left.store(nth, Ordering::SeqCst);
    }

    /// How long it stood in all.
    pub fn stood_s(&self) -> u32 {
        self.stood_s.load(Ordering::SeqCst)
    }

    /// Our clock, which goes on while we stand.
    pub fn clock(&self, world: &SimClock) -> Clock {
        let (looked, passed) = (self.clone(), self.clone());
        let (now, world) = (world.clone(), world.clone());
        let clock = Clock::following(move || {
            looked.look(&now);
            now.now()
        });
        clock.passing(move || {
            passed.look(&world);
            Duration::from_secs(u64::from(passed.stood_s()))
        })
    }

    fn look(&self, world: &SimClock) {
        let one_less = |left: u32| left.checked_sub(1);
        let before = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
        if before == Ok(1) {
            self.stood_s.fetch_add(60, Ordering::SeqCst);
            world.advance(Duration::from_secs(60));
        }
    }
}

impl Plan {
    /// One marketplace with its channel account, and nothing odd.
    pub fn usual() -> Self {
        let world = World::new(7);
        let mut erp = world.bluecherry_options();
        erp.queue_cycle_s = 0;
        Self {
            mirakl: MiraklOptions {
                auto_debit: false,
                ..world.mirakl_options(NORDWIND)
            },
            erp,
            mappings: tables(&world),
            policy: Policy {
                prefix: "NW".to_owned(),
                external_po_max: 22,
                take_over_from: start() - SignedDuration::from_hours(24),
                dry_run: false,
                partial_acceptance: true,
                short_stock: ShortStock::Refuse,
                own_centers: vec!["DEFAULT".to_owned()],
                acceptance_limit_s: 2 * 86_400,
                aftercare_s: 30 * 86_400,
                tracking_grace_s: 0,
                short_ship: ShortShip::Ask,
                refund_age_s: 7 * 86_400,
                returns: ReturnsRule::Off,
                return_method: None,
            },
            customer: None,
            poll: Duration::from_secs(60),
            returns_every: None,
            limits: Limits::default(),
            stock: StockSettings::default(),
            spoiled: false,
            answer_within: None,
            thaw: Thaw::default(),
        }
    }

    /// Starts both systems and opens the ledger.
    pub async fn start(self) -> Env {
        Env::start(self).await
    }
}

pub fn start() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

/// Offer SKU of the n-th item; the first 24 are of division 01, the next 18 of division 02.
pub fn offer(n: usize) -> String {
    World::new(7).catalogue()[n].offer_sku(NORDWIND)
}

/// BlueCherry's SKU of the n-th item.
pub fn sku(n: usize) -> String {
    World::new(7).catalogue()[n].item.sku.clone()
}

/// Offer SKU of the item of which each warehouse has one piece.
pub fn scarce() -> String {
    offer(World::new(7).catalogue().len() - 1)
}

/// An order of one line of two pieces.
pub fn plain(order_id: &str) -> OrderSpec {
    OrderSpec::of(&offer(0), 2, "20.00").id(order_id)
}

/// Two lines of which BlueCherry can cover the first only.
pub fn half_covered(order_id: &str) -> OrderSpec {
    plain(order_id).line(&scarce(), 2, "149.95")
}

/// Opens the account that finance would have opened for the marketplace.
pub async fn account(site: &Rest) -> String {
    let account = NewCustomer {
        name: "A marketplace".to_owned(),
        account_model: AccountModel::Channel,
        bill_to: None,
        default_ship_to: None,
        division: "01".to_owned(),
        terms: None,
        tax_exempt: None,
        currency: "USD".to_owned(),
        price_level: None,
    };
    let made = site.put_customer(NORDWIND, &account, "opened").await;
    made.unwrap().customer_code
}

/// The shop as its configuration would make it.
pub fn shop(plan: &Plan, client: mirakl::Client) -> Shop {
    Shop {
        code: MarketplaceCode::new(NORDWIND).unwrap(),
        client,
        host: "marketplace.example".to_owned(),
        policy: plan.policy.clone(),
        customer: plan.customer.clone().unwrap(),
        poll: plan.poll,
        overlap: Duration::from_secs(300),
        call_timeout: CALL,
        read_lag: LAG,
        ship_within_days: 2,
        cancel_after_days: 14,
        terms: None,
        price_level: None,
        returns_every: plan.returns_every,
    }
}

/// The site as its configuration would make it.
pub fn site(rest: Rest, returns_in: bool) -> Site {
    Site {
        name: "SIMSITE".to_owned(),
        binding: Arc::new(rest),
        hold_code: "MKT".to_owned(),
        call_timeout: CALL,
        read_lag: LAG,
        queue_cycle: CYCLE,
        poll: Duration::from_secs(60),
        returns_in,
    }
}

/// An address at which nobody listens.
pub fn nobody() -> String {
    // A port that was free a moment ago may be another test's by now; this one is nobody's.
    "http://127.0.0.1:1".to_owned()
}

/// A folder in memory where there is one: nothing here has to outlive a power cut.
pub fn home() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}
