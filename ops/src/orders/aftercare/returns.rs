//! Returns, as both sides show them.

use domain::aftercare::erp_subject;
use domain::papers::{ErpReturn, MarketplaceReturn};
use domain::returns::{Authorization, AuthorizationStatus, Inspected, Return, ReturnState};
use domain::shipment::Quantity;
use ledger::OrderRow;
use serde::Serialize;

use super::pieces::total;
use super::{Parked, waits_for_person};

/// A return; one that began in BlueCherry may not be on Mirakl.
#[derive(Clone, Debug, Serialize)]
pub struct ReturnItem {
    /// Mirakl's ID.
    pub return_id: Option<String>,
    /// Number of the authorization in BlueCherry.
    pub ra_number: Option<String>,
    /// What is announced, by line.
    pub lines: Vec<Quantity>,
    /// Mirakl's word for where it stands.
    pub on_mirakl: Option<ReturnState>,
    /// BlueCherry's word; null while it shows none.
    pub in_bluecherry: Option<AuthorizationStatus>,
    /// What came, with the warehouse's disposition.
    pub came: Vec<Inspected>,
    /// What it waits for, in a word; null when it is over.
    pub waits_for: Option<&'static str>,
    /// The same for people.
    pub says: String,
}

/// Both sides of a return.
struct Pair<'a> {
    subject: String,
    shown: Option<&'a MarketplaceReturn>,
    there: Option<&'a ErpReturn>,
    number: Option<&'a str>,
    taken: &'a [String],
}

fn pairs(row: &OrderRow) -> Vec<Pair<'_>> {
    let (papers, care) = (&row.papers, &row.progress.care);
    let of_mirakl = papers.returns.iter().map(|shown| {
        let told = care.told_of(&shown.return_id);
        let number = told.and_then(|told| told.ra_number.as_deref());
        let there = papers.erp_return_of(shown, number);
        Pair {
            subject: shown.return_id.clone(),
            shown: Some(shown),
            there,
            number: there.map(|there| there.ra_number.as_str()).or(number),
            taken: told.map_or(&[], |told| &told.taken),
        }
    });
    let alone = papers.erp_returns.iter();
    let alone = alone.filter(|there| papers.return_of(there, &row.progress).is_none());
    let of_erp = alone.map(|there| {
        let subject = erp_subject(&there.ra_number);
        let told = care.told_of(&subject);
        Pair {
            subject,
            shown: None,
            there: Some(there),
            number: Some(&there.ra_number),
            taken: told.map_or(&[], |told| &told.taken),
        }
    });
    of_mirakl.chain(of_erp).collect()
}

/// Every return: those of Mirakl, then those that only BlueCherry has.
pub(super) fn all(row: &OrderRow, parked: &Parked<'_>) -> Vec<ReturnItem> {
    let item = |pair: Pair<'_>| {
        let exception = parked.of(&format!("return/{}", pair.subject));
        let (waits_for, says) = match exception {
            Some(exception) => (Some("person"), Some(waits_for_person(exception))),
            None => waits(&pair).unzip(),
        };
        let came = pair.there.map(|there| &there.authorization.lines);
        ReturnItem {
            return_id: pair.shown.map(|shown| shown.return_id.clone()),
            ra_number: pair.number.map(str::to_owned),
            lines: pair.announced(),
            on_mirakl: pair.shown.map(|shown| shown.shown.state.clone()),
            in_bluecherry: pair.there.map(|there| there.authorization.status.clone()),
            came: came.map_or(vec![], |lines| {
                let came = lines.iter().filter(|line| line.received > 0);
                came.cloned().collect()
            }),
            waits_for,
            says: says.unwrap_or_else(|| "over".to_owned()),
        }
    };
    pairs(row).into_iter().map(item).collect()
}

impl Pair<'_> {
    fn has_taken(&self, word: &str) -> bool {
        self.taken.iter().any(|taken| taken == word)
    }

    fn announced(&self) -> Vec<Quantity> {
        let lines = match (self.shown, self.there) {
            (Some(shown), _) => shown.shown.lines.clone(),
            (None, Some(there)) => there.lines(),
            (None, None) => vec![],
        };
        let quantity = |line: &domain::returns::ReturnLine| Quantity {
            line_id: line.order_line_id.clone(),
            quantity: line.quantity,
        };
        lines.iter().map(quantity).collect()
    }

    fn is_called_off(&self) -> bool {
        let on_mirakl = self.shown.map(|shown| &shown.shown.state);
        let in_erp = self.there.map(|there| &there.authorization.status);
        match (on_mirakl, in_erp) {
            (Some(state), _) => matches!(state, ReturnState::Refused | ReturnState::Canceled),
            (None, status) => status == Some(&AuthorizationStatus::Canceled),
        }
    }

    /// Pieces of a line that came; where BlueCherry takes no returns, Mirakl's word tells it.
    fn came(&self, line_id: &str) -> u32 {
        if let Some(there) = self.there {
            let lines = there.authorization.lines.iter();
            let of_it = lines.filter(|line| line.order_line_id == line_id);
            return total(of_it.map(|line| line.received));
        }
        let state = self.shown.map(|shown| &shown.shown.state);
        match state {
            Some(ReturnState::Received | ReturnState::Closed) => self.announced_of(line_id),
            _ => 0,
        }
    }

    fn announced_of(&self, line_id: &str) -> u32 {
        let lines = self.announced().into_iter();
        total(lines.filter(|q| q.line_id == line_id).map(|q| q.quantity))
    }
}

