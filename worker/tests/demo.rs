//! The demo's scenario `stock` in short form: with the guards nothing is sold twice, and without them
//! the same customers of the same seed are sold what is not there.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

/// Longest that one run may take, on a busy machine.
const LONGEST: Duration = Duration::from_secs(280);

async fn stock(more: &[&str]) -> (Option<i32>, Value) {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().join("report.json");
    let run = Command::new(env!("CARGO_BIN_EXE_bcm"))
        .args(["demo", "--scenario", "stock", "--exit", "--orders", "20"])
        .args(["--seed", "7", "--patience", "240"])
        .arg("--dir")
        .arg(folder.path().join("shop"))
        .arg("--report")
        .arg(&report)
        .args(more)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .status();
    let ended = tokio::time::timeout(LONGEST, run).await.expect("an end");
    let text = std::fs::read_to_string(report).expect("a report");
    let report = serde_json::from_str(&text).expect("JSON");
    (ended.expect("a run").code(), report)
}

#[tokio::test]
async fn guarded_stock_is_never_sold_twice_and_the_same_seed_without_the_guards_is() {
    let (code, guarded) = stock(&[]).await;
    assert_eq!(
        (code, &guarded["oversold"]),
        (Some(0), &Value::from(0)),
        "{guarded:#}"
    );
    assert!(guarded["units"].as_u64() > Some(0) && guarded["turned_away"].as_u64() > Some(0));

    let (code, unguarded) = stock(&["--unguarded"]).await;
    assert_eq!(code, Some(0), "{unguarded:#}");
    assert!(unguarded["oversold"].as_i64() > Some(0), "{unguarded:#}");
    assert_eq!(unguarded["guarded"], false);
}
