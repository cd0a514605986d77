//! Systems that nobody calls, and calls that wait: part of `bcm status` and `bcm feeds`.

use domain::gate::Reason;
use jiff::Timestamp;
use ledger::Ledger;
use serde::Serialize;

use crate::render::{Cell, Look, Tone, paint, relative, table};

/// A gate that is closed, or at which orders still wait for their turn.
#[derive(Clone, Debug, Serialize)]
pub struct GateItem {
    /// `mirakl/{marketplace}` or `bluecherry/{site}`.
    pub endpoint: String,
    /// `down` or `key_refused`; null once it is open and those who waited go on.
    pub reason: Option<Reason>,
    /// Since when, RFC 3339.
    pub since: Timestamp,
    /// When is asked next, RFC 3339; null once it is open.
    pub probe_at: Option<Timestamp>,
    /// Orders that wait, or whose turn is still to come.
    pub waiting: u32,
}

/// A call that has to wait.
#[derive(Clone, Debug, Serialize)]
pub struct ClosedCallItem {
    /// `mirakl/{marketplace}` or `bluecherry/{site}`.
    pub endpoint: String,
    /// Operation.
    pub call: String,
    /// `throttled` or `right_missing`.
    pub reason: Reason,
    /// Until when, RFC 3339.
    pub until: Timestamp,
}

/// What is closed now; empty while all is well.
pub(crate) async fn items(
    ledger: &Ledger,
    now: Timestamp,
) -> anyhow::Result<(Vec<GateItem>, Vec<ClosedCallItem>)> {
    let mut gates = vec![];
    for gate in ledger.gates().await? {
        if gate.reason.is_none() && gate.drain_until <= now {
            continue;
        }
        gates.push(GateItem {
            waiting: ledger.waiting_at_gate(&gate.endpoint, now).await?,
            endpoint: gate.endpoint,
            reason: gate.reason,
            since: gate.since,
            probe_at: gate.reason.map(|_| gate.probe_at),
        });
    }
    let calls = ledger.closed_calls().await?.into_iter();
    let calls = calls
        .filter(|call| call.until > now)
        .map(|call| ClosedCallItem {
            endpoint: call.endpoint,
            call: call.call,
            reason: call.reason,
            until: call.until,
        });
    Ok((gates, calls.collect()))
}

/// Both tables; nothing while all is well.
pub(crate) fn rows(
    gates: &[GateItem],
    calls: &[ClosedCallItem],
    now: Timestamp,
    look: Look,
) -> String {
    let mut text = String::new();
    if !gates.is_empty() {
        text += &format!(
            "{}\n",
            paint("Systems that nobody calls now", Tone::Bad, look)
        );
        let row = |gate: &GateItem| {
            let why = match gate.reason {
                Some(reason) => Cell::new(reason.as_str(), Tone::Bad),
                None => Cell::new("back, going on in turn", Tone::Good),
            };
            let next = gate
                .probe_at
                .map_or_else(|| "–".to_owned(), |at| relative(at, now));
            vec![
                Cell::from(&gate.endpoint),
                why,
                relative(gate.since, now).into(),
                next.into(),
                gate.waiting.to_string().into(),
            ]
        };
        let headers = ["endpoint", "state", "since", "asked next", "orders waiting"];
        text += &table(&headers, gates.iter().map(row).collect(), look);
    }
    if !calls.is_empty() {
        text += &format!("{}\n", paint("Calls that wait", Tone::Warning, look));
        let row = |call: &ClosedCallItem| {
            vec![
                Cell::from(&call.endpoint),
                (&call.call).into(),
                Cell::new(call.reason.as_str(), Tone::Warning),
                relative(call.until, now).into(),
            ]
        };
        let headers = ["endpoint", "call", "why", "until"];
        text += &table(&headers, calls.iter().map(row).collect(), look);
    }
    text
}
