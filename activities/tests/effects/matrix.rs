//! Each call against each fault on the wire: one table of calls, one of faults, one expectation for
//! all of them. A new call or a new fault is one row.

mod calls;
mod faults;
mod memory;
mod spoiler;

use std::time::Duration;

use calls::{CALLS, Called};
use domain::retry::Retry;
use domain::step::{Step, Wait};
use faults::{FAULTS, Fault, Way};
use serde_json::json;
pub use spoiler::{Spoil, Spoiler};

use crate::harness::Env;
use crate::plan::SHOWS;

/// Longest wait that a fault may ask for: nothing stands still for hours over a lost answer.
const WAIT_MAX: Duration = Duration::from_secs(600);

/// Strikes one call with one fault, carries the order on, and holds what both sides then have.
async fn strike(env: &Env, called: &Called, fault: &Fault, order_id: &str) {
    let case = format!("{} x {}", called.name, fault.name());
    let key = called.stands_before(env, order_id).await;
    let cursor = called.cursor(env).await;
    let struck = fault.inject(env, called);

    let first = called.call(env, &key, fault).await;

    assert!(struck.holds(env), "{case}: the fault was never met");
    if let Err(failure) = &first {
        // A wrong key stays wrong until somebody changes it.
        assert!(
            failure.retry != Retry::Never || fault.may_park(),
            "{case}: {failure}"
        );
        if let Retry::After(wait) = failure.retry {
            assert!(wait <= WAIT_MAX, "{case} waits for {wait:?}");
        }
        assert!(
            !called.names_a_person(env, &key, &failure.text),
            "{case}: {failure}"
        );
        if called.is_feed() {
            assert_eq!(called.cursor(env).await, cursor, "{case} moved a cursor");
        }
    } else if called.is_read && !fault.is_harmless() && !called.has_substitute() {
        panic!("{case} was taken for an answer");
    }
    if fault.way == Way::Stale {
        // The read-back is stale for 5 s; whoever asks meanwhile must neither believe it nor send.
        env.clock.advance(Duration::from_secs(4));
        let early = env.run(&key).await;
        // An account's handle is its lock, so that it may be sent again at once.
        let locked = called.op == "put_customer";
        assert!(
            early.is_err() || locked,
            "{case} believed a stale read: {early:?}"
        );
        env.spoiler(false).thaw_reads();
    }
    let mut end = carry_on(env, called, &key).await;
    if let (Step::Wait(Wait::Person(_)), true) = (&end, fault.may_park()) {
        // Beside what is short, where that is what the call would have told.
        let open = env.exceptions().await;
        assert!(open.contains(&called.refusal()), "{case}: {open:?}");
        let told = env.tell(&key, "retry", json!(null)).await;
        assert_eq!(told.code, "retried", "{case}");
        end = carry_on(env, called, &key).await;
    }
    if called.goes_on_refused() && fault.may_park() && called.effects(env, &key).await == 0 {
        let open = env.exceptions().await;
        assert!(open.contains(&called.refusal()), "{case}: {open:?}");
        let told = env.tell(&key, "retry", json!(null)).await;
        assert_eq!(told.code, "retried", "{case}");
        end = carry_on(env, called, &key).await;
    }
    assert_eq!(end, called.end(), "{case}");
    assert_eq!(called.effects(env, &key).await, 1, "{case}");
    assert!(!env.row(&key).await.progress.accepted_elsewhere, "{case}");
}

/// Goes on as the runs and feeds would, time passing, until the order is where it ends or waits for
/// a person.
async fn carry_on(env: &Env, called: &Called, key: &domain::marketplace::OrderKey) -> Step {
    let mut last = None;
    for _ in 0..8 {
        let pulled = env.try_pull().await.is_ok() & env.try_pull_shipments().await.is_ok();
        // No step waits for a reference or a return: it is there when a later pull has done it.
        let beside = matches!(called.op, "OR04" | "RT11");
        let pulled = pulled && (!beside || called.effects(env, key).await == 1);
        match env.run(key).await {
            Ok(step) if pulled && (step == called.end() || is_asked(&step)) => return step,
            done => last = Some(done),
        }
        env.clock.advance(SHOWS);
    }
    panic!("{} does not come to its end: {last:?}", called.name);
}

