//! Personal data and keys: where they must not stand.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::exception::Kind;
use prost::Message;
use serde_json::json;
use simulators::fault::FaultRule;
use simulators::mirakl::{CustomerSpec, OrderSpec};
use temporalio_client::{UntypedWorkflow, WorkflowListOptions};
use temporalio_common::protos::temporal::api::history::v1::History;

use crate::harness::{
    Beside, Hook, PATIENCE, Server, Setup, Working, World, history, json_value, until,
};

/// Words that stand in one order, and in the keys of its world.
const CANARIES: [&str; 8] = [
    "Quillanthe",
    "Zephyrbottom",
    "77 Marmalade Crescent",
    "Flat Ocelot",
    "+49 30 7755331",
    "ocelot.quill@relay.example",
    "shop-key-vermilion-9041",
    "erp-key-cobalt-5527",
];

#[tokio::test]
async fn no_personal_data_and_no_key_leaves_the_ledger_unsealed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::alone(folder.path().to_owned()).await;
    let hook = Hook::listen().await;
    let (world, worker) = start(server.clone(), &hook).await;
    let told = live(&world, &hook).await;

    let mut exported = vec![];
    let mut runs = world
        .client
        .list_workflows("", WorkflowListOptions::default());
    while let Some(run) = futures::StreamExt::next(&mut runs).await {
        let run = run.unwrap();
        let handle = world
            .client
            .get_workflow_handle::<UntypedWorkflow>(run.id());
        let events = history(&handle).await;
        exported.extend(History { events }.encode_to_vec());
    }
    let metrics = metrics(&world).await;
    worker.stop().await;
    server.stop().await;

    let needles = needles();
    let control = b"Z-1-A".to_vec();
    let places = [
        ("histories", &exported),
        ("metrics", &metrics),
        ("webhook", &told),
    ];
    for (place, bytes) in places {
        assert_clean(place, bytes, &needles);
    }
    assert!(find(&exported, std::slice::from_ref(&control)).is_some());
    let mut seen = 0;
    for name in [
        "temporal.db",
        "temporal.db-wal",
        "temporal.db-shm",
        "temporal.log",
    ] {
        seen += usize::from(is_clean(&folder.path().join(name), &needles, &control));
    }
    assert!(seen > 0, "the search would not find what is there");
    let ledger = ["bcm.db", "bcm.db-wal"].map(|name| world.folder.join(name));
    let seen = ledger.map(|file| is_clean(&file, &needles, &control));
    assert!(
        seen.contains(&true),
        "the search would not find what is there"
    );
    assert!(is_clean(&world.server.log.clone(), &needles, &control));
}

async fn start(server: std::sync::Arc<Server>, hook: &Hook) -> (World, Working) {
    let mut setup = Setup::new("canary").with_galeria();
    setup.more = hook.section();
    let galeria = setup.galeria.as_mut().unwrap();
    galeria.api_key = Some(CANARIES[6].to_owned());
    setup.erp.api_key = CANARIES[7].to_owned();
    let world = setup.start_on(server).await;
    let started = Working::start(&world.config(), Beside::Everything).await;
    (world, started.expect("a worker that starts"))
}

