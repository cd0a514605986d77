//! The client against a simulated site that fails, queues or says no.

use bluecherry::{Binding, Config, Created, Error, Loss, Rest};
use domain::retry::{Fate, Retry};
use serde_json::json;
use simulators::bluecherry::{BlueCherryOptions, BlueCherrySim, WriteMode};
use simulators::fault::FaultRule;

use crate::samples::{KEY, client, order, ship_to};
use crate::world::{control, create, customer_code, options, site};

#[tokio::test]
async fn an_answer_lost_after_the_write_leaves_exactly_one_order_to_be_found() {
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
        let (sim, rest) = site().await;
        let code = customer_code(&rest).await;
        sim.faults()
            .inject(FaultRule::once("create_sales_order", action))
            .expect("a rule");

        let lost = rest.create_sales_order(&order(&code, "NW-1"), "k1").await;
        assert_eq!(
            lost,
            Err(Error::Unknown {
                call: "create_sales_order",
                loss
            })
        );
        let found = rest
            .find_sales_orders(Some(&code), "NW-1")
            .await
            .expect("a look-up");
        assert_eq!(found.len(), 1, "{action}");

        let again = rest.create_sales_order(&order(&code, "NW-1"), "k1").await;
        assert!(matches!(again, Ok(Created::Done(again)) if again.ord_num == found[0].ord_num));
        let refused = rest.create_sales_order(&order(&code, "NW-1"), "k2").await;
        let Err(Error::Refused {
            status,
            existing_id,
            ..
        }) = &refused
        else {
            panic!("{refused:?}")
        };
        assert_eq!(
            (*status, existing_id.as_ref()),
            (409, Some(&found[0].ord_num))
        );
        assert_eq!(
            rest.find_sales_orders(None, "NW-1")
                .await
                .expect("a look-up")
                .len(),
            1
        );
    }
}

#[tokio::test]
async fn a_site_that_says_not_now_has_done_nothing() {
    let (sim, rest) = site().await;
    let code = customer_code(&rest).await;
    for (action, fate) in [
        ("status:503", Fate::NotDone),
        ("status:429:7", Fate::NotDone),
        ("status:500", Fate::Unknown),
        ("reset", Fate::Unknown),
    ] {
        sim.faults()
            .inject(FaultRule::once("create_sales_order", action))
            .expect("a rule");
        let failed = rest.create_sales_order(&order(&code, "NW-2"), "k1").await;
        assert_eq!(failed.expect_err(action).fate(), fate, "{action}");
        assert!(
            rest.find_sales_orders(None, "NW-2")
                .await
                .expect("a look-up")
                .is_empty()
        );
        sim.faults()
            .inject(FaultRule::once("find_sales_orders", action))
            .expect("a rule");
        let failed = rest
            .find_sales_orders(None, "NW-2")
            .await
            .expect_err(action);
        assert_eq!(failed.fate(), Fate::NotDone, "{action}");
        assert_ne!(failed.retry(), Retry::Never, "{action}");
    }
}

#[tokio::test]
async fn a_key_used_for_another_body_is_refused() {
    let (_sim, rest) = site().await;
    let code = customer_code(&rest).await;
    rest.create_sales_order(&order(&code, "NW-3"), "k1")
        .await
        .expect("an order");
    let refused = rest.create_sales_order(&order(&code, "NW-4"), "k1").await;
    assert_eq!(
        refused.expect_err("a conflict").code(),
        Some("idempotency_conflict")
    );
}

#[tokio::test]
async fn a_queued_order_is_there_only_after_the_queue_ran() {
    let queued = BlueCherryOptions {
        write_mode: WriteMode::Queued,
        queue_cycle_s: 0,
        ..options()
    };
    let sim = BlueCherrySim::start(queued).await.expect("a site");
    let rest = client(&sim.url());
    let code = customer_code(&rest).await;

    let created = rest.create_sales_order(&order(&code, "NW-5"), "k1").await;
    assert_eq!(created, Ok(Created::Queued));
    assert!(
        rest.find_sales_orders(Some(&code), "NW-5")
            .await
            .expect("a look-up")
            .is_empty()
    );
    control(&sim, "/_sim/queue/run", json!({})).await;
    assert_eq!(
        rest.find_sales_orders(Some(&code), "NW-5")
            .await
            .expect("a look-up")
            .len(),
        1
    );
}

#[tokio::test]
async fn what_the_site_refuses_is_named_by_code_and_field() {
    let (sim, rest) = site().await;
    let code = customer_code(&rest).await;
    let mut wrong = order(&code, "NW-6");
    wrong.warehouse = "NOWHERE".into();
    let refused = rest
        .create_sales_order(&wrong, "k1")
        .await
        .expect_err("a refusal");
    let Error::Refused {
        status: 422,
        code: Some(word),
        field: Some(field),
        ..
    } = &refused
    else {
        panic!("{refused:?}")
    };
    assert_eq!(
        (word.as_str(), field.as_str()),
        ("unknown_warehouse", "warehouse")
    );

    let missing = rest.sales_order("999999").await;
    assert_eq!(
        missing,
        Err(Error::NotFound {
            call: "get_sales_order"
        })
    );
    let held = create(&rest, "NW-7").await;
    let stale = rest
        .set_ship_to(&held.ord_num, &ship_to(held.version + 7), "k2")
        .await;
    assert_eq!(stale.expect_err("stale").code(), Some("version_mismatch"));

    let config = Config::new(sim.url(), "another key".into());
    let stranger = Rest::new(config).expect("a client");
    assert_eq!(
        stranger.profile().await,
        Err(Error::Unauthorized {
            call: "get_profile"
        })
    );

    // A key that is refused, or of another site, changes nothing; a good one counts for all clones.
    let (clone, key) = (stranger.clone(), KEY.into());
    assert!(
        stranger
            .renew_key(&"a third".into(), "SIMSITE")
            .await
            .is_err()
    );
    stranger
        .renew_key(&key, "ELSEWHERE")
        .await
        .expect("an answer");
    assert!(clone.profile().await.is_err());
    stranger
        .renew_key(&key, "SIMSITE")
        .await
        .expect("an answer");
    assert!(clone.profile().await.is_ok());
}
