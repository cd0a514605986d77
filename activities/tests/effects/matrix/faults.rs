//! The table of faults.

use simulators::fault::FaultRule;

use super::calls::Called;
use super::spoiler::Spoil;
use crate::harness::Env;

/// How a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By the simulator, in its own words.
    Sim(&'static str),
    /// On the wire, and the call never reaches the simulator.
    Instead(Spoil),
    /// On the wire, on the answer to a call that was carried out.
    After(Spoil),
    /// Nobody listens at the address.
    Unreachable,
    /// The answer is lost after the work, and then reads of BlueCherry show how it was before.
    Stale,
}

/// One row: a fault, by its name in the fault matrix.
pub struct Fault {
    pub id: &'static str,
    pub way: Way,
}

const fn row(id: &'static str, way: Way) -> Fault {
    Fault { id, way }
}

/// Every fault on the wire.
pub const FAULTS: &[Fault] = &[
    row("N1", Way::Sim("reset-after-commit")),
    row("N2", Way::Stale),
    row("N3", Way::Sim("status:500")),
    row("N3", Way::Sim("status:502")),
    row("N3", Way::Sim("status:503")),
    row("N3", Way::Sim("status-after-commit:500")),
    row("N3", Way::Sim("status-after-commit:503")),
    row("N4", Way::Sim("status:429:7")),
    row("N4", Way::Sim("status:429")),
    row("N5", Way::Sim("status:401")),
    row("N5", Way::Sim("status:403")),
    row("N6", Way::Unreachable),
    row("N6", Way::Sim("reset")),
    row("N7", Way::Instead(Spoil::Never)),
    row("N7", Way::After(Spoil::Never)),
    row("N7", Way::After(Spoil::Drip)),
    row("N8", Way::Instead(Spoil::CutShort)),
    row("N8", Way::Instead(Spoil::WrongLength)),
    row("N8", Way::Instead(Spoil::Gzip)),
    row("N8", Way::Instead(Spoil::Html)),
    row("N8", Way::Instead(Spoil::Null)),
    row("N8", Way::Instead(Spoil::Empty)),
    row("N8", Way::After(Spoil::CutShort)),
    row("N8", Way::After(Spoil::WrongLength)),
    row("N8", Way::After(Spoil::Gzip)),
    row("N8", Way::After(Spoil::Html)),
    row("N8", Way::After(Spoil::Null)),
    row("N8", Way::After(Spoil::Empty)),
    row("N8", Way::After(Spoil::NoRows)),
    row("N11", Way::After(Spoil::Repeated)),
    row("N10", Way::After(Spoil::NewFields)),
    row("N10", Way::After(Spoil::NoNulls)),
];

/// Tells whether the fault was met.
pub enum Struck {
    Sim { mirakls: bool },
    Wire { mirakls: bool },
    Always,
}

impl Struck {
    pub fn holds(&self, env: &Env) -> bool {
        match self {
            Self::Sim { mirakls: true } => env.mirakl.faults().list().iter().all(|f| f.struck > 0),
            Self::Sim { mirakls: false } => env.erp.faults().list().iter().all(|f| f.struck > 0),
            Self::Wire { mirakls } => env.spoiler(*mirakls).is_spent(),
            Self::Always => true,
        }
    }
}

impl Fault {
    pub fn name(&self) -> String {
        format!("{} {:?}", self.id, self.way)
    }

    /// Does it mean anything for this call?
    pub fn fits(&self, called: &Called) -> bool {
        match self.way {
            Way::Stale => !called.is_read && !called.is_mirakls(),
            // A read is carried out and changes nothing: before and after are the same.
            Way::After(Spoil::NoRows) => called.is_feed() && called.counts_rows(),
            Way::After(Spoil::Repeated) => called.is_feed(),
            Way::Instead(Spoil::Never) => true,
            Way::Instead(_) => !called.is_read,
            _ => true,
        }
    }

    /// Does it wait for a time-out?
    pub fn is_slow(&self) -> bool {
        matches!(
            self.way,
            Way::Instead(Spoil::Never) | Way::After(Spoil::Never | Spoil::Drip)
        )
    }

    /// Is it an answer like any other?
    pub fn is_harmless(&self) -> bool {
        use Spoil::{NewFields, NoNulls, Repeated};
        matches!(self.way, Way::After(NewFields | NoNulls | Repeated))
    }

    /// May a person be asked? Only where the other side said no.
    pub fn may_park(&self) -> bool {
        self.id == "N5"
    }

    /// Lets it strike the next call.
    pub fn inject(&self, env: &Env, called: &Called) -> Struck {
        let mirakls = called.is_mirakls();
        env.mirakl.faults().clear();
        env.erp.faults().clear();
        let strikes = |action: &str| {
            let rule = FaultRule::once(called.op, action);
            if mirakls {
                env.fail_mirakl(rule);
            } else {
                env.fail_erp(rule);
            }
            Struck::Sim { mirakls }
        };
        match self.way {
            Way::Sim(action) => strikes(action),
            Way::Stale => {
                env.spoiler(mirakls).freeze_reads();
                strikes("reset-after-commit")
            }
            Way::Instead(how) => {
                env.spoiler(mirakls).spoil(called.op, how, false);
                Struck::Wire { mirakls }
            }
            Way::After(how) => {
                env.spoiler(mirakls).spoil(called.op, how, true);
                Struck::Wire { mirakls }
            }
            Way::Unreachable => Struck::Always,
        }
    }
}
