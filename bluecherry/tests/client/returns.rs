//! Returns at a simulated site: announced once, and followed by their feed.

use bluecherry::{
    Announced, Binding, Created, Disposition, Error, Loss, Rest, Return, ReturnStatus,
};
use domain::retry::{Fate, Retry};
use serde_json::json;
use simulators::bluecherry::{BlueCherryOptions, BlueCherrySim, WriteMode};
use simulators::fault::FaultRule;

use crate::samples::{announced, client, order};
use crate::world::{control, customer_code, options, send_off, shipped, site};

const PO: &str = "NW-1001";
const LINE: &str = "C-1001-A-1";

/// Every row of the feed, in order.
async fn feed(rest: &Rest) -> Vec<Return> {
    let page = rest.returns(None, 100).await.expect("a page");
    assert!(page.complete && page.next_cursor.is_some());
    let rows = page.rows.into_iter();
    rows.map(|row| row.read.expect("a return")).collect()
}

fn done(announced: Announced) -> Return {
    match announced {
        Announced::Done(made) => made,
        Announced::Queued => panic!("queued"),
    }
}

/// Code, field and number of what is there already.
fn refusal(error: &Error) -> (u16, Option<&str>, Option<&str>, Option<&str>) {
    match error {
        Error::Refused {
            call: "announce_return",
            status,
            code,
            field,
            existing_id,
        } => (
            *status,
            code.as_deref(),
            field.as_deref(),
            existing_id.as_deref(),
        ),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_return_is_authorized_once_under_its_key_and_a_second_key_is_told_which_it_is() {
    let (_sim, rest, order) = shipped(PO).await;
    let wish = announced(&order.ord_num, PO, "R-1", 1);

    let first = done(
        rest.create_return_authorization(&wish, "k1")
            .await
            .expect("a return"),
    );
    assert_eq!(first.external_return_id.as_deref(), Some("R-1"));
    assert_eq!(first.status, Some(ReturnStatus::Authorized));
    assert_eq!(first.external_po, PO);
    let line = &first.lines[0];
    assert_eq!(
        (line.external_line_id.as_str(), line.qty_authorised),
        (LINE, 1)
    );
    assert_eq!(line.disposition, Disposition::Pending);

    let again = done(
        rest.create_return_authorization(&wish, "k1")
            .await
            .expect("the same"),
    );
    assert_eq!(again, first);
    let other_key = rest.create_return_authorization(&wish, "k2").await;
    let error = other_key.expect_err("a conflict");
    assert_eq!(
        refusal(&error),
        (
            409,
            Some("duplicate_return"),
            None,
            Some(first.ra_number.as_str())
        )
    );
    assert_eq!((error.retry(), error.fate()), (Retry::Never, Fate::NotDone));
    let more = announced(&order.ord_num, PO, "R-1", 2);
    let other_body = rest.create_return_authorization(&more, "k1").await;
    let error = other_body.expect_err("a conflict");
    assert_eq!(error.code(), Some("idempotency_conflict"));
    assert_eq!(feed(&rest).await, [first]);
}

#[tokio::test]
async fn an_answer_lost_after_the_write_leaves_exactly_one_return_in_the_feed() {
    for (action, loss) in [
        ("reset-after-commit", Loss::ConnectionLost),
        (
            "status-after-commit:502",
            Loss::Status {
                status: 502,
                wait: None,
            },
        ),
    ] {
        let (sim, rest, order) = shipped(PO).await;
        let fault = FaultRule::once("announce_return", action);
        sim.faults().inject(fault).expect("a rule");
        let wish = announced(&order.ord_num, PO, "R-1", 2);

        let lost = rest.create_return_authorization(&wish, "k1").await;
        let call = "announce_return";
        assert_eq!(lost, Err(Error::Unknown { call, loss }), "{action}");
        let seen = feed(&rest).await;
        assert_eq!(seen.len(), 1, "{action}");
        let again = done(
            rest.create_return_authorization(&wish, "k1")
                .await
                .expect("the same"),
        );
        assert_eq!(again, seen[0]);
        assert_eq!(feed(&rest).await.len(), 1);
    }
}

#[tokio::test]
async fn a_return_that_never_arrived_is_not_done() {
    let (sim, rest, order) = shipped(PO).await;
    let wish = announced(&order.ord_num, PO, "R-1", 1);
    for (action, fate) in [
        ("status:503", Fate::NotDone),
        ("status:429:7", Fate::NotDone),
        ("status:500", Fate::Unknown),
        ("reset", Fate::Unknown),
    ] {
        let fault = FaultRule::once("announce_return", action);
        sim.faults().inject(fault).expect("a rule");
        let failed = rest.create_return_authorization(&wish, "k1").await;
        assert_eq!(failed.expect_err(action).fate(), fate, "{action}");
        assert_eq!(feed(&rest).await, [], "{action}");
    }
}

#[tokio::test]
async fn what_the_site_does_not_take_back_is_named_by_code_and_field() {
    let (_sim, rest, order) = shipped(PO).await;
    let strange_line = {
        let mut wish = announced(&order.ord_num, PO, "R-1", 1);
        wish.lines[0].external_line_id = "C-9".into();
        wish
    };
    for (wish, code, field) in [
        (
            announced(&order.ord_num, PO, "R-1", 3),
            "over_authorised",
            "lines[0].qty_authorised",
        ),
        (
            announced("599999", PO, "R-1", 1),
            "unknown_order",
            "ord_num",
        ),
        (
            announced(&order.ord_num, "NW-9", "R-1", 1),
            "unknown_order",
            "external_po",
        ),
        (strange_line, "unknown_line", "lines[0].external_line_id"),
    ] {
        let refused = rest.create_return_authorization(&wish, code).await;
        let error = refused.expect_err(code);
        assert_eq!(refusal(&error), (422, Some(code), Some(field), None));
    }
    assert_eq!(feed(&rest).await, []);

    let (_sim, rest) = site().await;
    let off = rest
        .create_return_authorization(&announced("500001", PO, "R-1", 1), "k1")
        .await;
    assert_eq!(off.expect_err("no returns").code(), Some("feature_off"));
    let features = rest.profile().await.expect("a profile").features;
    assert!(!features.returns_in);
}

#[tokio::test]
async fn a_queued_return_is_there_only_after_the_queue_ran() {
    let queued = BlueCherryOptions {
        write_mode: WriteMode::Queued,
        queue_cycle_s: 0,
        returns_in: true,
        ..options()
    };
    let sim = BlueCherrySim::start(queued).await.expect("a site");
    let rest = client(&sim.url());
    let code = customer_code(&rest).await;
    let created = rest.create_sales_order(&order(&code, PO), "create").await;
    assert_eq!(created, Ok(Created::Queued));
    control(&sim, "/_sim/queue/run", json!({})).await;
    let found = rest.find_sales_orders(None, PO).await.expect("the order");
    let left = send_off(&sim, &rest, &found[0]).await;
    let wish = announced(&left.ord_num, PO, "R-1", 1);

    for _ in 0..2 {
        let told = rest.create_return_authorization(&wish, "k1").await;
        assert_eq!(told, Ok(Announced::Queued));
        assert_eq!(feed(&rest).await, []);
    }
    control(&sim, "/_sim/queue/run", json!({})).await;
    let seen = feed(&rest).await;
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].external_return_id.as_deref(), Some("R-1"));
}

