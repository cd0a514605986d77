//! `bcm stock push`: a marketplace published now, and followed to what Mirakl took.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use domain::marketplace::MarketplaceCode;
use jiff::Timestamp;
use ledger::{Ledger, Publication};
use serde::Serialize;
use temporalio_client::Client;
use temporalio_client::schedules::{ScheduleError, ScheduleOverlapPolicy};
use temporalio_client::tonic::Code;
use workflows::ids;

use super::document::ComputationItem;
use super::{meant, offers};
use crate::render::{Look, Tone, count, json, paint};
use crate::{Output, Surroundings, Trouble, temporal, words};

/// How long a worker has to begin.
const BEGUN_WITHIN: Duration = Duration::from_secs(90);
/// How long a run is waited for; it goes on afterwards.
const DONE_WITHIN: Duration = Duration::from_secs(3600);
/// A run that began longer ago and has not ended belongs to a worker that is gone.
const UNDER_WAY: Duration = Duration::from_secs(900);
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(300);
/// The schedule is asked again while another run is under way or throttled.
const ASKED_AGAIN: Duration = Duration::from_secs(5);

/// `bcm stock push`.
#[derive(Debug, Args)]
pub struct PushStock {
    /// Which marketplace
    #[arg(value_parser = words::marketplace)]
    pub marketplace: MarketplaceCode,
    /// SKUs to be sent whatever Mirakl took of them, Mirakl's or BlueCherry's
    pub skus: Vec<String>,
    /// Send every offer, whatever Mirakl took
    #[arg(long, conflicts_with = "skus")]
    pub full: bool,
    /// Only ask for it
    #[arg(long)]
    pub no_wait: bool,
}

/// `bcm stock push --json`.
#[derive(Clone, Debug, Serialize)]
pub struct PushDocument {
    /// Whose answer it is: `ledger`.
    pub source: &'static str,
    /// Marketplace code.
    pub marketplace: MarketplaceCode,
    /// Offers that are sent whatever Mirakl took of them.
    pub sent_again: u64,
    /// The computation that followed; null with `--no-wait`.
    pub computation: Option<ComputationItem>,
    /// Lines of its file; null with `--no-wait`.
    pub lines: Option<u32>,
    /// Of these, lines that Mirakl refused.
    pub refused: Option<u32>,
    /// Offers that the guard holds.
    pub held: u64,
}

impl PushStock {
    pub(super) async fn run(self, surroundings: &Surroundings) -> Result<Output> {
        let ledger = &surroundings.ledger;
        let client = temporal::connected(surroundings.temporal.as_ref())?;
        let code = &self.marketplace;
        let sent_again = self.doubt(ledger, surroundings.now).await?;
        let before = ledger.publications(code, 1).await?;
        let before = before.first().map_or(0, |last| last.snapshot_no);
        trigger(client, code).await?;
        let mut document = PushDocument {
            source: "ledger",
            marketplace: code.clone(),
            sent_again,
            computation: None,
            lines: None,
            refused: None,
            held: 0,
        };
        if !self.no_wait {
            let look = surroundings.look();
            let done = follow(client, ledger, code, before, look).await?;
            let files = ledger.imports(code, 5).await?;
            let file = files.iter().find(|f| f.snapshot_no == done.snapshot_no);
            document.lines = Some(file.map_or(0, |file| file.lines));
            document.refused = Some(file.map_or(0, |file| file.refused_lines));
            document.held = done.counts.held;
            document.computation = Some(done.into());
        }
        let failed = document.refused.is_some_and(|refused| refused > 0);
        Ok(Output {
            text: document.render(surroundings.look()),
            exit: u8::from(failed),
        })
    }

    /// Marks what is to be sent whatever Mirakl took. Answers how many offers.
    async fn doubt(&self, ledger: &Ledger, now: Timestamp) -> Result<u64> {
        let code = &self.marketplace;
        if self.full {
            meant(ledger, Some(code)).await?;
            return Ok(ledger.doubt_all_offers(code, now).await?);
        }
        let mut skus = vec![];
        for sku in &self.skus {
            let found = offers(ledger, Some(code), sku).await?;
            skus.extend(found.into_iter().map(|(_, offer)| offer.offer_sku));
        }
        ledger.doubt_offers(code, &skus, now).await?;
        Ok(u64::try_from(skus.len()).unwrap_or(u64::MAX))
    }
}

/// Asks the schedule for a run; it begins none while one is under way.
async fn trigger(client: &Client, code: &MarketplaceCode) -> Result<()> {
    let schedule = client.get_schedule_handle(ids::stock(code));
    let triggered = schedule
        .trigger(ScheduleOverlapPolicy::Skip, Default::default())
        .await;
    match triggered {
        Ok(()) => Ok(()),
        Err(ScheduleError::Rpc(status)) if status.code() == Code::NotFound => {
            Err(Trouble::new(
                "no_schedule",
                format!("{code} has no schedule for stock."),
                "Give it a stock section in bcm.toml and start a worker (bcm worker); it makes the schedule.",
            )
            .into())
        }
        Err(_) => Err(Trouble::new(
            "temporal_unreachable",
            "Temporal did not start the run.",
            "See that the Temporal server runs and that its address and namespace in bcm.toml are right, then repeat the command.",
        )
        .into()),
    }
}

