//! Returns over their life, against the simulated marketplace.

use std::time::Duration;

use domain::retry::{Fate, Retry};
use mirakl::{
    Client, Config, Error, LineCompliance, NewReturn, NewReturnLine, Return, ReturnCompliance,
    ReturnDecision, ReturnQuery, ReturnResult,
};
use secrecy::SecretString;
use serde_json::json;
use simulators::fault::FaultRule;
use simulators::mirakl::{MiraklOptions, MiraklSim, OrderSpec};

use super::stock::tell;

/// Thirty pieces that the customer has; time stands still.
async fn marketplace(returns: bool) -> (MiraklSim, Client) {
    let options = MiraklOptions {
        start: "2026-03-02T09:15:00Z".parse().ok(),
        speed: 0.0,
        debit_delay_s: 0,
        returns,
        ..MiraklOptions::default()
    };
    let key = SecretString::from(options.key());
    let sim = MiraklSim::start(options).await.unwrap();
    sim.create_order(OrderSpec::of("BC-1", 30, "50.00").id("W1-A"))
        .unwrap();
    sim.accept_by_hand("W1-A").unwrap();
    sim.receive("W1-A").unwrap();
    let mut config = Config::new(sim.url(), key);
    config.call_timeout = Duration::from_secs(5);
    (sim, Client::new(config).unwrap())
}

/// The customer wants to send pieces back.
async fn wish(sim: &MiraklSim, quantity: u32) {
    let wish = json!({
        "order_commercial_id": "W1", "method_code": "RETURN_METHOD_BY_MAIL",
        "return_lines": [{
            "order_line_id": "W1-A-1", "quantity": quantity, "reason_code": "RETURN_DEFECTIVE_ITEM",
        }],
    });
    tell(sim, "/_sim/returns", wish).await;
}

fn without_wish(commercial_id: &str, quantity: u32) -> NewReturn {
    NewReturn {
        order_commercial_id: commercial_id.into(),
        method_code: "RETURN_METHOD_BY_MAIL".into(),
        return_lines: vec![NewReturnLine {
            order_line_id: format!("{commercial_id}-A-1"),
            quantity,
            reason_code: "RETURN_OTHER".into(),
        }],
        accepted: Some(true),
        rma: Some("RA000001".into()),
    }
}

fn accept(id: &str) -> ReturnDecision {
    ReturnDecision {
        id: id.into(),
        accepted: true,
        rejection_reason_code: None,
    }
}

fn damaged(id: &str) -> ReturnCompliance {
    ReturnCompliance {
        id: id.into(),
        return_lines: vec![LineCompliance {
            order_line_id: "W1-A-1".into(),
            compliant: false,
            non_compliance_reason_code: Some("RETURN_NON_COMPLIANT_DAMAGED_PRODUCT".into()),
        }],
    }
}

async fn all(client: &Client) -> Vec<Return> {
    let page = client.list_returns(&ReturnQuery::default()).await.unwrap();
    let items = page.items.into_iter();
    items.map(|raw| raw.read.unwrap()).collect()
}

async fn state(client: &Client, id: &str) -> String {
    let query = ReturnQuery {
        return_ids: vec![id.into()],
        ..ReturnQuery::default()
    };
    let page = client.list_returns(&query).await.unwrap();
    assert_eq!(page.items.len(), 1);
    page.items[0].read.as_ref().unwrap().state.clone()
}

fn taken(results: &[ReturnResult]) -> Vec<bool> {
    results.iter().map(|result| result.taken).collect()
}

