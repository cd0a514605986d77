//! What the ledger, the runs and a second pass say when it is over.

use super::*;

#[test]
fn a_write_without_its_entry_and_an_entry_without_its_write_break_15() {
    let silent = |world: &mut World| drop(world.entries.remove("nordwind/N1-A"));
    assert_eq!(broken(silent), [15]);
    let claimed = |world: &mut World| {
        let entries = world.entries.entry("nordwind/N3-A".to_owned()).or_default();
        entries.push("accepted".to_owned());
    };
    assert_eq!(broken(claimed), [15]);
}

#[test]
fn a_lost_ledger_excuses_the_entries_of_what_was_sold_before_and_its_feeds_and_nothing_else() {
    let lost = |at: &'static str| {
        move |world: &mut World| {
            world.ledger_lost_at = at.parse().ok();
            world.entries.remove("nordwind/N1-A");
        }
    };
    assert!(broken(lost("2026-03-02T10:00:01Z")).is_empty());
    assert_eq!(broken(lost("2026-03-02T09:59:59Z")), [15]);
    let ended = |id: &'static str| {
        move |world: &mut World| {
            world.ledger_lost_at = "2026-03-02T10:00:01Z".parse().ok();
            world.runs.push(Run {
                id: id.to_owned(),
                status: "Terminated".to_owned(),
                ..Run::default()
            });
        }
    };
    assert!(broken(ended("feed/nordwind/orders")).is_empty());
    assert_eq!(broken(ended("order/nordwind/N1-A")), [16]);
}

#[test]
fn a_sick_run_breaks_16() {
    let changes: [fn(&mut Run); 4] = [
        |run| run.events = 501,
        |run| run.bytes = 1_000_001,
        |run| run.task_failures.push("NON_DETERMINISTIC_ERROR".to_owned()),
        |run| run.status = "TimedOut".to_owned(),
    ];
    for change in changes {
        assert_eq!(broken(|world| change(&mut world.runs[0])), [16]);
    }
    let news_came = |world: &mut World| {
        let failures = &mut world.runs[0].task_failures;
        failures.push("event 27: WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND".to_owned());
    };
    assert!(broken(news_came).is_empty());
}

#[test]
fn a_world_that_never_settles_breaks_14_and_has_no_second_pass() {
    let late = |world: &mut World| world.second_pass.settled = false;
    assert_eq!(broken(late), [14, 17]);
}

#[test]
fn a_second_pass_that_writes_or_does_not_look_breaks_17() {
    let writes = |world: &mut World| {
        world
            .second_pass
            .commits
            .push("nordwind OR21 N1-A".to_owned());
    };
    assert_eq!(broken(writes), [17]);
    let silent = |world: &mut World| world.second_pass.silent.push("order/x/y".to_owned());
    assert_eq!(broken(silent), [17]);
    let still = |world: &mut World| {
        world
            .second_pass
            .pulls
            .insert("nordwind/orders".to_owned(), 0);
    };
    assert_eq!(broken(still), [17]);
}

#[test]
fn an_acceptance_in_the_last_quarter_breaks_18() {
    let late = |world: &mut World| {
        shop(world)["orders"][0]["accepted"] = json!("2026-03-02T10:03:01Z");
    };
    assert_eq!(broken(late), [18]);
}
