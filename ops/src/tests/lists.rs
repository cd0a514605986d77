//! Lists: orders, exceptions, feeds, and the status.

use super::world::{World, refused};

#[tokio::test]
async fn orders_are_listed_with_what_they_wait_for() {
    let mut world = World::busy().await;
    insta::assert_snapshot!("orders_list", world.bcm("orders list").await.text);
    insta::assert_snapshot!(
        "orders_list_json",
        world.json("orders list --blocked").await.text
    );
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
    insta::assert_snapshot!("exceptions_list", world.bcm("exceptions list").await.text);
    let json = world
        .json("exceptions list --owner ecommerce --kind unmapped_sku")
        .await;
    insta::assert_snapshot!("exceptions_list_json", json.text);
    insta::assert_snapshot!("exceptions_show", world.bcm("exceptions show 1").await.text);
    insta::assert_snapshot!(
        "exceptions_show_json",
        world.json("exceptions show 1").await.text
    );
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
    insta::assert_snapshot!("feeds", world.bcm("feeds").await.text);
    assert_eq!(world.bcm("feeds list").await, world.bcm("feeds").await);
    insta::assert_snapshot!("feeds_json", world.json("feeds").await.text);
}

#[tokio::test]
async fn the_status_is_one_screen() {
    let mut world = World::busy().await;
    insta::assert_snapshot!("status", world.bcm("status").await.text);
    insta::assert_snapshot!("status_json", world.json("status").await.text);
    let empty = World::empty().await;
    insta::assert_snapshot!("status_empty", empty.bcm("status").await.text);
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
