//! Accept or refuse, line by line, from BlueCherry's answer.

use crate::exception::{Kind, Problem};
use crate::marketplace::{Policy, ShortStock};
use crate::progress::Booked;

/// What to tell Mirakl.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// These lines are taken, all others refused.
    Accept(Vec<String>),
    /// The whole order is refused.
    RefuseAll,
    /// A person decides.
    Ask(Problem),
}

/// Decides from what BlueCherry said of each line.
///
/// Where the operator forbids partial acceptance, a short order is refused whole or left to a
/// person, as the policy says; no half order is ever accepted. `partial_forbidden` is what Mirakl
/// itself said of this order.
pub fn decide(booked: &Booked, policy: &Policy, partial_forbidden: bool) -> Verdict {
    let taken: Vec<String> = booked
        .lines
        .iter()
        .filter(|l| l.taken)
        .map(|l| l.line_id.clone())
        .collect();
    if taken.len() == booked.lines.len() && !taken.is_empty() {
        return Verdict::Accept(taken);
    }
    match policy.short_stock {
        ShortStock::AcceptPart
            if policy.partial_acceptance && !partial_forbidden && !taken.is_empty() =>
        {
            Verdict::Accept(taken)
        }
        ShortStock::AcceptPart | ShortStock::Refuse => Verdict::RefuseAll,
        ShortStock::Ask => {
            let rejected = booked.lines.iter().filter(|l| !l.taken);
            let problem = rejected.fold(Problem::new(Kind::ShortStock), |p, line| {
                p.with(
                    &line.line_id,
                    line.reject_code.as_deref().unwrap_or("rejected"),
                )
            });
            Verdict::Ask(problem)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fulfillment::tests::policy;
    use crate::progress::BookedLine;

    fn booked(taken: &[bool]) -> Booked {
        let line = |(at, taken): (usize, &bool)| BookedLine {
            line_id: format!("L{at}"),
            taken: *taken,
            reject_code: None,
        };
        let lines = taken.iter().enumerate().map(line).collect();
        Booked {
            number: "500001".into(),
            version: 1,
            lines,
        }
    }

    #[test]
    fn a_short_order_follows_the_policy_and_the_operator() {
        use ShortStock::{AcceptPart, Ask, Refuse};
        let part = || Verdict::Accept(vec!["L0".into()]);
        let table = [
            (
                vec![true, true],
                Refuse,
                false,
                Verdict::Accept(vec!["L0".into(), "L1".into()]),
            ),
            (vec![true, false], AcceptPart, true, part()),
            (vec![true, false], AcceptPart, false, Verdict::RefuseAll),
            (vec![false, false], AcceptPart, true, Verdict::RefuseAll),
            (vec![true, false], Refuse, true, Verdict::RefuseAll),
            (vec![], Refuse, true, Verdict::RefuseAll),
        ];
        for (lines, short_stock, partial_acceptance, expected) in table {
            let policy = Policy {
                short_stock,
                partial_acceptance,
                ..policy()
            };
            assert_eq!(
                decide(&booked(&lines), &policy, false),
                expected,
                "{lines:?} {short_stock:?}"
            );
        }
        let ask = Policy {
            short_stock: Ask,
            ..policy()
        };
        assert!(matches!(
            decide(&booked(&[true, false]), &ask, false),
            Verdict::Ask(_)
        ));
    }
}
