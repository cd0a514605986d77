//! Each write, and an order that stands right before it.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::exception::Kind;
use domain::marketplace::{CustomerModel, OrderKey};
use domain::step::{Step, Wait};
use serde_json::{Value, json};
use simulators::fault::FaultRule;
use simulators::mirakl::OrderSpec;

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
}

impl Write {
    pub const ALL: [Self; 11] = [
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
            Self::CancelLines => "cancel_lines",
            Self::CancelOrder => "OR29",
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
            Self::Create | Self::CancelLines => Kind::SalesOrderRefused,
            Self::Customer => Kind::CustomerRefused,
            Self::ShipTo | Self::Release => Kind::ReleaseRefused,
            _ => Kind::MarketplaceRefused,
        }
    }

    /// An order whose next step makes this write.
    pub async fn scene(self) -> (Env, OrderKey) {
        let mut plan = Plan::usual();
        if self == Self::Customer {
            plan.customer = Some(CustomerModel::Consumer);
        }
        plan.mirakl.multi_shipment = self == Self::Parcel;
        let env = plan.start().await;
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
            Self::CancelLines => order()["cancellations"].as_array().unwrap().len(),
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
            Self::ShipTo | Self::Release | Self::Parcel => Step::Wait(Wait::Shipment),
            Self::CancelLines | Self::CancelOrder => Step::Done(Cancelled),
            Self::Tracking | Self::Confirm => Step::Wait(Wait::Aftercare),
        }
    }
}
