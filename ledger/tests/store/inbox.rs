//! Orders come in: rows and cursor together, owed until handled.

use domain::exception::Kind;
use domain::step::{Outcome, Stage, Step, Wait};
use ledger::{ExceptionFilter, FeedRun, OrderFilter, Recorded, SeenOrder, Unreadable};

use crate::harness::*;

fn unreadable(key: &str) -> Unreadable {
    Unreadable {
        key: key.into(),
        marketplace: Some(nw()),
        payload: "{\"broken\":".into(),
        path: "order_lines[0].price".into(),
        kind: Kind::UnreadableOrder,
    }
}

#[tokio::test]
async fn a_page_and_its_cursor_stand_together() {
    let (_home, ledger) = fresh().await;
    assert_eq!(ledger.cursor(ORDERS).await.unwrap(), None);

    let first = FeedRun {
        cursor: None,
        last_page: false,
        ..page(ORDERS, "", 5, &[])
    };
    ledger
        .record_orders(&first, &[seen("A", 1)], &[])
        .await
        .unwrap();
    assert_eq!(ledger.cursor(ORDERS).await.unwrap(), None);
    let last = page(ORDERS, "c-2", 6, &[]);
    let recorded = ledger.record_orders(&last, &[seen("B", 1)], &[]).await;
    assert_eq!(
        recorded.unwrap(),
        Recorded {
            new: 1,
            ..Recorded::default()
        }
    );
    assert_eq!(ledger.cursor(ORDERS).await.unwrap().as_deref(), Some("c-2"));
    assert_eq!(
        ledger.payload(&key("A")).await.unwrap(),
        seen("A", 1).payload
    );
    assert!(ledger.order(&key("Z")).await.unwrap().is_none());
    assert!(matches!(
        ledger.payload(&key("Z")).await,
        Err(ledger::Error::NotFound)
    ));
}

#[tokio::test]
async fn a_row_that_fails_takes_its_page_and_the_cursor_with_it() {
    let (home, ledger) = fresh().await;
    put(&ledger, &[seen("B", 1)], 1).await;
    home.meddle("UPDATE data_keys SET wrapped = '1:AAAA'").await;

    let run = page(ORDERS, "next", 9, &[]);
    let page = [seen("A", 2), seen("B", 2), seen("C", 2)];
    let failed = ledger.record_orders(&run, &page, &[unreadable("D")]).await;

    assert!(matches!(failed, Err(ledger::Error::Corrupt { .. })));
    assert_eq!(ledger.cursor(ORDERS).await.unwrap().as_deref(), Some("c"));
    assert!(ledger.order(&key("A")).await.unwrap().is_none());
    assert_eq!(row(&ledger, "B").await.seen_version, 1);
    assert_eq!(ledger.counts().await.unwrap().unreadable, 0);
}

#[tokio::test]
async fn an_order_is_owed_until_its_news_are_handled() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    assert_eq!(owed(&ledger, 1).await, ["A"]);

    let before = row(&ledger, "A").await;
    let again = put(&ledger, &[seen("A", 2)], 2).await;
    assert_eq!(again.changed, 1);
    let wait = decision(Step::Wait(Wait::Payment), Stage::AwaitingPayment);
    let made = from(&before, &wait);
    ledger
        .record_decision(&key("A"), &made, at(3))
        .await
        .unwrap();
    assert_eq!(owed(&ledger, 3).await, ["A"], "news came meanwhile");

    decide(&ledger, "A", &wait, 4).await;
    assert!(owed(&ledger, 4).await.is_empty());
    let now = row(&ledger, "A").await;
    assert_eq!((now.seen_version, now.handled_version), (2, 2));
    assert_eq!(now.waits_for.as_deref(), Some("payment"));

    ledger
        .record_decision(&key("A"), &made, at(5))
        .await
        .unwrap();
    assert_eq!(row(&ledger, "A").await.handled_version, 2, "never lowered");
}

#[tokio::test]
async fn the_same_message_is_no_news_but_moves_the_time_of_reading() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    let mut again = seen("A", 1);
    again.order.read_at = at(60);
    let recorded = put(&ledger, std::slice::from_ref(&again), 60).await;
    assert_eq!((recorded.unchanged, recorded.changed), (1, 0));
    let now = row(&ledger, "A").await;
    assert_eq!((now.seen_version, now.order.read_at), (1, at(60)));

    let backwards = put(&ledger, &[seen("A", 1)], 61).await;
    assert_eq!(backwards.stale, 1);
    assert_eq!(row(&ledger, "A").await.order.read_at, at(60));
}

