//! A ledger with a little of everything in it.

use clap::{Parser, Subcommand};
use domain::exception::{Kind, Problem};
use domain::marketplace::{MarketplaceCode, OrderKey};
use domain::order::{Line, Order, State};
use domain::parcel::{ToldBy, ToldParcel};
use domain::progress::{Blocked, Booked, BookedLine, Progress, SalesOrder};
use domain::shipment::{Parcel, Quantity, Shipment};
use domain::step::{Decision, Shown, Stage, Step, Wait};
use jiff::Timestamp;
use ledger::{Decided, FeedRun, Ledger, MasterKey, NewEvent, Note, SeenOrder, SeenShipment};
use tempfile::TempDir;

use crate::exceptions::ExceptionsVerb;
use crate::feeds::Feeds;
use crate::orders::OrdersVerb;
use crate::status::Status;
use crate::stock::StockVerb;
use crate::{Output, Surroundings, failed};

#[derive(Parser)]
struct CommandLine {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    #[command(subcommand)]
    Orders(OrdersVerb),
    #[command(subcommand)]
    Exceptions(ExceptionsVerb),
    Feeds(Feeds),
    Status(Status),
    #[command(subcommand)]
    Stock(StockVerb),
}

pub(super) struct World {
    _dir: TempDir,
    pub(super) surroundings: Surroundings,
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(super) fn code(marketplace: &str) -> MarketplaceCode {
    MarketplaceCode::new(marketplace).unwrap()
}

pub(super) fn key(marketplace: &str, order_id: &str) -> OrderKey {
    OrderKey {
        marketplace: code(marketplace),
        order_id: order_id.to_owned(),
    }
}

impl World {
    /// An empty ledger; it is three hours after [`at`]`(0)`.
    pub(super) async fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/ledger.db", dir.path().display());
        let ledger = Ledger::open(&url, MasterKey::generate(), at(0))
            .await
            .unwrap();
        Self {
            _dir: dir,
            surroundings: Surroundings {
                ledger,
                temporal: None,
                temporal_ui: Some("http://localhost:8233".to_owned()),
                namespace: "default".to_owned(),
                json: false,
                now: at(10_800),
                color: false,
                width: None,
            },
        }
    }

    /// Orders on two marketplaces, one ID on both of them; one blocked, one shipped.
    pub(super) async fn busy() -> Self {
        let world = Self::empty().await;
        let ledger = &world.surroundings.ledger;
        world
            .see("nordwind", "C-1001-A", State::WaitingAcceptance, 0)
            .await;
        world
            .see("nordwind", "C-1002-A", State::Shipping, 600)
            .await;
        world
            .see("galeria", "C-1001-A", State::WaitingDebitPayment, 1200)
            .await;
        world.block("C-1001-A").await;
        world.ship("C-1002-A").await;
        let paid = key("galeria", "C-1001-A");
        world.book(&paid, "500002", 1300).await;
        let wait = Step::Wait(Wait::Payment);
        world
            .decide(&paid, wait, Stage::AwaitingPayment, None, 1301)
            .await;
        ledger
            .feed_failed("galeria/orders", "unreachable", at(10_000))
            .await
            .unwrap();
        ledger
            .set_feed_paused("galeria/orders", true, at(10_100))
            .await
            .unwrap();
        world
    }

