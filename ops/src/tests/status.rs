//! The status: everything on one screen.

use domain::gate::{Endpoint, Reason};
use ledger::{CallClosing, Closing};

use super::world::{World, at, code, key};

#[tokio::test]
async fn the_status_is_one_screen() {
    let mut world = World::busy().await;
    insta::assert_snapshot!(world.bcm("status").await.text, @r"
        3 orders
        ┌──────────────────┬────────┐
        │ stage            │ orders │
        ├──────────────────┼────────┤
        │ awaiting_payment │ 1      │
        │ confirming       │ 1      │
        │ new              │ 1      │
        └──────────────────┴────────┘

        1 open exception
        ┌───────────┬──────┬────────────────┐
        │ owner     │ open │ kinds          │
        ├───────────┼──────┼────────────────┤
        │ ecommerce │ 1    │ 1 unmapped_sku │
        └───────────┴──────┴────────────────┘

        Feeds
        ┌─────────────────────┬──────────────┬──────┬──────────┬─────────────┬────────┬──────┐
        │ feed                │ last success │ rows │ failures │ last error  │ paused │ owed │
        ├─────────────────────┼──────────────┼──────┼──────────┼─────────────┼────────┼──────┤
        │ galeria/orders      │ 2 h ago      │ 1    │ 1        │ unreachable │ paused │ 0    │
        │ nordwind/orders     │ 2 h ago      │ 1    │ 0        │ –           │ –      │ 0    │
        │ northwind/shipments │ 1 min ago    │ 1    │ 0        │ –           │ –      │ 0    │
        └─────────────────────┴──────────────┴──────┴──────────┴─────────────┴────────┴──────┘

        0 calls with an open outcome · 0 orders accepted elsewhere · 0 unreadable messages · ledger, as of 2027-01-15 11:00:00 UTC
        ");
    insta::assert_snapshot!(world.json("status").await.text, @r#"
        {
          "source": "ledger",
          "as_of": "2027-01-15T11:00:00Z",
          "orders": {
            "awaiting_payment": 1,
            "confirming": 1,
            "new": 1
          },
          "due": {
            "50": 0,
            "75": 0,
            "90": 0,
            "calm": 0,
            "overdue": 0
          },
          "exceptions": [
            {
              "owner": "ecommerce",
              "kind": "unmapped_sku",
              "count": 1
            }
          ],
          "feeds": [
            {
              "name": "galeria/orders",
              "last_success": "2027-01-15T08:21:00Z",
              "last_started": "2027-01-15T10:46:40Z",
              "rows": 1,
              "failures": 1,
              "last_error": "unreachable",
              "paused": true,
              "owed": 0
            },
            {
              "name": "nordwind/orders",
              "last_success": "2027-01-15T08:11:00Z",
              "last_started": "2027-01-15T08:11:00Z",
              "rows": 1,
              "failures": 0,
              "last_error": null,
              "paused": false,
              "owed": 0
            },
            {
              "name": "northwind/shipments",
              "last_success": "2027-01-15T10:58:20Z",
              "last_started": "2027-01-15T10:58:20Z",
              "rows": 1,
              "failures": 0,
              "last_error": null,
              "paused": false,
              "owed": 0
            }
          ],
          "gates": [],
          "closed_calls": [],
          "stock": [],
          "open_intents": 0,
          "accepted_elsewhere": 0,
          "unreadable": 0
        }
        "#);
    let empty = World::empty().await;
    insta::assert_snapshot!(empty.bcm("status").await.text, @r"
        No orders yet

        Nothing needs a person

        No feed has run yet

        0 calls with an open outcome · 0 orders accepted elsewhere · 0 unreadable messages · ledger, as of 2027-01-15 11:00:00 UTC
        ");
}

#[tokio::test]
async fn what_nobody_calls_stands_below_the_feeds() {
    let mut world = World::busy().await;
    let ledger = &world.surroundings.ledger;
    let (erp, shop) = (
        Endpoint::BlueCherry("northwind".to_owned()),
        Endpoint::Mirakl(code("nordwind")),
    );
    let closing = Closing {
        endpoint: &erp,
        reason: Reason::Down,
        call: "find_sales_orders",
        seen_version: 0,
        failed_probes: 0,
        probe_at: at(10_860),
    };
    assert!(ledger.close_gate(&closing, at(10_740)).await.unwrap());
    let waits = key("nordwind", "C-1001-A");
    ledger.wait_at_gate(&erp, &waits).await.unwrap();
    let throttled = CallClosing {
        endpoint: &shop,
        call: "OR04",
        reason: Reason::Throttled,
        until: at(10_920),
    };
    ledger.close_call(&throttled, at(10_740)).await.unwrap();

    let told = world.bcm("feeds").await.text;
    insta::assert_snapshot!(told.split_once("Systems").unwrap().1.trim(), @r"
    that nobody calls now
    ┌──────────────────────┬───────┬───────────┬────────────┬────────────────┐
    │ endpoint             │ state │ since     │ asked next │ orders waiting │
    ├──────────────────────┼───────┼───────────┼────────────┼────────────────┤
    │ bluecherry/northwind │ down  │ 1 min ago │ in 1 min   │ 1              │
    └──────────────────────┴───────┴───────────┴────────────┴────────────────┘
    Calls that wait
    ┌─────────────────┬──────┬───────────┬──────────┐
    │ endpoint        │ call │ why       │ until    │
    ├─────────────────┼──────┼───────────┼──────────┤
    │ mirakl/nordwind │ OR04 │ throttled │ in 2 min │
    └─────────────────┴──────┴───────────┴──────────┘
    3 feeds · ledger, as of 2027-01-15 11:00:00 UTC
    ");
    let status = world.bcm("status").await.text;
    assert!(status.contains("Systems that nobody calls now"), "{status}");
    let json: serde_json::Value = serde_json::from_str(&world.json("feeds").await.text).unwrap();
    assert_eq!(json["gates"][0]["reason"], "down");
    assert_eq!(json["gates"][0]["waiting"], 1);
    assert_eq!(json["closed_calls"][0]["call"], "OR04");
}

#[tokio::test]
async fn the_status_has_a_line_a_marketplace() {
    let text = World::stocked().await.bcm("status").await.text;
    let from = text.find("Stock\n").unwrap();
    let to = text[from..].find("calls with an open").unwrap() + from;
    let table = text[from..to].trim_end_matches(|c: char| c.is_ascii_digit() || c == ' ');
    insta::assert_snapshot!(table, @r"
    Stock
    ┌─────────────┬────────┬───────┬───────────┬──────────┬─────────┬─────────┬──────┬───────────┬───────────────────┐
    │ marketplace │ offers │ units │ differing │ drifting │ refused │ unknown │ held │ published │ figures' age then │
    ├─────────────┼────────┼───────┼───────────┼──────────┼─────────┼─────────┼──────┼───────────┼───────────────────┤
    │ nordwind    │ 4      │ 7     │ 2         │ 1        │ 1       │ 0       │ –    │ 2 h ago   │ 120 s             │
    └─────────────┴────────┴───────┴───────────┴──────────┴─────────┴─────────┴──────┴───────────┴───────────────────┘
    ");
}
