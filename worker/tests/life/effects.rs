//! What came of orders, counted in both simulators' own ledgers.

use serde_json::Value;

use crate::world::World;

impl World {
    /// Sales orders that BlueCherry ever had for an order.
    pub fn sales_orders(&self, order_id: &str) -> Vec<Value> {
        about(
            &self.erp.ledger()["sales_orders"],
            "channel_order_id",
            order_id,
        )
    }

    /// Effects of a kind that an order saw on the marketplace.
    pub fn effects(&self, kind: &str, order_id: &str) -> Vec<Value> {
        about(&self.shop.ledger()[kind], "order_id", order_id)
    }

    /// One sales order, accepted after it, shipped once, with its own tracking.
    pub fn assert_shipped_once(&self, order_id: &str) {
        let made = self.only_sales_order(order_id);
        assert_eq!(made["status"], "shipped", "{order_id}: {made}");
        for kind in ["accepts", "shipments"] {
            let mine = self.effects(kind, order_id);
            assert_eq!(mine.len(), 1, "{kind} of {order_id}: {mine:?}");
            let before = made["real_at_us"].as_i64() < mine[0]["real_at_us"].as_i64();
            assert!(
                before,
                "{kind} of {order_id} before its sales order: {mine:?}"
            );
        }
        assert_eq!(self.effects("cancels", order_id).len(), 0, "{order_id}");
        assert_ne!(self.effects("tracking", order_id).len(), 0, "{order_id}");
    }

    /// Cancelled on both sides, once.
    pub fn assert_cancelled_once(&self, order_id: &str) {
        assert_eq!(self.only_sales_order(order_id)["status"], "cancelled");
        let cancels = self.effects("cancels", order_id);
        assert_eq!(cancels.len(), 1, "{order_id}: {cancels:?}");
        assert_eq!(self.effects("accepts", order_id).len(), 1, "{order_id}");
        assert_eq!(self.effects("shipments", order_id).len(), 0, "{order_id}");
    }

    /// Refused on Mirakl once, and no open sales order is left.
    pub fn assert_refused_once(&self, order_id: &str) {
        let made = self.only_sales_order(order_id);
        assert_ne!(made["status"], "open", "{order_id}: {made}");
        let refusals = self.effects("accepts", order_id);
        assert_eq!(refusals.len(), 1, "{order_id}: {refusals:?}");
        assert_eq!(refusals[0]["accepted"], serde_json::json!([]));
    }

    fn only_sales_order(&self, order_id: &str) -> Value {
        let mut made = self.sales_orders(order_id);
        assert_eq!(made.len(), 1, "sales orders of {order_id}: {made:?}");
        made.remove(0)
    }

    /// No consumer has two accounts.
    pub fn assert_one_account_a_consumer(&self) {
        let ledger = self.erp.ledger();
        let customers = ledger["customers"].as_array().into_iter().flatten();
        let mut handles: Vec<_> = customers
            .map(|c| c["external_handle"].to_string())
            .collect();
        let all = handles.len();
        handles.sort();
        handles.dedup();
        assert_eq!(handles.len(), all, "{handles:?}");
    }

    /// Everything that either side ever did on the word of a worker, as numbers.
    pub fn totals(&self) -> Vec<(&'static str, usize)> {
        let (shop, erp) = (self.shop.ledger(), self.erp.ledger());
        let count = |of: &Value| match of {
            Value::Array(all) => all.len(),
            Value::Object(all) => all.len(),
            _ => 0,
        };
        let mut totals = vec![
            ("sales_orders", count(&erp["sales_orders"])),
            ("customers", count(&erp["customers"])),
            ("stock_transactions", count(&erp["stock_transactions"])),
            ("erp_shipments", count(&erp["shipments"])),
        ];
        for kind in ["accepts", "cancels", "tracking", "shipments"] {
            totals.push((kind, count(&shop[kind])));
        }
        totals
    }
}

fn about(all: &Value, field: &str, order_id: &str) -> Vec<Value> {
    let all = all.as_array().into_iter().flatten();
    all.filter(|e| e[field] == order_id).cloned().collect()
}
