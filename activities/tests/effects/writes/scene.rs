//! Each write, and an order that stands right before it.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::exception::Kind;
use domain::marketplace::{CustomerModel, OrderKey};
use domain::step::{Step, Wait};
use serde_json::{Value, json};
use simulators::fault::FaultRule;
use simulators::mirakl::{OrderSpec, PaymentWorkflow};

use crate::aftercare;
use crate::harness::{Env, list};
use crate::plan::{Plan, plain, scarce};

/// A write to either side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    Create,
    Customer,
    Accept,
    Refuse,
    ShipTo,
    Release,
    CancelLines,
    CancelOrder,
    Tracking,
    Confirm,
    Parcel,
    CancelUnits,
    CancelOnMirakl,
    Refund,
    Authorize,
    Receive,
}

impl Write {
    pub const ALL: [Self; 16] = [
        Self::Create,
        Self::Customer,
        Self::Accept,
        Self::Refuse,
        Self::ShipTo,
        Self::Release,
        Self::CancelLines,
        Self::CancelOrder,
        Self::Tracking,
        Self::Confirm,
        Self::Parcel,
        Self::CancelUnits,
        Self::CancelOnMirakl,
        Self::Refund,
        Self::Authorize,
        Self::Receive,
    ];

    /// The step that makes it.
    pub fn step(self) -> Step {
        match self {
            Self::Create | Self::Customer => Step::CreateSalesOrder,
            Self::Accept => Step::AcceptLines,
            Self::Refuse => Step::RefuseLines,
            Self::ShipTo | Self::Release => Step::Release,
            Self::CancelLines => Step::CancelSalesOrder,
            Self::CancelOrder => Step::CancelOrder,
            Self::Tracking => Step::SendTracking,
            Self::Confirm => Step::ConfirmShipment,
            Self::Parcel => Step::TellParcels,
            Self::CancelUnits => Step::CancelUnits,
            Self::CancelOnMirakl => Step::CancelLines,
            Self::Refund => Step::Refund,
            Self::Authorize | Self::Receive => Step::ForwardReturns,
        }
    }

