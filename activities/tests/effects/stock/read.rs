//! Reading the batch, the items and the offers.

use domain::exception::Kind;
use serde_json::json;
use simulators::fault::FaultRule;
use workflows::stock::Word;

use super::desk::Desk;
use crate::plan::{offer, sku};

#[tokio::test]
async fn a_batch_is_read_once_and_its_first_page_tells_the_next_run_so() {
    let desk = Desk::usual().await;
    desk.publish("run-1").await;
    let pages = desk.env.erp_calls("list_positions");
    assert!(pages > 1, "more than a page");
    let items = desk.env.erp_calls("list_items");
    desk.publish("run-2").await;
    assert_eq!(desk.env.erp_calls("list_positions"), pages + 1);
    assert_eq!(desk.env.erp_calls("list_items"), items, "once an hour");
    desk.batch("none").await;
    desk.publish("run-3").await;
    assert_eq!(desk.env.erp_calls("list_positions"), 2 * pages + 1);
}

#[tokio::test]
async fn a_read_that_breaks_off_begins_again_and_nothing_is_counted_twice() {
    let desk = Desk::usual().await;
    desk.env
        .fail_erp(FaultRule::once("list_positions", "reset").from_nth(2));
    let broken = desk.read("run-1").await;
    assert!(broken.is_err(), "there is no batch to go on with");
    let read = desk.read("run-1").await.unwrap();
    assert_eq!(read.word, Word::Go);
    let site = desk.env.ledger.snapshots("SIMSITE", 9).await.unwrap();
    assert_eq!(site.len(), 1, "the same batch goes on");
    let places = desk
        .env
        .ledger
        .positions_of(site[0].id, &sku(0))
        .await
        .unwrap();
    assert!((2..=3).contains(&places.len()), "{places:?}");
}

#[tokio::test]
async fn a_batch_that_says_of_itself_that_it_is_partial_is_refused_and_the_one_before_counts() {
    let desk = Desk::usual().await;
    desk.publish("run-1").await;
    let good = desk.shown().await;
    let partial = json!({ "status": "partial" });
    desk.env.clock.advance(std::time::Duration::from_secs(1));
    desk.env.erp_control("/_sim/batches/run", &partial).await;
    let read = desk.read("run-2").await.unwrap();
    assert!(read.faults.contains(&"incomplete".to_owned()), "{read:?}");
    assert_eq!(
        read.ticket.unwrap().refused,
        None,
        "nobody is asked about it"
    );
    assert_eq!(desk.kinds().await, [Kind::SnapshotRefused]);
    desk.publish("run-2").await;
    assert_eq!(desk.shown().await, good);
    desk.batch("none").await;
    desk.publish("run-3").await;
    assert!(desk.kinds().await.is_empty());
}

#[tokio::test]
async fn while_bluecherry_is_away_the_last_batch_counts() {
    let desk = Desk::usual().await;
    let input = desk.input();
    let nothing = desk.cut_off().read_snapshot(&input, "run-0").await;
    assert!(nothing.is_err(), "no batch was ever read");
    desk.publish("run-0").await;
    let read = desk.cut_off().read_snapshot(&input, "run-1").await.unwrap();
    assert_eq!(read.word, Word::Go);
    assert!(read.rows > 0);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_makes_its_item_unknown_and_no_other() {
    let desk = Desk::usual().await;
    let without = FaultRule::once("list_positions", "missing-fields:on_hand");
    desk.env.fail_erp(without.about(&sku(0)).times(0));
    let made = desk.publish("run-1").await;
    assert_eq!(made.unknown, 1);
    assert_eq!(desk.kinds().await, [Kind::UnknownStock]);
    let shown = desk.shown().await;
    let zero = shown.values().filter(|n| **n == 0).count();
    assert_eq!(zero, 1, "it keeps what it showed; all others are known");
}

#[tokio::test]
async fn offers_are_read_whole_at_first_and_then_what_changed() {
    let desk = Desk::usual().await;
    let ticket = desk.ready("run-1").await;
    let calls = ["OF52", "OF53", "OF54"].map(|op| desk.env.mirakl_calls(op));
    assert_eq!(calls, [1, 1, 1]);
    // What changed shortly before the last look is named once more.
    for named in [43, 0] {
        desk.env.clock.advance(std::time::Duration::from_secs(80));
        desk.ready("run-1").await;
        desk.env.clock.advance(std::time::Duration::from_secs(80));
        desk.ready("run-1").await;
        desk.env.clock.advance(std::time::Duration::from_secs(80));
        desk.ready("run-1").await;
        desk.env.clock.advance(std::time::Duration::from_secs(80));
        let again = desk.offers(&ticket, "run-1").await.unwrap();
        assert_eq!(again.offers, named);
    }
    desk.env.clock.advance(std::time::Duration::from_secs(30));
    desk.mirakl("/_sim/offers", json!({ offer(0): 4 })).await;
    let again = desk.offers(&ticket, "run-1").await.unwrap();
    assert_eq!(
        (again.offers, again.drifting),
        (1, 0),
        "nothing was taken yet"
    );
    assert_eq!(desk.offer(&offer(0)).await.shown.unwrap().0, 4);
}

#[tokio::test]
async fn an_export_that_fails_is_left_to_the_next_look_once_there_are_offers() {
    let desk = Desk::usual().await;
    desk.mirakl("/_sim/offers/ways", json!({ "fail_exports": true }))
        .await;
    let read = desk.read("run-1").await.unwrap();
    let ticket = read.ticket.unwrap();
    assert!(desk.offers(&ticket, "run-1").await.is_err());
    desk.mirakl("/_sim/offers/ways", json!({})).await;
    desk.offers(&ticket, "run-1").await.unwrap();
    desk.mirakl("/_sim/offers/ways", json!({ "fail_exports": true }))
        .await;
    let later = desk.offers(&ticket, "run-1").await.unwrap();
    assert_eq!((later.word, later.offers), (Word::Go, 0));
}
