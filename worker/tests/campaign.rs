//! `bcm campaign` as people run it: a small one ends well, and each planted fault is caught.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

/// Longest that one campaign may take.
const PATIENCE: Duration = Duration::from_secs(170);

/// Runs a small campaign; the answer is its exit code and what it found.
async fn campaign(more: &[&str]) -> (Option<i32>, Value) {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_bcm"));
    command
        .args(["campaign", "--orders", "15", "--dir"])
        .arg(folder.path().join("seeds"))
        .arg("--report")
        .arg(&report)
        .args(more)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let ran = tokio::time::timeout(PATIENCE, command.status()).await;
    let ended = ran.expect("a campaign that ends in time").unwrap();
    let text = std::fs::read_to_string(&report).expect("a report");
    (ended.code(), serde_json::from_str(&text).unwrap())
}

fn broken(report: &Value) -> Vec<u64> {
    let seeds = report["seeds"].as_array().unwrap().iter();
    let violations = seeds.flat_map(|s| s["checked"]["violations"].as_array().unwrap());
    violations
        .map(|v| v["invariant"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn a_small_campaign_ends_without_violations() {
    let (code, report) = campaign(&["--seed", "1"]).await;
    assert_eq!(broken(&report), [0_u64; 0], "{report:#}");
    assert_eq!(code, Some(0));
    assert!(
        report["seeds"][0]["struck"].as_u64().unwrap() > 0,
        "{report:#}"
    );
}

#[tokio::test]
async fn a_ledger_that_is_lost_in_mid_flight_is_rebuilt_and_every_promise_still_holds() {
    let faults = "ledger-lost,n1,kill,people,consumer";
    let (code, report) = campaign(&["--seed", "4", "--faults", faults]).await;
    assert_eq!(broken(&report), [0_u64; 0], "{report:#}");
    assert_eq!(code, Some(0));
    let drawn = report["seeds"][0]["faults"].as_array().unwrap();
    assert!(drawn.contains(&Value::from("ledger-lost")), "{report:#}");
}

#[tokio::test]
async fn each_planted_fault_is_caught_by_the_invariant_it_breaks() {
    for (plant, invariant) in [
        ("read-back-off", 2),
        ("accept-before-order", 3),
        ("cursor-past-failure", 1),
    ] {
        let (code, report) = campaign(&["--seeds", "3", "--plant", plant]).await;
        let broken = broken(&report);
        assert!(broken.contains(&invariant), "{plant}: {broken:?}");
        assert_eq!(code, Some(1), "{plant}");
    }
}
