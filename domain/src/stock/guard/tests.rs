use super::*;

fn change(last: u32, next: u32, sold: u32) -> Change {
    Change {
        last: Some(last),
        next,
        sold,
        price: Some(Decimal::TEN),
    }
}

fn judged(changes: &[Change], limits: &Limits) -> Trips {
    let mut totals = Totals::new();
    changes.iter().for_each(|change| totals.add(change));
    totals.judge(limits)
}

fn run(changes: &[Change]) -> Trips {
    judged(changes, &Limits::default())
}

#[test]
fn a_zeroed_feed_is_held_and_what_sold_goes_out_all_the_same() {
    let trips = run(&[change(10, 0, 0); 100]);
    assert!(trips.zeroed && trips.fall);
    let held = |meanwhile| Decision::Hold {
        hold: Hold::Zeroed,
        meanwhile,
    };
    assert_eq!(trips.decide(&change(10, 0, 0)), held(None));
    assert_eq!(trips.decide(&change(10, 0, 4)), held(Some(6)));
    assert_eq!(trips.decide(&change(10, 0, 10)), Decision::Send(0));
    assert_eq!(trips.decide(&change(10, 7, 3)), Decision::Send(7));
    assert_eq!(trips.decide(&change(10, 12, 0)), Decision::Send(12));
    assert_eq!(trips.decide(&change(10, 10, 0)), Decision::Same);
}

#[test]
fn a_halved_feed_is_held_and_its_new_offers_go_out() {
    let trips = run(&[change(10, 5, 0); 100]);
    assert!(trips.fall && !trips.zeroed);
    let first = Change {
        last: None,
        ..change(0, 9, 0)
    };
    assert_eq!(trips.decide(&first), Decision::Send(9));
    assert_eq!(
        trips.decide(&change(10, 5, 0)),
        Decision::Hold {
            hold: Hold::Fall,
            meanwhile: None
        }
    );
}

#[test]
fn a_feed_times_a_hundred_is_held() {
    let trips = run(&[change(10, 1_000, 0); 100]);
    assert!(trips.rise);
    for (last, next, hold) in [(10, 1_000, Hold::Spike), (10, 50, Hold::Rise)] {
        assert_eq!(
            trips.decide(&change(last, next, 0)),
            Decision::Hold {
                hold,
                meanwhile: None
            }
        );
    }
    assert_eq!(trips.decide(&change(10, 9, 0)), Decision::Send(9));
}

#[test]
fn a_spike_holds_its_own_offer_only() {
    let mut changes = vec![change(10, 10, 0); 99];
    changes.push(change(2, 200, 0));
    let trips = run(&changes);
    assert!(trips.is_quiet());
    assert!(matches!(
        trips.decide(&changes[99]),
        Decision::Hold {
            hold: Hold::Spike,
            ..
        }
    ));
    assert_eq!(trips.decide(&change(10, 12, 0)), Decision::Send(12));
}

#[test]
fn a_day_of_sales_trips_nothing() {
    assert!(run(&[change(10, 0, 10); 100]).is_quiet());
    assert!(run(&[change(10, 0, 0); 3]).is_quiet());
}

#[test]
fn the_value_of_what_disappears_is_limited() {
    let limits = Limits {
        value_max: Some(Decimal::from(100)),
        ..Limits::default()
    };
    let at_limit = [change(10, 5, 0), change(10, 5, 0)];
    assert!(!judged(&at_limit, &limits).value);
    let over = [change(10, 5, 0), change(10, 4, 0)];
    let trips = judged(&over, &limits);
    assert!(matches!(
        trips.decide(&over[0]),
        Decision::Hold {
            hold: Hold::Value,
            ..
        }
    ));
    let too_large = [Change {
        price: Some(Decimal::MAX),
        ..change(10, 1, 0)
    }];
    assert!(judged(&too_large, &limits).value);
}
