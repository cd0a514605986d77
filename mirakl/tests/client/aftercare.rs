//! Refunds, cancelations and incidents, against the simulated marketplace.

use std::time::Duration;

use domain::retry::{Fate, Retry};
use mirakl::{
    Amount, CancelLine, Client, Config, Error, LineState, OrderLine, OrderQuery, OrderState,
    RefundLine, RefundState, TaxPart,
};
use secrecy::SecretString;
use serde_json::json;
use simulators::fault::FaultRule;
use simulators::mirakl::{MiraklOptions, MiraklSim, OrderSpec, PaymentWorkflow, TaxRule, TaxSpec};

use super::stock::tell;

fn amount(text: &str) -> Amount {
    Amount(text.parse().unwrap())
}

/// Three pieces for 150.00 and 9.00 of shipping, in SHIPPING and paid unless the options say not.
async fn marketplace(options: MiraklOptions, taxes: Vec<TaxSpec>) -> (MiraklSim, Client) {
    let options = MiraklOptions {
        debit_delay_s: 0,
        ..options
    };
    let key = SecretString::from(options.key());
    let sim = MiraklSim::start(options).await.unwrap();
    let mut spec = OrderSpec::of("BC-1", 3, "50.00").line("BC-2", 1, "9.95");
    spec.lines[0].shipping_price = simulators::mirakl::Amount("9.00".parse().unwrap());
    spec.lines[0].taxes = taxes;
    sim.create_order(spec.id("W1-A")).unwrap();
    sim.accept_by_hand("W1-A").unwrap();
    let mut config = Config::new(sim.url(), key);
    config.call_timeout = Duration::from_secs(5);
    (sim, Client::new(config).unwrap())
}

fn refund(line: &str, price: &str, shipping: &str) -> RefundLine {
    RefundLine {
        order_line_id: line.into(),
        amount: amount(price),
        shipping_amount: amount(shipping),
        reason_code: "17".into(),
        quantity: Some(1),
        currency_iso_code: Some("USD".into()),
        taxes: vec![],
        shipping_taxes: vec![],
        excluded_from_shipment: false,
    }
}

fn cancel(quantity: u32, price: &str) -> CancelLine {
    CancelLine {
        order_line_id: "W1-A-1".into(),
        amount: amount(price),
        shipping_amount: amount("3.00"),
        quantity,
        reason_code: "35".into(),
        currency_iso_code: None,
        taxes: vec![],
        shipping_taxes: vec![],
    }
}

/// The state of the order and its lines.
async fn seen(client: &Client) -> (OrderState, Vec<OrderLine>) {
    let query = OrderQuery {
        order_ids: vec!["W1-A".into()],
        ..OrderQuery::default()
    };
    let mut page = client.list_orders(&query).await.unwrap();
    let order = page.items.remove(0).order.unwrap();
    (order.order_state.unwrap(), order.order_lines.unwrap())
}

/// IDs of the refunds of the first line.
async fn refunds(client: &Client) -> Vec<String> {
    let (_, lines) = seen(client).await;
    let refunds = lines[0].refunds.iter().flatten();
    refunds.map(|refund| refund.id.clone().unwrap()).collect()
}

#[tokio::test]
async fn refunds_of_two_lines_are_numbered_in_the_order_asked_and_shown_with_the_order() {
    let (sim, client) = marketplace(MiraklOptions::default(), vec![]).await;
    let asked = [
        refund("W1-A-2", "9.95", "0"),
        refund("W1-A-1", "50.10", "3.00"),
    ];

    let made = client.refund_lines(&asked).await.unwrap();

    assert_eq!(made.len(), 2);
    assert_eq!(made[0].order_line_id, "W1-A-2");
    assert_eq!(made[1].amount, amount("50.10"));
    assert_ne!(made[0].refund_id, made[1].refund_id);
    let group = made[0].order_refund_id.as_ref();
    assert!(group.is_some() && group == made[1].order_refund_id.as_ref());

    let (_, lines) = seen(&client).await;
    let shown = &lines[0].refunds.as_ref().unwrap()[0];
    assert_eq!(shown.id.as_ref(), Some(&made[1].refund_id));
    assert_eq!(shown.amount, Some(amount("50.10")));
    assert_eq!(shown.shipping_amount, Some(amount("3.00")));
    assert_eq!(shown.reason_code.as_deref(), Some("17"));
    assert_eq!(shown.refund_state, Some(RefundState::WaitingRefund));

    tell(&sim, "/_sim/refunds/confirm", json!({})).await;
    let (_, lines) = seen(&client).await;
    let shown = &lines[0].refunds.as_ref().unwrap()[0];
    assert_eq!(shown.refund_state, Some(RefundState::Refunded));
    assert_eq!(lines[1].order_line_state, Some(LineState::Refunded));
}

