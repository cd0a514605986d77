//! `/healthz` and `/metrics`, on a port of their own. No IDs stand in labels.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use activities::Connections;
use anyhow::Context;
use axum::extract;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;

/// What the worker knows of itself.
#[derive(Clone, Default)]
pub struct State(Arc<Flags>);

#[derive(Default)]
struct Flags {
    polling: AtomicBool,
    mappings_refused: AtomicBool,
}

impl State {
    /// Does the worker poll Temporal?
    pub fn set_polling(&self, polling: bool) {
        self.0.polling.store(polling, Ordering::Relaxed);
    }

    /// Were the mapping tables on disk refused?
    pub fn set_mappings_refused(&self, refused: bool) {
        self.0.mappings_refused.store(refused, Ordering::Relaxed);
    }
}

#[derive(Clone)]
struct Shared {
    connections: Arc<Connections>,
    state: State,
}

/// Binds the port and answers with the server, to be spawned.
///
/// # Errors
/// A port that is taken.
pub async fn listen(
    address: SocketAddr,
    connections: Arc<Connections>,
    state: State,
) -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("http.listen {address}: is another worker running here?"))?;
    let router = Router::new()
        .route("/healthz", get(healthz))
        .route("/metrics", get(metrics))
        .with_state(Shared { connections, state });
    Ok(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!("health and metrics: {error}");
        }
    })
}

/// Asks the worker that listens at an address whether it is well, and what it says.
///
/// # Errors
/// Nobody answers there within five seconds.
pub async fn ask(address: SocketAddr) -> anyhow::Result<(bool, String)> {
    // Another part of the program may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut address = address;
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(std::time::Duration::from_secs(5))
        .build()?;
    let answer = client
        .get(format!("http://{address}/healthz"))
        .send()
        .await
        .with_context(|| format!("no worker answers at {address}"))?;
    let well = answer.status().is_success();
    Ok((well, answer.text().await?))
}

/// 200 while this worker polls and its ledger answers; 503 else. Freshness of feeds is told, since
/// another worker may be the one that pulls.
async fn healthz(extract::State(shared): extract::State<Shared>) -> impl IntoResponse {
    let polling = shared.state.0.polling.load(Ordering::Relaxed);
    let refused = shared.state.0.mappings_refused.load(Ordering::Relaxed);
    let feeds = shared.connections.ledger.feeds().await;
    let now = shared.connections.clock.now();
    let well = polling && feeds.is_ok();
    let feeds: Vec<_> = feeds
        .iter()
        .flatten()
        .map(|feed| {
            let age = feed.last_success.map(|at| now.duration_since(at).as_secs());
            json!({ "feed": feed.name, "age_s": age, "failures": feed.failures, "paused": feed.paused })
        })
        .collect();
    let body = json!({
        "status": if well { "ok" } else { "unwell" },
        "polling": polling,
        "ledger": shared.connections.ledger.id(),
        "mappings": if refused { "refused; the last good ones are in force" } else { "in force" },
        "feeds": feeds,
    });
    let status = if well {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(body))
}