#[tokio::test]
async fn a_return_goes_from_the_wish_to_its_end_one_call_at_a_time() {
    let (sim, client) = marketplace(true).await;
    assert_eq!(all(&client).await, []);
    wish(&sim, 2).await;
    let seen = all(&client).await.remove(0);
    let id = seen.id.as_str();
    assert_eq!(
        (seen.order_id.as_str(), seen.order_commercial_id.as_str()),
        ("W1-A", "W1")
    );
    assert_eq!(seen.state, "WAITING_ACCEPTANCE");
    let line = &seen.return_lines[0];
    assert_eq!((line.order_line_id.as_str(), line.quantity), ("W1-A-1", 2));
    assert_eq!(line.reason_code.as_deref(), Some("RETURN_DEFECTIVE_ITEM"));

    assert_eq!(
        taken(&client.receive_returns(&[id]).await.unwrap()),
        [false]
    );
    let accepted = client.decide_returns(&[accept(id)]).await.unwrap();
    assert_eq!(taken(&accepted), [true]);
    assert_eq!(state(&client, id).await, "IN_PROGRESS");
    let early = client.judge_returns(&[damaged(id)]).await.unwrap();
    assert_eq!(taken(&early), [false]);
    assert_eq!(taken(&client.receive_returns(&[id]).await.unwrap()), [true]);
    assert_eq!(state(&client, id).await, "RECEIVED");
    let judged = client.judge_returns(&[damaged(id)]).await.unwrap();
    assert_eq!(taken(&judged), [true]);
    assert_eq!(taken(&client.close_returns(&[id]).await.unwrap()), [true]);
    assert_eq!(taken(&client.close_returns(&[id]).await.unwrap()), [false]);

    let end = all(&client).await.remove(0);
    assert_eq!(end.state, "CLOSED");
    let verdict = &end.return_lines[0].compliance.as_ref().unwrap()[0];
    assert!(!verdict.compliant);
    assert_eq!(
        verdict.non_compliance_reason_code.as_deref(),
        Some("RETURN_NON_COMPLIANT_DAMAGED_PRODUCT")
    );
}

#[tokio::test]
async fn a_shop_may_refuse_and_one_refusal_of_mirakl_stops_no_other() {
    let (sim, client) = marketplace(true).await;
    wish(&sim, 1).await;
    wish(&sim, 1).await;
    let seen = all(&client).await;
    let no = |code: &str| ReturnDecision {
        accepted: false,
        rejection_reason_code: Some(code.into()),
        ..accept(&seen[0].id)
    };

    let wrong = client
        .decide_returns(&[no("RETURN_OTHER"), accept("none"), accept(&seen[1].id)])
        .await
        .unwrap();
    assert_eq!(taken(&wrong), [false, false, true]);
    let right = no("RETURN_REJECTION_NOT_ELIGIBLE");
    assert_eq!(
        taken(&client.decide_returns(&[right]).await.unwrap()),
        [true]
    );

    let states: Vec<_> = all(&client).await;
    let states: Vec<_> = states.iter().map(|one| one.state.as_str()).collect();
    assert_eq!(states, ["REFUSED", "IN_PROGRESS"]);
    let refused = all(&client).await.remove(0);
    assert_eq!(
        refused.rejection_reason_code.as_deref(),
        Some("RETURN_REJECTION_NOT_ELIGIBLE")
    );
    assert_eq!(client.decide_returns(&[]).await.unwrap(), []);
}

#[tokio::test]
async fn goods_that_came_unannounced_get_a_return_and_a_strange_order_gets_none() {
    let (sim, client) = marketplace(true).await;
    let asked = [without_wish("W9", 1), without_wish("W1", 2)];
    let made = client.create_returns(&asked).await.unwrap();
    assert_eq!(made.refused, [Some("W9".to_owned())]);
    assert_eq!(made.made.len(), 1);
    assert_eq!(made.made[0].state, "IN_PROGRESS");
    assert_eq!(made.made[0].rma.as_deref(), Some("RA000001"));

    let fault = FaultRule::once("RT01", "reset-after-commit");
    sim.faults().inject(fault).unwrap();
    let lost = client.create_returns(&[without_wish("W1", 3)]).await;
    assert!(matches!(lost, Err(Error::Unknown { call: "RT01", .. })));
    let query = ReturnQuery {
        order_line_ids: vec!["W1-A-1".into()],
        ..ReturnQuery::default()
    };
    let page = client.list_returns(&query).await.unwrap();
    let quantities = page.items.iter().map(|raw| {
        let lines = &raw.read.as_ref().unwrap().return_lines;
        lines[0].quantity
    });
    assert_eq!(quantities.collect::<Vec<_>>(), [2, 3]);
    let none = client.create_returns(&[]).await;
    assert!(matches!(none, Err(Error::Config { call: "RT01", .. })));
}

