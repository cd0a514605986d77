//! Workflow IDs, task queues, and names that stand in running executions.

use domain::marketplace::{MarketplaceCode, OrderKey};

/// Queue of the orders' workflows and their activities.
pub const ORDERS: &str = "orders";
/// Queue of the feeds.
pub const FEEDS: &str = "feeds";

/// `order/{marketplace}/{order_id}`: no order runs twice at once.
pub fn order(key: &OrderKey) -> String {
    format!("order/{}/{}", key.marketplace, key.order_id)
}

/// `feed/{marketplace}/orders`: one pull of orders a shop.
pub fn orders_feed(marketplace: &MarketplaceCode) -> String {
    format!("feed/{marketplace}/orders")
}

/// `feed/{site}/shipments`: one reader of fulfilments a site.
pub fn shipments_feed(site: &str) -> String {
    format!("feed/{site}/shipments")
}

/// The search attributes of the design, all keywords: ten a namespace is all there is.
pub const SEARCH_ATTRIBUTES: [&str; 6] = [
    "Marketplace",
    "OrderStage",
    "SalesOrder",
    "BlockedOn",
    "Owner",
    "Deadline",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activities::{FeedActivities, OrderActivities};
    use temporalio_common::ActivityDefinition;

    /// These names stand in running executions: a change here breaks open orders.
    #[test]
    fn names_that_stand_in_running_executions() {
        let key = OrderKey {
            marketplace: MarketplaceCode::new("nordwind").unwrap(),
            order_id: "C-1001-A".into(),
        };
        let mut names = vec![
            format!("workflow ID    {}", order(&key)),
            format!("workflow ID    {}", orders_feed(&key.marketplace)),
            format!("workflow ID    {}", shipments_feed("northwind")),
            format!("task queues    {ORDERS} {FEEDS}"),
            format!("attributes     {}", SEARCH_ATTRIBUTES.join(" ")),
            "workflows      FulfillOrder CollectOrders CollectShipments".to_owned(),
            "signals        order_changed shipment_confirmed mapping_changed".to_owned(),
            format!(
                "signals        {}",
                domain::command::Command::NAMES.join(" ")
            ),
            format!(
                "updates        {}",
                domain::command::Command::NAMES.join(" ")
            ),
            "feed signals   pause resume poll_now".to_owned(),
            "queries        progress feed".to_owned(),
        ];
        names.extend(
            [
                OrderActivities::decide.name(),
                OrderActivities::take_command.name(),
                OrderActivities::create_sales_order.name(),
                OrderActivities::find_sales_order.name(),
                OrderActivities::accept_order_lines.name(),
                OrderActivities::refuse_order_lines.name(),
                OrderActivities::release_sales_order.name(),
                OrderActivities::cancel_sales_order.name(),
                OrderActivities::cancel_order.name(),
                OrderActivities::send_tracking.name(),
                OrderActivities::confirm_shipment.name(),
                FeedActivities::collect_orders.name(),
                FeedActivities::collect_shipments.name(),
            ]
            .map(|name| format!("activity       {name}")),
        );
        insta::assert_snapshot!(names.join("\n"));
    }
}