async fn metrics(extract::State(shared): extract::State<Shared>) -> impl IntoResponse {
    match text(&shared).await {
        Ok(text) => {
            let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
            (StatusCode::OK, kind, text).into_response()
        }
        Err(error) => {
            tracing::warn!("metrics: {error}");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// A feed's name as a label; what the format quotes is quoted.
fn label(feed: &str) -> String {
    let feed = feed.replace('\\', "\\\\").replace('"', "\\\"");
    format!("{{feed=\"{feed}\"}}")
}

/// The figures in the Prometheus text format; labels come from closed lists.
async fn text(shared: &Shared) -> Result<String, ledger::Error> {
    let ledger = &shared.connections.ledger;
    let (counts, feeds) = (ledger.counts().await?, ledger.feeds().await?);
    let now = shared.connections.clock.now();
    let (due, missed) = (ledger.due_counts(now).await?, ledger.missed_orders().await?);
    let mut out = String::new();
    let mut figure = |name: &str, help: &str, rows: &[(String, f64)]| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in rows {
            let _ = writeln!(out, "{name}{labels} {value}");
        }
    };
    let rows: Vec<_> = counts
        .by_stage
        .iter()
        .map(|(stage, n)| (format!("{{stage=\"{stage}\"}}"), *n as f64))
        .collect();
    figure("bcm_orders", "Orders by stage.", &rows);
    let rows: Vec<_> = counts
        .exceptions
        .iter()
        .map(|(kind, owner, n)| (format!("{{kind=\"{kind}\",owner=\"{owner}\"}}"), *n as f64))
        .collect();
    figure("bcm_exceptions_open", "Open exceptions.", &rows);
    let whole = |n: u64| [(String::new(), n as f64)];
    figure(
        "bcm_accepted_elsewhere",
        "Orders accepted by others than us.",
        &whole(counts.accepted_elsewhere),
    );
    figure(
        "bcm_intents_open",
        "Writes whose outcome is not noted yet.",
        &whole(counts.open_intents),
    );
    figure(
        "bcm_unreadable",
        "Messages kept raw.",
        &whole(counts.unreadable),
    );
    let rows: Vec<_> = due
        .iter()
        .map(|(level, n)| (format!("{{level=\"{level}\"}}"), *n as f64))
        .collect();
    figure(
        "bcm_orders_due",
        "Orders with a deadline, by the part of its window that is gone.",
        &rows,
    );
    // A shop without any is told as zero, so that a first miss is seen as a rise.
    let rows: Vec<_> = shared
        .connections
        .shops
        .keys()
        .map(|code| {
            let n = missed.iter().find(|(of, _)| of == code);
            let n = n.map_or(0, |(_, n)| *n);
            (format!("{{marketplace=\"{code}\"}}"), n as f64)
        })
        .collect();
    figure(
        "bcm_missed_orders_total",
        "Orders that a sweep found and no pull had brought.",
        &rows,
    );
    let rows: Vec<_> = feeds
        .iter()
        .filter_map(|feed| {
            let age = now.duration_since(feed.last_success?).as_secs_f64();
            Some((label(&feed.name), age))
        })
        .collect();
    figure(
        "bcm_feed_age_seconds",
        "Since the feed's last success.",
        &rows,
    );
    let rows: Vec<_> = feeds
        .iter()
        .map(|feed| (label(&feed.name), f64::from(feed.owed)))
        .collect();
    figure("bcm_feed_owed", "Orders whose run owes a look.", &rows);
    let gates = ledger.gates().await?;
    let closed = |endpoint: &domain::gate::Endpoint| {
        let name = endpoint.to_string();
        let closed = gates
            .iter()
            .any(|g| g.endpoint == name && g.reason.is_some());
        (
            format!("{{endpoint=\"{name}\"}}"),
            f64::from(u8::from(closed)),
        )
    };
    let rows: Vec<_> = shared.connections.endpoints().iter().map(closed).collect();
    figure(
        "bcm_gate_closed",
        "1 while nobody calls the endpoint.",
        &rows,
    );
    let calls = ledger.closed_calls().await?;
    let label = |call: &ledger::ClosedCall| {
        let (endpoint, name, reason) = (&call.endpoint, &call.call, call.reason.as_str());
        format!("{{endpoint=\"{endpoint}\",call=\"{name}\",reason=\"{reason}\"}}")
    };
    let rows: Vec<_> = calls
        .iter()
        .map(|call| (label(call), f64::from(u8::from(call.until > now))))
        .collect();
    figure("bcm_call_closed", "1 while this call has to wait.", &rows);
    let rows: Vec<_> = calls
        .iter()
        .map(|call| (label(call), call.total as f64))
        .collect();
    figure(
        "bcm_call_refusals",
        "Times this call was told to wait, ever.",
        &rows,
    );
    let (mut since, mut held) = (vec![], vec![]);
    for code in shared.connections.stock.shops.keys() {
        let labels = format!("{{marketplace=\"{code}\"}}");
        let last = ledger.last_publication(code, false).await?;
        if let Some(ended) = last.and_then(|last| last.ended_at) {
            since.push((labels.clone(), now.duration_since(ended).as_secs_f64()));
        }
        let waits = ledger.open_stock_review(code).await?.is_some();
        held.push((labels, f64::from(u8::from(waits))));
    }
    figure(
        "bcm_stock_age_seconds",
        "Since Mirakl last took this marketplace's stock, or there was nothing to send.",
        &since,
    );
    figure(
        "bcm_stock_held",
        "1 while held stock of this marketplace waits for a person.",
        &held,
    );
    Ok(out)
}
