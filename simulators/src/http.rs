//! The server both simulators run on: logs each call, applies faults, breaks connections for real.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::calls::CallLog;
use crate::clock::SimClock;
use crate::fault::{Action, FaultRule, Faults};

/// Largest request body read, in bytes.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Clock, log and faults of one simulator. Copies share them.
#[derive(Clone, Debug)]
pub struct Controls {
    /// Simulated time.
    pub clock: SimClock,
    /// What was called.
    pub calls: CallLog,
    /// What goes wrong.
    pub faults: Faults,
}

impl Controls {
    /// No calls, no faults, times from `clock`.
    pub fn new(clock: SimClock) -> Self {
        let calls = CallLog::new(clock.clone());
        Self {
            clock,
            calls,
            faults: Faults::default(),
        }
    }
}

/// A request, as far as its operation and key are told from it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// HTTP method.
    pub method: &'a Method,
    /// Path without the query.
    pub path: &'a str,
    /// Query without the question mark; empty when there is none.
    pub query: &'a str,
    /// Whole body, unread.
    pub body: &'a [u8],
}

/// Name of an operation, and what the call is about.
pub type Named = (&'static str, Option<String>);

/// What a simulated system says about itself to the server.
#[derive(Clone, Copy, Debug)]
pub struct System {
    /// Names the operation and what it is about; `None` is logged as `unknown`.
    pub classify: fn(&Asked<'_>) -> Option<Named>,
    /// The system's own error body for a status, used by faults.
    pub error: fn(StatusCode) -> Response,
}

/// Marks an answer whose call changed something: put it into the response's extensions.
#[derive(Clone, Copy, Debug)]
pub struct Committed;

/// Marks an answer that must never be written.
#[derive(Clone, Copy, Debug)]
struct Broken;

/// A running server; dropping it closes the port and every connection.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Serves `routes` with the common control routes; without an address, on a free local port.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn start(
        listen: Option<SocketAddr>,
        routes: Router,
        system: System,
        controls: Controls,
    ) -> io::Result<Self> {
        let listen = listen.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 0).into());
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let gate = Gate {
            system,
            controls: controls.clone(),
        };
        let routes = routes
            .layer(from_fn_with_state(gate, pass))
            .merge(control_routes(controls));
        Ok(Self {
            address,
            accepting: tokio::spawn(accept(listener, routes)),
        })
    }

    /// Base address without a slash at the end, such as `http://127.0.0.1:40001`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Address listened on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, routes: Router) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve(stream, routes.clone()));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Serves one connection; one answer marked broken ends it with a TCP reset and no byte written.
async fn serve(stream: TcpStream, routes: Router) {
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(routes);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let answer = hyper::service::Service::call(&service, request);
        Box::pin(async move {
            match answer.await {
                Ok(response) if response.extensions().get::<Broken>().is_some() => {
                    Err(io::Error::from(io::ErrorKind::ConnectionReset))
                }
                Ok(response) => Ok(response),
                Err(never) => match never {},
            }
        })
    });
    let mut connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let ended = std::future::poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    let stream = connection.into_parts().io.into_inner();
    if ended.is_err() {
        let _ = stream.set_zero_linger();
    }
}

#[derive(Clone)]
struct Gate {
    system: System,
    controls: Controls,
}

/// Logs the call, lets faults strike, and hands it on.
///
/// The work runs in a task of its own: a caller that gives up does not undo what it asked for.
async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    if request.uri().path().starts_with("/_sim/") {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_BYTES_MAX).await else {
        return (gate.system.error)(StatusCode::BAD_REQUEST);
    };
    let asked = Asked {
        method: &head.method,
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        body: &body,
    };
    let (op, key) = (gate.system.classify)(&asked).unwrap_or(("unknown", None));
    let path = head
        .uri
        .path_and_query()
        .map_or("/", |path| path.as_str())
        .to_owned();
    let calls = gate.controls.calls.clone();
    let seq = calls.arrived(op, head.method.as_str(), &path, key.clone());
    let strikes = gate.controls.faults.strike(op, key.as_deref(), &path);

    let request = Request::from_parts(head, Body::from(body));
    let error = gate.system.error;
    let work = tokio::spawn(async move { struck(gate, seq, strikes, request, next).await });
    let response = work
        .await
        .unwrap_or_else(|_panic| (error)(StatusCode::INTERNAL_SERVER_ERROR));
    if response.extensions().get::<Broken>().is_none() {
        calls.answered(seq);
    }
    response
}

