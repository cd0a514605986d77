//! What orders take, and when that changed.

use domain::order::State;
use domain::progress::{Progress, SalesOrder};
use ledger::{NewEvent, Note};

use super::place::pairs;
use crate::harness::*;

#[tokio::test]
async fn lines_are_told_with_their_booking_until_long_after_it() {
    let (_home, ledger) = fresh().await;
    let mut foreign = seen("C", 1);
    foreign.ours = false;
    put(&ledger, &[seen("A", 1), seen("B", 1), foreign], 1).await;
    let event = NewEvent {
        what: "sales_order_created",
        detail: vec![],
    };
    let note = Note {
        settle: None,
        event: Some(event),
    };
    let book = |progress: &mut Progress| progress.sales_order = booked("SO-1");
    ledger.advance(&key("B"), note, at(20), book).await.unwrap();
    let row = row(&ledger, "B").await;
    assert!(matches!(row.progress.sales_order, SalesOrder::There(_)));

    let lines = async |since| {
        let lines = ledger.sold_lines(at(since)).await.unwrap();
        let line = |l: ledger::SoldLine| (l.units, l.sales_order, l.booked_at);
        let mut lines: Vec<_> = lines.into_iter().map(line).collect();
        lines.sort();
        lines
    };
    let unbooked = (2, None, None);
    let taken = (2, Some("SO-1".to_owned()), Some(at(20)));
    assert_eq!(lines(-1).await, [unbooked.clone(), taken.clone()]);
    assert_eq!(lines(19).await, [unbooked.clone(), taken]);
    assert_eq!(lines(20).await, [unbooked], "in every batch by then");
}

#[tokio::test]
async fn an_order_that_takes_or_gives_back_units_names_its_offers_and_other_news_do_not() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 10).await;
    let changed = async |since| ledger.changed_offers(&nw(), at(since)).await.unwrap();
    assert_eq!(changed(9).await, ["BC-1"]);
    assert!(changed(10).await.is_empty());
    let mut paid = seen("A", 2);
    paid.order.state = State::Shipping;
    put(&ledger, &[paid.clone()], 20).await;
    assert!(changed(10).await.is_empty());
    assert_eq!(ledger.units_changed_at().await.unwrap(), Some(at(10)));
    let mut gone = paid;
    gone.order.updated_at = at(3);
    gone.order.read_at = at(3);
    gone.order.lines[0].state = State::Canceled;
    put(&ledger, &[gone], 30).await;
    assert_eq!(changed(10).await, ["BC-1"]);
    assert_eq!(ledger.units_changed_at().await.unwrap(), Some(at(30)));
    let lines = ledger.sold_lines(at(-1)).await.unwrap();
    let units = lines
        .iter()
        .map(|l| (l.offer_sku.as_str(), i64::from(l.units)));
    assert_eq!(pairs(&units.collect::<Vec<_>>()), pairs(&[]));
}
