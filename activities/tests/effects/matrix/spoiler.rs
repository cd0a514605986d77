//! A wire between us and a simulator that spoils answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What becomes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoil {
    /// It never comes.
    Never,
    /// One byte now and then.
    Drip,
    /// The connection ends in the middle of the body.
    CutShort,
    /// The length that is told is half of what it is.
    WrongLength,
    /// Packed, though nobody asked for it.
    Gzip,
    /// A page for people.
    Html,
    /// `null`.
    Null,
    /// Nothing.
    Empty,
    /// Fields that nobody knows, in every object.
    NewFields,
    /// Every field that is `null` is left out.
    NoNulls,
    /// The page lost its rows, and still tells how many there are.
    NoRows,
    /// Every row twice, and the last ones first.
    Repeated,
    /// Orders were changed last in many years, by the stamp they carry; this is the `Date` of the answer.
    FromTheFuture(&'static str),
    /// This status with this body.
    Says(u16, &'static str),
    /// So many megabytes.
    Huge(usize),
}

#[derive(Default)]
struct State {
    next: Option<(String, Spoil, bool)>,
    /// Reads are answered as they were.
    frozen: bool,
    /// The last answer to each read.
    reads: BTreeMap<String, Vec<u8>>,
}

/// The wire to one simulator.
#[derive(Clone)]
pub struct Spoiler {
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Spoiler {
    /// Listens, and hands on to `target` what comes.
    pub async fn start(target: &str) -> Self {
        let target = target.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (target, state) = (target.clone(), shared.clone());
                // A caller that gave up is no fault of the wire.
                tokio::spawn(async move { carry(near, &target, &state).await.ok() });
            }
        });
        Self { url, state }
    }

    /// Spoils the next answer to this operation, whether or not it is carried out.
    pub fn spoil(&self, op: &str, how: Spoil, carried_out: bool) {
        self.state.lock().unwrap().next = Some((op.to_owned(), how, carried_out));
    }

    /// From now on, and until [`Spoiler::clear`], reads that were made show how it was then.
    pub fn freeze_reads(&self) {
        self.state.lock().unwrap().frozen = true;
    }

    pub fn thaw_reads(&self) {
        self.state.lock().unwrap().frozen = false;
    }

    /// Was it met?
    pub fn is_spent(&self) -> bool {
        self.state.lock().unwrap().next.is_none()
    }

    pub fn clear(&self) {
        *self.state.lock().unwrap() = State::default();
    }
}

async fn carry(mut near: TcpStream, target: &str, state: &Mutex<State>) -> std::io::Result<()> {
    let Some(request) = request(&mut near).await? else {
        return Ok(());
    };
    let line = request.lines().next().unwrap_or_default();
    let op = op(line);
    let read = line.starts_with("GET").then(|| line.to_owned());
    let (how, kept) = {
        let mut state = state.lock().unwrap();
        let due = state.next.as_ref().is_some_and(|(due, ..)| *due == op);
        let how = if due { state.next.take() } else { None };
        let kept = read.as_ref().filter(|_| state.frozen);
        (how, kept.and_then(|line| state.reads.get(line).cloned()))
    };
    if let Some(answer) = kept {
        return near.write_all(&answer).await;
    }
    let carried_out = how.as_ref().is_none_or(|(.., carried_out)| *carried_out);
    let answer = if carried_out {
        let mut far = TcpStream::connect(target).await?;
        far.write_all(&closing(&request)).await?;
        let mut answer = vec![];
        far.read_to_end(&mut answer).await?;
        answer
    } else {
        b"HTTP/1.1 200 OK\r\n\r\n".to_vec()
    };
    match how {
        None => {
            if let Some(line) = read {
                state.lock().unwrap().reads.insert(line, answer.clone());
            }
            near.write_all(&answer).await
        }
        Some((_, how, _)) => spoiled(&mut near, &answer, how).await,
    }
}

/// The request as it came; its bodies are JSON, so it is text.
async fn request(near: &mut TcpStream) -> std::io::Result<Option<String>> {
    let mut text = vec![];
    let mut piece = [0; 16 * 1024];
    loop {
        let got = near.read(&mut piece).await?;
        if got == 0 {
            return Ok(None);
        }
        text.extend_from_slice(&piece[..got]);
        let so_far = String::from_utf8_lossy(&text);
        let Some((head, body)) = so_far.split_once("\r\n\r\n") else {
            continue;
        };
        let head = head.to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|l| l.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |l| l.parse().unwrap()) {
            return Ok(Some(so_far.into_owned()));
        }
    }
}

fn closing(request: &str) -> Vec<u8> {
    request
        .replacen("\r\n", "\r\nconnection: close\r\n", 1)
        .into_bytes()
}

