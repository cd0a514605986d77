//! BlueCherry's returns and credit memos into the ledger.

use std::time::Duration;

use bluecherry::{CreditMemo, CreditStatus, Return, Row};
use domain::exception::Kind;
use ledger::{FeedRun, Recorded, SeenCredit, SeenErpReturn, Unreadable};

use super::erp::{PAGE, named};
use super::{Feeds, Read};
use crate::Failure;
use crate::translate::{self, code};

impl Feeds {
    /// Reads returns, then credit memos, which may name a return alone. Neither stops the other, and
    /// what fails is noted at its own feed. Answers the first failure.
    ///
    /// # Errors
    /// The ledger's.
    pub(super) async fn pull_papers(
        &self,
        began: Duration,
        sum: &mut Read,
    ) -> Result<Option<Failure>, Failure> {
        let site = &self.orders.connections().site;
        let mut failed = None;
        if site.returns_in && self.has_time(began, site.call_timeout) {
            let name = format!("{}/returns", site.name);
            let read = self.read_erp_returns(&name, began).await;
            failed = self.beside(&name, read, sum).await?;
        }
        if self.has_time(began, site.call_timeout) {
            let name = format!("{}/credit_memos", site.name);
            let read = self.read_credit_memos(&name, began).await;
            failed = failed.or(self.beside(&name, read, sum).await?);
        }
        Ok(failed)
    }

    async fn read_erp_returns(&self, name: &str, began: Duration) -> Result<Read, Failure> {
        let mut list = self.reading(name, "list_returns", began).await?;
        while let Some(admitted) = list.next().await? {
            let binding = &self.orders.connections().site.binding;
            let page = admitted.send(binding.returns(list.cursor(), PAGE)).await?;
            list.came(&page);
            let recorded = self.store_returns(&list.run(), &page.rows).await?;
            list.stored(page.rows.len(), recorded);
        }
        Ok(list.brought())
    }

    async fn store_returns(
        &self,
        run: &FeedRun<'_>,
        rows: &[Row<Return>],
    ) -> Result<Recorded, Failure> {
        let (mut seen, mut unreadable) = (vec![], vec![]);
        for row in rows {
            match &row.read {
                Ok(wire) => seen.push(SeenErpReturn {
                    external_po: wire.external_po.trim().to_owned(),
                    erp_return: translate::erp_return(wire),
                }),
                Err(error) => {
                    let key = named(&row.text, "ra_number");
                    unreadable.push(kept(row, key, &error.path, Kind::ReturnUnclear));
                }
            }
        }
        let ledger = self.orders.ledger();
        Ok(ledger.record_erp_returns(run, &seen, &unreadable).await?)
    }

    async fn read_credit_memos(&self, name: &str, began: Duration) -> Result<Read, Failure> {
        let mut list = self.reading(name, "list_credit_memos", began).await?;
        while let Some(admitted) = list.next().await? {
            let binding = &self.orders.connections().site.binding;
            let page = admitted
                .send(binding.credit_memos(list.cursor(), PAGE))
                .await?;
            list.came(&page);
            let recorded = self.store_credits(&list.run(), &page.rows).await?;
            list.stored(page.rows.len(), recorded);
        }
        Ok(list.brought())
    }

    async fn store_credits(
        &self,
        run: &FeedRun<'_>,
        rows: &[Row<CreditMemo>],
    ) -> Result<Recorded, Failure> {
        let (mut seen, mut unreadable) = (vec![], vec![]);
        for row in rows {
            let wire = match &row.read {
                Ok(wire) => wire,
                Err(error) => {
                    let key = named(&row.text, "credit_no");
                    unreadable.push(kept(row, key, &error.path, Kind::CreditUnusable));
                    continue;
                }
            };
            match (translate::credit_memo(wire), self.order_of(wire).await?) {
                (Ok(memo), Some(external_po)) => seen.push(SeenCredit { external_po, memo }),
                (Ok(memo), None) => {
                    let (number, path) = (memo.number, "external_po");
                    unreadable.push(kept(row, number, path, Kind::CreditWithoutSale));
                }
                (Err(path), _) => {
                    let number = wire.credit_no.trim().to_owned();
                    unreadable.push(kept(row, number, &path, Kind::CreditUnusable));
                }
            }
        }
        let ledger = self.orders.ledger();
        Ok(ledger.record_credit_memos(run, &seen, &unreadable).await?)
    }

    /// The ERP key of a memo's order: its own, else that of the sales order or return it names. One
    /// that was taken back needs none: it asks for nothing. `None` when it cannot be told.
    async fn order_of(&self, wire: &CreditMemo) -> Result<Option<String>, Failure> {
        if let Some(po) = code(wire.external_po.as_deref()) {
            return Ok(Some(po));
        }
        let ord_num = code(wire.ord_num.as_deref());
        let ra_number = code(wire.ra_number.as_deref());
        let ledger = self.orders.ledger();
        let found = ledger
            .external_po_of(ord_num.as_deref(), ra_number.as_deref())
            .await?;
        let is_void = wire.status == CreditStatus::Voided;
        Ok(found.or(is_void.then(String::new)))
    }
}

/// A record that cannot be used, as it came.
fn kept<T>(row: &Row<T>, key: String, path: &str, kind: Kind) -> Unreadable {
    Unreadable {
        key,
        marketplace: None,
        payload: row.text.clone(),
        path: path.to_owned(),
        kind,
    }
}
