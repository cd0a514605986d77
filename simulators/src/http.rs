//! The server both simulators run on: logs each call, applies faults, breaks connections for real.

mod connection;
mod control;
mod gzip;
mod reshape;
mod spoil;

use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Json, Response};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use control::{FeedKey, LedgerQuery, NewKey};
pub use reshape::{Vocabulary, before_us};

use crate::calls::{Arrival, CallLog, Handled};
use crate::clock::SimClock;
use crate::fault::{Action, Faults, Spoil, Strikes};
use connection::{Cut, accept};
use reshape::{About, reshape};
use spoil::{Silent, Unusable, broken, made_up, spoil};

/// Largest request body read, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

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
    /// What faults may change in its answers.
    pub vocabulary: Vocabulary,
}

/// Marks an answer whose call changed something: put it into the response's extensions.
#[derive(Clone, Copy, Debug)]
pub struct Committed;

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
            .merge(control::control_routes(controls));
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
    let sent_key = head.headers.get("idempotency-key");
    let seq = calls.arrived(Arrival {
        op,
        method: head.method.as_str(),
        path: &path,
        key: key.clone(),
        body: &body,
        idempotency_key: sent_key.and_then(|sent| sent.to_str().ok()),
    });
    let strikes = gate.controls.faults.strike(op, key.as_deref(), &path);

    let error = gate.system.error;
    let mut request = Request::from_parts(head, Body::from(body));
    request.extensions_mut().insert(strikes.asks.clone());
    let call = Struck {
        gate,
        seq,
        op,
        key,
        path,
        strikes,
    };
    let work = tokio::spawn(call.run(request, next));
    let response = work
        .await
        .unwrap_or_else(|_panic| (error)(StatusCode::INTERNAL_SERVER_ERROR));
    let marks = response.extensions();
    if marks.get::<Silent>().is_some() {
        // Ends when the caller goes away, and this task with it.
        return pending().await;
    }
    if marks.get::<Cut>().is_none() && marks.get::<Unusable>().is_none() {
        calls.answered(seq);
    }
    response
}

/// A call with what strikes it.
struct Struck {
    gate: Gate,
    seq: u64,
    op: &'static str,
    key: Option<String>,
    path: String,
    strikes: Strikes,
}

impl Struck {
    async fn run(self, request: Request, next: Next) -> Response {
        let calls = self.gate.controls.calls.clone();
        let system = self.gate.system;
        let log = (calls.clone(), self.seq);
        let undone = |status: Option<u16>| Handled {
            status,
            ..Handled::default()
        };
        match self.strikes.action {
            Some(Action::Status {
                status,
                retry_after_s,
            }) => {
                let retry_after_s = retry_after_s.filter(|_| status == 429 || status == 503);
                calls.handled(
                    self.seq,
                    Handled {
                        retry_after_s,
                        ..undone(Some(status))
                    },
                );
                return refusal(system, status, retry_after_s);
            }
            Some(Action::Reset) => {
                calls.handled(self.seq, undone(None));
                return broken();
            }
            Some(Action::Spoil {
                how,
                after_commit: false,
            }) if request.method() != Method::GET => {
                // A drip arrives whole in the end, so it must not say that the work was done.
                let before = match how {
                    Spoil::Drip(_) => (system.error)(StatusCode::SERVICE_UNAVAILABLE),
                    _ => made_up(),
                };
                let told = Some(before.status().as_u16()).filter(|_| how != Spoil::Never);
                calls.handled(self.seq, undone(told));
                return spoil(how, before, log).await;
            }
            Some(Action::Delay(wait)) => tokio::time::sleep(wait).await,
            _ => {}
        }
        let response = next.run(request).await;
        let handled = Handled {
            status: Some(response.status().as_u16()),
            committed: response.extensions().get::<Committed>().is_some(),
            retry_after_s: told_wait(&response),
        };
        calls.handled(self.seq, handled);
        let about = About {
            op: self.op,
            key: self.key.as_deref(),
            path: &self.path,
            skew_s: self.strikes.asks.skew_s,
        };
        let faults = &self.gate.controls.faults;
        let response = reshape(faults, system.vocabulary, about, response).await;
        match self.strikes.action {
            Some(Action::ResetAfterCommit) => broken(),
            Some(Action::StatusAfterCommit(status)) => {
                let status_told = Handled {
                    status: Some(status),
                    ..handled
                };
                calls.handled(self.seq, status_told);
                refusal(system, status, None)
            }
            Some(Action::DelayAfterCommit(wait)) => {
                tokio::time::sleep(wait).await;
                response
            }
            Some(Action::Spoil { how, .. }) => spoil(how, response, log).await,
            _ => response,
        }
    }
}

/// The wait that an answer tells its caller, in seconds.
fn told_wait(response: &Response) -> Option<u64> {
    let told = response.headers().get(header::RETRY_AFTER)?;
    told.to_str().ok()?.parse().ok()
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

/// An answer of a control route that says in a sentence what is wrong.
pub fn sentence(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "message": message }))).into_response()
}