/// Follows the first computation after one to its end, and tells how far it is.
async fn follow(
    client: &Client,
    ledger: &Ledger,
    code: &MarketplaceCode,
    after: i64,
    look: Look,
) -> Result<Publication> {
    let (mut told, began) = (String::new(), tokio::time::Instant::now());
    let mut asked = began;
    loop {
        let newest = ledger.publications(code, 1).await?.into_iter().next();
        let stands = match &newest {
            Some(made) if made.snapshot_no > after => {
                if made.ended_at.is_some() && made.state == "done" {
                    return Ok(made.clone());
                }
                progress(ledger, made).await?
            }
            Some(made) if is_under_way(made) => "waits for the run under way".to_owned(),
            _ => "waits for a worker to begin; the batch of BlueCherry is read first".to_owned(),
        };
        if stands != told && !look.json {
            eprintln!("{code}: {stands}");
            told = stands;
        }
        let waited = began.elapsed();
        let has_begun = newest.as_ref().is_some_and(|made| made.snapshot_no > after);
        if waited > DONE_WITHIN {
            return Err(Trouble::new(
                "push_goes_on",
                "The run has not ended yet; it goes on without this command.",
                format!("Look later: bcm stock show --marketplace {code}"),
            )
            .into());
        }
        if !has_begun && waited > BEGUN_WITHIN && !newest.as_ref().is_some_and(is_under_way) {
            return Err(Trouble::new(
                "no_worker",
                format!("No run of {code} computed anything within {} s.", BEGUN_WITHIN.as_secs()),
                format!("See that a worker runs (bcm worker), what is open (bcm exceptions list), and what the last run of the schedule {} says in the Temporal UI.", ids::stock(code)),
            )
            .into());
        }
        // The run that was under way when we asked may have been the reason that none began.
        if !has_begun && asked.elapsed() > ASKED_AGAIN {
            asked = tokio::time::Instant::now();
            trigger(client, code).await?;
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn is_under_way(made: &Publication) -> bool {
    let age = Timestamp::now().duration_since(made.began_at);
    made.ended_at.is_none() && age.unsigned_abs() < UNDER_WAY
}

async fn progress(ledger: &Ledger, made: &Publication) -> Result<String> {
    let files = ledger.imports(&made.marketplace, 1).await?;
    let file = files.iter().find(|f| f.snapshot_no == made.snapshot_no);
    let lines = file.map_or(0, |file| file.lines);
    Ok(match made.state.as_str() {
        "computing" => format!("computation {} is being made", made.snapshot_no),
        "computed" => format!(
            "computation {}: {} offers, {} changed, {} held; being sent",
            made.snapshot_no, made.counts.offers, made.counts.changed, made.counts.held
        ),
        "sent" => format!(
            "computation {}: {lines} lines sent{}; Mirakl works on them",
            made.snapshot_no,
            file.and_then(|file| file.import_id.as_deref())
                .map_or(String::new(), |id| format!(", import {id}"))
        ),
        other => format!("computation {}: {other}", made.snapshot_no),
    })
}

impl PushDocument {
    fn render(&self, look: Look) -> String {
        if look.json {
            return json(self);
        }
        let again = match self.sent_again {
            0 => String::new(),
            n => format!(" {} sent again.", count(n, "offer is", "offers are")),
        };
        let Some(made) = &self.computation else {
            return format!(
                "{}  A run was asked for.{again}\n",
                paint("asked", Tone::Good, look)
            );
        };
        let (lines, refused) = (self.lines.unwrap_or(0), self.refused.unwrap_or(0));
        let mut text = match lines {
            0 => format!(
                "{}  Computation {}: nothing differs from what Mirakl took.{again}\n",
                paint("done", Tone::Good, look),
                made.snapshot_no
            ),
            _ => format!(
                "{}  Computation {}: {} sent and taken but {refused}.{again}\n",
                paint(
                    "done",
                    if refused == 0 { Tone::Good } else { Tone::Bad },
                    look
                ),
                made.snapshot_no,
                count(u64::from(lines), "line", "lines"),
            ),
        };
        let code = &self.marketplace;
        if refused > 0 {
            text += &format!(
                "Mirakl's words: bcm exceptions list; the offers: bcm stock show --marketplace {code} --refused\n"
            );
        }
        if self.held > 0 {
            text += &format!(
                "The guard holds {}: bcm stock show --marketplace {code} --held\n",
                count(self.held, "offer", "offers")
            );
        }
        text
    }
}