#[tokio::test]
async fn facts_of_an_older_update_are_stale() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 10)], 10).await;
    let mut older = seen("A", 9);
    older.order.read_at = at(20);
    let recorded = put(&ledger, &[older], 20).await;
    assert_eq!(
        recorded,
        Recorded {
            stale: 1,
            ..Recorded::default()
        }
    );
    assert_eq!(row(&ledger, "A").await.order, order(10));
    assert_eq!(
        ledger.payload(&key("A")).await.unwrap(),
        seen("A", 10).payload
    );
}

#[tokio::test]
async fn a_wanted_read_back_makes_any_reading_news() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1), seen("B", 1)], 1).await;
    let wait = decision(Step::Wait(Wait::ReadBack), Stage::Accepting);
    for (id, now) in [("B", 2), ("A", 3), ("B", 4)] {
        let row = row(&ledger, id).await;
        let made = ledger::Decided {
            read_back: true,
            ..from(&row, &wait)
        };
        ledger
            .record_decision(&key(id), &made, at(now))
            .await
            .unwrap();
    }
    let pending = ledger.pending_read_backs(&nw(), 10).await.unwrap();
    assert_eq!(pending, ["B", "A"], "the longest waiting first");

    let mut same = seen("A", 1);
    same.order.read_at = at(30);
    assert_eq!(put(&ledger, &[same], 30).await.changed, 1);
    assert_eq!(owed(&ledger, 30).await, ["A"]);
    assert_eq!(ledger.pending_read_backs(&nw(), 10).await.unwrap(), ["B"]);
}

#[tokio::test]
async fn orders_that_are_not_ours_are_never_owed_until_they_are() {
    let (_home, ledger) = fresh().await;
    let other = SeenOrder {
        ours: false,
        ..seen("A", 1)
    };
    put(&ledger, &[other], 1).await;
    assert!(owed(&ledger, 1).await.is_empty());
    put(&ledger, &[seen("A", 1)], 2).await;
    assert_eq!(owed(&ledger, 2).await, ["A"]);
}

#[tokio::test]
async fn time_and_a_newer_mapping_wake_an_order_and_the_end_does_not() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1), seen("B", 1), seen("C", 1)], 1).await;
    let care = decision(Step::Wait(Wait::Aftercare), Stage::Shipped);
    let done = decision(Step::Done(Outcome::Fulfilled), Stage::Shipped);
    for (id, decision) in [("A", &care), ("B", &done)] {
        let row = row(&ledger, id).await;
        let made = ledger::Decided {
            wake_at: Some(at(100)),
            ..from(&row, decision)
        };
        ledger
            .record_decision(&key(id), &made, at(2))
            .await
            .unwrap();
    }
    decide(&ledger, "C", &blocked(Kind::UnmappedSku, "BC-1"), 2).await;
    assert!(owed(&ledger, 99).await.is_empty());
    assert_eq!(owed(&ledger, 100).await, ["A"]);

    ledger
        .publish_mappings(&one_allowance("X"), at(3))
        .await
        .unwrap();
    assert_eq!(owed(&ledger, 4).await, ["C"]);
    assert!(row(&ledger, "B").await.finished);

    put(&ledger, &[seen("B", 200)], 200).await;
    assert_eq!(owed(&ledger, 99).await, ["B", "C"], "news after the end");
}

pub fn one_allowance(code: &str) -> domain::mapping::Mappings {
    domain::mapping::Mappings {
        allowances: vec![domain::mapping::AllowanceRow {
            marketplace: "*".into(),
            promotion: "*".into(),
            allowance_code: code.into(),
        }],
        ..Default::default()
    }
}

