//! Decisions, their exceptions and events, and progress.

use domain::exception::Kind;
use domain::step::{Stage, Step, Wait};
use jiff::Timestamp;
use ledger::{Exception, ExceptionFilter, Ledger, NewEvent, Note};

use crate::harness::*;

async fn all_exceptions(ledger: &Ledger) -> Vec<Exception> {
    let filter = ExceptionFilter {
        include_closed: true,
        ..ExceptionFilter::default()
    };
    ledger.exceptions(&filter, 99).await.unwrap()
}

#[tokio::test]
async fn an_exception_opens_once_closes_with_its_cause_and_opens_anew() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    decide(&ledger, "A", &blocked(Kind::UnmappedSku, "BC-1"), 2).await;
    let mut refreshed = blocked(Kind::UnmappedSku, "BC-2");
    refreshed.shown.deadline = Some(at(500));
    decide(&ledger, "A", &refreshed, 3).await;
    let open = all_exceptions(&ledger).await;
    assert_eq!(open.len(), 1);
    assert_eq!(
        (open[0].opened_at, open[0].deadline),
        (at(2), Some(at(500)))
    );
    assert_eq!(open[0].evidence[0].1, "BC-2", "the newest evidence");

    decide(&ledger, "A", &blocked(Kind::UnmappedTax, "VAT"), 4).await;
    let both = all_exceptions(&ledger).await;
    assert_eq!(both.len(), 2);
    assert_eq!(both[0].kind, Kind::UnmappedTax);
    assert_eq!(both[1].closed_by.as_deref(), Some("cause_gone"));
    assert_eq!(both[1].closed_at, Some(at(4)));

    let fine = decision(Step::CreateSalesOrder, Stage::New);
    decide(&ledger, "A", &fine, 5).await;
    assert!(
        all_exceptions(&ledger)
            .await
            .iter()
            .all(|e| e.closed_at.is_some())
    );

    decide(&ledger, "A", &blocked(Kind::UnmappedSku, "BC-1"), 6).await;
    let anew = all_exceptions(&ledger).await;
    assert_eq!(anew.len(), 3, "a new row");
    assert!(anew[0].id > anew[1].id && anew[0].closed_at.is_none());
}

#[tokio::test]
async fn exceptions_are_listed_by_owner_kind_and_shop_and_told_once() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1), seen("B", 1)], 1).await;
    decide(&ledger, "A", &blocked(Kind::UnmappedSku, "x"), 2).await;
    decide(&ledger, "B", &blocked(Kind::TotalMismatch, "x"), 2).await;
    let subjects = async |filter: ExceptionFilter| -> Vec<String> {
        let listed = ledger.exceptions(&filter, 9).await.unwrap();
        listed.into_iter().map(|e| e.subject).collect()
    };
    let finance = ExceptionFilter {
        owner: Some(domain::exception::Owner::Finance),
        ..ExceptionFilter::default()
    };
    assert_eq!(subjects(finance).await, ["B"]);
    let skus = ExceptionFilter {
        kind: Some(Kind::UnmappedSku),
        marketplace: Some(nw()),
        ..ExceptionFilter::default()
    };
    assert_eq!(subjects(skus).await, ["A"]);

    let untold = ledger.exceptions_to_tell(9).await.unwrap();
    assert_eq!(untold.len(), 2);
    ledger.exceptions_told(&untold[..1], at(3)).await.unwrap();
    let left = ledger.exceptions_to_tell(9).await.unwrap();
    assert_eq!(left, untold[1..]);
    assert!(ledger.exception(12345).await.unwrap().is_none());
}

#[tokio::test]
async fn an_event_is_written_when_people_see_something_else() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    let new = decision(Step::CreateSalesOrder, Stage::New);
    let accepting = decision(Step::AcceptLines, Stage::Accepting);
    let short = blocked(Kind::ShortStock, "x");
    for (now, decision) in [&new, &new, &accepting, &short, &short, &new]
        .iter()
        .enumerate()
    {
        decide(&ledger, "A", decision, i64::try_from(now).unwrap()).await;
    }
    let events = ledger.events(&key("A")).await.unwrap();
    let line = |e: &ledger::Event| {
        let detail: Vec<String> = e.detail.iter().map(|(k, v)| format!("{k}={v}")).collect();
        format!("{} {}", e.what, detail.join(" "))
    };
    let lines: Vec<String> = events.iter().map(line).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    stage_changed stage=new
    stage_changed stage=accepting
    blocked stage=new kind=short_stock
    unblocked stage=new
    ");
    assert_eq!(events[1].at, at(2));
}

