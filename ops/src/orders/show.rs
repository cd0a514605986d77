//! `bcm orders show`.

use anyhow::Result;
use clap::Args;
use domain::marketplace::OrderKey;
use domain::order::State;
use domain::progress::Corrections;
use workflows::ids;

use super::document::{LineItem, OrderDocument, ParcelItem, ProblemItem, ShipmentItem};
use crate::render::{Cell, Look, Tone, fields, json, moment, or_dash, paint, plain, relative};
use crate::render::{Named, source, table};
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
        let ui = surroundings.temporal_ui.as_deref();
        let workflow_id = ids::order(&key);
        let run = ui.map(|ui| run_address(ui, &surroundings.namespace, &workflow_id));
        let document = OrderDocument::new(&row, &events, run, surroundings.now);
        Ok(Output::good(document.render(surroundings.look())))
    }
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
        if !self.shipments.is_empty() {
            text += &heading("Shipments");
            text += &self.shipments(look);
        }
        if self.parcels.iter().any(|parcel| parcel.told_at.is_some()) || self.parcels.len() > 1 {
            text += &heading("Parcels");
            text += &self.parcels(look);
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
        let corrections = corrected(&self.corrections);
        if !corrections.is_empty() {
            rows.push(("corrected", plain(&corrections)));
        }
        let title = paint(&title, Tone::Strong, look);
        format!("{title}\n{}\n\n{}", self.standing, fields(&rows))
    }

    fn lines(&self, look: Look) -> String {
        let row = |line: &LineItem| {
            let answer = match (line.taken, &line.reject_code) {
                (None, _) => or_dash(None::<&str>),
                (Some(true), _) => Cell::new("taken", Tone::Good),
                (Some(false), code) => {
                    let code = code.as_deref().unwrap_or("no code");
                    Cell::new(format!("not taken: {code}"), Tone::Bad)
                }
            };
            vec![
                Cell::from(&line.line_id),
                line.offer_sku.as_str().into(),
                line.quantity.to_string().into(),
                word(&line.state).into(),
                answer,
            ]
        };
        let headers = ["line", "offer SKU", "pieces", "on Mirakl", "in BlueCherry"];
        table(&headers, self.lines.iter().map(row).collect(), look)
    }

    fn parcels(&self, look: Look) -> String {
        let row = |parcel: &ParcelItem| {
            let lines = parcel.lines.iter();
            let lines: Vec<String> = lines
                .map(|line| format!("{} of {}", line.quantity, line.line_id))
                .collect();
            let by = match parcel.told_by {
                Some("") => "somebody else",
                Some(call) => call,
                None => "-",
            };
            vec![
                Cell::from(&parcel.parcel),
                lines.join(", ").into(),
                match (parcel.voided, parcel.tracked) {
                    (true, _) => "voided".into(),
                    (false, true) => "yes".into(),
                    (false, false) => "none".into(),
                },
                or_dash(parcel.told_at.map(moment)),
                by.into(),
            ]
        };
        let headers = ["parcel", "pieces", "tracking", "told", "by"];
        table(&headers, self.parcels.iter().map(row).collect(), look)
    }

    fn shipments(&self, look: Look) -> String {
        let row = |shipment: &ShipmentItem| {
            let tracking = format!("{} of {}", shipment.tracked, shipment.parcels);
            vec![
                Cell::from(&shipment.shipment_id),
                shipment.status.into(),
                shipment.carrier.as_str().into(),
                shipment.ship_via.as_str().into(),
                shipment.pieces.to_string().into(),
                tracking.into(),
                or_dash(shipment.confirmed_at.map(moment)),
            ]
        };
        let headers = [
            "shipment",
            "status",
            "carrier",
            "ship-via",
            "pieces",
            "parcels tracked",
            "confirmed",
        ];
        table(&headers, self.shipments.iter().map(row).collect(), look)
    }
}

impl ProblemItem {
    fn render(&self) -> String {
        let mut rows = vec![
            ("kind", self.kind.to_string()),
            ("owner", words::owner(self.owner).to_owned()),
            ("cause", self.cause.to_owned()),
        ];
        let evidence = self.evidence.iter().map(Named::told);
        rows.extend(evidence.map(|text| ("evidence", text)));
        rows.push(("next step", self.next_step.to_owned()));
        rows.extend(self.commands.iter().map(|c| ("type", plain(c))));
        fields(&rows)
    }
}

/// Mirakl's word for a state.
fn word(state: &State) -> String {
    let json = serde_json::to_value(state).unwrap_or_default();
    plain(json.as_str().unwrap_or("?"))
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
