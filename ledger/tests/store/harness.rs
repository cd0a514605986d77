//! A ledger of its own for each test, and things to put in.

use domain::exception::{Kind, Problem};
use domain::marketplace::{MarketplaceCode, OrderKey};
use domain::order::{Line, Order, State};
use domain::progress::{Booked, SalesOrder};
use domain::shipment::{Parcel, Quantity, Shipment};
use domain::step::{Decision, Shown, Stage, Step, Wait};
use jiff::Timestamp;
use ledger::{Decided, FeedRun, Ledger, MasterKey, OrderRow, SeenOrder, SeenShipment};
use sqlx::any::AnyRow;
use sqlx::{AnyPool, AssertSqlSafe};
use tempfile::TempDir;

pub const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
pub const ORDERS: &str = "feed/nw/orders";
pub const SHIPMENTS: &str = "feed/main/shipments";

#[path = "../server/postgres.rs"]
pub mod postgres;

/// Where a test's ledger stands.
pub struct Home {
    pub url: String,
    pub dir: TempDir,
}

impl Home {
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        sqlx::any::install_default_drivers();
        let file = format!("sqlite://{}/ledger.db", dir.path().display());
        // Where there is no PostgreSQL, which is said aloud, the tests hold SQLite once more.
        let server = crate::ON_POSTGRES.then(postgres::server).flatten();
        let url = server.map_or(file, postgres::Server::database);
        Self { url, dir }
    }

    pub async fn open(&self) -> Ledger {
        let key = MasterKey::from_base64(KEY).unwrap();
        Ledger::open(&self.url, key, at(0)).await.unwrap()
    }

    /// Runs a statement past the ledger, as somebody with the file could.
    pub async fn meddle(&self, sql: &str) {
        let pool = AnyPool::connect(&self.url).await.unwrap();
        let sql = AssertSqlSafe(sql.to_owned());
        sqlx::query(sql).execute(&pool).await.unwrap();
        pool.close().await;
    }

    pub async fn rows(&self, sql: &str) -> Vec<AnyRow> {
        let pool = AnyPool::connect(&self.url).await.unwrap();
        let sql = AssertSqlSafe(sql.to_owned());
        let rows = sqlx::query(sql).fetch_all(&pool).await.unwrap();
        pool.close().await;
        rows
    }
}

/// An opened ledger with its home.
pub async fn fresh() -> (Home, Ledger) {
    let home = Home::new().await;
    let ledger = home.open().await;
    (home, ledger)
}

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub fn nw() -> MarketplaceCode {
    MarketplaceCode::new("nw").unwrap()
}

pub fn key(order_id: &str) -> OrderKey {
    OrderKey {
        marketplace: nw(),
        order_id: order_id.into(),
    }
}

pub fn page<'a>(feed: &'a str, cursor: &'a str, now: i64, prefixes: &'a [String]) -> FeedRun<'a> {
    FeedRun {
        feed,
        cursor: Some(cursor),
        last_page: true,
        now: at(now),
        prefixes,
    }
}

/// An order updated at that second and read right then.
pub fn order(updated: i64) -> Order {
    Order {
        state: State::WaitingAcceptance,
        reason_code: None,
        created_at: at(0),
        updated_at: at(updated),
        read_at: at(updated),
        decided_at: None,
        debited_at: None,
        ship_by: None,
        shipping_type: "STD".into(),
        center: None,
        can_cancel: false,
        has_address: false,
        tracking_number: None,
        seller_reference: None,
        currency: "USD".into(),
        total: "10.00".into(),
        lines: vec![Line {
            line_id: "1".into(),
            offer_sku: "BC-1".into(),
            quantity: 2,
            state: State::WaitingAcceptance,
            canceled: 0,
        }],
        paid: None,
        refund_pending_since: None,
    }
}

pub fn seen(order_id: &str, updated: i64) -> SeenOrder {
    SeenOrder {
        key: key(order_id),
        external_po: Some(format!("NW-{order_id}")),
        ours: true,
        order: order(updated),
        payload: format!("{{\"id\":\"{order_id}\",\"updated\":{updated}}}"),
    }
}

pub fn shipment(order_id: &str, shipment_id: &str, version: i64) -> SeenShipment {
    let parcel = Parcel {
        parcel_id: None,
        tracking_number: Some("1Z".into()),
        tracking_url: None,
        lines: vec![Quantity {
            line_id: "1".into(),
            quantity: 2,
        }],
    };
    SeenShipment {
        external_po: format!("NW-{order_id}"),
        shipment: Shipment {
            shipment_id: shipment_id.into(),
            version,
            is_final: true,
            voided: false,
            ship_via: "UPSG".into(),
            carrier: "UPS".into(),
            confirmed_at: None,
            parcels: vec![parcel],
            short: vec![],
        },
        payload: format!("{{\"shipment\":\"{shipment_id}\"}}"),
    }
}

pub async fn put(ledger: &Ledger, orders: &[SeenOrder], now: i64) -> ledger::Recorded {
    let run = page(ORDERS, "c", now, &[]);
    ledger.record_orders(&run, orders, &[]).await.unwrap()
}

pub async fn row(ledger: &Ledger, order_id: &str) -> OrderRow {
    ledger.order(&key(order_id)).await.unwrap().unwrap()
}

pub async fn owed(ledger: &Ledger, now: i64) -> Vec<String> {
    let keys = ledger.owed_orders(&nw(), at(now), 100).await.unwrap();
    keys.into_iter().map(|key| key.order_id).collect()
}

pub fn decision(step: Step, stage: Stage) -> Decision {
    let blocked_on = match &step {
        Step::Wait(Wait::Person(problem)) => Some(problem.clone()),
        _ => None,
    };
    let shown = Shown {
        stage,
        sales_order: None,
        blocked_on,
        deadline: None,
    };
    Decision { step, shown }
}

pub fn blocked(kind: Kind, evidence: &str) -> Decision {
    let problem = Problem::new(kind).with("code", evidence);
    decision(Step::Wait(Wait::Person(problem)), Stage::New)
}

/// A decision made from everything in this row.
pub fn from<'a>(row: &OrderRow, decision: &'a Decision) -> Decided<'a> {
    Decided {
        decision,
        seen_version: row.seen_version,
        shipments_version: row.shipments_version,
        mapping_version: 0,
        commands_version: row.commands_version,
        wake_at: None,
        read_back: false,
        parked: &[],
    }
}

/// Decides from all that is known now.
pub async fn decide(ledger: &Ledger, order_id: &str, decision: &Decision, now: i64) {
    let row = row(ledger, order_id).await;
    let made = from(&row, decision);
    let written = ledger.record_decision(&row.key, &made, at(now)).await;
    written.unwrap();
}

pub fn booked(number: &str) -> SalesOrder {
    SalesOrder::There(Booked {
        number: number.into(),
        version: 1,
        lines: vec![],
    })
}
