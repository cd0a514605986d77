//! A hundred thousand items, a tenth of them packs: how long and how much.
//!
//! Both systems answer from files that were written before, so that what is measured is ours.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use activities::{Clock, Connections, Limits, StockSettings, Stocks};
use bluecherry::Rest;
use domain::mapping::{Mappings, SkuRow, Valid};
use domain::stock::settings::{ShopStock, SiteStock};
use ledger::{Ledger, MasterKey};
use secrecy::SecretString;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use workflows::stock::{PublishInput, Word};

use super::desk::{Told, plan};
use crate::plan::{home, shop, site};

/// Rows on a page of the site.
const PAGE: usize = 1_000;

fn sku(n: usize) -> String {
    format!("{n:07}-BLK-M")
}

fn is_pack(n: usize) -> bool {
    n % 10 == 9
}

/// Answers of both systems, in files.
fn write_answers(folder: &Path, items: usize, base: &str) {
    let head = r#""as_of":"2026-03-02T09:00:00Z","batch_id":"B1","generated_at":"2026-03-02T09:00:00Z","complete":true"#;
    for (name, row) in [
        ("positions", position as fn(usize) -> String),
        ("items", item),
    ] {
        for page in 0..items.div_ceil(PAGE) {
            let numbers = page * PAGE..items.min((page + 1) * PAGE);
            let count = numbers.len();
            let rows: Vec<String> = numbers.map(row).collect();
            let next = match (page + 1) * PAGE < items {
                true => format!("\"{}\"", page + 1),
                false => "null".to_owned(),
            };
            let rows = rows.join(",");
            let text =
                format!("{{\"items\":[{rows}],\"next_cursor\":{next},\"count\":{count},{head}}}");
            fs::write(folder.join(format!("{name}-{page}")), text).unwrap();
        }
    }
    let mut files = vec![];
    for (n, from) in (0..items).step_by(100_000).enumerate() {
        let mut text = "offer-id;shop-sku;active;deleted;quantity\n".to_owned();
        for number in from..items.min(from + 100_000) {
            let _ = writeln!(text, "{number};\"NW-{}\";false;false;0", sku(number));
        }
        fs::write(folder.join(format!("offers-{n}")), text).unwrap();
        files.push(format!("\"{base}/api/offers-{n}\""));
    }
    let done = format!(
        "{{\"status\":\"COMPLETED\",\"urls\":[{}]}}",
        files.join(",")
    );
    fs::write(folder.join("export"), done).unwrap();
}

fn position(n: usize) -> String {
    format!(
        r#"{{"division":"01","style":"{n:07}","color":"BLK","size_bucket":3,"size_name":"M","upc":"085000000001","sku":"{}","warehouse":"NJ1","lot":"A","pool":"MAIN","on_hand":{},"open":1,"picked":0,"reserved":2,"demand":0,"linked_received":0,"linked_invoiced":0,"consumed":0,"irregular":0,"wip":0,"wip_ship_to":0,"erp_available":7,"sellable":true,"as_of":"2026-03-02T09:00:00Z","orders_seen_through":"500001"}}"#,
        sku(n),
        10 + n % 90
    )
}

fn item(n: usize) -> String {
    let pack = match is_pack(n) {
        false => r#"{"kind":"none","components":[],"stocked_as_pack":false}"#.to_owned(),
        true => format!(
            r#"{{"kind":"bundle","components":[{{"sku":"{}","qty":2}},{{"sku":"{}","qty":1}}],"stocked_as_pack":false}}"#,
            sku(n - 1),
            sku(n - 2)
        ),
    };
    format!(
        r#"{{"division":"01","style":"{n:07}","color":"BLK","size_bucket":3,"upc":"085000000001","sku":"{}","status":"active","active":true,"line_type":"APPAREL","sample":false,"product_groups":["TOPS"],"prices":[{{"level":"RETAIL","currency":"USD","amount":"19.95"}}],"pack":{pack},"version":1,"changed_at":"2026-03-02T09:00:00Z"}}"#,
        sku(n)
    )
}

/// Serves the files.
async fn serve(listener: TcpListener, folder: PathBuf) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream, folder.clone()));
    }
}