async fn struck(
    gate: Gate,
    seq: u64,
    strikes: Option<Action>,
    request: Request,
    next: Next,
) -> Response {
    let calls = &gate.controls.calls;
    match strikes {
        Some(Action::Status {
            status,
            retry_after_s,
        }) => {
            calls.handled(seq, Some(status), false);
            return refusal(gate.system, status, retry_after_s);
        }
        Some(Action::Reset) => {
            calls.handled(seq, None, false);
            return broken();
        }
        Some(Action::Delay(wait)) => tokio::time::sleep(wait).await,
        _ => {}
    }
    let response = next.run(request).await;
    let committed = response.extensions().get::<Committed>().is_some();
    calls.handled(seq, Some(response.status().as_u16()), committed);
    match strikes {
        Some(Action::ResetAfterCommit) => broken(),
        Some(Action::StatusAfterCommit(status)) => {
            calls.handled(seq, Some(status), committed);
            refusal(gate.system, status, None)
        }
        Some(Action::DelayAfterCommit(wait)) => {
            tokio::time::sleep(wait).await;
            response
        }
        _ => response,
    }
}

fn refusal(system: System, status: u16, retry_after_s: Option<u64>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (system.error)(status);
    if let Some(wait_s) = retry_after_s {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(wait_s));
    }
    response
}

fn broken() -> Response {
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(Broken);
    response
}

fn control_routes(controls: Controls) -> Router {
    let faults = post(inject).delete(clear_faults).get(list_faults);
    Router::new()
        .route("/_sim/clock", get(show_clock).post(set_clock))
        .route("/_sim/faults", faults)
        .with_state(controls)
}

async fn show_clock(State(controls): State<Controls>) -> Json<Value> {
    Json(json!({ "now": controls.clock.now() }))
}

async fn set_clock(State(controls): State<Controls>, body: Bytes) -> Response {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Change {
        advance_s: Option<f64>,
        speed: Option<f64>,
    }
    let change: Change = match serde_json::from_slice(&body) {
        Ok(change) => change,
        Err(error) => return sentence(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    if let Some(speed) = change.speed {
        controls.clock.set_speed(speed);
    }
    if let Some(advance_s) = change.advance_s {
        match Duration::try_from_secs_f64(advance_s) {
            Ok(by) => controls.clock.advance(by),
            Err(_) => {
                return sentence(
                    StatusCode::BAD_REQUEST,
                    "advance_s must be 0 or more seconds",
                );
            }
        }
    }
    show_clock(State(controls)).await.into_response()
}

async fn inject(State(controls): State<Controls>, body: Bytes) -> Response {
    let rule: FaultRule = match serde_json::from_slice(&body) {
        Ok(rule) => rule,
        Err(error) => return sentence(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    match controls.faults.inject(rule) {
        Ok(id) => (StatusCode::CREATED, Json(json!({ "id": id }))).into_response(),
        Err(error) => sentence(StatusCode::BAD_REQUEST, &error),
    }
}

async fn clear_faults(State(controls): State<Controls>) -> StatusCode {
    controls.faults.clear();
    StatusCode::NO_CONTENT
}

async fn list_faults(State(controls): State<Controls>) -> Response {
    Json(json!({ "faults": controls.faults.list() })).into_response()
}

/// An answer of a control route that says in a sentence what is wrong.
pub fn sentence(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "message": message }))).into_response()
}
