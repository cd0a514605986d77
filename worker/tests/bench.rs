//! `bcm bench` measures what it says: every figure beside its goal, in JSON. What the figures are is
//! no matter of a test.

use std::process::{Command, Stdio};

use serde_json::Value;

/// Runs `bcm bench WHICH --short --json`; the figures by name, with their goals.
fn figures(which: &str) -> Vec<(String, String)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bcm"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TEMPORAL_") {
            command.env_remove(name);
        }
    }
    let output = command
        .args(["bench", which, "--short", "--json"])
        .stdin(Stdio::null())
        .output()
        .expect("bcm runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{which}: {told}");
    let measured: Value = serde_json::from_slice(&output.stdout).expect("JSON alone");
    assert_eq!(measured["short"], true, "{measured}");
    let figures = measured["figures"].as_array().expect("figures");
    let text = |figure: &Value, name: &str| figure[name].as_str().unwrap_or_default().to_owned();
    for figure in figures {
        assert!(figure["value"].is_number(), "{figure}");
        assert!(figure["pass"].is_boolean(), "{figure}");
        assert!(figure["repeats"].is_array(), "{figure}");
    }
    let named = figures.iter().map(|f| (text(f, "name"), text(f, "goal")));
    named.collect()
}

fn goals(figures: &[(String, String)]) -> Vec<(&str, &str)> {
    let with_goal = figures.iter().filter(|(_, goal)| !goal.is_empty());
    with_goal.map(|(n, g)| (n.as_str(), g.as_str())).collect()
}

#[test]
fn doing_nothing_is_measured_beside_a_bare_worker() {
    let figures = figures("noop");
    let wanted = [("processor time, ours ÷ bare SDK worker", "≤ 1.2")];
    assert_eq!(goals(&figures), wanted);
    assert_eq!(figures.len(), 3, "both workers' own figures: {figures:?}");
}

#[test]
fn order_lives_are_measured_with_all_their_goals() {
    let figures = figures("orders");
    let wanted = [
        ("seen → accepted, p50", "≤ 0.5"),
        ("seen → accepted, p99", "≤ 2"),
        ("order lives a second", "≥ 5"),
        ("billable actions of a happy order", "≤ 14"),
        ("events of a happy order", "≤ 90"),
        ("history of a happy order", "≤ 100"),
    ];
    assert_eq!(goals(&figures), wanted);
}

#[test]
fn stock_is_measured_with_all_its_goals() {
    let figures = figures("stock");
    let wanted = [
        ("100,000 SKUs read, pushed and confirmed", "≤ 60"),
        ("processor time of the worker for it", "≤ 10"),
        ("billable actions of a run", "≤ 8"),
        ("why a number is what it is, p99", "≤ 50"),
        ("1,000,000 SKUs in full", "≤ 10"),
        ("peak memory with 1,000,000 SKUs", "≤ 256"),
    ];
    assert_eq!(goals(&figures), wanted);
}