    /// Its name at the other side.
    pub fn op(self) -> &'static str {
        match self {
            Self::Create => "create_sales_order",
            Self::Customer => "put_customer",
            Self::Accept | Self::Refuse => "OR21",
            Self::ShipTo => "set_ship_to",
            Self::Release => "release_sales_order",
            Self::CancelLines | Self::CancelUnits => "cancel_lines",
            Self::CancelOrder => "OR29",
            Self::CancelOnMirakl => "OR30",
            Self::Refund => "OR28",
            Self::Authorize => "announce_return",
            Self::Receive => "RT25",
            Self::Tracking => "OR23",
            Self::Confirm => "OR24",
            Self::Parcel => "ST01",
        }
    }

    pub fn is_mirakls(self) -> bool {
        self.op()
            .starts_with(|first: char| first.is_ascii_uppercase())
    }

    /// Kind of the exception when the other side says no.
    pub fn refusal(self) -> Kind {
        match self {
            Self::Create | Self::CancelLines | Self::CancelUnits => Kind::SalesOrderRefused,
            Self::Refund => Kind::RefundRefused,
            Self::Authorize | Self::Receive => Kind::ReturnUnclear,
            Self::Customer => Kind::CustomerRefused,
            Self::ShipTo | Self::Release => Kind::ReleaseRefused,
            _ => Kind::MarketplaceRefused,
        }
    }

    /// What the order does while this write stands refused; nothing where it waits for a person.
    pub fn refused_end(self) -> Option<Step> {
        let goes_on = matches!(self, Self::Refund | Self::Authorize | Self::Receive);
        goes_on.then(|| self.end())
    }

    /// A shop and a site where this write is made.
    pub fn plan(self) -> Plan {
        let mut plan = match self {
            Self::CancelOnMirakl | Self::Refund | Self::Authorize | Self::Receive => {
                aftercare::plan()
            }
            _ => Plan::usual(),
        };
        if self == Self::Customer {
            plan.customer = Some(CustomerModel::Consumer);
        }
        if self == Self::CancelOnMirakl {
            plan.mirakl.payment_workflow = PaymentWorkflow::PayOnShipment;
        }
        plan.mirakl.multi_shipment = self == Self::Parcel;
        plan
    }

    /// An order whose next step makes this write.
    pub async fn scene(self) -> (Env, OrderKey) {
        let env = self.plan().start().await;
        let key = self.order(&env, "C1-A").await;
        assert_eq!(env.decide(&key).await, self.step(), "{self:?}");
        env.clock.advance(Duration::from_millis(1));
        (env, key)
    }

    /// An order of that ID, up to this write.
    pub async fn order(self, env: &Env, id: &str) -> OrderKey {
        match self {
            Self::Create | Self::Customer => env.place(plain(id)).await,
            Self::Accept => {
                let key = env.place(plain(id)).await;
                let next = env.act(&key, &Step::CreateSalesOrder).await.unwrap();
                assert_eq!(next, Step::AcceptLines);
                key
            }
            Self::Refuse => {
                let short = OrderSpec::of(&scarce(), 2, "149.95").id(id);
                let key = env.place(short).await;
                let next = env.act(&key, &Step::CreateSalesOrder).await.unwrap();
                assert_eq!(next, Step::RefuseLines);
                key
            }
            Self::ShipTo | Self::Release => {
                let key = env.accepted(plain(id)).await;
                env.pay(&key).await;
                key
            }
            Self::CancelLines => {
                let key = env.accepted(plain(id)).await;
                env.mirakl.cancel(&key.order_id).unwrap();
                env.pull().await;
                key
            }
            Self::CancelOrder => {
                let key = env.accepted(plain(id)).await;
                env.pull().await;
                env.tell(&key, "cancel", json!({"reason_code": "34"})).await;
                let next = env.act(&key, &Step::CancelSalesOrder).await.unwrap();
                assert_eq!(next, Step::CancelOrder);
                key
            }
            Self::CancelUnits => {
                let key = env.released(plain(id)).await;
                let item = json!({
                    "order_line_id": format!("{}-1", key.order_id), "quantity": 1,
                    "reason_code": "36", "amount": 20, "shipping_amount": 0,
                });
                let body = json!({"by": "operator", "cancelations": [item]});
                aftercare::mirakl_control(env, "/_sim/cancelations", &body).await;
                env.pull().await;
                key
            }
            Self::CancelOnMirakl => {
                let key = env.place(plain(id)).await;
                env.drive(&key).await;
                env.pull().await;
                assert_eq!(env.drive(&key).await, Step::Wait(Wait::Shipment));
                let line = format!("{}-1", key.order_id);
                let short = json!({"external_line_id": line, "qty": 1});
                env.ship(&key, json!({"short": [short], "final": true}))
                    .await;
                let mut next = env.decide(&key).await;
                for _ in 0..4 {
                    next = match next {
                        Step::CancelLines => break,
                        Step::Wait(_) => {
                            env.pull().await;
                            env.decide(&key).await
                        }
                        step => env.act(&key, &step).await.unwrap(),
                    };
                }
                key
            }
            Self::Refund => {
                let key = aftercare::shipped(env, plain(id)).await;
                aftercare::credit(env, &key, 1).await;
                key
            }
            Self::Authorize => {
                let key = aftercare::shipped(env, plain(id)).await;
                aftercare::announce(env, &key, 1, "RETURN_CHANGED_MIND").await;
                key
            }
            Self::Receive => {
                let key = aftercare::shipped(env, plain(id)).await;
                aftercare::announce(env, &key, 1, "RETURN_CHANGED_MIND").await;
                // Authorized, and accepted on Mirakl.
                for _ in 0..2 {
                    env.drive(&key).await;
                    env.pull_shipments().await;
                    env.pull().await;
                }
                env.drive(&key).await;
                aftercare::receive(env, &key, "restock").await;
                key
            }
            Self::Parcel => {
                let key = env.released(plain(id)).await;
                let line = json!({"external_line_id": format!("{}-1", key.order_id), "qty": 1});
                let parcel = json!({"tracking_number": "1Z1", "lines": [line]});
                env.ship(&key, json!({"parcels": [parcel]})).await;
                key
            }
            Self::Tracking | Self::Confirm => {
                let key = env.released(plain(id)).await;
                env.ship(&key, json!({})).await;
                if self == Self::Confirm {
                    let next = env.act(&key, &Step::SendTracking).await.unwrap();
                    assert_eq!(next, Step::ConfirmShipment);
                }
                key
            }
        }
    }

    /// Lets a fault strike this write.
    pub fn fail(self, env: &Env, action: &str, times: u32) {
        let rule = FaultRule::once(self.op(), action).times(times);
        if self.is_mirakls() {
            env.fail_mirakl(rule);
        } else {
            env.fail_erp(rule);
        }
    }

    pub fn calls(self, env: &Env) -> usize {
        if self.is_mirakls() {
            env.mirakl_calls(self.op())
        } else {
            env.erp_calls(self.op())
        }
    }

    /// How often the other side really did it. The same tracking sent again overwrites itself.
    pub fn effects(self, env: &Env, key: &OrderKey) -> usize {
        let order = || env.sales_order(key);
        match self {
            Self::Create => env.sales_orders(key).len(),
            Self::Customer => {
                let customers = list(&env.erp.ledger(), "customers");
                let consumers = customers
                    .iter()
                    .filter(|c| c["account_model"] == "consumer");
                consumers.count()
            }
            Self::Accept | Self::Refuse => env.seen(key, "accepts").len(),
            Self::ShipTo => usize::from(!order()["ship_to"].is_null()),
            Self::Release => order()["released_holds"].as_array().unwrap().len(),
            Self::CancelLines | Self::CancelUnits => {
                order()["cancellations"].as_array().unwrap().len()
            }
            Self::CancelOnMirakl => env.seen(key, "cancelations").len(),
            Self::Refund => env.seen(key, "refunds").len(),
            Self::Authorize => aftercare::returns_in(env, key).len(),
            Self::Receive => {
                let returns = env.seen(key, "returns");
                let moves = returns[0]["moves"].as_array().unwrap();
                moves.iter().filter(|one| **one == "RECEIVED").count()
            }
            Self::CancelOrder => env.seen(key, "cancels").len(),
            Self::Tracking => {
                let told = |t: &Value| format!("{}{}", t["carrier_code"], t["tracking_number"]);
                let told: BTreeSet<_> = env.seen(key, "tracking").iter().map(told).collect();
                told.len()
            }
            Self::Confirm | Self::Parcel => env.seen(key, "shipments").len(),
        }
    }

    /// Where the order stands once the write and all that follows it without others is done.
    pub fn end(self) -> Step {
        use domain::step::Outcome::{Cancelled, Refused};
        match self {
            Self::Create | Self::Customer | Self::Accept => Step::Wait(Wait::Payment),
            Self::Refuse => Step::Done(Refused),
            Self::ShipTo | Self::Release | Self::Parcel | Self::CancelUnits => {
                Step::Wait(Wait::Shipment)
            }
            Self::CancelOnMirakl | Self::Refund | Self::Authorize | Self::Receive => {
                Step::Wait(Wait::Aftercare)
            }
            Self::CancelLines | Self::CancelOrder => Step::Done(Cancelled),
            Self::Tracking | Self::Confirm => Step::Wait(Wait::Aftercare),
        }
    }
}