/// A whole life: a lost answer, failing calls, a blocked step, a correction. The answer is what the
/// webhook was told.
async fn live(world: &World, hook: &Hook) -> Vec<u8> {
    let galeria = world.galeria.as_ref().unwrap();
    for (op, action) in [
        ("put_customer", "status:500"),
        ("create_sales_order", "reset-after-commit"),
        ("set_ship_to", "status:502"),
    ] {
        world
            .erp
            .faults()
            .inject(FaultRule::once(op, action))
            .unwrap();
    }
    let failing = FaultRule::once("OR21", "status:500").times(2);
    galeria.faults().inject(failing).unwrap();
    let german = world.sku(0).replace("NW-", "GA-");
    let mut spec = OrderSpec::of(&german, 1, "39.95").id("Z-1-A");
    spec.shipping_type_code = Some("XPR".to_owned());
    spec.customer_notification_email = Some(CANARIES[5].to_owned());
    spec.customer = Some(CustomerSpec {
        customer_id: "cust-1".to_owned(),
        firstname: CANARIES[0].to_owned(),
        lastname: CANARIES[1].to_owned(),
        street_1: CANARIES[2].to_owned(),
        street_2: Some(CANARIES[3].to_owned()),
        zip_code: "10115".to_owned(),
        city: "Berlin".to_owned(),
        state: None,
        country_iso_code: "DEU".to_owned(),
        phone: Some(CANARIES[4].to_owned()),
    });
    galeria.create_order(spec).unwrap();
    world.exception("Z-1-A", Kind::UnmappedCarrier).await;
    let order = world.sales_orders("galeria", "Z-1-A").remove(0);
    let ship_to = order["ship_to"].to_string();
    assert!(
        ship_to.contains(CANARIES[1]) && ship_to.contains(CANARIES[2]),
        "{ship_to}"
    );

    let told = until("the webhook is told", PATIENCE, async || {
        let heard = hook.heard();
        (!heard.is_empty()).then(|| serde_json::to_vec(&heard).unwrap())
    })
    .await;
    let run = world.workflow("order/galeria/Z-1-A");
    for (signal, detail) in [
        ("correct", json!({ "carrier_code": "ups" })),
        ("retry", json!({})),
    ] {
        let signal = temporalio_client::UntypedSignal::new(signal);
        run.signal(signal, json_value(&detail), Default::default())
            .await
            .unwrap();
    }
    until("the order is shipped", PATIENCE, async || {
        (galeria.order("Z-1-A")?["order_state"] == "SHIPPED").then_some(())
    })
    .await;
    told
}

async fn metrics(world: &World) -> Vec<u8> {
    let listen = worker::config::Config::load(&world.config())
        .unwrap()
        .http
        .listen;
    let answer = crate::harness::http().get(format!("http://{listen}/metrics"));
    answer.send().await.unwrap().bytes().await.unwrap().into()
}

/// The canaries as they are, and as base64 shows them wherever they begin in a longer text.
fn needles() -> Vec<Vec<u8>> {
    let mut needles: Vec<Vec<u8>> = CANARIES.iter().map(|c| c.as_bytes().to_vec()).collect();
    for canary in CANARIES {
        for before in 0..3 {
            let padded = [vec![b'x'; before], canary.as_bytes().to_vec()].concat();
            let whole = padded.len() / 3 * 4;
            let text = STANDARD.encode(&padded);
            // The first characters hold bits of what stands before, the last of what follows.
            let from = [0, 2, 3][before];
            needles.push(text.as_bytes()[from..whole].to_vec());
        }
    }
    needles
}

/// Reads a file that need not be there; is the control in it?
fn is_clean(path: &Path, needles: &[Vec<u8>], control: &[u8]) -> bool {
    let Ok(bytes) = std::fs::read(path) else {
        return false;
    };
    assert_clean(&path.display().to_string(), &bytes, needles);
    find(&bytes, &[control.to_vec()]).is_some()
}

fn assert_clean(place: &str, bytes: &[u8], needles: &[Vec<u8>]) {
    if let Some(at) = find(bytes, needles) {
        let around = &bytes[at.saturating_sub(200)..(at + 100).min(bytes.len())];
        panic!(
            "a canary stands in {place}: …{}…",
            String::from_utf8_lossy(around)
        );
    }
}

/// Where any of the needles begins. By first byte, since the files are large.
fn find(bytes: &[u8], needles: &[Vec<u8>]) -> Option<usize> {
    let mut by_first: Vec<Vec<&[u8]>> = vec![vec![]; 256];
    for needle in needles {
        by_first[usize::from(needle[0])].push(needle);
    }
    let begins = |at: &usize| {
        let candidates = &by_first[usize::from(bytes[*at])];
        candidates
            .iter()
            .any(|needle| bytes[*at..].starts_with(needle))
    };
    (0..bytes.len()).find(begins)
}

#[test]
fn the_search_finds_what_stands_in_base64_at_any_place() {
    for canary in CANARIES {
        for before in ["", "a", "ab", "abc"] {
            let text = STANDARD.encode(format!("{before}{canary}, and more"));
            assert!(
                find(text.as_bytes(), &needles()).is_some(),
                "{before}{canary}"
            );
        }
    }
    assert!(find(b"nothing to see", &needles()).is_none());
}
