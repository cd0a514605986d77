//! Waiting until Mirakl has taken a file (STO02), and what it refused of it (STO03).

use std::time::Duration;

use domain::exception::{Kind, Problem};
use ledger::{Import, Publication};
use mirakl::ImportState;
use workflows::stock::{ImportEnd, StockTicket, Word};

use super::{Run, Stocks, count};
use crate::Failure;
use crate::calls::To;
use crate::settings::{Shop, after};

/// Mirakl lets an import be asked after every fifteen seconds; a budget that allows more often may.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// A file of which Mirakl says nothing for so long is given up.
const LONGEST: Duration = Duration::from_secs(1_800);
/// Refused rows with an exception each; more are told in one.
const EACH: usize = 1_000;
/// Longest words of Mirakl's that are kept.
const WORDS_MAX: usize = 200;

impl Stocks {
    /// Waits until Mirakl has taken the file. Good rows stand; each refused one becomes an exception
    /// with Mirakl's own words. A file that Mirakl gives up is sent again with the next run.
    ///
    /// # Errors
    /// What is to be tried again.
    pub async fn await_stock_import(
        &self,
        ticket: &StockTicket,
        run: &str,
    ) -> Result<ImportEnd, Failure> {
        let run = self.resume(ticket, run).await?;
        let shop = self.shop(&ticket.of)?;
        let publication = self.ledger().publication(ticket.snapshot_no).await?;
        let import = self.ledger().import_of(ticket.snapshot_no).await?;
        let import = import.ok_or(ledger::Error::NotFound)?;
        let Some(import_id) = import.import_id.clone().filter(|_| import.state == "sent") else {
            self.give_back(&run).await?;
            return Ok(ImportEnd {
                word: Word::Done,
                refused: u64::from(import.refused_lines),
            });
        };
        let gone = |why: &str| {
            Problem::new(Kind::ImportFailed)
                .with("import", &import_id)
                .with("state", why)
                .with("lines", import.lines)
        };
        let problem = loop {
            let admitted = run.admitted(To::Mirakl(shop), "STO02").await?;
            let told = match admitted.send(shop.client.stock_import(&import_id)).await {
                Err(mirakl::Error::NotFound { .. }) => break gone("not_found"),
                told => told?,
            };
            match told.state {
                ImportState::Complete => {
                    let refused = told.lines_in_error.is_none_or(|lines| lines > 0);
                    let report = told.has_error_report && refused;
                    return self.taken(&run, shop, publication, &import, report).await;
                }
                ImportState::Failed => break gone("failed"),
                ImportState::Waiting | ImportState::Running | ImportState::Unknown => {}
            }
            if after(import.created_at, LONGEST) <= self.now() {
                break gone("no_end");
            }
            run.rest(ASK_AGAIN).await?;
        };
        self.failed(&run, publication, &import, problem).await?;
        Ok(ImportEnd {
            word: Word::Failed,
            refused: 0,
        })
    }

    /// Mirakl has taken the file, but for the rows of its report.
    async fn taken(
        &self,
        run: &Run<'_>,
        shop: &Shop,
        mut publication: Publication,
        import: &Import,
        report: bool,
    ) -> Result<ImportEnd, Failure> {
        let ledger = self.ledger();
        let mut refused = 0;
        if report {
            refused = self.refused(run, shop, import).await?;
        }
        ledger.import_done(import, &publication, self.now()).await?;
        let of = &shop.code;
        ledger
            .settle_stock_problems(
                of.as_str(),
                Some(of),
                &[Kind::ImportFailed],
                &[],
                self.now(),
            )
            .await?;
        publication.state = "done".to_owned();
        ledger.note_publication(run.holding(), &publication).await?;
        self.tidy(&publication).await?;
        self.give_back(run).await?;
        Ok(ImportEnd {
            word: Word::Done,
            refused,
        })
    }

    /// Notes the rows that Mirakl refused, and tells their owner in its own words.
    async fn refused(&self, run: &Run<'_>, shop: &Shop, import: &Import) -> Result<u64, Failure> {
        let Some(import_id) = import.import_id.as_deref() else {
            return Ok(0);
        };
        let admitted = run.admitted(To::Mirakl(shop), "STO03").await?;
        let rows = admitted
            .send(shop.client.stock_import_errors(import_id))
            .await?;
        let skus: Vec<String> = rows.iter().map(|row| row.offer_sku.clone()).collect();
        let ledger = self.ledger();
        ledger.refuse_import_lines(import.id, &skus).await?;
        let told: Vec<_> = rows
            .iter()
            .take(EACH)
            .map(|row| {
                let evidence = vec![
                    ("reason".to_owned(), words(&row.reason)),
                    ("import".to_owned(), import_id.to_owned()),
                    ("line".to_owned(), row.line.to_string()),
                ];
                (row.offer_sku.clone(), evidence)
            })
            .collect();
        ledger.refused_offers(&shop.code, &told, self.now()).await?;
        if rows.len() > EACH {
            tracing::warn!(marketplace = %shop.code, rows = rows.len(), "more rows were refused than have an exception each");
        }
        Ok(count(rows.len()))
    }
}

/// Mirakl's words, in one line of a length that a person reads.
fn words(reason: &str) -> String {
    let plain = reason.chars().filter(|c| !c.is_control());
    plain.take(WORDS_MAX).collect()
}
