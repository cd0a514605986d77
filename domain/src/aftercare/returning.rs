//! Returns of an order: which steps are due, and which need a person.

use super::is_stopped;
use crate::exception::{Kind, Problem};
use crate::fulfillment::Facts;
use crate::papers::{ErpReturn, MarketplaceReturn, Papers};
use crate::progress::Progress;
use crate::refund::{CreditMemo, MemoKind, MemoStatus};
use crate::returns::{self, Authorization, Next, Return, ReturnLine, ReturnState, Waiting};

/// A step that is due for a return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnStep {
    /// Mirakl's return ID, or `ra/` and the ERP's number for one that began there.
    pub subject: String,
    /// The step.
    pub next: Next,
}

impl ReturnStep {
    /// The name under which a stop and an exception stand.
    pub fn key(&self) -> String {
        key(&self.subject)
    }
}

fn key(subject: &str) -> String {
    format!("return/{subject}")
}

/// Steps of returns that are due now: one for each return at most.
pub fn returns_due(progress: &Progress, facts: &Facts<'_>) -> Vec<ReturnStep> {
    let mut all = steps(progress, facts);
    all.retain(|step| {
        step.next.word().is_some_and(|word| {
            let told = progress.care.told_of(&step.subject);
            let is_taken = told.is_some_and(|told| told.taken.iter().any(|taken| taken == word));
            !is_taken && !is_stopped(progress, facts, &step.key())
        })
    });
    all
}

/// Steps that a return has behind it, by whomever, and of which nothing is noted: the answer was lost,
/// or somebody did it by hand.
pub fn passed_untaken(progress: &Progress, papers: &Papers) -> Vec<(String, Vec<&'static str>)> {
    let all = papers.returns.iter().map(|shown| {
        let told = progress.care.told_of(&shown.return_id);
        let number = told.and_then(|told| told.ra_number.as_deref());
        let authorized = papers.erp_return_of(shown, number).is_some();
        let mut passed = passed(&shown.shown, authorized);
        passed.retain(|word| !told.is_some_and(|told| told.taken.iter().any(|one| one == word)));
        (shown.return_id.clone(), passed)
    });
    all.filter(|(_, passed)| !passed.is_empty()).collect()
}

fn passed(shown: &Return, authorized: bool) -> Vec<&'static str> {
    let judged = shown.lines.iter().all(|line| line.compliant.is_some());
    let reached = match shown.state {
        ReturnState::InProgress => 1,
        ReturnState::Received if judged => 3,
        ReturnState::Received => 2,
        ReturnState::Closed => 4,
        _ => 0,
    };
    let words = ["accept", "receive", "comply", "close"].into_iter();
    let begun = authorized.then_some("authorize");
    begun.into_iter().chain(words.take(reached)).collect()
}

/// Returns that need a person, by subject.
pub(super) fn parked(progress: &Progress, facts: &Facts<'_>) -> Vec<(String, Problem)> {
    let steps = steps(progress, facts).into_iter();
    let asked = steps.filter_map(|step| match &step.next {
        Next::Ask(problem) => Some((step.key(), problem.clone().with("return", &step.subject))),
        Next::Wait(Waiting::Decision) => {
            let problem = Problem::new(Kind::ReturnToDecide).with("return", &step.subject);
            Some((step.key(), problem))
        }
        _ => None,
    });
    asked.collect()
}

