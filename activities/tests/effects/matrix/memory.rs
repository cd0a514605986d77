//! Answers without end.

use super::calls::CALLS;
use super::spoiler::Spoil;
use crate::harness::Env;
use crate::plan::Plan;

/// The most that this process ever held, in kB.
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let peak = peak.map(|kb| kb.trim().trim_end_matches(" kB").parse().unwrap());
    peak.unwrap_or_default()
}

#[tokio::test]
async fn an_answer_without_end_is_not_held() {
    let mut plan = Plan::usual();
    plan.spoiled = true;
    let env: Env = plan.start().await;
    let before = peak_kb();
    for name in ["OR11", "list_fulfilments", "get_sales_order"] {
        let called = CALLS.iter().find(|called| called.name == name).unwrap();
        let key = called.stands_before(&env, &format!("H-{name}")).await;
        env.spoiler(called.is_mirakls())
            .spoil(called.op, Spoil::Huge(256), true);
        let fault = &super::FAULTS[0];

        let refused = called.call(&env, &key, fault).await;

        assert!(refused.is_err(), "{name} took 256 MB for an answer");
        assert!(env.spoiler(called.is_mirakls()).is_spent(), "{name}");
    }
    // 32 MB are held at most, twice while a buffer grows; the rest is for the tests beside this one.
    assert!(
        peak_kb() - before < 200 * 1024,
        "{} kB more",
        peak_kb() - before
    );
}