#[tokio::test]
async fn a_refund_whose_answer_is_lost_is_unknown_and_shows_on_the_order() {
    let (sim, client) = marketplace(MiraklOptions::default(), vec![]).await;
    let lost = [
        "reset-after-commit",
        "status-after-commit:502",
        "truncate-after-commit",
        "html-after-commit",
        "null-after-commit",
        "empty-after-commit",
    ];
    for (n, action) in lost.into_iter().enumerate() {
        let fault = FaultRule::once("OR28", action);
        sim.faults().inject(fault).unwrap();
        let error = client
            .refund_lines(&[refund("W1-A-1", "1.00", "0")])
            .await
            .unwrap_err();
        assert!(
            matches!(error, Error::Unknown { call: "OR28", .. }),
            "{action}: {error:?}"
        );
        assert_eq!(error.fate(), Fate::Unknown, "{action}");
        assert_eq!(refunds(&client).await.len(), n + 1, "{action}");
    }
}

#[tokio::test]
async fn a_refund_that_never_arrived_is_not_done() {
    let (sim, client) = marketplace(MiraklOptions::default(), vec![]).await;
    for (action, retry) in [
        ("status:429:7", Retry::After(Duration::from_secs(7))),
        ("status:401", Retry::After(Duration::from_secs(60))),
        ("status:400", Retry::Never),
    ] {
        let fault = FaultRule::once("OR28", action);
        sim.faults().inject(fault).unwrap();
        let error = client
            .refund_lines(&[refund("W1-A-1", "1.00", "0")])
            .await
            .unwrap_err();
        assert_eq!((error.fate(), error.retry()), (Fate::NotDone, retry));
    }
    assert_eq!(refunds(&client).await, [""; 0]);
    assert_eq!(client.refund_lines(&[]).await.unwrap(), []);
}

#[tokio::test]
async fn a_refund_above_the_rest_or_of_a_strange_line_is_refused_whole() {
    let (_sim, client) = marketplace(MiraklOptions::default(), vec![]).await;
    let good = refund("W1-A-2", "9.95", "0");
    let operators = RefundLine {
        reason_code: "14".into(),
        ..refund("W1-A-1", "1.00", "0")
    };
    for bad in [
        refund("W1-A-1", "150.01", "0"),
        refund("W1-A-1", "0", "9.01"),
        operators,
    ] {
        let error = client.refund_lines(&[good.clone(), bad]).await.unwrap_err();
        let told = error.to_string();
        assert_eq!(told, "OR28 was refused with status 400");
        assert_eq!((error.retry(), error.fate()), (Retry::Never, Fate::NotDone));
        assert!(!error.lacks_balance());
    }
    let strange = client.refund_lines(&[refund("W9-A-1", "1.00", "0")]).await;
    assert!(matches!(strange, Err(Error::NotFound { call: "OR28", .. })));
    let (_, lines) = seen(&client).await;
    assert!(lines.iter().all(|line| line.refunds == Some(vec![])));
}

#[tokio::test]
async fn a_refund_beyond_the_shop_s_balance_says_so() {
    let options = MiraklOptions {
        refund_balance_check: true,
        opening_balance: simulators::mirakl::Amount("-1000".parse().unwrap()),
        ..MiraklOptions::default()
    };
    let (sim, client) = marketplace(options, vec![]).await;
    sim.receive("W1-A").unwrap();

    let error = client
        .refund_lines(&[refund("W1-A-1", "50.00", "0")])
        .await
        .unwrap_err();

    assert!(error.lacks_balance(), "{error:?}");
    assert_eq!((error.retry(), error.fate()), (Retry::Never, Fate::NotDone));
    assert_eq!(
        error.to_string(),
        "OR28 was refused with status 400: the shop's balance is too small"
    );
    assert_eq!(refunds(&client).await, [""; 0]);
}

#[tokio::test]
async fn taxes_that_nobody_computes_are_sent_and_others_are_not() {
    let city = || TaxSpec {
        code: "CITY".into(),
        amount: simulators::mirakl::Amount("12.00".parse().unwrap()),
        rate: None,
    };
    let options = MiraklOptions {
        tax_calculation_rule: TaxRule::None,
        ..MiraklOptions::default()
    };
    let (_sim, client) = marketplace(options, vec![city()]).await;
    let bare = refund("W1-A-1", "50.00", "0");
    let taxed = RefundLine {
        taxes: vec![TaxPart {
            code: "CITY".into(),
            amount: amount("4.01"),
        }],
        ..bare.clone()
    };
    let without = client.refund_lines(std::slice::from_ref(&bare)).await;
    assert!(matches!(without, Err(Error::Refused { status: 400, .. })));
    client
        .refund_lines(std::slice::from_ref(&taxed))
        .await
        .unwrap();
    let (_, lines) = seen(&client).await;
    let shown = &lines[0].refunds.as_ref().unwrap()[0];
    let taxes = shown.taxes.as_ref().unwrap();
    assert_eq!(taxes[0].amount, Some(amount("4.01")));

    let (_sim, client) = marketplace(MiraklOptions::default(), vec![city()]).await;
    let twice = client.refund_lines(&[taxed]).await;
    assert!(matches!(twice, Err(Error::Refused { status: 400, .. })));
    client.refund_lines(&[bare]).await.unwrap();
    let (_, lines) = seen(&client).await;
    let shown = &lines[0].refunds.as_ref().unwrap()[0];
    let taxes = shown.taxes.as_ref().unwrap();
    assert_eq!(taxes[0].amount, Some(amount("4.00")));
}

