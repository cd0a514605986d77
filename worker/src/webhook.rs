//! Tells another system of new exceptions, and again of each that is raised: IDs and codes only.

use std::sync::Arc;
use std::time::Duration;

use activities::Connections;
use anyhow::Context;
use domain::deadline::Level;
use ledger::Exception;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

/// How often new exceptions are looked for.
const LOOK: Duration = Duration::from_secs(5);
/// How long a worker that tells has the word; longer than a call may last.
const TURN: Duration = Duration::from_secs(12);
/// Exceptions a message.
const AT_ONCE: u32 = 100;

/// Tells until it is dropped. What could not be told is told later; nothing else waits for it.
pub async fn tell(url: SecretString, connections: Arc<Connections>) {
    let client = match client() {
        Ok(client) => client,
        Err(error) => {
            tracing::error!("webhook: {error:#}");
            return;
        }
    };
    loop {
        if let Err(error) = tell_once(&client, &url, &connections).await {
            tracing::warn!("webhook: {error:#}; told again later");
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn client() -> anyhow::Result<reqwest::Client> {
    // Another part of the program may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(Duration::from_secs(10))
        .build()
        .context("the client cannot be made")
}

async fn tell_once(
    client: &reqwest::Client,
    url: &SecretString,
    connections: &Connections,
) -> anyhow::Result<()> {
    // One worker of all tells, and has noted it before the next may.
    let (ledger, now) = (&connections.ledger, connections.clock.now());
    if ledger.exceptions_to_tell(1).await?.is_empty()
        || !ledger.take_turn("webhook", TURN, now).await?
    {
        return Ok(());
    }
    let new = connections.ledger.exceptions_to_tell(AT_ONCE).await?;
    if new.is_empty() {
        return Ok(());
    }
    let body = json!({ "exceptions": new.iter().map(message).collect::<Vec<_>>() });
    let answer = client
        .post(url.expose_secret())
        .header("Content-Type", "application/json")
        .body(body.to_string())
        .send()
        .await
        .map_err(reqwest::Error::without_url)
        .context("not delivered")?;
    anyhow::ensure!(
        answer.status().is_success(),
        "answered {}",
        answer.status().as_u16()
    );
    connections
        .ledger
        .exceptions_told(&new, connections.clock.now())
        .await?;
    Ok(())
}

fn message(exception: &Exception) -> Value {
    json!({
        "id": exception.id,
        "kind": exception.kind.as_str(),
        "owner": exception.owner.as_str(),
        "marketplace": exception.marketplace,
        "order_id": exception.order_id,
        "opened_at": exception.opened_at,
        "deadline": exception.deadline,
        "level": exception.level.number(),
        "overdue": exception.level == Level::Overdue,
    })
}
