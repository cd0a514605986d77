//! What somebody with the files can learn or change.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use domain::exception::Kind;
use ledger::{Error, Ledger, MasterKey, SeenOrder, Unreadable};

use crate::harness::*;

const CANARIES: [&str; 3] = ["Zebulon Quagga", "17 Canary Row", "+15550100199"];

#[tokio::test]
async fn a_wrong_master_key_stops_the_start() {
    let (home, ledger) = fresh().await;
    let again = home.open().await;
    assert_eq!(ledger.id(), again.id());
    let wrong = Ledger::open(&home.url, MasterKey::generate(), at(1)).await;
    assert!(matches!(wrong, Err(Error::WrongMasterKey)));

    assert!(ledger.check_id(again.id()).is_ok());
    let other = fresh().await;
    assert!(matches!(
        ledger.check_id(other.1.id()),
        Err(Error::OtherLedger { .. })
    ));
    let bad = Ledger::open("mysql://x", MasterKey::generate(), at(1)).await;
    assert!(matches!(bad, Err(Error::BadAddress)));
}

#[tokio::test]
async fn a_ledger_that_was_replaced_or_taken_away_is_not_in_place() {
    let (home, ledger) = fresh().await;
    assert!(ledger.is_in_place().await.unwrap());
    let id = ledger.id();
    home.meddle("UPDATE meta SET value = 'another' WHERE name = 'ledger_id'")
        .await;
    assert!(!ledger.is_in_place().await.unwrap());
    home.meddle(&format!(
        "UPDATE meta SET value = '{id}' WHERE name = 'ledger_id'"
    ))
    .await;
    assert!(ledger.is_in_place().await.unwrap());
    if let Some(file) = home.url.strip_prefix("sqlite://") {
        std::fs::remove_file(file).unwrap();
        assert!(!ledger.is_in_place().await.unwrap());
        assert!(!std::path::Path::new(file).exists());
    }
}

#[tokio::test]
async fn changed_and_swapped_ciphertexts_are_refused() {
    let (home, ledger) = fresh().await;
    put(&ledger, &[seen("A", 1), seen("B", 1)], 1).await;
    home.meddle(
        "UPDATE orders SET payload = (SELECT payload FROM orders WHERE order_id = 'B') \
         WHERE order_id = 'A'",
    )
    .await;
    assert!(matches!(
        ledger.payload(&key("A")).await,
        Err(Error::Corrupt { .. })
    ));

    ledger
        .intend(&key("B"), "release", "b 1", 1, at(1))
        .await
        .unwrap();
    home.meddle("UPDATE intents SET body = (SELECT payload FROM orders WHERE order_id = 'B')")
        .await;
    let intent = ledger.open_intent(&key("B"), "release").await;
    assert!(matches!(intent, Err(Error::Corrupt { .. })));

    home.meddle(
        "UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys \
         WHERE owner = 'order/nw/A') WHERE owner = 'order/nw/B'",
    )
    .await;
    assert!(matches!(
        ledger.payload(&key("B")).await,
        Err(Error::Corrupt { .. })
    ));
}

#[tokio::test]
async fn no_file_holds_what_names_a_person() {
    let (home, ledger) = fresh().await;
    let payload = CANARIES.join("|");
    let order = SeenOrder {
        payload: payload.clone(),
        ..seen("A", 1)
    };
    let broken = Unreadable {
        key: "B".into(),
        marketplace: Some(nw()),
        payload: payload.clone(),
        path: "$".into(),
        kind: Kind::UnreadableOrder,
    };
    let run = page(ORDERS, "c", 1, &[]);
    ledger
        .record_orders(&run, &[order], &[broken])
        .await
        .unwrap();
    let mut parcel = shipment("A", "S1", 1);
    parcel.payload.clone_from(&payload);
    let run = page(SHIPMENTS, "s", 1, &[]);
    ledger.record_shipments(&run, &[parcel], &[]).await.unwrap();
    ledger
        .intend(&key("A"), "release", &payload, 1, at(2))
        .await
        .unwrap();
    assert_eq!(ledger.payload(&key("A")).await.unwrap(), payload);
    if !home.url.starts_with("sqlite") {
        return;
    }

    let mut seen_files = vec![];
    for file in std::fs::read_dir(home.dir.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for canary in CANARIES {
            for shape in shapes(canary) {
                let found = bytes.windows(shape.len()).any(|w| w == shape.as_bytes());
                assert!(!found, "{shape} in {}", path.display());
            }
        }
        seen_files.push(path.extension().unwrap().to_owned());
    }
    seen_files.sort();
    assert_eq!(seen_files, ["db", "db-shm", "db-wal"]);
}

/// A text as it is, and in base64 wherever it may begin within a group of three bytes.
fn shapes(text: &str) -> Vec<String> {
    let mut shapes = vec![text.to_owned()];
    for engine in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE] {
        for skipped in 0..3 {
            let whole = (text.len() - skipped) / 3 * 3;
            shapes.push(engine.encode(&text.as_bytes()[skipped..skipped + whole]));
        }
    }
    shapes
}

#[tokio::test]
async fn a_deleted_key_is_gone_from_the_files() {
    let (home, ledger) = fresh().await;
    if !home.url.starts_with("sqlite") {
        return;
    }
    put(&ledger, &[seen("A", 1)], 1).await;
    let rows = home.rows("SELECT wrapped FROM data_keys").await;
    let wrapped: String = sqlx::Row::get(&rows[0], 0);
    let holds_key = || {
        let files = std::fs::read_dir(home.dir.path()).unwrap();
        let read = |file: std::io::Result<std::fs::DirEntry>| std::fs::read(file.unwrap().path());
        let mut contents = files.map(|file| read(file).unwrap());
        contents.any(|bytes| {
            bytes
                .windows(wrapped.len())
                .any(|w| w == wrapped.as_bytes())
        })
    };
    assert!(holds_key());
    ledger.forget(&key("A"), "GDPR", at(2)).await.unwrap();
    assert!(!holds_key());
}

#[tokio::test]
async fn debug_output_leaves_messages_out() {
    let (_home, ledger) = fresh().await;
    let secret = |text: String| !text.contains("Zebulon");
    let order = SeenOrder {
        payload: CANARIES[0].into(),
        ..seen("A", 1)
    };
    assert!(secret(format!("{order:?}")));
    put(&ledger, &[order], 1).await;
    let intent = ledger
        .intend(&key("A"), "release", CANARIES[0], 1, at(1))
        .await;
    assert!(secret(format!("{:?}", intent.unwrap())));
    assert!(secret(format!("{:?} {ledger:?}", row(&ledger, "A").await)));
}

#[test]
fn no_error_quotes_and_each_says_what_may_be_done() {
    use domain::retry::Retry;
    let down = Error::Unavailable {
        doing: "reading an order",
        source: sqlx::Error::PoolTimedOut,
    };
    assert_eq!(down.retry(), Retry::Backoff);
    assert_eq!(Error::WrongMasterKey.retry(), Retry::Never);
    insta::assert_snapshot!(down, @"the ledger is not available while reading an order");
}
