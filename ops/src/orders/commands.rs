//! What a person tells an order: `retry`, `cancel`, `hold`, `release`, `correct`, `mark-done`.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::Args;
use domain::command::{Answer, Command};
use domain::progress::Corrections;
use serde::Serialize;
use serde_json::Value;

use crate::render::{Look, Tone, json, paint, plain};
use crate::{Output, Surroundings, temporal, words};

/// Who says it.
#[derive(Clone, Debug, Default, Args)]
pub struct Person {
    /// Who says so: initials or a staff number, never a name
    #[arg(long, value_name = "CODE", env = "BCM_PERSON", value_parser = words::reason_code)]
    pub by: Option<String>,
}

/// `bcm orders retry`, `hold` and `release`.
#[derive(Clone, Debug, Args)]
pub struct TellOrder {
    /// Order ID, or marketplace/ORDER_ID
    #[arg(value_name = "ORDER")]
    pub key: String,
    /// Who says it.
    #[command(flatten)]
    pub person: Person,
}

/// `bcm orders cancel`.
#[derive(Clone, Debug, Args)]
pub struct CancelOrder {
    /// Order ID, or marketplace/ORDER_ID
    #[arg(value_name = "ORDER")]
    pub key: String,
    /// Why: a code of letters and digits, never free text
    #[arg(long, value_name = "CODE", value_parser = words::reason_code)]
    pub reason: String,
    /// Who says it.
    #[command(flatten)]
    pub person: Person,
}

/// `bcm orders correct`.
#[derive(Clone, Debug, Args)]
pub struct CorrectOrder {
    /// Order ID, or marketplace/ORDER_ID
    #[arg(value_name = "ORDER")]
    pub key: String,
    /// What is corrected.
    #[command(flatten)]
    pub codes: Corrected,
    /// Who says it.
    #[command(flatten)]
    pub person: Person,
}

/// The codes of `bcm orders correct`; one at least.
#[derive(Clone, Debug, Default, Args)]
#[group(required = true, multiple = true)]
pub struct Corrected {
    /// An offer SKU and its BlueCherry SKU; may be given several times
    #[arg(long, value_name = "OFFER=ERP", value_parser = sku)]
    pub sku: Vec<(String, String)>,
    /// Division
    #[arg(long, value_name = "CODE")]
    pub division: Option<String>,
    /// Warehouse
    #[arg(long, value_name = "CODE")]
    pub warehouse: Option<String>,
    /// Ship-via
    #[arg(long, value_name = "CODE")]
    pub ship_via: Option<String>,
    /// Mirakl carrier code
    #[arg(long, value_name = "CODE")]
    pub carrier_code: Option<String>,
    /// A credit that looks posted twice and is right, as the exception names it; may be given several times
    #[arg(long, value_name = "CREDIT")]
    pub approve: Vec<String>,
}

/// `bcm orders resolve-incident`.
#[derive(Clone, Debug, Args)]
pub struct ResolveIncident {
    /// Order ID, or marketplace/ORDER_ID
    #[arg(value_name = "ORDER")]
    pub key: String,
    /// The disputed line; needed where there are several
    #[arg(long, value_name = "LINE")]
    pub line: Option<String>,
    /// Why: a code of the operator's list of reasons
    #[arg(long, value_name = "CODE", value_parser = words::reason_code)]
    pub reason: String,
    /// Who says it.
    #[command(flatten)]
    pub person: Person,
}

/// `bcm orders mark-done`.
#[derive(Clone, Debug, Args)]
pub struct MarkDone {
    /// Order ID, or marketplace/ORDER_ID
    #[arg(value_name = "ORDER")]
    pub key: String,
    /// The step that was done by hand
    #[arg(long, value_parser = words::effects())]
    pub step: String,
    /// Number of the document made by hand
    #[arg(long, value_name = "NUMBER", value_parser = words::reason_code)]
    pub reference: Option<String>,
    /// Why: a code of letters and digits, never free text
    #[arg(long, value_name = "CODE", value_parser = words::reason_code)]
    pub reason: Option<String>,
    /// Who says it.
    #[command(flatten)]
    pub person: Person,
}

/// `bcm orders retry|cancel|hold|release|correct|mark-done --json`.
#[derive(Clone, Debug, Serialize)]
pub struct CommandDocument<'a> {
    /// Whose answer it is: `run`, the order's own in Temporal.
    pub source: &'static str,
    /// `marketplace/ORDER_ID`.
    pub order: String,
    /// Which command.
    pub command: &'static str,
    /// Was it taken? If not, nothing changed.
    pub done: bool,
    /// A code.
    pub code: &'a str,
    /// A sentence.
    pub says: &'a str,
}

fn sku(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=');
    let parts = parts.map(|(offer, erp)| (offer.trim(), erp.trim()));
    match parts {
        Some((offer, erp)) if !offer.is_empty() && !erp.is_empty() => {
            Ok((offer.to_owned(), erp.to_owned()))
        }
        _ => Err("write the offer SKU, =, and the BlueCherry SKU".to_owned()),
    }
}