fn is_asked(step: &Step) -> bool {
    matches!(step, Step::Wait(Wait::Person(_)))
}

/// All faults against one call, each with an order of its own.
async fn strike_all(name: &str) {
    let called = CALLS.iter().find(|called| called.name == name).unwrap();
    let mut env = None;
    for (at, fault) in FAULTS.iter().enumerate() {
        if !fault.fits(called) {
            continue;
        }
        // Time-outs are real time, so only those that wait for one have a short one.
        let fresh = called.wants_fresh_world() || fault.is_slow();
        let world = match env.take() {
            Some(world) if !fresh => world,
            _ => called.world(fault.is_slow()).await,
        };
        strike(&world, called, fault, &format!("F{at:02}-A")).await;
        env = (!fresh).then_some(world);
    }
}

macro_rules! matrix {
    ($($test:ident: $name:literal,)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                strike_all($name).await;
            }
        )*

        #[test]
        fn every_call_of_the_table_is_struck() {
            let named = [$($name),*];
            assert_eq!(CALLS.iter().map(|c| c.name).collect::<Vec<_>>(), named);
            let cases = CALLS.iter().flat_map(|c| FAULTS.iter().filter(|f| f.fits(c)));
            assert!(cases.count() >= 250);
            assert!(FAULTS.iter().any(|f| f.way == Way::Unreachable));
        }
    };
}

matrix! {
    orders_are_listed_once_whatever_happens_to_or11: "OR11",
    lines_are_accepted_once_whatever_happens_to_or21: "OR21 accept",
    lines_are_refused_once_whatever_happens_to_or21: "OR21 refuse",
    tracking_is_told_once_whatever_happens_to_or23: "OR23",
    a_shipment_is_confirmed_once_whatever_happens_to_or24: "OR24",
    a_parcel_is_told_once_whatever_happens_to_st01: "ST01",
    a_parcel_is_told_once_whatever_happens_to_st11: "ST11",
    an_order_is_cancelled_once_whatever_happens_to_or29: "OR29",
    units_are_canceled_once_whatever_happens_to_or30: "OR30",
    a_credit_is_repaid_once_whatever_happens_to_or28: "OR28",
    a_credit_is_repaid_once_whatever_happens_to_re01: "RE01",
    goods_are_told_to_have_come_once_whatever_happens_to_rt25: "RT25",
    a_reference_is_written_whatever_happens_to_or04: "OR04",
    a_parcel_is_told_whatever_happens_to_sh21: "SH21",
    a_parcel_is_told_whatever_happens_to_sh12: "SH12",
    a_parcel_is_told_whatever_happens_to_pc01: "PC01",
    one_sales_order_whatever_happens_to_its_creation: "create_sales_order",
    one_sales_order_whatever_happens_to_its_look_up: "find_sales_orders",
    an_order_is_released_whatever_happens_to_its_read: "get_sales_order",
    one_ship_to_whatever_happens_to_it: "set_ship_to",
    one_release_whatever_happens_to_it: "release_sales_order",
    one_cancellation_whatever_happens_to_it: "cancel_lines",
    units_are_canceled_once_whatever_happens_to_it: "cancel_lines of units",
    one_authorization_whatever_happens_to_its_announcement: "announce_return",
    one_account_whatever_happens_to_its_look_up: "find_customer",
    one_account_whatever_happens_to_its_opening: "put_customer",
    a_fulfilment_is_read_whatever_happens_to_its_list: "list_fulfilments",
    a_return_is_read_whatever_happens_to_rt11: "RT11",
    a_return_is_read_whatever_happens_to_its_list: "list_returns",
    a_credit_is_read_whatever_happens_to_its_list: "list_credit_memos",
}