#[tokio::test]
async fn the_feed_tells_what_came_and_goods_that_nobody_announced() {
    let (sim, rest, order) = shipped(PO).await;
    let wish = announced(&order.ord_num, PO, "R-1", 1);
    let made = done(
        rest.create_return_authorization(&wish, "k1")
            .await
            .expect("a return"),
    );
    let page = rest.returns(None, 1).await.expect("a page");
    let cursor = page.next_cursor.expect("a place");

    let scrap = json!({ "ra_number": made.ra_number, "lines": [
        { "external_line_id": LINE, "qty": 1, "disposition": "scrap" },
    ] });
    control(&sim, "/_sim/returns/receive", scrap).await;
    let unannounced = json!({ "ord_num": order.ord_num, "lines": [
        { "external_line_id": LINE, "qty": 1 },
    ] });
    control(&sim, "/_sim/returns/receive", unannounced).await;

    let page = rest.returns(Some(&cursor), 1).await.expect("a page");
    assert!(!page.complete);
    let came = page.rows[0].read.clone().expect("a return");
    assert_eq!(came.ra_number, made.ra_number);
    assert_eq!(came.status, Some(ReturnStatus::Received));
    assert!(came.version > made.version && came.received_at.is_some());
    assert_eq!(
        (came.lines[0].qty_received, &came.lines[0].disposition),
        (1, &Disposition::Scrap)
    );
    let next = page.next_cursor.expect("a place");
    let page = rest.returns(Some(&next), 1).await.expect("a page");
    let theirs = page.rows[0].read.clone().expect("a return");
    assert!(page.complete && theirs.external_return_id.is_none());
    assert_eq!(theirs.external_po, PO);
    assert_eq!(
        (theirs.lines[0].qty_authorised, &theirs.lines[0].disposition),
        (0, &Disposition::Restock)
    );
    let last = page.next_cursor.expect("a place");
    let page = rest.returns(Some(&last), 1).await.expect("an empty page");
    assert!(page.rows.is_empty() && page.complete);
    assert_eq!(page.next_cursor, Some(last));
}

#[tokio::test]
async fn a_return_that_nothing_came_of_ends_as_such() {
    let (sim, rest, order) = shipped(PO).await;
    let wish = announced(&order.ord_num, PO, "R-1", 2);
    let made = done(
        rest.create_return_authorization(&wish, "k1")
            .await
            .expect("a return"),
    );
    let nothing = json!({ "ra_number": made.ra_number, "no_reception": true });
    control(&sim, "/_sim/returns/receive", nothing).await;
    let seen = feed(&rest).await;
    assert_eq!(seen[1].status, Some(ReturnStatus::NoReception));
    assert_eq!(seen[1].lines[0].qty_received, 0);
}
