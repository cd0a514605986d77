//! One order, and what is said when it cannot be shown or told.

use super::world::World;

#[tokio::test]
async fn a_blocked_order_tells_cause_evidence_and_next_step() {
    let mut world = World::busy().await;
    let line = "orders show nordwind/C-1001-A";
    insta::assert_snapshot!("show_blocked", world.bcm(line).await.text);
    insta::assert_snapshot!("show_blocked_json", world.json(line).await.text);
}

#[tokio::test]
async fn an_order_with_a_shipment_tells_its_life() {
    let world = World::busy().await;
    insta::assert_snapshot!("show_shipped", world.bcm("orders show C-1002-A").await.text);
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
