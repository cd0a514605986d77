//! The table of calls, and an order that stands right before each.

use std::time::Duration;

use activities::Failure;
use domain::exception::Kind;
use domain::mapping::CarrierRow;
use domain::marketplace::OrderKey;
use domain::step::{Step, Wait};
use serde_json::{Value, json};

use super::faults::{Fault, Way};
use crate::harness::Env;
use crate::plan::{Plan, plain};
use crate::web;
use crate::writes::scene::Write;

/// What makes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// A step of the order's run, the one that makes this write.
    Step(Write),
    /// The pull of orders, of one that is not in the ledger yet.
    Orders,
    /// The pull of orders, once an order has its sales order.
    References,
    /// The read of fulfilments, of one that is not in the ledger yet.
    Shipments,
    /// The pull of orders, and beside it of a return that is not in the ledger yet.
    Returns,
    /// The read of fulfilments, and beside it of a return that is not in the ledger yet.
    ErpReturns,
    /// The read of fulfilments, and beside it of a credit memo that is not in the ledger yet.
    Credits,
}

/// One row: a call.
pub struct Called {
    pub name: &'static str,
    /// Its name at the other side.
    pub op: &'static str,
    pub is_read: bool,
    pub maker: Maker,
}

const fn write(name: &'static str, op: &'static str, write: Write) -> Called {
    Called {
        name,
        op,
        is_read: false,
        maker: Maker::Step(write),
    }
}

const fn read(name: &'static str, maker: Maker) -> Called {
    Called {
        name,
        op: name,
        is_read: true,
        maker,
    }
}

/// Every call of an order's life.
pub const CALLS: &[Called] = &[
    read("OR11", Maker::Orders),
    write("OR21 accept", "OR21", Write::Accept),
    write("OR21 refuse", "OR21", Write::Refuse),
    write("OR23", "OR23", Write::Tracking),
    write("OR24", "OR24", Write::Confirm),
    write("ST01", "ST01", Write::Parcel),
    read("ST11", Maker::Step(Write::Parcel)),
    write("OR29", "OR29", Write::CancelOrder),
    write("OR30", "OR30", Write::CancelOnMirakl),
    write("OR28", "OR28", Write::Refund),
    read("RE01", Maker::Step(Write::Refund)),
    write("RT25", "RT25", Write::Receive),
    Called {
        name: "OR04",
        op: "OR04",
        is_read: false,
        maker: Maker::References,
    },
    read("SH21", Maker::Step(Write::Tracking)),
    read("SH12", Maker::Step(Write::Tracking)),
    read("PC01", Maker::Step(Write::Tracking)),
    write("create_sales_order", "create_sales_order", Write::Create),
    read("find_sales_orders", Maker::Step(Write::Create)),
    read("get_sales_order", Maker::Step(Write::Release)),
    write("set_ship_to", "set_ship_to", Write::ShipTo),
    write("release_sales_order", "release_sales_order", Write::Release),
    write("cancel_lines", "cancel_lines", Write::CancelLines),
    write("cancel_lines of units", "cancel_lines", Write::CancelUnits),
    write("announce_return", "announce_return", Write::Authorize),
    read("find_customer", Maker::Step(Write::Customer)),
    write("put_customer", "put_customer", Write::Customer),
    read("list_fulfilments", Maker::Shipments),
    read("RT11", Maker::Returns),
    read("list_returns", Maker::ErpReturns),
    read("list_credit_memos", Maker::Credits),
];

impl Called {
    pub fn is_mirakls(&self) -> bool {
        self.op.as_bytes()[0].is_ascii_uppercase()
    }

    pub fn is_feed(&self) -> bool {
        !matches!(self.maker, Maker::Step(_) | Maker::References)
    }

    /// Does a page tell how many rows it should have?
    pub fn counts_rows(&self) -> bool {
        self.maker != Maker::Returns
    }

    /// Where its feed stands.
    pub async fn cursor(&self, env: &Env) -> Option<String> {
        let feed = match self.maker {
            Maker::Step(_) => return None,
            Maker::Orders | Maker::References => "nordwind/orders",
            Maker::Shipments => "SIMSITE/shipments",
            Maker::Returns => "nordwind/returns",
            Maker::ErpReturns => "SIMSITE/returns",
            Maker::Credits => "SIMSITE/credit_memos",
        };
        env.ledger.cursor(feed).await.unwrap()
    }

    /// Does yesterday's copy serve when it fails?
    pub fn has_substitute(&self) -> bool {
        matches!(self.name, "SH21" | "SH12" | "PC01" | "RE01")
    }

    /// Are orders of one world not told apart by what this call does?
    pub fn wants_fresh_world(&self) -> bool {
        self.maker == Maker::Step(Write::Customer)
    }

    /// A world for it; calls end soon in one whose answers are waited for.
    pub async fn world(&self, slow: bool) -> Env {
        let mut plan = match self.maker {
            Maker::Step(write) => write.plan(),
            _ => Plan::usual(),
        };
        plan.spoiled = true;
        plan.poll = Duration::ZERO;
        if slow {
            plan.answer_within = Some(Duration::from_millis(400));
        }
        match self.maker {
            Maker::Returns => {
                plan.mirakl.returns = true;
                plan.returns_every = Some(Duration::ZERO);
            }
            Maker::ErpReturns => plan.erp.returns_in = true,
            _ => {}
        }
        if self.name == "PC01" {
            plan.mappings.carriers = vec![CarrierRow {
                marketplace: "*".into(),
                erp_carrier: "UPS".into(),
                carrier_code: None,
                carrier_name: Some("United Parcels".into()),
                carrier_url: None,
                valid: domain::mapping::Valid::default(),
            }];
        }
        plan.start().await
    }

