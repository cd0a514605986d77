//! Batches that are what they say, and others.

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_741_100_000 + second).unwrap()
}

fn batch() -> Batch {
    Batch {
        batch_id: "B2".to_owned(),
        as_of: at(0),
        full: true,
        ended: true,
        rows: 100,
        rows_told: Some(100),
        units: Some(1_000),
        units_told: Some(1_000),
    }
}

#[test]
fn a_batch_that_is_not_what_it_says_is_recognised() {
    let before = Previous {
        batch_id: "B1".to_owned(),
        as_of: at(-900),
        rows: Some(100),
        units: Some(1_000),
    };
    let incomplete = |rows, told| Fault::Incomplete { rows, told };
    let scale = |units| Fault::Scale {
        units,
        before: 1_000,
    };
    let table: Vec<(Batch, Vec<Fault>)> = vec![
        (batch(), vec![]),
        (
            Batch {
                rows_told: None,
                units_told: None,
                ..batch()
            },
            vec![],
        ),
        (
            Batch {
                ended: false,
                ..batch()
            },
            vec![incomplete(100, Some(100))],
        ),
        (
            Batch {
                rows_told: Some(101),
                ..batch()
            },
            vec![incomplete(100, Some(101))],
        ),
        (
            Batch {
                units_told: Some(999),
                ..batch()
            },
            vec![Fault::ControlTotal {
                units: Some(1_000),
                told: 999,
            }],
        ),
        (
            Batch {
                rows: 0,
                rows_told: Some(0),
                units: Some(0),
                units_told: Some(0),
                ..batch()
            },
            vec![Fault::Empty],
        ),
        (
            Batch {
                rows: 79,
                rows_told: None,
                ..batch()
            },
            vec![Fault::Shrunken {
                rows: 79,
                before: 100,
            }],
        ),
        (
            Batch {
                rows: 79,
                rows_told: None,
                full: false,
                ..batch()
            },
            vec![],
        ),
        (
            Batch {
                units: Some(100_000),
                units_told: None,
                ..batch()
            },
            vec![scale(Some(100_000))],
        ),
        (
            Batch {
                units: Some(0),
                units_told: None,
                ..batch()
            },
            vec![scale(Some(0))],
        ),
        (
            Batch {
                units: None,
                units_told: None,
                ..batch()
            },
            vec![scale(None)],
        ),
        (
            Batch {
                batch_id: "B1".to_owned(),
                ..batch()
            },
            vec![Fault::Duplicate],
        ),
        (
            Batch {
                as_of: at(-901),
                ..batch()
            },
            vec![Fault::OutOfOrder { newer: at(-900) }],
        ),
        (
            Batch {
                as_of: at(401),
                ..batch()
            },
            vec![Fault::Ahead { ahead_s: 301 }],
        ),
    ];
    for (batch, faults) in table {
        let judged = judge(&batch, Some(&before), &Limits::default(), at(100));
        assert_eq!(judged, faults, "{batch:?}");
    }
}

#[test]
fn a_stale_batch_is_whole_and_its_age_is_told() {
    let faults = judge(&batch(), None, &Limits::default(), at(7_201));
    assert_eq!(faults, [Fault::Stale { age_s: 7_201 }]);
    assert!(faults.iter().all(|fault| !fault.refuses()));
    assert_eq!(judge(&batch(), None, &Limits::default(), at(7_200)), []);
}

#[test]
fn the_age_action_never_raises_a_number() {
    for (action, shown) in [
        (AgeAction::HoldLast, None),
        (AgeAction::Zero, Some(0)),
        (AgeAction::Reduce(50), Some(3)),
        (AgeAction::Reduce(200), Some(7)),
    ] {
        assert_eq!(action.apply(7), shown, "{action:?}");
    }
}
