//! Commands of people, and forgetting.

use domain::progress::Progress;
use domain::step::{Outcome, Stage, Step};
use ledger::{Error, Ledger, Note, Said, TakenCommand, read_export};

use crate::harness::*;

#[tokio::test]
async fn a_command_is_kept_and_makes_the_order_owed() {
    let (home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1)], 1).await;
    let done = decision(Step::Done(Outcome::Cancelled), Stage::Cancelled);
    decide(&ledger, "A", &done, 2).await;
    assert!(owed(&ledger, 2).await.is_empty());

    let say = async |key| {
        ledger
            .record_command(&key, "retry", "ann", "{}", "taken", at(3))
            .await
    };
    say(key("A")).await.unwrap();
    assert_eq!(owed(&ledger, 3).await, ["A"]);
    assert_eq!(row(&ledger, "A").await.commands_version, 1);
    let events = ledger.events(&key("A")).await.unwrap();
    assert_eq!(events.last().unwrap().what, "command");
    assert_eq!(home.rows("SELECT id FROM commands").await.len(), 1);
    decide(&ledger, "A", &done, 4).await;
    assert!(owed(&ledger, 4).await.is_empty());
    assert!(matches!(say(key("Z")).await, Err(Error::NotFound)));
}

#[tokio::test]
async fn a_forgotten_order_keeps_its_facts_and_nothing_personal() {
    let (home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1), seen("B", 1)], 1).await;
    ledger
        .intend(&key("A"), "release", "street", 1, at(1))
        .await
        .unwrap();
    let run = page(SHIPMENTS, "s", 1, &[]);
    let first = [shipment("A", "S1", 1)];
    ledger.record_shipments(&run, &first, &[]).await.unwrap();
    for now in [2, 3] {
        ledger.forget(&key("A"), "GDPR", at(now)).await.unwrap();
    }

    assert!(matches!(
        ledger.payload(&key("A")).await,
        Err(Error::Forgotten)
    ));
    let intent = ledger.open_intent(&key("A"), "release").await;
    assert!(matches!(intent, Err(Error::Forgotten)));
    let intend = ledger
        .intend(&key("A"), "accept_lines", "x", 1, at(4))
        .await;
    assert!(matches!(intend, Err(Error::Forgotten)));
    assert_eq!(row(&ledger, "A").await.order, order(1));
    assert!(ledger.payload(&key("B")).await.is_ok());
    let events = ledger.events(&key("A")).await.unwrap();
    assert_eq!(events.len(), 1, "forgotten once");

    assert_eq!(put(&ledger, &[seen("A", 5)], 5).await.changed, 1);
    let later = [shipment("A", "S1", 2)];
    ledger.record_shipments(&run, &later, &[]).await.unwrap();
    assert!(matches!(
        ledger.payload(&key("A")).await,
        Err(Error::Forgotten)
    ));
    assert_eq!(row(&ledger, "A").await.order, order(5));
    let keys = home.rows("SELECT owner FROM data_keys").await;
    assert_eq!(keys.len(), 1, "the other order's");
}

#[tokio::test]
async fn an_order_can_be_forgotten_before_it_is_known() {
    let (home, ledger) = fresh().await;
    let run = page(SHIPMENTS, "s", 1, &[]);
    let first = [shipment("A", "S1", 1)];
    ledger.record_shipments(&run, &first, &[]).await.unwrap();
    ledger.forget(&key("A"), "GDPR", at(1)).await.unwrap();
    put(&ledger, &[seen("A", 2)], 2).await;
    assert!(matches!(
        ledger.payload(&key("A")).await,
        Err(Error::Forgotten)
    ));
    assert!(home.rows("SELECT owner FROM data_keys").await.is_empty());
}

async fn hold(ledger: &Ledger, id: &str, order_id: &str) -> ledger::Result<()> {
    let said = TakenCommand {
        id,
        name: "hold",
        by: "cli",
        detail: r#"{"command":"hold"}"#,
        outcome: &|| "held".to_owned(),
    };
    let change = |p: &mut Progress| p.held = true;
    let note = Note::default();
    ledger
        .take_command(&key(order_id), &said, note, at(5), change)
        .await
}

#[tokio::test]
async fn a_decision_and_an_erasure_stand_in_the_export_and_come_back_from_it_once() {
    let (home, ledger) = fresh().await;
    let file = home.dir.path().join("decisions.jsonl");
    let ledger = ledger.exporting_to(file.clone());
    put(&ledger, &[seen("A", 1), seen("B", 1)], 1).await;
    hold(&ledger, "run/1", "A").await.unwrap();
    hold(&ledger, "run/1", "A").await.unwrap();
    ledger.forget(&key("B"), "GDPR", at(6)).await.unwrap();
    ledger.forget(&key("B"), "GDPR", at(7)).await.unwrap();
    assert_eq!(row(&ledger, "A").await.commands_version, 1);

    let lines = read_export(&file).unwrap();
    assert_eq!(lines.len(), 2);
    let Said::Command {
        command, stands, ..
    } = &lines[0].said
    else {
        panic!("{lines:?}");
    };
    assert!(command == "hold" && stands.held);
    assert!(!std::fs::read_to_string(&file).unwrap().contains("street"));

    let (_other, lost) = fresh().await;
    assert!(lost.is_empty().await.unwrap());
    assert_eq!(lost.not_replayed(&lines).await.unwrap(), 2);
    assert_eq!(lost.replay(&lines).await.unwrap(), 2);
    assert_eq!(lost.replay(&lines).await.unwrap(), 0);
    assert_eq!(lost.not_replayed(&lines).await.unwrap(), 0);
    put(&lost, &[seen("B", 1)], 8).await;
    let erased = lost.payload(&key("B")).await;
    assert!(matches!(erased, Err(Error::Forgotten)));
}

#[tokio::test]
async fn what_cannot_be_exported_is_not_taken() {
    let (home, ledger) = fresh().await;
    let ledger = ledger.exporting_to(home.dir.path().join("no-folder/decisions.jsonl"));
    put(&ledger, &[seen("A", 1)], 1).await;
    let held = hold(&ledger, "run/1", "A").await;
    assert!(matches!(held, Err(Error::NotExported { .. })));
    let erased = ledger.forget(&key("A"), "GDPR", at(6)).await;
    assert!(matches!(erased, Err(Error::NotExported { .. })));
    assert!(!row(&ledger, "A").await.progress.held);
    assert!(ledger.payload(&key("A")).await.is_ok());
    assert!(home.rows("SELECT id FROM commands").await.is_empty());
}

#[tokio::test]
async fn a_line_that_a_crash_cut_off_is_passed_over_and_spoils_no_other() {
    let (home, ledger) = fresh().await;
    let file = home.dir.path().join("decisions.jsonl");
    let ledger = ledger.exporting_to(file.clone());
    put(&ledger, &[seen("A", 1)], 1).await;
    hold(&ledger, "run/1", "A").await.unwrap();
    let whole = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{whole}{}", &whole[..20])).unwrap();
    assert_eq!(read_export(&file).unwrap().len(), 1);

    hold(&ledger, "run/2", "A").await.unwrap();
    let lines = read_export(&file).unwrap();
    let ids: Vec<&str> = lines.iter().map(|line| line.id.as_str()).collect();
    assert_eq!(ids, ["run/1", "run/2"]);
}