/// Pieces of a line that are announced to come back, and that came.
pub(super) fn pieces(row: &OrderRow, line_id: &str) -> (u32, u32) {
    let all = pairs(row);
    let counting = || all.iter().filter(|pair| !pair.is_called_off());
    (
        total(counting().map(|pair| pair.announced_of(line_id))),
        total(all.iter().map(|pair| pair.came(line_id))),
    )
}

/// What a return waits for that nobody is asked about; `None` when it is over.
///
/// Told from the two states alone: where the marketplace's rules decide what is next, both are named.
fn waits(pair: &Pair<'_>) -> Option<(&'static str, String)> {
    let there = pair.there.map(|there| &there.authorization);
    let (code, says) = match (pair.shown.map(|shown| &shown.shown), there) {
        (None, None) => return None,
        (None, Some(there)) => of_erp(pair, there)?,
        (Some(shown), there) => of_mirakl(pair, shown, there)?,
    };
    Some((code, says.to_owned()))
}

/// Mirakl took the word, and its next look shows it.
const TOLD: (&str, &str) = ("mirakl", "waits for Mirakl to show what it was told");

fn of_erp(pair: &Pair<'_>, there: &Authorization) -> Option<(&'static str, &'static str)> {
    match there.status {
        _ if pair.has_taken("create") => Some(TOLD),
        AuthorizationStatus::Authorized | AuthorizationStatus::Received => Some((
            "creation",
            "not on Mirakl; it is made there where return_method says how it travels",
        )),
        AuthorizationStatus::NoReception | AuthorizationStatus::Canceled => None,
        AuthorizationStatus::Unknown(_) => Some(("person", "BlueCherry says an unknown word")),
    }
}

fn of_mirakl(
    pair: &Pair<'_>,
    shown: &Return,
    there: Option<&Authorization>,
) -> Option<(&'static str, &'static str)> {
    let told = |word: &str, code, says| match pair.has_taken(word) {
        true => Some(TOLD),
        false => Some((code, says)),
    };
    match (&shown.state, there.map(|there| &there.status)) {
        (ReturnState::Closed | ReturnState::Refused | ReturnState::Canceled, _)
        | (ReturnState::NoReception, _) => None,
        (ReturnState::Unknown(_), _) => Some(("person", "Mirakl says an unknown word")),
        (ReturnState::WaitingAcceptance, _) => {
            told("accept", "acceptance", "waits for its acceptance on Mirakl")
        }
        (ReturnState::InProgress, None) if pair.has_taken("authorize") => Some((
            "authorization",
            "announced; waits for BlueCherry to show its authorization",
        )),
        (ReturnState::InProgress, None) => Some((
            "authorization",
            "waits for its authorization, or for a credit memo where BlueCherry takes no returns",
        )),
        (ReturnState::InProgress, Some(AuthorizationStatus::Authorized)) => {
            Some(("receipt", "waits for the goods"))
        }
        (ReturnState::InProgress, Some(AuthorizationStatus::Received)) => {
            told("receive", "telling", "the goods came; Mirakl is told next")
        }
        (ReturnState::InProgress, Some(AuthorizationStatus::NoReception)) => Some((
            "operator",
            "nothing came; waits for the operator to say so on Mirakl",
        )),
        (ReturnState::InProgress, Some(_)) => Some(("person", "both sides say different things")),
        (ReturnState::Received, None) => {
            told("close", "credit_memo", "waits for its posted credit memo")
        }
        (ReturnState::Received, Some(_)) => {
            let rows = there.map_or(&[][..], |there| &there.lines);
            let is_pending = |row: &Inspected| row.received > 0 && row.disposition == "pending";
            let is_open = shown.lines.iter().any(|line| line.compliant.is_none());
            match (is_open, rows.iter().any(is_pending)) {
                (true, true) => Some(("inspection", "waits for the inspection of the goods")),
                (true, false) => told("comply", "telling", "inspected; Mirakl is told next"),
                (false, _) => told("close", "telling", "judged; it is closed on Mirakl next"),
            }
        }
    }
}

#[cfg(test)]
mod tests;
