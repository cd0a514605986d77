//! What a person sees and says of mapping tables, by the verbs of `bcm`.

use std::fmt::Write as _;

use serde_json::Value;

use crate::machine::{terminate, until};
use crate::world::world;

#[tokio::test]
async fn a_person_sees_the_difference_and_says_yes_once() {
    let world = world("mappings-verbs").start().await;
    let worker = world.worker();
    world.ready().await;
    let (_, calm) = world.verb(&["mappings", "show"]).await;
    assert!(
        calm.contains("Version 1 is in force. Nothing waits"),
        "{calm}"
    );

    let table = world.folder.join("mappings/skus.csv");
    let good = std::fs::read_to_string(&table).unwrap();
    std::fs::write(&table, other_buckets(&good)).unwrap();
    let held = until("the tables are held", async || {
        let (_, text) = world.verb(&["mappings", "show", "--json"]).await;
        let shown: Value = serde_json::from_str(&text).ok()?;
        shown["held"].is_object().then_some(shown)
    })
    .await;
    assert_eq!(held["version"], 1);
    let id = held["held"]["id"].to_string();
    let (code, shown) = world.verb(&["mappings", "show"]).await;
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("would mean something else"), "{shown}");
    assert!(
        shown.contains(&format!("bcm mappings approve {id}")),
        "{shown}"
    );
    let (_, checked) = world.verb(&["check"]).await;
    assert!(
        checked.contains("keys of version 1 mean something else"),
        "{checked}"
    );
    let (_, list) = world.verb(&["exceptions", "list"]).await;
    assert!(list.contains("mapping_held"), "{list}");

    let (code, said) = world.verb(&["mappings", "approve", "999"]).await;
    assert_eq!(code, Some(1), "{said}");
    let (code, said) = world
        .verb(&["mappings", "approve", &id, "--by", "AB"])
        .await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Version 2 is in force"), "{said}");
    let (code, said) = world
        .verb(&["mappings", "approve", &id, "--by", "CD"])
        .await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("approved by AB"), "{said}");
    assert_eq!(world.exceptions().await, vec![]);
    assert!(terminate(worker).await.success());
}

#[tokio::test]
async fn a_check_names_the_lines_of_a_broken_table() {
    let world = world("mappings-broken").start().await;
    let table = world.folder.join("mappings/carriers.csv");
    let good = std::fs::read_to_string(&table).unwrap();
    let lines = good.lines().count();
    std::fs::write(&table, format!("{good}*,UPS,fedex,,,,\n*,PRONTO\n")).unwrap();
    let (code, said) = world.verb(&["check"]).await;
    assert_eq!(code, Some(1), "{said}");
    for line in [lines + 1, lines + 2] {
        assert!(said.contains(&format!("carriers.csv:{line}:")), "{said}");
    }
}

/// Every SKU with its size one bucket off, as a sorted column leaves them.
fn other_buckets(table: &str) -> String {
    let mut text = String::new();
    for (n, line) in table.lines().enumerate() {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        if n > 0 {
            let bucket: u8 = cells[7].parse().unwrap();
            cells[7] = (bucket % 24 + 1).to_string();
        }
        let _ = writeln!(text, "{}", cells.join(","));
    }
    text
}