#[tokio::test]
async fn returns_are_found_by_their_last_change_and_read_page_by_page() {
    let (sim, client) = marketplace(true).await;
    for _ in 0..23 {
        wish(&sim, 1).await;
    }
    let mut query = ReturnQuery::default();
    let mut ids = Vec::new();
    loop {
        let page = client.list_returns(&query).await.unwrap();
        assert!(page.server_date.is_some());
        ids.extend(page.items.into_iter().filter_map(|raw| raw.return_id));
        let Some(token) = page.next_page_token else {
            break;
        };
        query.page_token = Some(token);
    }
    let first = ids[0].clone();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 23);

    sim.clock().advance(Duration::from_secs(3600));
    client.decide_returns(&[accept(&first)]).await.unwrap();
    let span = |since: &str, until: &str| ReturnQuery {
        since: since.parse().ok(),
        until: until.parse().ok(),
        ..ReturnQuery::default()
    };
    let late = span("2026-03-02T10:00:00.123456Z", "2026-03-02T11:00:00Z");
    let page = client.list_returns(&late).await.unwrap();
    assert_eq!(page.items.len(), 1);
    assert_eq!(page.items[0].return_id.as_ref(), Some(&first));
    let early = span("2026-03-01T00:00:00Z", "2026-03-02T09:00:00Z");
    assert_eq!(client.list_returns(&early).await.unwrap().items, []);
}

#[tokio::test]
async fn a_step_whose_answer_is_lost_or_spoiled_is_unknown_and_done() {
    let (sim, client) = marketplace(true).await;
    let spoils = [
        "reset-after-commit",
        "html-after-commit",
        "null-after-commit",
        "empty-after-commit",
        "truncate-after-commit",
    ];
    for _ in &spoils {
        wish(&sim, 1).await;
    }
    for (one, action) in all(&client).await.iter().zip(spoils) {
        for op in ["RT21", "RT25", "RT26", "RT27"] {
            let fault = FaultRule::once(op, action);
            sim.faults().inject(fault).unwrap();
            let ids = [one.id.as_str()];
            let lost = match op {
                "RT21" => client.decide_returns(&[accept(&one.id)]).await,
                "RT25" => client.receive_returns(&ids).await,
                "RT26" => client.judge_returns(&[damaged(&one.id)]).await,
                _ => client.close_returns(&ids).await,
            };
            let error = lost.unwrap_err();
            assert!(
                matches!(error, Error::Unknown { .. }),
                "{op} {action}: {error:?}"
            );
            assert_eq!((error.call(), error.fate()), (op, Fate::Unknown));
        }
        assert_eq!(state(&client, &one.id).await, "CLOSED");
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_read_says_whether_the_next_may() {
    let (sim, client) = marketplace(true).await;
    wish(&sim, 1).await;
    for (action, retry) in [
        ("html", Retry::Backoff),
        ("truncate", Retry::Backoff),
        ("reset", Retry::Backoff),
        ("status:503", Retry::Backoff),
        ("status:429:30", Retry::After(Duration::from_secs(30))),
    ] {
        let fault = FaultRule::once("RT11", action);
        sim.faults().inject(fault).unwrap();
        let error = client
            .list_returns(&ReturnQuery::default())
            .await
            .unwrap_err();
        assert_eq!(
            (error.call(), error.retry(), error.fate()),
            ("RT11", retry, Fate::NotDone),
            "{action}"
        );
    }
    let fault = FaultRule::once("RT11", "missing-fields:state");
    sim.faults().inject(fault).unwrap();
    let page = client.list_returns(&ReturnQuery::default()).await.unwrap();
    assert!(page.items[0].read.is_err() && page.items[0].return_id.is_some());
    let fault = FaultRule::once("RT11", "new-words:state");
    sim.faults().inject(fault).unwrap();
    assert_ne!(all(&client).await[0].state, "WAITING_ACCEPTANCE");
}

#[tokio::test]
async fn where_the_operator_has_no_returns_every_call_says_so() {
    let (_sim, client) = marketplace(false).await;
    let listed = client.list_returns(&ReturnQuery::default()).await;
    assert!(matches!(listed, Err(Error::Forbidden { call: "RT11" })));
    let closed = client.close_returns(&["r"]).await;
    assert!(matches!(closed, Err(Error::Forbidden { call: "RT27" })));
    let features = client.platform_settings().await.unwrap().features.unwrap();
    assert_eq!(features.returns.unwrap().marketplace, Some(false));
}
