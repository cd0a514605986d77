//! One order, and what is said when it cannot be shown or told.

use super::world::World;

#[tokio::test]
async fn a_blocked_order_tells_cause_evidence_and_next_step() {
    let mut world = World::busy().await;
    let line = "orders show nordwind/C-1001-A";
    insta::assert_snapshot!(world.bcm(line).await.text, @r"
        Order C-1001-A on nordwind
        Waits for e-commerce: An offer SKU of this order has no BlueCherry SKU in skus.csv.

        stage        new
        on Mirakl    WAITING_ACCEPTANCE
        sales order  – (PO NO-C-1001-A)
        due          1 h ago (2027-01-15 10:00:00 UTC)
        total        129.90 USD
        sold         2027-01-15 08:00:00 UTC

        Problem
        kind       unmapped_sku
        owner      e-commerce
        cause      An offer SKU of this order has no BlueCherry SKU in skus.csv.
        evidence   offer_sku BC-TEE-RED-M
        evidence   line C-1001-A-1
        next step  Add the row to skus.csv; the order goes on by itself. For this order alone: bcm orders correct.
        type       bcm orders correct nordwind/C-1001-A --sku BC-TEE-RED-M=ERP_SKU

        Lines
        ┌────────────┬───────────────┬────────┬────────────────────┬───────────────┐
        │ line       │ offer SKU     │ pieces │ on Mirakl          │ in BlueCherry │
        ├────────────┼───────────────┼────────┼────────────────────┼───────────────┤
        │ C-1001-A-1 │ BC-TEE-RED-M  │ 2      │ WAITING_ACCEPTANCE │ –             │
        │ C-1001-A-2 │ BC-SOCK-BLK-L │ 2      │ WAITING_ACCEPTANCE │ –             │
        └────────────┴───────────────┴────────┴────────────────────┴───────────────┘

        Timeline
        2027-01-15 08:00:00 UTC  Sold on nordwind.
        2027-01-15 08:01:00 UTC  First read from Mirakl.
        2027-01-15 08:01:30 UTC  Stopped at creating the sales order: An offer SKU of this order has no BlueCherry SKU in skus.csv.
        2027-01-15 08:01:31 UTC  Waits for e-commerce: unmapped_sku.
        2027-01-15 09:00:00 UTC  A person said retry from the command line: retried.

        Run: http://localhost:8233/namespaces/default/workflows/order%2Fnordwind%2FC-1001-A
        ledger, as of 2027-01-15 11:00:00 UTC
        ");
    insta::assert_snapshot!(world.json(line).await.text, @r#"
        {
          "source": "ledger",
          "as_of": "2027-01-15T11:00:00Z",
          "marketplace": "nordwind",
          "order_id": "C-1001-A",
          "standing": "Waits for e-commerce: An offer SKU of this order has no BlueCherry SKU in skus.csv.",
          "stage": "new",
          "state": "WAITING_ACCEPTANCE",
          "waits_for": "person",
          "external_po": "NO-C-1001-A",
          "sales_order": null,
          "due": "2027-01-15T10:00:00Z",
          "problem": {
            "kind": "unmapped_sku",
            "owner": "ecommerce",
            "cause": "An offer SKU of this order has no BlueCherry SKU in skus.csv.",
            "evidence": [
              {
                "name": "offer_sku",
                "value": "BC-TEE-RED-M"
              },
              {
                "name": "line",
                "value": "C-1001-A-1"
              }
            ],
            "next_step": "Add the row to skus.csv; the order goes on by itself. For this order alone: bcm orders correct.",
            "commands": [
              "bcm orders correct nordwind/C-1001-A --sku BC-TEE-RED-M=ERP_SKU"
            ]
          },
          "held": false,
          "cancel": null,
          "corrections": {},
          "created_at": "2027-01-15T08:00:00Z",
          "total": "129.90",
          "currency": "USD",
          "finished": false,
          "lines": [
            {
              "line_id": "C-1001-A-1",
              "offer_sku": "BC-TEE-RED-M",
              "quantity": 2,
              "state": "WAITING_ACCEPTANCE",
              "taken": null,
              "reject_code": null
            },
            {
              "line_id": "C-1001-A-2",
              "offer_sku": "BC-SOCK-BLK-L",
              "quantity": 2,
              "state": "WAITING_ACCEPTANCE",
              "taken": null,
              "reject_code": null
            }
          ],
          "shipments": [],
          "timeline": [
            {
              "at": "2027-01-15T08:00:00Z",
              "code": "sold",
              "says": "Sold on nordwind.",
              "detail": []
            },
            {
              "at": "2027-01-15T08:01:00Z",
              "code": "first_seen",
              "says": "First read from Mirakl.",
              "detail": []
            },
            {
              "at": "2027-01-15T08:01:30Z",
              "code": "blocked",
              "says": "Stopped at creating the sales order: An offer SKU of this order has no BlueCherry SKU in skus.csv.",
              "detail": [
                {
                  "name": "step",
                  "value": "create_sales_order"
                },
                {
                  "name": "kind",
                  "value": "unmapped_sku"
                }
              ]
            },
            {
              "at": "2027-01-15T08:01:31Z",
              "code": "blocked",
              "says": "Waits for e-commerce: unmapped_sku.",
              "detail": [
                {
                  "name": "stage",
                  "value": "new"
                },
                {
                  "name": "kind",
                  "value": "unmapped_sku"
                }
              ]
            },
            {
              "at": "2027-01-15T09:00:00Z",
              "code": "command",
              "says": "A person said retry from the command line: retried.",
              "detail": [
                {
                  "name": "command",
                  "value": "retry"
                },
                {
                  "name": "by",
                  "value": "cli"
                },
                {
                  "name": "outcome",
                  "value": "retried"
                }
              ]
            }
          ],
          "workflow_id": "order/nordwind/C-1001-A",
          "run": "http://localhost:8233/namespaces/default/workflows/order%2Fnordwind%2FC-1001-A"
        }
        "#);
}

#[tokio::test]
async fn an_order_with_a_shipment_tells_its_life() {
    let world = World::busy().await;
    insta::assert_snapshot!(world.bcm("orders show C-1002-A").await.text, @r"
        Order C-1002-A on nordwind
        Left the warehouse; Mirakl is being told.

        stage        confirming
        on Mirakl    SHIPPING
        sales order  500001 (PO NO-C-1002-A)
        due          in 24 h (2027-01-16 11:46:40 UTC)
        total        129.90 USD
        sold         2027-01-15 08:10:00 UTC

        Lines
        ┌────────────┬───────────────┬────────┬───────────┬───────────────┐
        │ line       │ offer SKU     │ pieces │ on Mirakl │ in BlueCherry │
        ├────────────┼───────────────┼────────┼───────────┼───────────────┤
        │ C-1002-A-1 │ BC-TEE-RED-M  │ 2      │ SHIPPING  │ taken         │
        │ C-1002-A-2 │ BC-SOCK-BLK-L │ 2      │ SHIPPING  │ taken         │
        └────────────┴───────────────┴────────┴───────────┴───────────────┘

        Shipments
        ┌──────────┬────────┬─────────┬──────────┬────────┬─────────────────┬─────────────────────────┐
        │ shipment │ status │ carrier │ ship-via │ pieces │ parcels tracked │ confirmed               │
        ├──────────┼────────┼─────────┼──────────┼────────┼─────────────────┼─────────────────────────┤
        │ S-77     │ final  │ UPS     │ UPSG     │ 4      │ 1 of 1          │ 2027-01-15 09:23:20 UTC │
        └──────────┴────────┴─────────┴──────────┴────────┴─────────────────┴─────────────────────────┘

        Timeline
        2027-01-15 08:10:00 UTC  Sold on nordwind.
        2027-01-15 08:11:00 UTC  First read from Mirakl.
        2027-01-15 08:11:40 UTC  Sales order 500001 stands in BlueCherry, on hold.
        2027-01-15 08:11:50 UTC  Accepted on Mirakl: 2 of 2 lines.
        2027-01-15 08:16:40 UTC  Sales order 500001 has its ship-to and is released.
        2027-01-15 09:25:00 UTC  Stage confirming.
        2027-01-15 09:26:40 UTC  beamed_up pieces=4

        Run: http://localhost:8233/namespaces/default/workflows/order%2Fnordwind%2FC-1002-A
        ledger, as of 2027-01-15 11:00:00 UTC
        ");
}

#[tokio::test]
async fn parcels_tell_what_is_in_them_and_how_mirakl_was_told() {
    let world = World::busy().await;
    world.tell_parcels("C-1002-A").await;
    let text = world.bcm("orders show C-1002-A").await.text;
    let from = text.find("Parcels").unwrap();
    let to = text.find("Timeline").unwrap();
    insta::assert_snapshot!(&text[from..to], @r"
    Parcels
    ┌────────┬─────────────────┬──────────┬─────────────────────────┬───────────────┐
    │ parcel │ pieces          │ tracking │ told                    │ by            │
    ├────────┼─────────────────┼──────────┼─────────────────────────┼───────────────┤
    │ S-77/1 │ 4 of C-1002-A-1 │ yes      │ 2027-01-15 09:25:50 UTC │ ST01          │
    │ S-76/1 │ 4 of C-1002-A-1 │ voided   │ 2027-01-15 09:25:50 UTC │ somebody else │
    └────────┴─────────────────┴──────────┴─────────────────────────┴───────────────┘
    ");
}

#[tokio::test]
async fn an_order_id_on_two_marketplaces_asks_which() {
    let mut world = World::busy().await;
    let output = world.bcm("orders hold C-1001-A").await;
    assert_eq!(output.exit, 1);
    insta::assert_snapshot!(output.text, @r"
    error: Order C-1001-A is on more than one marketplace: galeria/C-1001-A, nordwind/C-1001-A.
    next:  Say which, for example: bcm orders hold galeria/C-1001-A
    ");
    let json = world.json("orders show C-1001-A").await;
    assert!(json.text.contains("\"code\": \"order_ambiguous\""));
}

#[tokio::test]
async fn an_order_that_is_not_there_says_where_to_look() {
    let world = World::busy().await;
    for named in ["C-1001", "galeria/C-1002-A", "elsewhere/C-1002-A"] {
        let output = world.bcm(&format!("orders show {named}")).await;
        let said = format!("error: The ledger has no order {named}.");
        assert_eq!(output.text.lines().next(), Some(said.as_str()));
    }
}

#[tokio::test]
async fn without_temporal_commands_say_so_and_change_nothing() {
    let world = World::busy().await;
    for line in [
        "orders retry C-1002-A",
        "orders cancel C-1002-A --reason 34",
        "feeds pause nordwind",
    ] {
        let output = world.bcm(line).await;
        assert_eq!(output.exit, 1, "{line}");
        assert!(
            output
                .text
                .starts_with("error: This command speaks to a run")
        );
    }
    let feeds = world.surroundings.ledger.feeds().await.unwrap();
    let nordwind = feeds.iter().find(|f| f.name == "nordwind/orders").unwrap();
    assert!(!nordwind.paused);
}
