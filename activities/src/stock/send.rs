//! Sending what differs (STO01), once.

use domain::exception::{Kind, Problem};
use domain::retry::Fate;
use ledger::{Import, ImportOf, Publication};
use mirakl::StockFile;
use workflows::stock::{StockSent, StockTicket, Word};

use super::{CHUNK, LEASE, Run, Stocks};
use crate::Failure;
use crate::calls::To;
use crate::orders::SEND_MARGIN;
use crate::settings::Shop;

impl Stocks {
    /// Sends what differs from what Mirakl took, or everything once a day.
    ///
    /// The lines stand in the ledger before the send. Where nobody can know whether a file arrived,
    /// it is given up, and the run computes anew: the next file says it all again, with what was sold
    /// meanwhile. No file is ever sent twice, and none after a later one.
    ///
    /// # Errors
    /// What is to be tried again; nothing reached Mirakl then.
    pub async fn send_stock(&self, ticket: &StockTicket, run: &str) -> Result<StockSent, Failure> {
        let run = self.resume(ticket, run).await?;
        let shop = self.shop(&ticket.of)?;
        let ledger = self.ledger();
        let publication = ledger.publication(ticket.snapshot_no).await?;
        if shop.policy.dry_run {
            return self.ended(&run, publication, "done", Word::Done).await;
        }
        let of = match publication.is_full {
            true => ImportOf::Full,
            false => ImportOf::Difference,
        };
        let import = ledger.begin_import(run.holding(), &publication, of).await?;
        let Some(import) = import else {
            return self
                .ended(&run, publication, "dropped", Word::Overtaken)
                .await;
        };
        let lines = u64::from(import.lines);
        let sent = |word| StockSent { word, lines };
        match import.state.as_str() {
            "sent" => return Ok(sent(Word::Go)),
            "open" if import.attempts > 0 => return self.lost(&run, publication, &import).await,
            "open" => {}
            "done" => return self.ended(&run, publication, "done", Word::Done).await,
            _ => return self.ended(&run, publication, "dropped", Word::Again).await,
        }
        let (file, unsendable) = self.file(&import).await?;
        self.tell_unsendable(shop, &import, unsendable).await?;
        if file.rows() == 0 {
            ledger.drop_import(import.id, self.now()).await?;
            return self.ended(&run, publication, "done", Word::Done).await;
        }
        let admitted = run.admitted(To::Mirakl(shop), "STO01").await?;
        let noted = self.connections.clock.elapsed();
        if !ledger.begin_import_attempt(run.holding(), &import).await? {
            return self.lost(&run, publication, &import).await;
        }
        let stood = self.connections.clock.elapsed().saturating_sub(noted);
        if stood + shop.call_timeout + SEND_MARGIN > LEASE {
            // The process stood still: another run may have the lease before this call ends.
            ledger.import_not_sent(import.id).await?;
            return Err(Failure::too_late("STO01"));
        }
        match admitted.send(shop.client.import_stock(file)).await {
            Ok(import_id) => {
                ledger.import_sent(import.id, &import_id).await?;
                let mut publication = publication;
                publication.state = "sent".to_owned();
                ledger.note_publication(run.holding(), &publication).await?;
                Ok(sent(Word::Go))
            }
            Err(error) if error.fate() == Fate::Unknown => {
                tracing::warn!(marketplace = %shop.code, "{error}; the next file says it all again");
                self.lost(&run, publication, &import).await
            }
            Err(error @ mirakl::Error::Refused { .. }) => {
                let code = error.code().unwrap_or("none").to_owned();
                let problem = Problem::new(Kind::ImportFailed)
                    .with("call", "STO01")
                    .with("code", code)
                    .with("lines", import.lines);
                self.failed(&run, publication, &import, problem).await?;
                Ok(sent(Word::Failed))
            }
            Err(error) => {
                ledger.import_not_sent(import.id).await?;
                Err(error.into())
            }
        }
    }

    /// The file, and the offers that no file can hold.
    async fn file(&self, import: &Import) -> Result<(StockFile, Vec<String>), Failure> {
        let (mut file, mut unsendable) = (StockFile::new(), vec![]);
        let mut after = String::new();
        loop {
            let lines = self.ledger().import_lines(import.id, &after, CHUNK).await?;
            let Some(last) = lines.last() else { break };
            after.clone_from(&last.offer_sku);
            for line in lines {
                let quantity = u32::try_from(line.quantity.max(0)).unwrap_or(u32::MAX);
                if file.push(&line.offer_sku, quantity).is_err() {
                    unsendable.push(line.offer_sku);
                }
            }
        }
        Ok((file, unsendable))
    }

    /// Offers that no file can hold count as refused.
    async fn tell_unsendable(
        &self,
        shop: &Shop,
        import: &Import,
        offer_skus: Vec<String>,
    ) -> Result<(), Failure> {
        if offer_skus.is_empty() {
            return Ok(());
        }
        let ledger = self.ledger();
        ledger.refuse_import_lines(import.id, &offer_skus).await?;
        let told = |sku| {
            let reason = "the offer SKU holds a character that no file can";
            (sku, vec![("reason".to_owned(), reason.to_owned())])
        };
        let refused: Vec<_> = offer_skus.into_iter().map(told).collect();
        Ok(ledger
            .refused_offers(&shop.code, &refused, self.now())
            .await?)
    }

    /// Nobody knows what became of a file: it is given up, and a new computation follows.
    pub(super) async fn lost(
        &self,
        run: &Run<'_>,
        mut publication: Publication,
        import: &Import,
    ) -> Result<StockSent, Failure> {
        self.ledger().drop_import(import.id, self.now()).await?;
        publication.state = "dropped".to_owned();
        self.ledger()
            .note_publication(run.holding(), &publication)
            .await?;
        Ok(StockSent {
            word: Word::Again,
            lines: u64::from(import.lines),
        })
    }

    /// Mirakl does not take a file: it is given up and its owner told. The run is over.
    pub(super) async fn failed(
        &self,
        run: &Run<'_>,
        mut publication: Publication,
        import: &Import,
        problem: Problem,
    ) -> Result<(), Failure> {
        let of = publication.marketplace.clone();
        self.ledger()
            .settle_stock_problems(
                of.as_str(),
                Some(&of),
                &[Kind::ImportFailed],
                &[problem],
                self.now(),
            )
            .await?;
        self.ledger().drop_import(import.id, self.now()).await?;
        publication.state = "dropped".to_owned();
        self.ledger()
            .note_publication(run.holding(), &publication)
            .await?;
        self.give_back(run).await
    }

    /// The run is over; the next one may begin.
    async fn ended(
        &self,
        run: &Run<'_>,
        mut publication: Publication,
        state: &str,
        word: Word,
    ) -> Result<StockSent, Failure> {
        publication.state = state.to_owned();
        let ledger = self.ledger();
        ledger.note_publication(run.holding(), &publication).await?;
        if word != Word::Again {
            self.tidy(&publication).await?;
            self.give_back(run).await?;
        }
        Ok(StockSent { word, lines: 0 })
    }

    /// After a full push, what nobody needs any more is forgotten.
    pub(super) async fn tidy(&self, publication: &Publication) -> Result<(), Failure> {
        if !publication.is_full {
            return Ok(());
        }
        let days = i64::from(self.connections.stock.site.keep_days);
        let kept = jiff::SignedDuration::from_hours(24 * days);
        let before = self.now().checked_sub(kept);
        let before = before.unwrap_or(jiff::Timestamp::MIN);
        let of = &publication.marketplace;
        self.ledger().forget_stock(of, before).await?;
        Ok(())
    }
}