    /// An order of which this call comes next.
    pub async fn stands_before(&self, env: &Env, order_id: &str) -> OrderKey {
        env.spoiler(true).clear();
        env.spoiler(false).clear();
        // What is read once a day is read anew.
        env.clock.advance(Duration::from_secs(25 * 3_600));
        let key = match self.maker {
            Maker::Step(write) => {
                let key = write.order(env, order_id).await;
                assert_eq!(env.decide(&key).await, write.step(), "{}", self.name);
                key
            }
            Maker::Orders => {
                let shown = env.mirakl.create_order(plain(order_id)).unwrap();
                env.key(shown["order_id"].as_str().unwrap())
            }
            Maker::References => {
                let key = env.place(plain(order_id)).await;
                assert_eq!(env.drive(&key).await, Step::Wait(Wait::Payment));
                key
            }
            Maker::Shipments => {
                let key = env.released(plain(order_id)).await;
                let mut body = json!({});
                body["ord_num"] = env.sales_order(&key)["ord_num"].clone();
                env.erp_control("/_sim/shipments", &body).await;
                key
            }
            Maker::Returns => {
                let key = env.released(plain(order_id)).await;
                env.ship(&key, json!({})).await;
                assert_eq!(env.drive(&key).await, self.end());
                let commercial_id = order_id.strip_suffix("-A").unwrap();
                let line = json!({"order_line_id": format!("{order_id}-1"), "quantity": 1});
                let wish = json!({
                    "order_commercial_id": commercial_id, "return_lines": [line],
                });
                web::post(&env.mirakl.url(), "/_sim/returns", &wish).await;
                key
            }
            Maker::ErpReturns => {
                let key = env.released(plain(order_id)).await;
                let line = json!({"external_line_id": format!("{order_id}-1"), "qty": 1});
                let mut came = json!({"lines": [line]});
                came["ord_num"] = env.sales_order(&key)["ord_num"].clone();
                env.erp_control("/_sim/returns/receive", &came).await;
                key
            }
            Maker::Credits => {
                let key = env.released(plain(order_id)).await;
                let line = json!({"external_line_id": format!("{order_id}-1"), "qty": 1});
                let draft = json!({
                    "external_po": format!("NW-{order_id}"), "lines": [line], "status": "draft",
                });
                env.erp_control("/_sim/credit-memos", &draft).await;
                key
            }
        };
        env.clock.advance(Duration::from_millis(1));
        key
    }

    /// Makes the call, or the whole of which it is a part.
    pub async fn call(&self, env: &Env, key: &OrderKey, fault: &Fault) -> Result<(), Failure> {
        let cut_off = fault.way == Way::Unreachable;
        match self.maker {
            Maker::Step(write) if cut_off => env.act_cut_off(key, &write.step()).await.map(|_| ()),
            // A step may wait for a read-back, or end in a decision: both are looked at later.
            Maker::Step(write) => env.act(key, &write.step()).await.map(|_| ()),
            Maker::Orders | Maker::References | Maker::Returns if cut_off => {
                env.pull_cut_off().await
            }
            Maker::Orders | Maker::References | Maker::Returns => env.try_pull().await,
            _ if cut_off => env.pull_shipments_cut_off().await,
            _ => env.try_pull_shipments().await,
        }
    }

    /// Kind of the exception when the other side says no.
    pub fn refusal(&self) -> Kind {
        match self.maker {
            Maker::Step(write) => write.refusal(),
            other => panic!("{other:?} parks nothing"),
        }
    }

    /// Does the order go on with everything else while the other side refuses?
    pub fn goes_on_refused(&self) -> bool {
        matches!(self.maker, Maker::Step(write) if write.refused_end().is_some())
    }

    /// Where the order stands at the end.
    pub fn end(&self) -> Step {
        match self.maker {
            Maker::Step(write) => write.end(),
            Maker::Orders | Maker::References => Step::Wait(Wait::Payment),
            Maker::Shipments | Maker::Returns => Step::Wait(Wait::Aftercare),
            Maker::ErpReturns | Maker::Credits => Step::Wait(Wait::Shipment),
        }
    }

    /// How often the other side did what the order's life asks for.
    pub async fn effects(&self, env: &Env, key: &OrderKey) -> usize {
        match self.maker {
            Maker::Step(write) => write.effects(env, key),
            Maker::Orders => env.seen(key, "accepts").len(),
            Maker::References => {
                // Written with the pull after the decision, and it overwrites.
                env.try_pull().await.unwrap();
                let order = env.mirakl.order(&key.order_id).unwrap();
                let written = &order["references"]["order_reference_for_seller"];
                usize::from(*written == env.sales_order(key)["ord_num"])
            }
            Maker::Shipments => env.seen(key, "shipments").len(),
            Maker::Returns => env.row(key).await.papers.returns.len(),
            Maker::ErpReturns => env.row(key).await.papers.erp_returns.len(),
            Maker::Credits => env.row(key).await.papers.credits.len(),
        }
    }

    /// Does a failure quote the customer?
    pub fn names_a_person(&self, env: &Env, key: &OrderKey, text: &str) -> bool {
        let order = env.mirakl.order(&key.order_id).unwrap();
        let customer = &order["customer"];
        let names = ["lastname", "firstname", "customer_id"].map(|name| &customer[name]);
        let mut names = names.into_iter().filter_map(Value::as_str);
        names.any(|name| !name.is_empty() && text.contains(name)) || text.contains('@')
    }
}