async fn answer(stream: TcpStream, folder: PathBuf) -> std::io::Result<()> {
    let (near, mut far) = stream.into_split();
    let mut near = BufReader::new(near);
    loop {
        let (mut first, mut length) = (String::new(), 0);
        if near.read_line(&mut first).await? == 0 {
            return Ok(());
        }
        loop {
            let mut line = String::new();
            near.read_line(&mut line).await?;
            if line.trim().is_empty() {
                break;
            }
            let lower = line.to_lowercase();
            if let Some(told) = lower.strip_prefix("content-length:") {
                length = told.trim().parse().unwrap_or(0);
            }
        }
        let mut taken = (&mut near).take(length);
        tokio::io::copy(&mut taken, &mut tokio::io::sink()).await?;
        let body = body_of(&folder, first.split(' ').nth(1).unwrap_or_default());
        let kind = if body.starts_with(b"{") {
            "application/json"
        } else {
            "text/csv"
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        far.write_all(head.as_bytes()).await?;
        far.write_all(&body).await?;
    }
}

fn body_of(folder: &Path, path: &str) -> Vec<u8> {
    let cursor = path
        .split(['?', '&'])
        .find_map(|part| part.strip_prefix("cursor="));
    let page = cursor.unwrap_or("0");
    let file = |name: &str| fs::read(folder.join(name)).unwrap_or_default();
    let text = |text: &str| text.as_bytes().to_vec();
    if path.contains("/inventory/positions") {
        return file(&format!("positions-{page}"));
    }
    if path.contains("/items") {
        return file(&format!("items-{page}"));
    }
    if path.contains("/batches") {
        return text(
            r#"{"items":[],"next_cursor":null,"as_of":"2026-03-02T09:00:00Z","batch_id":null,"generated_at":"2026-03-02T09:00:00Z","complete":true,"count":0}"#,
        );
    }
    if path.contains("/export/async/status") {
        return file("export");
    }
    if path.contains("/export/async") {
        return text(r#"{"tracking_id":"offer-export-1"}"#);
    }
    if let Some(name) = path.split('/').find(|part| part.starts_with("offers-")) {
        return file(name);
    }
    if path.contains("/status") {
        return text(
            r#"{"import_id":"stock-import-1","status":"COMPLETE","has_error_report":false,"lines_in_error":0}"#,
        );
    }
    text(r#"{"import_id":"stock-import-1"}"#)
}

fn cpu() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.split_whitespace().collect();
    let ticks = |n: usize| {
        fields
            .get(n)
            .and_then(|t| t.parse::<u64>().ok())
            .unwrap_or(0)
    };
    Duration::from_millis((ticks(13) + ticks(14)) * 10)
}

fn peak_mb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|kb| kb.trim().trim_end_matches(" kB").parse::<u64>().ok());
    peak.unwrap_or_default() / 1_024
}

#[tokio::test]
#[ignore = "takes long where nothing is optimized; run it alone and with --release"]
async fn a_hundred_thousand_items_are_read_computed_and_sent_within_a_minute() {
    let items: usize = std::env::var("ITEMS").map_or(100_000, |n| n.parse().unwrap());
    let folder = home();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    write_answers(folder.path(), items, &base);
    tokio::spawn(serve(listener, folder.path().to_owned()));
    let now: jiff::Timestamp = "2026-03-02T09:00:30Z".parse().unwrap();
    let url = format!("sqlite://{}/ledger.db", folder.path().display());
    let ledger = Ledger::open(&url, MasterKey::generate(), now)
        .await
        .unwrap();
    let mut plan = plan();
    plan.customer = Some(domain::marketplace::CustomerModel::Consumer);
    let row = |n| SkuRow {
        marketplace: "nordwind".into(),
        offer_sku: format!("NW-{}", sku(n)),
        division: "01".into(),
        style: format!("{n:07}"),
        color: "BLK".into(),
        label: None,
        dimension: None,
        size_bucket: 3,
        sku: sku(n),
        valid: Valid::default(),
    };
    let tables = Mappings {
        skus: (0..items).map(row).collect(),
        ..Mappings::default()
    };
    ledger.publish_mappings(&tables, now).await.unwrap();
    drop(tables);
    let key = SecretString::from("key");
    let rest = Rest::new(bluecherry::Config::new(base.clone(), key.clone())).unwrap();
    let client = mirakl::Client::new(mirakl::Config::new(base, key)).unwrap();
    let mut stock_site = SiteStock::default();
    stock_site
        .pools
        .pools
        .insert(domain::ats::Code::new("MAIN"));
    let shop = shop(&plan, client);
    let of = shop.code.clone();
    let settings = StockSettings {
        site: stock_site,
        shops: [(of.clone(), ShopStock::default())].into(),
    };
    let start = Instant::now();
    let clock = Clock::following(move || {
        now + jiff::SignedDuration::try_from(start.elapsed()).unwrap_or_default()
    });
    let connections = Connections::new(ledger.clone(), vec![shop], site(rest), clock)
        .with_limits(Limits::default())
        .with_stock(settings);
    let stocks = Stocks::new(Arc::new(connections));
    let input = PublishInput {
        of: of.clone(),
        ledger_id: ledger.id().to_owned(),
    };

    for run in ["first", "second"] {
        let (wall, used) = (Instant::now(), cpu());
        let step = |what: &str, from: Instant| {
            eprintln!(
                "{run} {what}: {:?}, cpu {:?}, peak {} MB",
                from.elapsed(),
                cpu() - used,
                peak_mb()
            );
        };
        let at = Instant::now();
        let read = stocks.read_snapshot(&input, run).await.unwrap();
        step("read", at);
        let mut ticket = read.ticket.unwrap();
        if read.offers_due {
            let at = Instant::now();
            stocks.read_offers(&ticket, run).await.unwrap();
            step("offers", at);
        }
        let at = Instant::now();
        let made = stocks
            .compute_stock(&ticket, run, &Told::default())
            .await
            .unwrap();
        step("compute", at);
        assert_eq!(
            (made.offers, made.unknown, made.unmapped),
            (items as u64, 0, 0)
        );
        ticket.snapshot_no = made.snapshot_no;
        let at = Instant::now();
        let sent = stocks.send_stock(&ticket, run).await.unwrap();
        step("send", at);
        if sent.word == Word::Go {
            let at = Instant::now();
            let end = stocks.await_stock_import(&ticket, run).await.unwrap();
            step("confirm", at);
            assert_eq!(end.word, Word::Done);
        }
        eprintln!(
            "{run}: wall {:?}, cpu {:?}, peak {} MB",
            wall.elapsed(),
            cpu() - used,
            peak_mb()
        );
        assert!(wall.elapsed() < Duration::from_secs(60));
    }
}