/// What comes next for every return of the order.
pub fn steps(progress: &Progress, facts: &Facts<'_>) -> Vec<ReturnStep> {
    let aftercare = facts.aftercare;
    let papers = &aftercare.papers;
    let marketplace = papers.returns.iter().map(|shown| {
        let told = progress.care.told_of(&shown.return_id);
        let number = told.and_then(|told| told.ra_number.as_deref());
        let there = papers.erp_return_of(shown, number);
        // Authorized, and the ERP's feed does not show it yet.
        let announced = there.is_none() && number.is_some();
        let lines = &shown.shown.lines;
        let number = there.map(|there| there.ra_number.as_str()).or(number);
        let credited = is_credited(lines, number, &papers.credits);
        let fresh = announced.then(|| Authorization {
            status: returns::AuthorizationStatus::Authorized,
            lines: vec![],
        });
        let there = there.map(|there| &there.authorization).or(fresh.as_ref());
        ReturnStep {
            subject: shown.return_id.clone(),
            next: returns::next(&shown.shown, there, credited, &aftercare.returns),
        }
    });
    let mut all: Vec<ReturnStep> = marketplace.collect();
    if aftercare.returns.creates {
        let unknown = papers
            .erp_returns
            .iter()
            .filter(|there| papers.return_of(there, progress).is_none())
            // The customer announced these goods on Mirakl, and the ERP knows them by another number.
            .filter(|there| !papers.is_announced(there));
        all.extend(unknown.map(|there| {
            let number = Some(there.ra_number.as_str());
            let credited = is_credited(&there.lines(), number, &papers.credits);
            let authorization = &there.authorization;
            ReturnStep {
                subject: erp_subject(&there.ra_number),
                next: returns::next_of_erp(authorization, None, credited, &aftercare.returns),
            }
        }));
    }
    all
}

/// The subject of a return that began at the ERP.
pub fn erp_subject(ra_number: &str) -> String {
    format!("ra/{ra_number}")
}

impl Papers {
    /// The ERP's side of a return: by the ID it was announced with, by the number it carries, or by
    /// the one that it was given.
    pub fn erp_return_of(
        &self,
        shown: &MarketplaceReturn,
        number: Option<&str>,
    ) -> Option<&ErpReturn> {
        let mut all = self.erp_returns.iter();
        all.find(|there| is_other_side(shown, there) || number == Some(there.ra_number.as_str()))
    }

    /// Is a return of the same lines under way on Mirakl that no other return of the ERP stands for?
    fn is_announced(&self, there: &ErpReturn) -> bool {
        let is_of_ours = |shown: &MarketplaceReturn| {
            let mut all = self.erp_returns.iter();
            all.any(|one| is_other_side(shown, one))
        };
        let under_way = self.returns.iter().filter(|shown| {
            matches!(
                shown.shown.state,
                ReturnState::WaitingAcceptance | ReturnState::InProgress
            ) && !is_of_ours(shown)
        });
        let lines = there.lines();
        under_way
            .flat_map(|shown| &shown.shown.lines)
            .any(|line| lines.iter().any(|l| l.order_line_id == line.order_line_id))
    }

    /// Mirakl's side of a return of the ERP; empty while Mirakl does not show it, and where it shows
    /// one that only carries its number: the step that makes it finds that one, and notes it.
    pub fn return_of(&self, there: &ErpReturn, progress: &Progress) -> Option<&MarketplaceReturn> {
        self.returns.iter().find(|shown| {
            let told = progress.care.told_of(&shown.return_id);
            let number = told.and_then(|told| told.ra_number.as_deref());
            there.is_of(&shown.return_id) || number == Some(there.ra_number.as_str())
        })
    }
}

/// Do both say so themselves? It holds also where nothing written here tells it any more.
fn is_other_side(shown: &MarketplaceReturn, there: &ErpReturn) -> bool {
    there.is_of(&shown.return_id) || shown.rma.as_deref() == Some(there.ra_number.as_str())
}

/// Do posted credit memos cover every line of a return? Those of its authorization count, and those
/// that name none.
fn is_credited(lines: &[ReturnLine], number: Option<&str>, credits: &[CreditMemo]) -> bool {
    let posted = || {
        credits
            .iter()
            .filter(|memo| memo.status == MemoStatus::Posted)
            .filter(|memo| memo.ra_number.is_none() || memo.ra_number.as_deref() == number)
    };
    let credited = |id: &str| {
        let lines = posted().flat_map(|memo| &memo.lines);
        let came = lines.filter(|line| line.kind == MemoKind::Goods);
        let of_it = came.filter(|line| line.order_line_id == id);
        of_it
            .map(|line| line.quantity.unwrap_or(0))
            .fold(0, u32::saturating_add)
    };
    !lines.is_empty()
        && lines
            .iter()
            .all(|line| credited(&line.order_line_id) >= line.quantity)
}
