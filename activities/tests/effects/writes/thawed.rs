//! A worker that is stopped and goes on a minute later.

use domain::progress::SalesOrder;
use serde_json::Value;

use super::scene::Write;
use crate::harness::list;
use crate::plan::CALL;

const WRITES: [Write; 8] = [
    Write::Create,
    Write::Accept,
    Write::Release,
    Write::CancelLines,
    Write::CancelOrder,
    Write::Confirm,
    Write::CancelOnMirakl,
    Write::Refund,
];

#[tokio::test]
async fn a_thawed_attempt_sends_only_what_ends_before_its_noted_deadline() {
    for write in WRITES {
        let mut late = 0;
        for nth in 1..=write.clock_readings() {
            let plan = write.plan();
            let thaw = plan.thaw.clone();
            let env = plan.start().await;
            let key = write.order(&env, "C1-A").await;
            assert_eq!(env.decide(&key).await, write.step(), "{write:?}");
            thaw.at(nth);

            let first = env.act(&key, &write.step()).await;

            late += usize::from(matches!(&first, Err(failure) if failure.kind == "TooLate"));
            let effect = write.step().as_str();
            let intents = env.ledger.open_intent(&key, effect).await.unwrap();
            if let Some(intent) = intents {
                let attempts = env.ledger.attempts(&intent).await.unwrap();
                let calls = list(&env.erp.ledger(), "calls");
                let sent = calls.iter().filter(|c| is_write(c));
                let last = sent.filter_map(|c| c["at"].as_str()?.parse().ok()).max();
                let last: Option<jiff::Timestamp> = last;
                if let (Some(attempt), Some(last)) = (attempts.last(), last) {
                    let spare = jiff::SignedDuration::try_from(CALL).unwrap();
                    assert!(last + spare <= attempt.send_deadline || last < attempt.began_at);
                }
            }
            assert_eq!(
                env.settle(&key).await,
                write.end(),
                "{write:?} stood at {nth}"
            );
            assert_eq!(write.effects(&env, &key), 1, "{write:?} stood at {nth}");
            let order = env.row(&key).await.progress.sales_order;
            assert!(
                matches!(order, SalesOrder::There(_)),
                "{write:?} stood at {nth}"
            );
        }
        assert!(
            late > 0,
            "{write:?} never stood between its note and its send"
        );
    }
}

impl Write {
    /// So often is the clock read before the first byte, or somewhat less.
    fn clock_readings(self) -> u32 {
        match self {
            Self::Refund | Self::CancelOnMirakl => 18,
            _ => 12,
        }
    }
}

fn is_write(call: &Value) -> bool {
    call["committed"] == true
}