impl TellOrder {
    pub(super) async fn retry(self, surroundings: &Surroundings) -> Result<Output> {
        tell(surroundings, &self.key, Command::Retry, &self.person).await
    }

    pub(super) async fn hold(self, surroundings: &Surroundings) -> Result<Output> {
        tell(surroundings, &self.key, Command::Hold, &self.person).await
    }

    pub(super) async fn release(self, surroundings: &Surroundings) -> Result<Output> {
        tell(surroundings, &self.key, Command::Release, &self.person).await
    }
}

impl CancelOrder {
    /// Sends it.
    ///
    /// # Errors
    /// As every command: `order_not_found`, `order_ambiguous`, `no_temporal`, `no_run`, `no_worker`, …
    pub async fn run(self, surroundings: &Surroundings) -> Result<Output> {
        let reason_code = self.reason;
        let cancel = Command::Cancel { reason_code };
        tell(surroundings, &self.key, cancel, &self.person).await
    }
}

impl CorrectOrder {
    /// Sends it.
    ///
    /// # Errors
    /// As every command.
    pub async fn run(self, surroundings: &Surroundings) -> Result<Output> {
        let correct = Command::Correct(self.codes.into());
        tell(surroundings, &self.key, correct, &self.person).await
    }
}

impl From<Corrected> for Corrections {
    fn from(codes: Corrected) -> Self {
        Self {
            skus: codes.sku.into_iter().collect::<BTreeMap<_, _>>(),
            division: codes.division,
            warehouse: codes.warehouse,
            ship_via: codes.ship_via,
            carrier_code: codes.carrier_code,
            approved: codes.approve.into_iter().collect(),
        }
    }
}

impl ResolveIncident {
    /// Sends it.
    ///
    /// # Errors
    /// As every command.
    pub async fn run(self, surroundings: &Surroundings) -> Result<Output> {
        let command = Command::ResolveIncident {
            line: self.line,
            reason_code: self.reason,
        };
        tell(surroundings, &self.key, command, &self.person).await
    }
}

impl MarkDone {
    /// Sends it.
    ///
    /// # Errors
    /// As every command.
    pub async fn run(self, surroundings: &Surroundings) -> Result<Output> {
        let command = Command::MarkDone {
            step: self.step,
            reference: self.reference,
            reason_code: self.reason,
        };
        tell(surroundings, &self.key, command, &self.person).await
    }
}

async fn tell(
    surroundings: &Surroundings,
    named: &str,
    command: Command,
    person: &Person,
) -> Result<Output> {
    let name = command.name();
    let verb = name.replace('_', "-");
    let ledger = &surroundings.ledger;
    let key = super::find(ledger, named, &verb).await?;
    let client = temporal::connected(surroundings.temporal.as_ref())?;
    let told = temporal::update(client, &key, name, &detail(&command, person)?).await;
    let answer = match told {
        Err(trouble) if trouble.code == "no_run" => {
            let over = ledger.order(&key).await?.is_some_and(|row| row.finished);
            return Err(if over {
                run_over(&key.to_string())
            } else {
                trouble
            }
            .into());
        }
        told => told?,
    };
    Ok(answered(
        &key.to_string(),
        name,
        &answer,
        surroundings.look(),
    ))
}

fn run_over(key: &str) -> crate::Trouble {
    crate::Trouble::new(
        "run_over",
        format!("The run of order {key} is over; it takes no commands any more."),
        format!("See how it ended: bcm orders show {key}"),
    )
}

/// What the run reads of the command; its name goes as the update's.
fn detail(command: &Command, person: &Person) -> Result<Value> {
    let mut detail = serde_json::to_value(command)?;
    if let Some(fields) = detail.as_object_mut() {
        fields.remove("command");
        if let Some(by) = &person.by {
            fields.insert("by".to_owned(), Value::from(by.as_str()));
        }
    }
    Ok(detail)
}

fn answered(key: &str, name: &'static str, answer: &Answer, look: Look) -> Output {
    let exit = if answer.done { 0 } else { 2 };
    if look.json {
        let document = CommandDocument {
            source: "run",
            order: key.to_owned(),
            command: name,
            done: answer.done,
            code: &answer.code,
            says: &answer.says,
        };
        return Output {
            text: json(&document),
            exit,
        };
    }
    let (word, tone) = if answer.done {
        ("done", Tone::Good)
    } else {
        ("refused", Tone::Bad)
    };
    let word = paint(word, tone, look);
    let says = plain(&answer.says);
    let (key, code) = (plain(key), plain(&answer.code));
    Output {
        text: format!("{word}  {name} {key}: {says} ({code})\n"),
        exit,
    }
}

#[cfg(test)]
mod tests;
