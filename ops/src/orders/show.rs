//! `bcm orders show`.

use anyhow::Result;
use clap::Args;
use domain::marketplace::OrderKey;
use domain::progress::Corrections;
use ledger::{Exception, ExceptionFilter, Ledger};
use workflows::ids;

mod aftercare;
mod exceptions;
mod goods;

use super::document::{OrderDocument, ProblemItem};
use crate::render::{
    Look, Named, Tone, fields, json, moment, paint, plain, relative, source, word,
};
use crate::{Output, Surroundings, Trouble, run_address, words};

/// `bcm orders show`.
#[derive(Clone, Debug, Args)]
pub struct ShowOrder {
    /// Order ID, or marketplace/ORDER_ID
    #[arg(value_name = "ORDER")]
    pub key: String,
}

impl ShowOrder {
    /// Shows.
    ///
    /// # Errors
    /// `order_not_found`, `order_ambiguous`, and the ledger's.
    pub async fn run(self, surroundings: &Surroundings) -> Result<Output> {
        let ledger = &surroundings.ledger;
        let key = super::find(ledger, &self.key, "show").await?;
        let row = ledger.order(&key).await?.ok_or_else(|| gone(&key))?;
        let events = ledger.events(&key).await?;
        let open = open_of(ledger, &key).await?;
        let ui = surroundings.temporal_ui.as_deref();
        let workflow_id = ids::order(&key);
        let run = ui.map(|ui| run_address(ui, &surroundings.namespace, &workflow_id));
        let document = OrderDocument::new(&row, &events, &open, run, surroundings.now);
        Ok(Output::good(document.render(surroundings.look())))
    }
}

/// Everything open of an order, the nearest to its deadline first.
async fn open_of(ledger: &Ledger, key: &OrderKey) -> Result<Vec<Exception>> {
    let filter = ExceptionFilter {
        marketplace: Some(key.marketplace.clone()),
        ..ExceptionFilter::default()
    };
    let mut open = ledger.exceptions(&filter, u32::MAX).await?;
    open.retain(|exception| exception.order_id.as_deref() == Some(key.order_id.as_str()));
    Ok(open)
}

fn gone(key: &OrderKey) -> Trouble {
    Trouble::new(
        "order_not_found",
        format!("The ledger has no order {key} any more."),
        "Repeat the command.",
    )
}

impl OrderDocument {
    fn render(&self, look: Look) -> String {
        if look.json {
            return json(self);
        }
        let heading = |text: &str| format!("\n{}\n", paint(text, Tone::Strong, look));
        let mut text = self.header(look);
        if let Some(problem) = &self.problem {
            text += &heading("Problem");
            text += &problem.render();
        }
        text += &heading("Lines");
        text += &self.lines(look);
        let later = self.aftercare.as_ref();
        let later = later.map_or(vec![], |later| later.tables(&self.currency, look));
        for (name, table) in self.goods(look).into_iter().chain(later) {
            text += &heading(&name);
            text += &table;
        }
        if !self.exceptions.is_empty() {
            text += &heading("Needs a person meanwhile");
            text += &self.open(look);
        }
        text += &heading("Timeline");
        for entry in &self.timeline {
            let at = paint(&moment(entry.at), Tone::Faint, look);
            text += &format!("{at}  {}\n", plain(&entry.says));
        }
        if let Some(run) = &self.run {
            text += &format!("\nRun: {run}\n");
        }
        text + &paint(&source(self.as_of), Tone::Faint, look) + "\n"
    }

    fn header(&self, look: Look) -> String {
        let title = format!("Order {} on {}", plain(&self.order_id), self.marketplace);
        let due = match self.due {
            Some(at) if !self.finished => {
                let tone = if at < self.as_of {
                    Tone::Bad
                } else {
                    Tone::Plain
                };
                let far = paint(&relative(at, self.as_of), tone, look);
                format!("{far} ({})", moment(at))
            }
            _ => "–".to_owned(),
        };
        let number = self.sales_order.as_deref().unwrap_or("–");
        let sales_order = match &self.external_po {
            Some(po) => format!("{} (PO {})", plain(number), plain(po)),
            None => plain(number),
        };
        let mut rows = vec![
            ("stage", self.stage.replace('_', " ")),
            ("on Mirakl", word(&self.state)),
            ("sales order", sales_order),
            ("due", due),
            (
                "total",
                format!("{} {}", plain(&self.total), plain(&self.currency)),
            ),
            ("sold", moment(self.created_at)),
        ];
        if self.held {
            rows.push(("held", "by a person, until release".to_owned()));
        }
        if let Some(code) = &self.cancel {
            rows.push((
                "cancel",
                format!("asked for by a person, reason {}", plain(code)),
            ));
        }
        let pending = self.aftercare.as_ref();
        if let Some(since) = pending.and_then(|later| later.refund_pending_since) {
            let since = format!("{} ({})", relative(since, self.as_of), moment(since));
            rows.push(("refund", format!("asked for {since}, not paid back yet")));
        }
        let corrections = corrected(&self.corrections);
        if !corrections.is_empty() {
            rows.push(("corrected", plain(&corrections)));
        }
        let title = paint(&title, Tone::Strong, look);
        format!("{title}\n{}\n\n{}", self.standing, fields(&rows))
    }
}

impl ProblemItem {
    fn render(&self) -> String {
        let mut rows = vec![
            ("kind", self.kind.to_string()),
            ("owner", words::owner(self.owner).to_owned()),
            ("cause", self.cause.to_owned()),
        ];
        rows.extend(self.evidence.iter().map(Named::row));
        rows.push(("next step", self.next_step.to_owned()));
        rows.extend(self.commands.iter().map(|c| ("type", plain(c))));
        fields(&rows)
    }
}

fn corrected(corrections: &Corrections) -> String {
    let Corrections {
        skus,
        division,
        warehouse,
        ship_via,
        carrier_code,
        approved,
    } = corrections;
    let codes = [
        ("division", division),
        ("warehouse", warehouse),
        ("ship-via", ship_via),
        ("carrier code", carrier_code),
    ];
    let skus = skus.iter().map(|(offer, erp)| format!("{offer} is {erp}"));
    let codes = codes
        .into_iter()
        .filter_map(|(n, v)| v.as_ref().map(|v| format!("{n} {v}")));
    let approved = approved
        .iter()
        .map(|credit| format!("{credit} let through"));
    skus.chain(codes)
        .chain(approved)
        .collect::<Vec<_>>()
        .join(", ")
}