#[tokio::test]
async fn pieces_of_an_unpaid_order_are_canceled_until_none_is_left() {
    let unpaid = MiraklOptions {
        payment_workflow: PaymentWorkflow::PayOnDueDate,
        ..MiraklOptions::default()
    };
    let (sim, client) = marketplace(unpaid, vec![]).await;

    let made = client.cancel_lines(&[cancel(1, "50.00")]).await.unwrap();
    let (state, lines) = seen(&client).await;
    assert_eq!(state, OrderState::Shipping);
    let shown = &lines[0].cancelations.as_ref().unwrap()[0];
    assert_eq!(shown.id.as_ref(), Some(&made[0].cancelation_id));
    assert_eq!(shown.amount, Some(amount("50.00")));
    assert_eq!(shown.quantity, Some(1));

    for more in [cancel(3, "50.00"), cancel(1, "100.01")] {
        let refused = client.cancel_lines(&[more]).await;
        assert!(matches!(refused, Err(Error::Refused { status: 400, .. })));
    }
    let fault = FaultRule::once("OR30", "reset-after-commit");
    sim.faults().inject(fault).unwrap();
    let mut rest = cancel(2, "100.00");
    rest.shipping_amount = amount("6.00");
    let lost = client.cancel_lines(&[rest]).await;
    assert!(matches!(lost, Err(Error::Unknown { call: "OR30", .. })));
    let (_, lines) = seen(&client).await;
    assert_eq!(lines[0].order_line_state, Some(LineState::Canceled));
    assert_eq!(lines[1].order_line_state, Some(LineState::Shipping));
}

#[tokio::test]
async fn what_was_paid_is_not_canceled_and_some_operators_cancel_nothing_in_part() {
    let (_sim, client) = marketplace(MiraklOptions::default(), vec![]).await;
    let paid = client.cancel_lines(&[cancel(1, "50.00")]).await;
    assert!(matches!(
        paid,
        Err(Error::Refused {
            call: "OR30",
            status: 400,
            ..
        })
    ));
    let off = MiraklOptions {
        partial_cancelation: false,
        ..MiraklOptions::default()
    };
    let (_sim, client) = marketplace(off, vec![]).await;
    let refused = client.cancel_lines(&[cancel(1, "50.00")]).await;
    assert!(matches!(refused, Err(Error::Forbidden { call: "OR30" })));
    assert_eq!(client.cancel_lines(&[]).await.unwrap(), []);
}

#[tokio::test]
async fn an_incident_is_resolved_once_and_by_a_reason_of_the_shop() {
    let (sim, client) = marketplace(MiraklOptions::default(), vec![]).await;
    let none = client.resolve_incident("W1-A", "W1-A-1", "10").await;
    assert!(matches!(none, Err(Error::Refused { call: "OR64", .. })));

    let line = json!({"order_id": "W1-A", "order_line_id": "W1-A-1"});
    tell(&sim, "/_sim/incidents", line).await;
    let (_, lines) = seen(&client).await;
    assert_eq!(lines[0].order_line_state, Some(LineState::IncidentOpen));
    let operators = client.resolve_incident("W1-A", "W1-A-1", "11").await;
    assert!(matches!(operators, Err(Error::Refused { status: 400, .. })));
    let strange = client.resolve_incident("W1-A", "W1-A-9", "10").await;
    assert!(matches!(strange, Err(Error::NotFound { call: "OR64", .. })));
    let no_id = client.resolve_incident("W1-A", "..", "10").await;
    assert!(matches!(no_id, Err(Error::Config { call: "OR64", .. })));

    let fault = FaultRule::once("OR64", "reset-after-commit");
    sim.faults().inject(fault).unwrap();
    let lost = client.resolve_incident("W1-A", "W1-A-1", "10").await;
    assert!(matches!(lost, Err(Error::Unknown { call: "OR64", .. })));
    let (_, lines) = seen(&client).await;
    assert_eq!(lines[0].order_line_state, Some(LineState::Shipping));

    let line = json!({"order_id": "W1-A", "order_line_id": "W1-A-2"});
    tell(&sim, "/_sim/incidents", line).await;
    client
        .resolve_incident("W1-A", "W1-A-2", "10")
        .await
        .unwrap();
    let (_, lines) = seen(&client).await;
    assert_eq!(lines[1].order_line_state, Some(LineState::Shipping));
}