    async fn see(&self, marketplace: &str, order_id: &str, state: State, second: i64) {
        let line = |id: &str, sku: &str| Line {
            line_id: format!("{order_id}-{id}"),
            offer_sku: sku.to_owned(),
            quantity: 2,
            state: state.clone(),
            canceled: 0,
        };
        let seen = SeenOrder {
            key: key(marketplace, order_id),
            external_po: Some(format!("{}-{order_id}", marketplace[..2].to_uppercase())),
            ours: true,
            order: Order {
                state: state.clone(),
                reason_code: None,
                created_at: at(second),
                updated_at: at(second + 10),
                read_at: at(second + 30),
                decided_at: None,
                debited_at: None,
                ship_by: None,
                shipping_type: "STD".into(),
                center: None,
                can_cancel: true,
                has_address: false,
                tracking_number: None,
                seller_reference: None,
                currency: "USD".into(),
                total: "129.90".into(),
                lines: vec![line("1", "BC-TEE-RED-M"), line("2", "BC-SOCK-BLK-L")],
                paid: None,
                refund_pending_since: None,
            },
            payload: "{\"customer\":\"Ann Lee, 5th Avenue\"}".into(),
        };
        let feed = format!("{marketplace}/orders");
        let run = FeedRun {
            feed: &feed,
            cursor: Some("c"),
            last_page: true,
            now: at(second + 60),
            prefixes: &[],
        };
        let ledger = &self.surroundings.ledger;
        ledger.record_orders(&run, &[seen], &[]).await.unwrap();
    }

    pub(super) async fn decide(
        &self,
        key: &OrderKey,
        step: Step,
        stage: Stage,
        due: Option<Timestamp>,
        second: i64,
    ) {
        let ledger = &self.surroundings.ledger;
        let row = ledger.order(key).await.unwrap().unwrap();
        let blocked_on = match &step {
            Step::Wait(Wait::Person(problem)) => Some(problem.clone()),
            _ => None,
        };
        let decision = Decision {
            shown: Shown {
                stage,
                sales_order: row.progress.sales_order.booked().map(|b| b.number.clone()),
                blocked_on,
                deadline: due,
            },
            step,
        };
        let made = Decided {
            decision: &decision,
            seen_version: row.seen_version,
            shipments_version: row.shipments_version,
            mapping_version: 0,
            commands_version: row.commands_version,
            wake_at: None,
            read_back: false,
            parked: &[],
        };
        ledger
            .record_decision(key, &made, at(second))
            .await
            .unwrap();
    }

    pub(super) async fn note(
        &self,
        key: &OrderKey,
        what: &str,
        detail: &[(&str, &str)],
        second: i64,
    ) {
        let detail = detail.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
        let note = Note {
            settle: None,
            event: Some(NewEvent { what, detail }),
        };
        let ledger = &self.surroundings.ledger;
        ledger.advance(key, note, at(second), |_| {}).await.unwrap();
    }

    pub(super) async fn book(&self, key: &OrderKey, number: &str, second: i64) {
        let booked = Booked {
            number: number.to_owned(),
            version: 1,
            lines: ["1", "2"]
                .map(|line| BookedLine {
                    line_id: format!("{}-{line}", key.order_id),
                    taken: true,
                    reject_code: None,
                })
                .to_vec(),
        };
        let event = NewEvent {
            what: "sales_order_created",
            detail: vec![("sales_order", number.to_owned())],
        };
        let note = Note {
            settle: None,
            event: Some(event),
        };
        let change =
            |p: &mut domain::progress::Progress| p.sales_order = SalesOrder::There(booked.clone());
        let ledger = &self.surroundings.ledger;
        ledger.advance(key, note, at(second), change).await.unwrap();
    }

    async fn block(&self, order_id: &str) {
        let key = key("nordwind", order_id);
        let problem = Problem::new(Kind::UnmappedSku)
            .with("offer_sku", "BC-TEE-RED-M")
            .with("line", "C-1001-A-1");
        let blocked = Blocked {
            look_at: None,
            step: "create_sales_order".into(),
            problem: problem.clone(),
            mapping_version: 0,
            order_version: 1,
            shipments_version: 0,
        };
        let detail = [("step", "create_sales_order"), ("kind", "unmapped_sku")];
        self.note(&key, "blocked", &detail, 90).await;
        let ledger = &self.surroundings.ledger;
        let change = |p: &mut domain::progress::Progress| p.blocked = Some(blocked.clone());
        ledger
            .advance(&key, Note::default(), at(90), change)
            .await
            .unwrap();
        let wait = Step::Wait(Wait::Person(problem));
        self.decide(&key, wait, Stage::New, Some(at(7200)), 91)
            .await;
        ledger
            .record_command(&key, "retry", "cli", "{}", "retried", at(3600))
            .await
            .unwrap();
    }

