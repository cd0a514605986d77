//! Mapping tables as people break them: refused whole by line, or held until a second yes.

use domain::exception::Kind;
use jiff::Timestamp;
use ledger::Approval;

use crate::harness::{PATIENCE, Setup, World, until};

#[tokio::test]
async fn a_broken_table_is_refused_whole_with_its_lines_and_the_last_good_one_stays() {
    let world = Setup::new("broken-tables").start().await;
    let worker = world.worker().await;
    let before = world.ledger.mapping_version().await.unwrap();
    let table = world.folder.join("mappings/warehouses.csv");
    let good = std::fs::read_to_string(&table).unwrap();
    let cut = good.trim_end();
    let broken = [
        (
            "another delimiter",
            good.replace(',', ";"),
            "warehouses.csv:1",
        ),
        (
            "duplicate keys",
            format!("{good}*,01,CA1,,\n"),
            "warehouses.csv:",
        ),
        (
            "half written",
            cut[..cut.len() - 4].to_owned(),
            "warehouses.csv:",
        ),
        ("columns swapped", swapped(&good), "warehouses.csv"),
    ];
    for (times, (how, text, place)) in broken.into_iter().enumerate() {
        std::fs::write(&table, text).unwrap();
        let checked = worker::config::Config::load(&world.config());
        let problems = checked.expect_err(how).to_string();
        assert!(problems.contains(place), "{how}: {problems}");
        let folder = world.folder.display().to_string();
        until(
            &format!("{how}: the worker says so"),
            PATIENCE,
            async || {
                let log = std::fs::read_to_string(&world.server.log).ok()?;
                let told = |l: &&str| l.contains("mapping tables refused") && l.contains(&folder);
                (log.lines().filter(told).count() > times).then_some(())
            },
        )
        .await;
        assert_eq!(
            world.ledger.mapping_version().await.unwrap(),
            before,
            "{how}"
        );
    }
    // A spreadsheet's byte-order mark is no mistake.
    std::fs::write(&table, format!("\u{feff}{good}")).unwrap();
    assert!(worker::config::Config::load(&world.config()).is_ok());
    world.sell(world.plain("W-1-A"));
    world.reaches("W-1-A", "SHIPPED").await;
    assert_eq!(world.ledger.mapping_version().await.unwrap(), before);
    worker.stop().await;
}

#[tokio::test]
async fn tables_that_change_more_than_a_tenth_wait_for_a_second_yes() {
    let world = Setup::new("held-tables").start().await;
    let worker = world.worker().await;
    let before = world.ledger.mapping_version().await.unwrap();
    let table = world.folder.join("mappings/skus.csv");
    let good = std::fs::read_to_string(&table).unwrap();

    // A sort in the spreadsheet moved a column: half the SKUs would mean another item.
    std::fs::write(&table, shifted(&good)).unwrap();
    let held = held(&world).await;
    assert!(held.changed * 10 > held.total, "{held:?}");
    assert_eq!(world.ledger.mapping_version().await.unwrap(), before);
    let open = exception(&world).await.expect("an exception");
    assert_eq!(open.owner.as_str(), "operations");
    let number = |name: &str| {
        let found = open.evidence.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.clone())
    };
    assert_eq!(number("changed_keys"), Some(held.changed.to_string()));
    assert_eq!(number("keys_in_force"), Some(held.total.to_string()));

    // A restart is no way around it.
    worker.stop().await;
    let worker = world.worker().await;
    assert_eq!(world.ledger.mapping_version().await.unwrap(), before);
    assert_eq!(held_now(&world).await.map(|h| h.id), Some(held.id));

    // Put back, nothing waits any more.
    std::fs::write(&table, &good).unwrap();
    until("nothing is held", PATIENCE, async || {
        (held_now(&world).await.is_none() && exception(&world).await.is_none()).then_some(())
    })
    .await;
    assert_eq!(world.ledger.mapping_version().await.unwrap(), before);
    let late = world
        .ledger
        .approve_mappings(held.id, "AB", Timestamp::now());
    let late = late.await.unwrap();
    assert!(matches!(late, Approval::Decided { outcome, .. } if outcome == "withdrawn"));
    worker.stop().await;
}

#[tokio::test]
async fn a_second_yes_counts_once_and_names_who_gave_it() {
    let world = Setup::new("approved-tables").start().await;
    let worker = world.worker().await;
    let before = world.ledger.mapping_version().await.unwrap();
    let table = world.folder.join("mappings/skus.csv");
    let good = std::fs::read_to_string(&table).unwrap();
    std::fs::write(&table, shifted(&good)).unwrap();
    let held = held(&world).await;

    let now = Timestamp::now();
    let (one, other) = tokio::join!(
        world.ledger.approve_mappings(held.id, "AB", now),
        world.ledger.approve_mappings(held.id, "CD", now),
    );
    let answers = [one.unwrap(), other.unwrap()];
    let in_force = Approval::InForce(before + 1);
    assert_eq!(answers.iter().filter(|a| **a == in_force).count(), 1);
    let told = answers.iter().find(|a| **a != in_force).unwrap();
    let Approval::Decided { outcome, by, .. } = told else {
        panic!("{told:?}");
    };
    assert_eq!(outcome, "approved");
    assert!(matches!(by.as_deref(), Some("AB" | "CD")), "{by:?}");
    assert!(exception(&world).await.is_none());
    assert_eq!(world.ledger.mapping_version().await.unwrap(), before + 1);

    // What is in force now is what the files say: nothing is held, and orders go by it.
    world.sell(world.plain("A-1-A"));
    world.reaches("A-1-A", "SHIPPED").await;
    assert_eq!(held_now(&world).await, None);
    worker.stop().await;
}

/// Warehouse and division have changed places.
fn swapped(table: &str) -> String {
    let swap = |line: &str| {
        let mut cells: Vec<&str> = line.split(',').collect();
        if cells[1] != "division" {
            cells.swap(1, 2);
        }
        cells.join(",") + "\n"
    };
    table.lines().map(swap).collect()
}

/// Every SKU of division 01 is the one of the next line.
pub fn shifted(table: &str) -> String {
    let mut lines: Vec<Vec<String>> = table
        .lines()
        .map(|line| line.split(',').map(str::to_owned).collect())
        .collect();
    let ours = |cells: &[String]| cells[0] == "nordwind" && cells[2] == "01";
    let places: Vec<usize> = (0..lines.len()).filter(|n| ours(&lines[*n])).collect();
    let offers: Vec<String> = places.iter().map(|n| lines[*n][1].clone()).collect();
    // The first ones are sold in the tests and stay.
    for (n, place) in places.iter().enumerate().skip(2) {
        let next = if n + 1 < offers.len() { n + 1 } else { 2 };
        lines[*place][1].clone_from(&offers[next]);
    }
    let line = |cells: Vec<String>| cells.join(",") + "\n";
    lines.into_iter().map(line).collect()
}

async fn held_now(world: &World) -> Option<ledger::Proposal> {
    world.ledger.held_mappings().await.unwrap()
}

pub async fn held(world: &World) -> ledger::Proposal {
    until("the tables are held", PATIENCE, async || {
        held_now(world).await
    })
    .await
}

async fn exception(world: &World) -> Option<ledger::Exception> {
    let open = world.exceptions(false).await;
    open.into_iter().find(|e| e.kind == Kind::MappingHeld)
}
