//! Lists: orders, exceptions, feeds.

use super::world::{World, refused};

#[tokio::test]
async fn orders_are_listed_with_what_they_wait_for() {
    let mut world = World::busy().await;
    insta::assert_snapshot!(world.bcm("orders list").await.text, @r"
        ┌──────────┬─────────────┬──────────────────┬───────────┬─────────────┬──────────────┬───────────┬─────────┬────────────┐
        │ order    │ marketplace │ stage            │ waits for │ sales order │ problem      │ owner     │ due     │ total      │
        ├──────────┼─────────────┼──────────────────┼───────────┼─────────────┼──────────────┼───────────┼─────────┼────────────┤
        │ C-1001-A │ galeria     │ awaiting_payment │ payment   │ 500002      │ –            │ –         │ –       │ 129.90 USD │
        │ C-1002-A │ nordwind    │ confirming       │ –         │ 500001      │ –            │ –         │ in 24 h │ 129.90 USD │
        │ C-1001-A │ nordwind    │ new              │ person    │ –           │ unmapped_sku │ ecommerce │ 1 h ago │ 129.90 USD │
        └──────────┴─────────────┴──────────────────┴───────────┴─────────────┴──────────────┴───────────┴─────────┴────────────┘
        3 orders · 1 awaiting_payment, 1 confirming, 1 new · 1 needs a person · ledger, as of 2027-01-15 11:00:00 UTC
        ");
    insta::assert_snapshot!(world.json("orders list --blocked").await.text, @r#"
        {
          "source": "ledger",
          "as_of": "2027-01-15T11:00:00Z",
          "orders": [
            {
              "marketplace": "nordwind",
              "order_id": "C-1001-A",
              "stage": "new",
              "waits_for": "person",
              "sales_order": null,
              "problem": "unmapped_sku",
              "owner": "ecommerce",
              "due": "2027-01-15T10:00:00Z",
              "level": 0,
              "created_at": "2027-01-15T08:00:00Z",
              "total": "129.90",
              "currency": "USD",
              "finished": false
            }
          ],
          "more": false
        }
        "#);
}

#[tokio::test]
async fn orders_are_filtered_and_cut_off() {
    let world = World::busy().await;
    let lines = async |line: &str| {
        let text = world.bcm(line).await.text;
        text.lines().last().unwrap().to_owned()
    };
    let of = "ledger, as of 2027-01-15 11:00:00 UTC";
    assert_eq!(
        lines("orders list --marketplace galeria").await,
        format!("1 order · 1 awaiting_payment · {of}")
    );
    assert_eq!(
        lines("orders list --stage confirming").await,
        format!("1 order · 1 confirming · {of}")
    );
    assert_eq!(
        lines("orders list --text 500001").await,
        format!("1 order · 1 confirming · {of}")
    );
    assert_eq!(
        lines("orders list --limit 1").await,
        format!("The first 1 orders, more with --limit · 1 awaiting_payment · {of}")
    );
    assert_eq!(
        lines("orders list --text nothing").await,
        format!("No order · {of}")
    );
}

#[tokio::test]
async fn exceptions_are_listed_and_shown_with_the_commands_to_type() {
    let mut world = World::busy().await;
    insta::assert_snapshot!(world.bcm("exceptions list").await.text, @r"
        ┌────┬──────────────┬───────────┬───────────────────┬─────────┬─────────┬─────────────────────────────────────────┐
        │ id │ kind         │ owner     │ order             │ since   │ due     │ evidence                                │
        ├────┼──────────────┼───────────┼───────────────────┼─────────┼─────────┼─────────────────────────────────────────┤
        │ 1  │ unmapped_sku │ ecommerce │ nordwind/C-1001-A │ 2 h ago │ 1 h ago │ offer_sku BC-TEE-RED-M, line C-1001-A-1 │
        └────┴──────────────┴───────────┴───────────────────┴─────────┴─────────┴─────────────────────────────────────────┘
        1 exception · ledger, as of 2027-01-15 11:00:00 UTC
        ");
    let json = world
        .json("exceptions list --owner ecommerce --kind unmapped_sku")
        .await;
    insta::assert_snapshot!(json.text, @r#"
        {
          "source": "ledger",
          "as_of": "2027-01-15T11:00:00Z",
          "exceptions": [
            {
              "id": 1,
              "kind": "unmapped_sku",
              "owner": "ecommerce",
              "marketplace": "nordwind",
              "order_id": "C-1001-A",
              "subject": "C-1001-A",
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
              "level": 0,
              "opened_at": "2027-01-15T08:01:31Z",
              "due": "2027-01-15T10:00:00Z",
              "closed_at": null,
              "closed_by": null
            }
          ],
          "more": false
        }
        "#);
    insta::assert_snapshot!(world.bcm("exceptions show 1").await.text, @r"
        Exception 1: unmapped_sku

        owner      e-commerce
        about      nordwind/C-1001-A
        since      2 h ago (2027-01-15 08:01:31 UTC)
        due        1 h ago (2027-01-15 10:00:00 UTC)
        cause      An offer SKU of this order has no BlueCherry SKU in skus.csv.
        evidence   offer_sku BC-TEE-RED-M
        evidence   line C-1001-A-1
        next step  Add the row to skus.csv; the order goes on by itself. For this order alone: bcm orders correct.
        type       bcm orders show nordwind/C-1001-A
        type       bcm orders correct nordwind/C-1001-A --sku BC-TEE-RED-M=ERP_SKU

        ledger, as of 2027-01-15 11:00:00 UTC
        ");
    insta::assert_snapshot!(world.json("exceptions show 1").await.text, @r#"
        {
          "source": "ledger",
          "as_of": "2027-01-15T11:00:00Z",
          "exception": {
            "id": 1,
            "kind": "unmapped_sku",
            "owner": "ecommerce",
            "marketplace": "nordwind",
            "order_id": "C-1001-A",
            "subject": "C-1001-A",
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
            "level": 0,
            "opened_at": "2027-01-15T08:01:31Z",
            "due": "2027-01-15T10:00:00Z",
            "closed_at": null,
            "closed_by": null
          },
          "cause": "An offer SKU of this order has no BlueCherry SKU in skus.csv.",
          "next_step": "Add the row to skus.csv; the order goes on by itself. For this order alone: bcm orders correct.",
          "commands": [
            "bcm orders show nordwind/C-1001-A",
            "bcm orders correct nordwind/C-1001-A --sku BC-TEE-RED-M=ERP_SKU"
          ]
        }
        "#);
    let missing = world.bcm("exceptions show 99").await;
    assert_eq!(missing.exit, 1);
    insta::assert_snapshot!(missing.text, @r"
    error: The ledger has no exception 99.
    next:  See which there are: bcm exceptions list --closed
    ");
    let finance = world.bcm("exceptions list --owner finance").await;
    insta::assert_snapshot!(finance.text, @"No exception · ledger, as of 2027-01-15 11:00:00 UTC");
}

#[tokio::test]
async fn feeds_show_what_is_late_failed_and_paused() {
    let mut world = World::busy().await;
    insta::assert_snapshot!(world.bcm("feeds").await.text, @r"
        ┌─────────────────────┬──────────────┬──────┬──────────┬─────────────┬────────┬──────┐
        │ feed                │ last success │ rows │ failures │ last error  │ paused │ owed │
        ├─────────────────────┼──────────────┼──────┼──────────┼─────────────┼────────┼──────┤
        │ galeria/orders      │ 2 h ago      │ 1    │ 1        │ unreachable │ paused │ 0    │
        │ nordwind/orders     │ 2 h ago      │ 1    │ 0        │ –           │ –      │ 0    │
        │ northwind/shipments │ 1 min ago    │ 1    │ 0        │ –           │ –      │ 0    │
        └─────────────────────┴──────────────┴──────┴──────────┴─────────────┴────────┴──────┘
        3 feeds · ledger, as of 2027-01-15 11:00:00 UTC
        ");
    assert_eq!(world.bcm("feeds list").await, world.bcm("feeds").await);
    insta::assert_snapshot!(world.json("feeds").await.text, @r#"
        {
          "source": "ledger",
          "as_of": "2027-01-15T11:00:00Z",
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
          "closed_calls": []
        }
        "#);
}

#[test]
fn a_command_line_with_an_unknown_word_is_refused() {
    for line in [
        "orders list --stage somewhere",
        "orders list --marketplace Nord_Wind",
        "orders list --limit 0",
        "exceptions list --owner nobody",
        "exceptions list --kind flood",
        "orders cancel C-1",
        "orders correct C-1",
        "orders correct C-1 --sku BC-1",
        "orders mark-done C-1 --step dance",
    ] {
        assert!(refused(line), "{line}");
    }
    assert!(!refused("orders correct C-1 --sku BC-1=X --warehouse NJ1"));
    assert!(!refused("orders cancel C-1 --reason 34"));
}