    async fn ship(&self, order_id: &str) {
        let key = key("nordwind", order_id);
        self.book(&key, "500001", 700).await;
        self.note(&key, "accepted", &[("lines", "2 of 2")], 710)
            .await;
        self.note(&key, "released", &[("sales_order", "500001")], 1000)
            .await;
        let seen = SeenShipment {
            external_po: format!("NO-{order_id}"),
            shipment: Shipment {
                shipment_id: "S-77".into(),
                version: 1,
                is_final: true,
                voided: false,
                ship_via: "UPSG".into(),
                carrier: "UPS".into(),
                confirmed_at: Some(at(5000)),
                parcels: vec![Parcel {
                    parcel_id: None,
                    tracking_number: Some("1Z999AA10123456784".into()),
                    tracking_url: None,
                    lines: vec![Quantity {
                        line_id: format!("{order_id}-1"),
                        quantity: 4,
                    }],
                }],
                short: vec![],
            },
            payload: "{}".into(),
        };
        let run = FeedRun {
            feed: "northwind/shipments",
            cursor: Some("c"),
            last_page: true,
            now: at(10_700),
            prefixes: &[],
        };
        let ledger = &self.surroundings.ledger;
        ledger.record_shipments(&run, &[seen], &[]).await.unwrap();
        let (step, stage) = (Step::ConfirmShipment, Stage::Confirming);
        self.decide(&key, step, stage, Some(at(100_000)), 5100)
            .await;
        self.note(&key, "beamed_up", &[("pieces", "4")], 5200).await;
    }

    /// Mirakl was told of the shipped order's parcel, and of one that was voided since.
    pub(super) async fn tell_parcels(&self, order_id: &str) {
        let told = |parcel: &str, call: ToldBy| ToldParcel {
            parcel: parcel.to_owned(),
            version: 1,
            lines: vec![Quantity {
                line_id: format!("{order_id}-1"),
                quantity: 4,
            }],
            call,
            shipment: None,
            at: at(5150),
        };
        let change = |p: &mut Progress| {
            p.told = vec![
                told("S-77/1", ToldBy::Shipment),
                told("S-76/1", ToldBy::Elsewhere),
            ];
        };
        let (key, note) = (key("nordwind", order_id), Note::default());
        let ledger = &self.surroundings.ledger;
        ledger.advance(&key, note, at(5150), change).await.unwrap();
    }

    /// What a command line prints, as the program would.
    pub(super) async fn bcm(&self, line: &str) -> Output {
        let words = std::iter::once("bcm").chain(line.split_whitespace());
        let surroundings = &self.surroundings;
        let done = match CommandLine::try_parse_from(words)
            .unwrap_or_else(|e| panic!("{e}"))
            .verb
        {
            Verb::Orders(verb) => verb.run(surroundings).await,
            Verb::Exceptions(verb) => verb.run(surroundings).await,
            Verb::Feeds(feeds) => feeds.run(surroundings).await,
            Verb::Status(status) => status.run(surroundings).await,
            Verb::Stock(stock) => stock.run(surroundings).await,
        };
        let output = done.unwrap_or_else(|error| failed(&error, surroundings.look()));
        for personal in ["Ann", "Avenue", "1Z999AA10123456784"] {
            assert!(!output.text.contains(personal), "{}", output.text);
        }
        output
    }

    pub(super) async fn json(&mut self, line: &str) -> Output {
        self.surroundings.json = true;
        let output = self.bcm(line).await;
        self.surroundings.json = false;
        serde_json::from_str::<serde_json::Value>(&output.text).unwrap();
        output
    }
}

/// Why the parser refuses a command line.
pub(super) fn refused(line: &str) -> bool {
    let words = std::iter::once("bcm").chain(line.split_whitespace());
    CommandLine::try_parse_from(words).is_err()
}
