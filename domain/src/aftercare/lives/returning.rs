//! Returns on both sides, and the steps that bring them on.

use super::super::tests::{A, B};
use super::super::*;
use super::Fault;
use super::at;
use super::driver::World;
use crate::papers::{ErpReturn, MarketplaceReturn};
use crate::returns::{
    Authorization, AuthorizationStatus, Inspected, Next, Return, ReturnLine, ReturnState,
};

/// What both systems hold of returns.
#[derive(Clone, Debug, Default)]
pub struct Returns {
    pub mirakl: Vec<MarketplaceReturn>,
    pub erp: Vec<ErpReturn>,
}

fn of(place: usize) -> ReturnLine {
    ReturnLine {
        order_line_id: [A, B][place].to_owned(),
        quantity: 1,
        reason_code: "12".into(),
        compliant: None,
    }
}

fn moved(shown: &mut MarketplaceReturn, now: i64, state: ReturnState) {
    shown.updated_at = at(now);
    shown.shown.state = state;
}

impl Returns {
    /// The customer announces a return; where the operator asks, it waits for the shop.
    pub fn announce(&mut self, now: i64, place: usize, waits: bool) {
        let id = format!("ret-{}", self.mirakl.len() + 1);
        let state = match waits {
            true => ReturnState::WaitingAcceptance,
            false => ReturnState::InProgress,
        };
        self.show(id, now, place, state, None);
    }

    fn show(
        &mut self,
        id: String,
        now: i64,
        place: usize,
        state: ReturnState,
        rma: Option<String>,
    ) {
        self.mirakl.push(MarketplaceReturn {
            return_id: id,
            updated_at: at(now),
            rma,
            shown: Return {
                state,
                lines: vec![of(place)],
            },
        });
    }

    /// BlueCherry authorizes a return; without an ID of Mirakl's, one that began there.
    pub fn authorize(&mut self, place: usize, external: Option<&str>) -> String {
        let number = format!("RA{}", self.erp.len() + 1);
        self.erp.push(ErpReturn {
            ra_number: number.clone(),
            external_return_id: external.map(str::to_owned),
            version: 1,
            authorization: Authorization {
                status: AuthorizationStatus::Authorized,
                lines: vec![],
            },
            authorized: vec![of(place)],
        });
        number
    }

    /// Mirakl takes a step from where the return stands, and no other; did it?
    fn take(&mut self, now: i64, id: &str, next: &Next) -> bool {
        let Some(shown) = self.mirakl.iter_mut().find(|r| r.return_id == id) else {
            return false;
        };
        let (from, to) = match next {
            Next::Accept => (ReturnState::WaitingAcceptance, ReturnState::InProgress),
            Next::Receive => (ReturnState::InProgress, ReturnState::Received),
            Next::Comply(_) => (ReturnState::Received, ReturnState::Received),
            Next::Close => (ReturnState::Received, ReturnState::Closed),
            _ => return false,
        };
        let is_judged = shown
            .shown
            .lines
            .iter()
            .any(|line| line.compliant.is_some());
        let is_comply = matches!(next, Next::Comply(_));
        if shown.shown.state != from || (is_comply && is_judged) {
            return false;
        }
        if is_comply {
            shown.shown.lines[0].compliant = Some(true);
        }
        moved(shown, now, to);
        true
    }
}

impl World {
    /// The goods of a return come, and are looked at.
    pub fn goods_come(&mut self, place: usize, is_inspected: bool) {
        let count = self.returns.erp.len();
        if count == 0 {
            return;
        }
        let there = &mut self.returns.erp[place % count];
        let disposition = if is_inspected { "restock" } else { "pending" };
        let lines = vec![Inspected {
            order_line_id: there.authorized[0].order_line_id.clone(),
            received: 1,
            disposition: disposition.into(),
        }];
        let was_inspected = there
            .authorization
            .lines
            .iter()
            .any(|l| l.disposition == "restock");
        if was_inspected || there.authorization.lines == lines {
            return;
        }
        there.version += 1;
        there.authorization.status = AuthorizationStatus::Received;
        there.authorization.lines = lines;
        self.erp.version += 1;
    }

    pub fn read_returns(&mut self) {
        self.case.care.papers.returns = self.returns.mirakl.clone();
    }

    /// What both sides have behind them counts, by whomever.
    pub fn adopt_returns(&mut self) {
        let papers = &self.case.care.papers;
        for (subject, words) in passed_untaken(&self.case.progress, papers) {
            for word in words {
                self.note(&subject, word);
            }
        }
    }

    fn note(&mut self, subject: &str, word: &str) {
        self.case.progress.care.tell(subject, |told| {
            if !told.taken.iter().any(|one| one == word) {
                told.taken.push(word.to_owned());
            }
        });
    }

