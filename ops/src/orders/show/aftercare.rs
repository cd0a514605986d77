//! What came after the sale, as tables.

use crate::orders::aftercare::{
    AftercareDocument, CreditItem, IncidentItem, MoneyItem, PiecesItem, ReturnItem,
};
use crate::render::{Cell, Look, Tone, count, or_dash, pieces, table, word};
use crate::words;

impl AftercareDocument {
    /// The tables that tell something, by heading.
    pub(super) fn tables(&self, currency: &str, look: Look) -> Vec<(String, String)> {
        let mut tables = vec![("Pieces".to_owned(), self.pieces(look))];
        let mut add = |is_empty: bool, name: String, table: String| {
            if !is_empty {
                tables.push((name, table));
            }
        };
        let money = format!("Money, {currency}");
        add(self.money.is_empty(), money, self.money(look));
        let credits = format!("Credits, {currency}");
        add(self.credits.is_empty(), credits, self.credits(look));
        let returns = "Returns".to_owned();
        add(self.returns.is_empty(), returns, self.returns(look));
        let incidents = format!("Incidents, {currency}");
        add(self.incidents.is_empty(), incidents, self.incidents(look));
        tables
    }

    fn pieces(&self, look: Look) -> String {
        let row = |item: &PiecesItem| {
            let late = item.not_canceled;
            let shipped = format!(
                "{} in {}",
                item.shipped,
                count(item.parcels as u64, "parcel", "parcels")
            );
            vec![
                Cell::from(&item.line_id),
                item.ordered.to_string().into(),
                some(
                    item.canceled,
                    with(item.canceled, late, "not in BlueCherry"),
                ),
                some(item.shipped, shipped),
                some(item.short, with(item.short, item.excluded, "repaid")),
                some(
                    item.announced.max(item.returned),
                    format!("{} of {}", item.returned, item.announced),
                ),
                some(
                    item.refunded.max(item.refunding),
                    with(item.refunded, item.refunding, "on the way"),
                ),
            ]
        };
        let headers = [
            "line", "ordered", "canceled", "shipped", "short", "returned", "refunded",
        ];
        table(&headers, self.pieces.iter().map(row).collect(), look)
    }

    fn money(&self, look: Look) -> String {
        // While nothing is on the way, a column of zeros would tell nothing.
        let flying = self.money.iter().any(|item| !is_zero(&item.on_the_way));
        let moved = |amount: &str| or_dash(Some(amount).filter(|amount| !is_zero(amount)));
        let row = |item: &MoneyItem| {
            let mut cells = vec![
                Cell::from(&item.line_id),
                item.part.as_str().into(),
                item.paid.as_str().into(),
                moved(&item.refunded),
                moved(&item.canceled),
                item.left.as_str().into(),
            ];
            if flying {
                cells.insert(5, moved(&item.on_the_way));
            }
            cells
        };
        let mut headers = vec!["line", "of", "paid", "refunded", "canceled", "left"];
        if flying {
            headers.insert(5, "on the way");
        }
        table(&headers, self.money.iter().map(row).collect(), look)
    }

    fn credits(&self, look: Look) -> String {
        let headers = ["credit", "line", "status", "amount", "what became of it"];
        let rows = self.credits.iter().map(CreditItem::row).collect();
        table(&headers, rows, look)
    }

    fn returns(&self, look: Look) -> String {
        let row = |item: &ReturnItem| {
            let tone = match item.waits_for {
                Some("person") => Tone::Bad,
                Some(_) => Tone::Plain,
                None => Tone::Faint,
            };
            vec![
                or_dash(item.return_id.as_deref()),
                or_dash(item.ra_number.as_deref()),
                pieces(&item.lines).into(),
                or_dash(item.on_mirakl.as_ref().map(word)),
                or_dash(item.in_bluecherry()),
                Cell::new(&item.says, tone),
            ]
        };
        let headers = [
            "return",
            "authorization",
            "pieces",
            "on Mirakl",
            "in BlueCherry",
            "what it waits for",
        ];
        table(&headers, self.returns.iter().map(row).collect(), look)
    }

    fn incidents(&self, look: Look) -> String {
        let row = |item: &IncidentItem| {
            vec![
                Cell::from(&item.line_id),
                or_dash(item.left.as_deref()),
                or_dash(item.reason.as_deref()),
                Cell::new(&item.says, Tone::Warning),
            ]
        };
        let headers = ["line", "left of it", "settled with", "stands"];
        table(&headers, self.incidents.iter().map(row).collect(), look)
    }
}

impl CreditItem {
    fn row(&self) -> Vec<Cell> {
        let name = match (&self.memo, &self.memo_line) {
            (Some(memo), Some(line)) => words::memo_line(memo, line),
            // Its line has a column of its own.
            _ if self.credit.starts_with("short/") => {
                let units = self.quantity.unwrap_or(0);
                count(units.into(), "short unit", "short units")
            }
            _ => words::subject(&self.credit).unwrap_or_else(|| self.credit.clone()),
        };
        let status = match (&self.status, &self.memo) {
            (Some(status), _) => Cell::from(word(status)),
            (None, Some(_)) => "gone".into(),
            (None, None) => or_dash(None::<&str>),
        };
        let tone = match self.became {
            "refunded" | "found" => Tone::Good,
            "parked" => Tone::Bad,
            "unknown" | "elsewhere" => Tone::Warning,
            "voided" | "nothing" => Tone::Faint,
            _ => Tone::Plain,
        };
        vec![
            name.into(),
            self.order_line_id.as_str().into(),
            status,
            self.sum().into(),
            Cell::new(&self.says, tone),
        ]
    }

    /// The amount, and what it is made of where that is more than goods.
    fn sum(&self) -> String {
        let parts = [
            ("+", &self.shipping, "shipping"),
            ("+", &self.tax, "tax"),
            ("-", &self.restocking_fee, "fee"),
        ];
        let parts = parts.into_iter().filter(|(_, amount, _)| !is_zero(amount));
        let parts: Vec<String> = parts
            .map(|(sign, amount, name)| format!(" {sign} {amount} {name}"))
            .collect();
        match parts.as_slice() {
            [] => self.amount.clone(),
            parts => format!("{} = {} goods{}", self.amount, self.goods, parts.concat()),
        }
    }
}

impl ReturnItem {
    /// BlueCherry's word, and what came: `received: 1 RESTOCK`.
    fn in_bluecherry(&self) -> Option<String> {
        let status = word(self.in_bluecherry.as_ref()?);
        let came = self.came.iter();
        let came = came.map(|row| format!("{} {}", row.received, row.disposition));
        let came: Vec<String> = came.collect();
        Some(match came.as_slice() {
            [] => status,
            came => format!("{status}: {}", came.join(", ")),
        })
    }
}

/// Is an amount, as text, nothing?
fn is_zero(amount: &str) -> bool {
    amount.chars().all(|c| matches!(c, '0' | '.'))
}

/// A cell, or a dash where there are no pieces.
fn some(pieces: u32, told: String) -> Cell {
    or_dash(Some(told).filter(|_| pieces > 0))
}

/// Pieces, and of them some of which more is to be said.
fn with(pieces: u32, of_them: u32, what: &str) -> String {
    match of_them {
        0 => pieces.to_string(),
        n => format!("{pieces}, {n} {what}"),
    }
}
