//! The steps of an order one by one, and what they answer.

use activities::{Failure, Orders};
use domain::exception::Kind;
use domain::marketplace::OrderKey;
use domain::retry::Retry;
use domain::step::{Decision, Step, Wait};

use super::PATIENCE;

pub(super) async fn act(orders: &Orders, key: &OrderKey, step: &Step) -> Result<Step, Failure> {
    orders
        .for_order(key, Box::pin(do_step(orders, key, step)))
        .await
}

async fn do_step(orders: &Orders, key: &OrderKey, step: &Step) -> Result<Step, Failure> {
    let decision: Decision = match step {
        Step::CreateSalesOrder => orders.create_sales_order(key).await?,
        Step::FindSalesOrder => orders.find_sales_order(key).await?,
        Step::AcceptLines => orders.accept_order_lines(key).await?,
        Step::RefuseLines => orders.refuse_order_lines(key).await?,
        Step::Release => orders.release_sales_order(key).await?,
        Step::CancelSalesOrder => orders.cancel_sales_order(key).await?,
        Step::CancelOrder => orders.cancel_order(key).await?,
        Step::SendTracking => Box::pin(orders.send_tracking(key)).await?,
        Step::TellParcels => Box::pin(orders.tell_parcels(key)).await?,
        Step::CorrectTracking => orders.correct_tracking(key).await?,
        Step::ConfirmShipment => orders.confirm_shipment(key).await?,
        Step::CancelUnits => Box::pin(orders.cancel_units(key)).await?,
        Step::ReadUnits => Box::pin(orders.read_units(key)).await?,
        Step::CancelLines => Box::pin(orders.cancel_lines(key)).await?,
        Step::Refund => Box::pin(orders.refund(key)).await?,
        Step::ForwardReturns => Box::pin(orders.forward_returns(key)).await?,
        Step::ResolveIncident => Box::pin(orders.resolve_incident(key)).await?,
        Step::Wait(_) | Step::Done(_) => orders.decide(key).await?,
    };
    Ok(decision.step)
}

/// What an order waits for a person for; anything else is a failed test.
pub fn blocked(step: &Step) -> Kind {
    match step {
        Step::Wait(Wait::Person(problem)) => problem.kind,
        other => panic!("nobody is asked: {other:?}"),
    }
}

/// How long a failure says to wait, in seconds.
pub fn wait_s(failure: &Failure) -> u64 {
    match failure.retry {
        Retry::After(wait) => wait.as_secs(),
        other => panic!("{failure} says {other:?}"),
    }
}

/// Waits, with a bound, for what is under way in another task.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    });
    assert!(waited.await.is_ok(), "still not so: {what}");
}