    /// Each return one step on. A step of which the answer was lost is looked up before it is repeated.
    pub fn forward_returns(&mut self) -> Result<(), String> {
        for due in returns_due(&self.case.progress, &self.case.facts()) {
            self.now += 1;
            let fault = self.faults.pop_front().unwrap_or(Fault::None);
            let does = !matches!(fault, Fault::Lost(false) | Fault::Killed(false));
            let knows = matches!(fault, Fault::None);
            match &due.next {
                Next::Authorize => self.authorize(&due, does, knows),
                Next::Create => self.create(&due, does, knows),
                next => {
                    let word = next.word().unwrap_or_default();
                    let key = (due.subject.clone(), word);
                    let is_repeat = !self.begun.insert(key);
                    if !does {
                        continue;
                    }
                    if *next == Next::Receive && !self.has_come(&due.subject) {
                        return Err(format!("{}: nothing came", due.subject));
                    }
                    let took = self.returns.take(self.now, &due.subject, next);
                    if !took && !is_repeat {
                        let shown = &self.returns.mirakl;
                        return Err(format!("{} {word} was refused: {shown:?}", due.subject));
                    }
                    if knows {
                        self.note(&due.subject, word);
                    }
                }
            }
        }
        Ok(())
    }

    /// Are the goods of one of Mirakl's returns in the warehouse?
    fn has_come(&self, id: &str) -> bool {
        let mut shown = self.returns.mirakl.iter();
        let rma = shown
            .find(|r| r.return_id == id)
            .and_then(|r| r.rma.clone());
        let is_it = |there: &&ErpReturn| {
            there.external_return_id.as_deref() == Some(id)
                || rma.as_ref() == Some(&there.ra_number)
        };
        let there = self.returns.erp.iter().find(is_it);
        there.is_some_and(|r| r.authorization.status == AuthorizationStatus::Received)
    }

    fn authorize(&mut self, due: &ReturnStep, does: bool, knows: bool) {
        let known = self.returns.erp.iter();
        let mut known = known.filter(|r| r.external_return_id.as_deref() == Some(&due.subject));
        let number = match known.next() {
            // BlueCherry knows the ID, and answers with what it has.
            Some(there) => there.ra_number.clone(),
            None if does => {
                let mut shown = self.returns.mirakl.iter();
                let shown = shown.find(|r| r.return_id == due.subject);
                let line = shown.map(|r| r.shown.lines[0].order_line_id.clone());
                let place = usize::from(line.as_deref() == Some(B));
                self.erp.version += 1;
                self.returns.authorize(place, Some(&due.subject))
            }
            None => return,
        };
        if knows {
            self.note(&due.subject, "authorize");
            let care = &mut self.case.progress.care;
            care.tell(&due.subject, |told| told.ra_number = Some(number));
        }
    }

    fn create(&mut self, due: &ReturnStep, does: bool, knows: bool) {
        let number = due.subject.trim_start_matches("ra/").to_owned();
        // Mirakl's returns are read first, by the number that they carry.
        let known = self.returns.mirakl.iter();
        let mut known = known.filter(|r| r.rma.as_ref() == Some(&number));
        let id = match known.next() {
            Some(shown) => shown.return_id.clone(),
            None if does => {
                let there = self.returns.erp.iter().find(|r| r.ra_number == number);
                let line = there.map(|r| r.authorized[0].order_line_id.clone());
                let place = usize::from(line.as_deref() == Some(B));
                let id = format!("ret-{}", self.returns.mirakl.len() + 1);
                let (now, state) = (self.now, ReturnState::InProgress);
                self.returns
                    .show(id.clone(), now, place, state, Some(number.clone()));
                id
            }
            None => return,
        };
        if knows {
            self.note(&due.subject, "create");
            let care = &mut self.case.progress.care;
            care.tell(&id, |told| told.ra_number = Some(number));
        }
    }

    /// Each return has one other side at most.
    pub fn check_returns(&self) -> Result<(), String> {
        for shown in &self.returns.mirakl {
            let erp = self.returns.erp.iter();
            let sides = erp.filter(|there| {
                there.external_return_id.as_ref() == Some(&shown.return_id)
                    || shown.rma.as_ref() == Some(&there.ra_number)
            });
            if sides.count() > 1 {
                return Err(format!(
                    "{} is authorized twice: {:?}",
                    shown.return_id, self.returns
                ));
            }
        }
        for there in &self.returns.erp {
            let shown = self.returns.mirakl.iter();
            let made = shown
                .filter(|r| r.rma.as_ref() == Some(&there.ra_number))
                .count();
            if made > usize::from(there.external_return_id.is_none()) {
                return Err(format!("{} was made {made} times", there.ra_number));
            }
        }
        Ok(())
    }

    /// Once all goods came and were looked at, every return is closed on Mirakl, or a person's.
    pub fn check_returned(&self, parked: &[String]) -> Result<(), String> {
        if self.case.order.state.is_called_off() {
            return Ok(());
        }
        for shown in &self.returns.mirakl {
            let key = format!("return/{}:", shown.return_id);
            let is_parked = parked.iter().any(|one| one.starts_with(&key));
            if shown.shown.state != ReturnState::Closed && !is_parked {
                return Err(format!("{shown:?} is not closed: {:?}", self.returns.erp));
            }
        }
        Ok(())
    }
}
