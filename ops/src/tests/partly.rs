//! An order that left in two parcels, fell short of a piece, came back in part, and is disputed.

mod papers;
mod sold;

use std::collections::BTreeMap;

use domain::aftercare::{self, Aftercare, ErpUnits, ReturnTold};
use domain::fulfillment::{Facts, Versions};
use domain::marketplace::{Policy, ReturnsRule, ShortShip, ShortStock};
use domain::papers::MarketplaceReturn;
use domain::parcel::{ToldBy, ToldParcel};
use domain::progress::Progress;
use domain::refund::{Cause, Money, RefundItem, Rules, Sent, SentState};
use domain::returns::{Return, ReturnState, Site, Verdict};
use domain::shipment::Quantity;
use domain::step::{Decision, Shown, Stage, Step, Wait};
use ledger::{Decided, FeedRun, Note, SeenOrder, SeenReturn};
use rust_decimal::Decimal;

use papers::{credits, erp_returns, return_line};
pub(crate) use sold::order;
use sold::{returned_piece, shipment, short_piece};

use super::world::{World, at, key};

pub(super) const ORDER: &str = "C-2001-A";
const TEE: &str = "C-2001-A-1";
const SOCK: &str = "C-2001-A-2";
const PO: &str = "NO-C-2001-A";

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn quantity(line_id: &str, quantity: u32) -> Quantity {
    Quantity {
        line_id: line_id.to_owned(),
        quantity,
    }
}

fn sent(cause: Cause, money: Money, refund_id: &str, second: i64) -> Sent {
    Sent {
        item: RefundItem {
            excluded_from_shipment: matches!(cause, Cause::ShortShip { .. }),
            cause,
            order_line_id: TEE.into(),
            quantity: 1,
            money,
            computed: Money::default(),
            reason_code: "17".into(),
            currency: "USD".into(),
        },
        sent_at: at(second),
        state: SentState::Done {
            refund_id: refund_id.into(),
        },
    }
}

fn care(progress: &mut Progress) {
    let short = Cause::ShortShip {
        order_line_id: TEE.into(),
        from: 0,
        to: 1,
    };
    let came_back = Cause::CreditMemo {
        number: "CM-1".into(),
        line_id: "1".into(),
    };
    progress.care.refunds = vec![
        sent(short, short_piece(), "1300", 6000),
        sent(came_back, returned_piece(), "1301", 9100),
    ];
    progress.care.erp_units = Some(ErpUnits {
        canceled: vec![quantity(TEE, 1)],
        not_canceled: vec![],
        shipments_version: 2,
        look_at: None,
    });
    let told = |parcel: &str, lines, second| ToldParcel {
        parcel: parcel.into(),
        version: 1,
        lines,
        call: ToldBy::Shipment,
        shipment: Some(parcel.replace('/', "-")),
        at: at(second),
    };
    progress.told = vec![
        told("S-80/1", vec![quantity(TEE, 1), quantity(SOCK, 1)], 5100),
        told("S-81/1", vec![quantity(TEE, 1)], 5600),
    ];
    progress.care.returns = vec![ReturnTold {
        subject: "R-1".into(),
        ra_number: Some("RA-7".into()),
        taken: vec!["authorize".into(), "receive".into()],
    }];
}

/// An event: when, its code, and its detail.
type Happened = (i64, &'static str, &'static [(&'static str, &'static str)]);

/// Events as the flow writes them, but for those of the sale.
const EVENTS: [Happened; 8] = [
    (
        5100,
        "parcel_told",
        &[("parcel", "S-80/1"), ("carrier", "UPS")],
    ),
    (
        5600,
        "parcel_told",
        &[("parcel", "S-81/1"), ("carrier", "UPS")],
    ),
    (
        5900,
        "units_read",
        &[("canceled", "1"), ("not_canceled", "0")],
    ),
    (
        6000,
        "refunded",
        &[
            ("cause", "short/C-2001-A-1/0-1"),
            ("refund", "1300"),
            ("line", TEE),
            ("amount", "20.00"),
            ("shipping", "2.00"),
        ],
    ),
    (
        7000,
        "return_authorized",
        &[("return", "R-1"), ("number", "RA-7")],
    ),
    (
        8000,
        "return_told",
        &[("return", "R-1"), ("step", "receive")],
    ),
    (9090, "answer_lost", &[("step", "refund:memo/CM-1/1")]),
    (
        9100,
        "refunded",
        &[
            ("cause", "memo/CM-1/1"),
            ("refund", "1301"),
            ("line", TEE),
            ("amount", "17.00"),
            ("shipping", "0"),
        ],
    ),
];