async fn spoiled(near: &mut TcpStream, answer: &[u8], how: Spoil) -> std::io::Result<()> {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let told = if body.is_empty() {
        r#"{"said":"something"}"#
    } else {
        body
    };
    let json = |length: usize, body: &str| {
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\
             content-length: {length}\r\n\r\n{body}"
        )
    };
    let answer = match how {
        Spoil::Never => {
            // Until the caller gives up.
            while near.read(&mut [0; 64]).await? > 0 {}
            return Ok(());
        }
        Spoil::Drip => {
            near.write_all(json(told.len(), "").as_bytes()).await?;
            for byte in told.bytes() {
                near.write_all(&[byte]).await?;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            return Ok(());
        }
        Spoil::CutShort => json(told.len(), &told[..told.len() / 2]),
        Spoil::WrongLength => json(told.len() / 2, told),
        Spoil::Html => json(27, "<html>Ann Lee, back at noon"),
        Spoil::Says(status, body) => {
            json(body.len(), body).replacen("200 OK", &format!("{status} Said"), 1)
        }
        Spoil::Null => json(4, "null"),
        Spoil::Empty => json(0, ""),
        Spoil::Gzip => {
            let packed = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0xae, 5, 0];
            let head = json(packed.len(), "").replacen(
                "content-type",
                "content-encoding: gzip\r\ncontent-type",
                1,
            );
            near.write_all(head.as_bytes()).await?;
            return near.write_all(&packed).await;
        }
        Spoil::NewFields
        | Spoil::NoNulls
        | Spoil::NoRows
        | Spoil::Repeated
        | Spoil::FromTheFuture(_) => match serde_json::from_str::<Value>(body) {
            Ok(mut value) => {
                mutate(&mut value, how);
                let body = value.to_string();
                let status = head.lines().next().unwrap_or_default();
                let status = match how {
                    Spoil::FromTheFuture(date) => format!("{status}\r\ndate: {date}"),
                    _ => status.to_owned(),
                };
                json(body.len(), &body).replacen("HTTP/1.1 200 OK", &status, 1)
            }
            Err(_) => text.into_owned(),
        },
        Spoil::Huge(megabytes) => {
            let bytes = megabytes * 1024 * 1024;
            near.write_all(json(bytes, "").as_bytes()).await?;
            let piece = vec![b' '; 1024 * 1024];
            for _ in 0..megabytes {
                near.write_all(&piece).await?;
            }
            return Ok(());
        }
    };
    near.write_all(answer.as_bytes()).await
}

/// Answers of a later version of the other side, and pages that moved while they were read.
fn mutate(value: &mut Value, how: Spoil) {
    match value {
        Value::Object(fields) => {
            for rows in ["orders", "items", "data"] {
                let Some(Value::Array(rows)) = fields.get_mut(rows) else {
                    continue;
                };
                match how {
                    Spoil::NoRows => rows.clear(),
                    Spoil::FromTheFuture(_) => {
                        for row in rows {
                            row["last_updated_date"] = json!("2099-01-01T00:00:00Z");
                        }
                    }
                    Spoil::Repeated => {
                        rows.extend(rows.clone());
                        rows.reverse();
                        let count = json!(rows.len());
                        for counted in ["total_count", "count"] {
                            fields.entry(counted).and_modify(|c| *c = count.clone());
                        }
                    }
                    _ => {}
                }
            }
            if how == Spoil::NoNulls {
                fields.retain(|_, field| !field.is_null());
            }
            fields.values_mut().for_each(|field| mutate(field, how));
            if how == Spoil::NewFields {
                fields.insert("brand_new".into(), json!({"of": ["a later version", 7]}));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mutate(item, how)),
        _ => {}
    }
}

/// The operation of a request line, as the simulators name it.
fn op(line: &str) -> &'static str {
    let mut words = line.split(' ');
    let method = words.next().unwrap_or_default();
    let path = words.next().unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match (method, parts.as_slice()) {
        ("GET", ["api", "orders"]) => "OR11",
        ("PUT", ["api", "orders"]) => "OR04",
        ("PUT", ["api", "orders", _, "accept"]) => "OR21",
        ("PUT", ["api", "orders", _, "tracking"]) => "OR23",
        ("PUT", ["api", "orders", _, "ship"]) => "OR24",
        ("PUT", ["api", "orders", _, "cancel"]) => "OR29",
        ("POST", ["api", "shipments"]) => "ST01",
        ("GET", ["api", "shipments"]) => "ST11",
        ("GET", ["api", "returns"]) => "RT11",
        ("PUT", ["api", "orders", "refund"]) => "OR28",
        ("PUT", ["api", "orders", "cancel"]) => "OR30",
        ("PUT", ["api", "returns", "receive"]) => "RT25",
        ("GET", ["api", "reasons"]) => "RE01",
        ("GET", ["api", "shipping", "carriers"]) => "SH21",
        ("GET", ["api", "shipping", "types"]) => "SH12",
        ("GET", ["api", "platform", "configuration"]) => "PC01",
        ("GET", ["v1", "customers"]) => "find_customer",
        (_, ["v1", "customers", "by-handle", _]) => "put_customer",
        ("POST", ["v1", "sales-orders"]) => "create_sales_order",
        ("GET", ["v1", "sales-orders"]) => "find_sales_orders",
        ("GET", ["v1", "sales-orders", _]) => "get_sales_order",
        (_, ["v1", "sales-orders", _, "ship-to"]) => "set_ship_to",
        (_, ["v1", "sales-orders", _, "release"]) => "release_sales_order",
        (_, ["v1", "sales-orders", _, "cancel-lines"]) => "cancel_lines",
        ("GET", ["v1", "fulfilments"]) => "list_fulfilments",
        ("POST", ["v1", "return-authorizations"]) => "announce_return",
        ("GET", ["v1", "returns"]) => "list_returns",
        ("GET", ["v1", "credit-memos"]) => "list_credit_memos",
        _ => "other",
    }
}
