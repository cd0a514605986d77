//! A ledger that is lost, and comes back step by step as a rebuild brings it back.

use std::sync::Arc;

use activities::{Connections, Feeds, Orders};
use ledger::{Ledger, MasterKey, OrderFilter};

use super::Env;
use crate::plan::{shop, site};

impl Env {
    /// The ledger is lost. An empty one takes its place, and knows each order again as both sides
    /// show it; returns and credit memos are not read yet.
    pub async fn lose_ledger(&mut self) {
        let url = format!("sqlite://{}/rebuilt.db", self.home.path().display());
        let now = self.clock.now();
        let ledger = Ledger::open(&url, MasterKey::generate(), now)
            .await
            .unwrap();
        ledger
            .publish_mappings(&self.plan.mappings, now)
            .await
            .unwrap();
        let lost = self.orders.connections();
        let client = lost.shops[&self.marketplace].client.clone();
        let shop = shop(&self.plan, client);
        let site = site(self.site.clone(), self.plan.erp.returns_in);
        let connections = Connections::new(ledger.clone(), vec![shop], site, lost.clock.clone());
        self.orders = Arc::new(Orders::new(Arc::new(connections)));
        self.feeds = Feeds::new(self.orders.clone());
        self.ledger = ledger;
        self.feeds
            .read_orders_only(&self.marketplace)
            .await
            .unwrap();
        self.feeds.read_shipments_only().await.unwrap();
        let all = OrderFilter {
            include_finished: true,
            ..OrderFilter::default()
        };
        for order in self.ledger.list_orders(&all, 100).await.unwrap() {
            let restored = self.orders.restore(&order.key, &[], false).await.unwrap();
            assert!(restored.ours, "{}", order.key);
        }
    }

    /// Reads returns and credit memos into a ledger that was lost.
    pub async fn read_papers(&self) {
        self.feeds.read_papers_only().await.unwrap();
        let returns = self.feeds.read_returns_only(&self.marketplace).await;
        returns.unwrap();
    }
}