#[tokio::test]
async fn the_nearest_deadline_comes_first_and_none_comes_last() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1), seen("B", 1), seen("C", 1)], 1).await;
    for (id, deadline) in [("B", 900), ("C", 300)] {
        let mut urgent = decision(Step::Wait(Wait::Shipment), Stage::AwaitingShipment);
        urgent.shown.deadline = Some(at(deadline));
        decide(&ledger, id, &urgent, 2).await;
    }
    put(&ledger, &[seen("A", 5), seen("B", 5), seen("C", 5)], 5).await;
    assert_eq!(owed(&ledger, 5).await, ["C", "B", "A"]);
    let first = ledger.owed_orders(&nw(), at(5), 1).await.unwrap();
    assert_eq!(first, [key("C")]);
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_and_closes_when_it_can() {
    let (_home, ledger) = fresh().await;
    let run = page(ORDERS, "c", 1, &[]);
    for _ in 0..2 {
        let recorded = ledger.record_orders(&run, &[], &[unreadable("A")]).await;
        assert_eq!(recorded.unwrap().unreadable, 1);
    }
    let open = ledger
        .exceptions(&ExceptionFilter::default(), 9)
        .await
        .unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].subject, "A");
    assert_eq!(open[0].order_id.as_deref(), Some("A"));
    assert_eq!(
        open[0].evidence,
        [("path".to_owned(), "order_lines[0].price".to_owned())]
    );
    let kept = ledger.unreadable(9).await.unwrap();
    let expected = ("nw".into(), "A".into(), "{\"broken\":".into());
    assert_eq!(kept, [expected]);

    put(&ledger, &[seen("A", 2)], 2).await;
    let closed = ledger.exception(open[0].id).await.unwrap().unwrap();
    assert_eq!(closed.closed_by.as_deref(), Some("read"));
    assert_eq!(closed.closed_at, Some(at(2)));
    assert!(ledger.unreadable(9).await.unwrap().is_empty());

    decide(
        &ledger,
        "A",
        &decision(Step::CreateSalesOrder, Stage::New),
        3,
    )
    .await;
    let run = page(ORDERS, "c", 4, &[]);
    ledger
        .record_orders(&run, &[], &[unreadable("A")])
        .await
        .unwrap();
    decide(
        &ledger,
        "A",
        &decision(Step::CreateSalesOrder, Stage::New),
        5,
    )
    .await;
    let open = ledger
        .exceptions(&ExceptionFilter::default(), 9)
        .await
        .unwrap();
    assert_eq!(open.len(), 1, "a decision from older facts closes nothing");
}

#[tokio::test]
async fn orders_are_found_by_key_text_stage_and_trouble() {
    let (_home, ledger) = fresh().await;
    put(
        &ledger,
        &[seen("C-1_A", 1), seen("C-2-B", 1), seen("C-3-C", 1)],
        1,
    )
    .await;
    decide(&ledger, "C-2-B", &blocked(Kind::UnmappedSku, "x"), 2).await;
    let done = decision(Step::Done(Outcome::Cancelled), Stage::Cancelled);
    decide(&ledger, "C-3-C", &done, 2).await;
    ledger
        .advance(&key("C-1_A"), ledger::Note::default(), at(2), |p| {
            p.sales_order = booked("SO-77");
        })
        .await
        .unwrap();
    let ids = async |filter: OrderFilter| -> Vec<String> {
        let listed = ledger.list_orders(&filter, 10).await.unwrap();
        listed.into_iter().map(|l| l.key.order_id).collect()
    };
    let text = |text: &str| OrderFilter {
        text: Some(text.into()),
        ..OrderFilter::default()
    };
    assert_eq!(ids(OrderFilter::default()).await, ["C-1_A", "C-2-B"]);
    assert_eq!(ids(text("1_a")).await, ["C-1_A"]);
    assert_eq!(ids(text("1%a")).await, [""; 0]);
    assert_eq!(ids(text("so-7")).await, ["C-1_A"]);
    let blocked_only = OrderFilter {
        blocked_only: true,
        ..OrderFilter::default()
    };
    assert_eq!(ids(blocked_only).await, ["C-2-B"]);
    let cancelled = OrderFilter {
        stage: Some("cancelled".into()),
        include_finished: true,
        marketplace: Some(nw()),
        ..OrderFilter::default()
    };
    assert_eq!(ids(cancelled).await, ["C-3-C"]);
    let listed = ledger.list_orders(&text("C-2"), 1).await.unwrap();
    assert_eq!(listed[0].blocked_on, Some(Kind::UnmappedSku));
    assert_eq!(listed[0].waits_for.as_deref(), Some("person"));
    let found = ledger.find_by_external_po("NW-C-2-B").await.unwrap();
    assert_eq!(found, Some(key("C-2-B")));
    assert_eq!(ledger.find_by_external_po("NW").await.unwrap(), None);
}
