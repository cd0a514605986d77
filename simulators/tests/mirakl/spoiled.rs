//! Answers spoiled on the wire, as a caller meets them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulators::fault::{ACTIONS, FaultRule};
use simulators::mirakl::{MiraklOptions, MiraklSim, OrderSpec};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::seller::{Seller, state, still};

async fn sold(order_id: &str) -> (MiraklSim, Seller) {
    let (sim, seller) = still(MiraklOptions::default()).await;
    sim.create_order(OrderSpec::of("S-1", 1, "5").id(order_id))
        .unwrap();
    (sim, seller)
}

fn plant(sim: &MiraklSim, op: &str, action: &str) {
    sim.faults().inject(FaultRule::once(op, action)).unwrap();
}

/// Everything that comes over the connection after one request.
async fn raw(sim: &MiraklSim, request: &str) -> Vec<u8> {
    let base = sim.url();
    let address = base.strip_prefix("http://").unwrap();
    let mut peer = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "{request}Host: x\r\nAuthorization: {}\r\nConnection: close\r\n",
        sim.api_key()
    );
    let body = json!({ "order_lines": [{ "id": "W1-A-1", "accepted": true }] }).to_string();
    let length = body.len();
    let sent = if request.starts_with("PUT") {
        format!("{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
    } else {
        format!("{head}\r\n")
    };
    peer.write_all(sent.as_bytes()).await.unwrap();
    let mut read = Vec::new();
    peer.read_to_end(&mut read).await.unwrap();
    read
}

const ACCEPT: &str = "PUT /api/orders/W1-A/accept HTTP/1.1\r\n";
const LIST: &str = "GET /api/orders HTTP/1.1\r\n";

/// Head and body of an answer, and the length its head names.
fn parts(answer: &[u8]) -> (String, Vec<u8>, Option<usize>) {
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .map_or(answer.len(), |at| at + 4);
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    (head, answer[end..].to_vec(), length)
}

fn last_call(sim: &MiraklSim) -> (Option<u16>, bool, bool) {
    let call = sim.calls().list().pop().unwrap();
    (call.status, call.committed, call.answered)
}

#[tokio::test]
async fn a_truncated_body_ends_early_under_its_full_length_or_inside_a_chunk() {
    let (sim, _) = sold("W1-A").await;
    plant(&sim, "OR11", "truncate");
    let (_, body, length) = parts(&raw(&sim, LIST).await);
    assert!(length.unwrap() > body.len() && !body.is_empty());
    assert!(serde_json::from_slice::<Value>(&body).is_err());
    assert_eq!(last_call(&sim), (Some(200), false, false));

    plant(&sim, "OR11", "truncate:chunked");
    let (head, body, length) = parts(&raw(&sim, LIST).await);
    assert!(head.contains("transfer-encoding: chunked") && length.is_none());
    assert!(!body.ends_with(b"0\r\n\r\n") && !body.is_empty());
}

#[tokio::test]
async fn a_wrong_length_is_below_the_body_that_follows() {
    let (sim, _) = sold("W1-A").await;
    plant(&sim, "OR11", "wrong-length");
    let (_, body, length) = parts(&raw(&sim, LIST).await);
    assert!(length.unwrap() < body.len());
    assert!(serde_json::from_slice::<Value>(&body).is_ok());
    assert_eq!(last_call(&sim), (Some(200), false, false));
}

#[tokio::test]
async fn a_write_is_done_only_where_the_word_says_after_the_commit() {
    for word in ["truncate", "wrong-length", "html", "empty", "null", "gzip"] {
        let (sim, _) = sold("W1-A").await;
        plant(&sim, "OR21", word);
        raw(&sim, ACCEPT).await;
        assert_eq!(state(&sim, "W1-A"), "WAITING_ACCEPTANCE", "{word}");
        assert_eq!(last_call(&sim), (Some(200), false, false), "{word}");

        plant(&sim, "OR21", &format!("{word}-after-commit"));
        let answer = raw(&sim, ACCEPT).await;
        assert_eq!(state(&sim, "W1-A"), "WAITING_DEBIT", "{word}");
        assert_eq!(last_call(&sim), (Some(204), true, false), "{word}");
        let whole = answer.starts_with(b"HTTP/1.1 204 ") && answer.ends_with(b"\r\n\r\n");
        assert!(!whole, "{word}");
    }
}