/// The rules of a shop that repays, and accepts returns, by itself.
pub(crate) fn policy() -> Policy {
    Policy {
        prefix: "NO".into(),
        external_po_max: 30,
        take_over_from: at(0),
        dry_run: false,
        partial_acceptance: true,
        short_stock: ShortStock::Refuse,
        own_centers: vec![],
        acceptance_limit_s: 172_800,
        aftercare_s: 864_000,
        tracking_grace_s: 3600,
        short_ship: ShortShip::Refund,
        refund_age_s: 3600,
        returns: ReturnsRule::Accept,
        return_method: None,
    }
}

impl World {
    /// The order as the flow leaves it: what is parked comes from the decision itself.
    pub(super) async fn partly() -> Self {
        let world = Self::empty().await;
        let ledger = &world.surroundings.ledger;
        let key = key("nordwind", ORDER);
        let run = |feed, second| FeedRun {
            feed,
            cursor: Some("c"),
            last_page: true,
            now: at(second),
            prefixes: &[],
        };
        let seen = SeenOrder {
            key: key.clone(),
            external_po: Some(PO.into()),
            ours: true,
            order: order(),
            payload: "{\"customer\":\"Ann Lee, 5th Avenue\"}".into(),
        };
        let orders = run("nordwind/orders", 60);
        ledger.record_orders(&orders, &[seen], &[]).await.unwrap();
        world.book(&key, "500003", 90).await;
        let left = [
            shipment("S-80", 5000, vec![quantity(TEE, 1), quantity(SOCK, 1)]),
            shipment("S-81", 5500, vec![quantity(TEE, 1)]),
        ];
        let shipments = run("northwind/shipments", 5600);
        ledger
            .record_shipments(&shipments, &left, &[])
            .await
            .unwrap();
        let memos = run("northwind/credit_memos", 8900);
        ledger
            .record_credit_memos(&memos, &credits(), &[])
            .await
            .unwrap();
        let authorizations = run("northwind/returns", 8901);
        ledger
            .record_erp_returns(&authorizations, &erp_returns(), &[])
            .await
            .unwrap();
        let returned = SeenReturn {
            key: key.clone(),
            returned: MarketplaceReturn {
                return_id: "R-1".into(),
                updated_at: at(8100),
                rma: None,
                shown: Return {
                    state: ReturnState::Received,
                    lines: vec![return_line(TEE)],
                },
            },
        };
        let returns = run("nordwind/returns", 8902);
        ledger
            .record_marketplace_returns(&returns, &[returned], &[])
            .await
            .unwrap();
        ledger
            .advance(&key, Note::default(), at(9100), care)
            .await
            .unwrap();
        for (second, what, detail) in EVENTS {
            world.note(&key, what, detail, second).await;
        }
        world.park(10_000).await;
        world
    }

    /// Decides once more, as the flow does: everything that needs a person is an exception of its own.
    pub(super) async fn park(&self, second: i64) {
        let ledger = &self.surroundings.ledger;
        let key = key("nordwind", ORDER);
        let row = ledger.order(&key).await.unwrap().unwrap();
        let reasons = [("FIT".to_owned(), "17".to_owned())];
        let mapped = [("RESTOCK".to_owned(), Verdict::Compliant)];
        let aftercare = Aftercare {
            papers: row.papers.clone(),
            rules: Rules {
                memo_reason: Some("17".into()),
                short_reason: Some("15".into()),
                reasons: BTreeMap::from(reasons),
                ..Rules::default()
            },
            returns: Site {
                returns_in: true,
                accepts: true,
                creates: false,
                dispositions: BTreeMap::from(mapped),
                missing_reason: None,
            },
            cancel_reason: None,
        };
        let facts = Facts {
            order: &row.order,
            shipments: &row.shipments,
            policy: &policy(),
            multi_shipment: Some(true),
            aftercare: &aftercare,
            versions: Versions::default(),
            now: at(second),
        };
        let parked = aftercare::parked(&row.progress, &facts);
        let decision = Decision {
            shown: Shown {
                stage: Stage::Shipped,
                sales_order: Some("500003".into()),
                blocked_on: None,
                deadline: None,
            },
            step: Step::Wait(Wait::Aftercare),
        };
        let made = Decided {
            decision: &decision,
            seen_version: row.seen_version,
            shipments_version: row.shipments_version,
            mapping_version: 0,
            commands_version: row.commands_version,
            wake_at: None,
            read_back: false,
            parked: &parked,
        };
        ledger
            .record_decision(&key, &made, at(second))
            .await
            .unwrap();
    }
}
