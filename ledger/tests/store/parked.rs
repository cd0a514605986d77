//! What of an order waits for a person while the rest goes on.

use domain::exception::{Kind, Problem};
use domain::step::{Stage, Step, Wait};
use ledger::{Decided, Exception, ExceptionFilter, Ledger};

use crate::harness::*;

async fn park(ledger: &Ledger, order_id: &str, parked: &[(String, Problem)], now: i64) {
    let wait = decision(Step::Wait(Wait::Shipment), Stage::AwaitingShipment);
    let row = row(ledger, order_id).await;
    let made = Decided {
        parked,
        ..from(&row, &wait)
    };
    let written = ledger.record_decision(&row.key, &made, at(now)).await;
    written.unwrap();
}

async fn all(ledger: &Ledger) -> Vec<Exception> {
    let filter = ExceptionFilter {
        include_closed: true,
        ..ExceptionFilter::default()
    };
    let mut all = ledger.exceptions(&filter, 9).await.unwrap();
    all.sort_by_key(|exception| exception.id);
    all
}

#[tokio::test]
async fn each_parked_paper_is_an_exception_of_its_own_until_it_is_parked_no_more() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1), seen("B", 1)], 1).await;
    let above = |left: &str| {
        let problem = Problem::new(Kind::CreditAbovePaid).with("left", left);
        ("memo/CM1/1".to_owned(), problem)
    };
    let reason = (
        "memo/CM2/1".to_owned(),
        Problem::new(Kind::UnmappedReason).with("reason", "DEF"),
    );
    park(&ledger, "A", &[above("5.00"), reason.clone()], 2).await;
    park(&ledger, "B", &[above("1.00")], 2).await;
    let open = all(&ledger).await;
    assert_eq!(open.len(), 3);
    assert_eq!(open[0].subject, "A memo/CM1/1");
    assert_eq!(open[0].order_id.as_deref(), Some("A"));
    assert_eq!(open[0].evidence, above("5.00").1.evidence);
    assert_eq!(open[1].kind, Kind::UnmappedReason);

    // The same again changes nothing; newer evidence takes its place; what is gone closes.
    park(&ledger, "A", &[above("5.00"), reason], 3).await;
    assert_eq!(all(&ledger).await, open);
    park(&ledger, "A", &[above("4.00")], 4).await;
    let later = all(&ledger).await;
    assert_eq!(later[0].evidence, above("4.00").1.evidence);
    assert_eq!((later[0].opened_at, later[0].closed_at), (at(2), None));
    assert_eq!(later[1].closed_by.as_deref(), Some("cause_gone"));
    assert_eq!(later[2], open[2], "another order's");

    park(&ledger, "A", &[], 5).await;
    let end = all(&ledger).await;
    assert_eq!(end[0].closed_at, Some(at(5)));
    assert_eq!(end[2].closed_at, None);
}

#[tokio::test]
async fn one_paper_may_have_two_problems_and_the_orders_own_block_is_another_matter() {
    let (_home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    let of = |kind| ("return/b7".to_owned(), Problem::new(kind));
    let parked = [of(Kind::UnmappedReason), of(Kind::UnmappedDisposition)];
    park(&ledger, "A", &parked, 2).await;
    let block = blocked(Kind::UnmappedSku, "BC-1");
    let row = row(&ledger, "A").await;
    let made = Decided {
        parked: &parked[1..],
        ..from(&row, &block)
    };
    ledger
        .record_decision(&row.key, &made, at(3))
        .await
        .unwrap();
    let open = ExceptionFilter::default();
    let mut kinds: Vec<_> = ledger
        .exceptions(&open, 9)
        .await
        .unwrap()
        .into_iter()
        .map(|e| e.kind.as_str())
        .collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["unmapped_disposition", "unmapped_sku"]);
}