#[tokio::test]
async fn what_a_decision_shows_comes_back() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    assert_eq!(row(&ledger, "A").await.shown, None);
    let shown = blocked(Kind::ShortStock, "x");
    decide(&ledger, "A", &shown, 2).await;
    let now = row(&ledger, "A").await;
    assert_eq!(now.shown, Some(shown.shown));
    assert_eq!(now.first_seen_at, at(1));
    let wait = decision(Step::Wait(Wait::DryRun("release".into())), Stage::Releasing);
    decide(&ledger, "A", &wait, 3).await;
    let waits_for = row(&ledger, "A").await.waits_for;
    assert_eq!(waits_for.as_deref(), Some("dry_run"));
    let unknown = ledger
        .record_decision(&key("Z"), &from(&now, &wait), at(4))
        .await;
    assert!(matches!(unknown, Err(ledger::Error::NotFound)));
}

#[tokio::test]
async fn a_restored_ledger_that_counts_lower_still_notices_news() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    let wait = decision(Step::Wait(Wait::Payment), Stage::AwaitingPayment);
    let mut made = from(&row(&ledger, "A").await, &wait);
    made.seen_version = 40;
    ledger
        .record_decision(&key("A"), &made, at(2))
        .await
        .unwrap();
    assert!(owed(&ledger, 2).await.is_empty());
    put(&ledger, &[seen("A", 3)], 3).await;
    assert_eq!(owed(&ledger, 3).await, ["A"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_from_eight_tasks_at_once_are_all_there() {
    let (home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    let other = home.open().await;
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..8 {
        let ledger = if task % 2 == 0 { &ledger } else { &other }.clone();
        tasks.spawn(async move {
            for n in 0..10 {
                let event = NewEvent {
                    what: "corrected",
                    detail: vec![],
                };
                let note = Note {
                    event: Some(event),
                    ..Note::default()
                };
                let add = |p: &mut domain::progress::Progress| {
                    let sku = format!("{task}-{n}");
                    p.corrections.skus.insert(sku, "x".into());
                };
                ledger.advance(&key("A"), note, at(2), add).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    let progress = row(&ledger, "A").await.progress;
    assert_eq!(progress.corrections.skus.len(), 80);
    assert_eq!(ledger.events(&key("A")).await.unwrap().len(), 80);
}

#[tokio::test]
async fn progress_feeds_references_and_counts() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1), seen("B", 1), seen("C", 1)], 1).await;
    for (id, number) in [("A", "501"), ("B", "502")] {
        let progress = ledger
            .advance(&key(id), Note::default(), at(2), |p| {
                p.sales_order = booked(number);
                p.accepted_elsewhere = true;
            })
            .await
            .unwrap();
        assert_eq!(progress.sales_order, booked(number));
    }
    let due = async || ledger.references_due(&nw(), 9).await.unwrap();
    let a = ("A".to_owned(), "501".to_owned());
    let b = ("B".to_owned(), "502".to_owned());
    assert_eq!(due().await, [a.clone(), b]);
    ledger.references_written(&nw(), &[a], at(3)).await.unwrap();
    assert_eq!(due().await.len(), 1);
    let mut back = seen("B", 9);
    back.order.seller_reference = Some("502".into());
    put(&ledger, &[back], 9).await;
    assert!(due().await.is_empty(), "Mirakl has both");

    decide(&ledger, "C", &blocked(Kind::ShortStock, "x"), 4).await;
    let counts = ledger.counts().await.unwrap();
    assert_eq!(counts.by_stage["new"], 3);
    assert_eq!(counts.accepted_elsewhere, 2);
    let owner = Kind::ShortStock.owner();
    assert_eq!(counts.exceptions, [(Kind::ShortStock, owner, 1)]);
    let nobody = ledger
        .advance(&key("Z"), Note::default(), Timestamp::UNIX_EPOCH, |_| {})
        .await;
    assert!(matches!(nobody, Err(ledger::Error::NotFound)));
}