#[tokio::test]
async fn pages_nulls_and_nothing_come_with_status_200() {
    let (sim, seller) = sold("W1-A").await;
    for (word, kind, text) in [
        ("html", "text/html; charset=utf-8", "<!DOCTYPE html>"),
        ("empty", "application/json", ""),
        ("null", "application/json", "null"),
    ] {
        plant(&sim, "OR11", word);
        let answer = seller.http.get(format!("{}/api/orders", seller.base));
        let answer = answer.header("Authorization", sim.api_key()).send().await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 200, "{word}");
        assert_eq!(answer.headers()["content-type"], kind);
        let body = answer.text().await.unwrap();
        assert!(
            body.starts_with(text) && (body.is_empty() == text.is_empty()),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_gzip_bomb_says_that_it_is_gzip_and_is_small_on_the_wire() {
    let (sim, _) = sold("W1-A").await;
    plant(&sim, "OR11", "gzip");
    let (head, body, length) = parts(&raw(&sim, LIST).await);
    assert!(head.contains("content-encoding: gzip"), "{head}");
    assert!(body.starts_with(&[0x1f, 0x8b, 8]));
    assert_eq!(length, Some(body.len()));
    assert!(body.len() < 700_000);
}

#[tokio::test]
async fn a_huge_answer_is_the_real_one_behind_so_many_megabytes() {
    let (sim, _) = sold("W1-A").await;
    plant(&sim, "OR11", "huge:3");
    let (_, body, length) = parts(&raw(&sim, LIST).await);
    assert_eq!(length, Some(body.len()));
    assert!(body.len() > 3 * 1024 * 1024);
    let page: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(page["orders"][0]["order_id"], "W1-A");
}

#[tokio::test]
async fn a_dripped_answer_takes_its_time_and_arrives_whole() {
    let (sim, seller) = sold("W1-A").await;
    plant(&sim, "V01", "drip:4");
    let began = Instant::now();
    let whole = seller.get("/api/version").await;
    assert_eq!(whole.body["version"], "simulated");
    assert!(began.elapsed() >= Duration::from_millis(4 * 20));
    assert_eq!(last_call(&sim), (Some(200), false, true));

    plant(&sim, "OR21", "drip:1");
    assert_eq!(seller.accept("W1-A", 1).await.status, 503);
    assert_eq!(state(&sim, "W1-A"), "WAITING_ACCEPTANCE");
    plant(&sim, "OR21", "drip-after-commit:1");
    assert_eq!(seller.accept("W1-A", 1).await.status, 204);
    assert_eq!(last_call(&sim), (Some(204), true, true));
}

#[tokio::test]
async fn no_answer_comes_until_the_caller_gives_up() {
    let (sim, seller) = sold("W1-A").await;
    for (word, after) in [
        ("never", "WAITING_ACCEPTANCE"),
        ("never-after-commit", "WAITING_DEBIT"),
    ] {
        plant(&sim, "OR21", word);
        let before = sim.calls().len();
        let arrived = async {
            while sim.calls().len() == before || state(&sim, "W1-A") != after {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            answer = seller.accept("W1-A", 1) => panic!("{word} was answered: {answer:?}"),
            arrived = tokio::time::timeout(Duration::from_secs(10), arrived) => arrived.unwrap(),
        }
        assert_eq!(state(&sim, "W1-A"), after, "{word}");
        let (_, committed, answered) = last_call(&sim);
        assert_eq!((committed, answered), (word != "never", false), "{word}");
    }
    assert_eq!(seller.get("/api/version").await.status, 200);
}

#[tokio::test]
async fn words_fields_and_stamps_of_an_answer_change_as_asked() {
    let (sim, seller) = sold("W1-A").await;
    sim.create_order(OrderSpec::of("S-1", 1, "5").id("W2-A"))
        .unwrap();
    let plain = seller.get("/api/orders").await.body;

    let rule = FaultRule::once("OR11", "new-words").about("W2-A");
    sim.faults().inject(rule).unwrap();
    plant(&sim, "OR11", "new-fields");
    plant(&sim, "OR11", "missing-fields");
    let changed = seller.get("/api/orders").await.body;
    let orders = &changed["orders"];
    assert_eq!(orders[0]["order_state"], "WAITING_ACCEPTANCE");
    assert_eq!(orders[1]["order_state"], "SIMULATED_NEW_WORD");
    assert_eq!(
        orders[1]["order_lines"][0]["order_line_state"],
        "SIMULATED_NEW_WORD"
    );
    assert!(orders[0]["customer"]["simulated_new_field"].is_object());
    assert!(plain["orders"][0].get("quote_id").is_some() && orders[0].get("quote_id").is_none());

    plant(&sim, "OR11", "missing-fields:order_lines.price_unit");
    let lacking = seller.get("/api/orders").await.body;
    let line = &lacking["orders"][0]["order_lines"][0];
    assert!(line.get("price_unit").is_none() && line.get("price").is_some());
    assert_eq!(seller.get("/api/orders").await.body, plain);
}

#[tokio::test]
async fn the_list_of_faults_explains_every_word() {
    let (_sim, seller) = sold("W1-A").await;
    let listed = seller.get("/_sim/faults").await;
    assert_eq!(listed.body["actions"], ACTIONS);
}
