use domain::aftercare::Aftercare;
use domain::fulfillment::{Facts, Versions};
use domain::order::{Order, State};
use domain::progress::Progress;
use domain::step::{Step, Wait};

use super::*;
use crate::tests::partly;

#[test]
fn the_run_reads_each_command_as_it_was_meant() {
    let codes = Corrected {
        sku: vec![("BC-1".into(), "01-TEE-RED-M".into())],
        warehouse: Some("NJ1".into()),
        ..Corrected::default()
    };
    let approved = Corrected {
        approve: vec!["memo/CM-2/1".into()],
        ..Corrected::default()
    };
    let commands = [
        Command::Retry,
        Command::Hold,
        Command::Release,
        Command::Cancel {
            reason_code: "34".into(),
        },
        Command::Correct(codes.into()),
        Command::Correct(approved.into()),
        Command::ResolveIncident {
            line: Some("C-1-A-2".into()),
            reason_code: "31".into(),
        },
        Command::MarkDone {
            step: "release".into(),
            reference: Some("500001".into()),
            reason_code: None,
        },
    ];
    for command in commands {
        let person = Person {
            by: Some("AB".into()),
        };
        let detail = detail(&command, &person).unwrap();
        assert_eq!(detail["by"], "AB");
        assert_eq!(Command::read(command.name(), &detail), Ok(command));
    }
}

#[test]
fn an_answer_is_printed_with_its_exit_code() {
    let look = Look::default();
    let held = Answer::done(
        "held",
        "Nothing more is written for this order until release.",
    );
    let output = answered("nordwind/C-1", "hold", &held, look);
    assert_eq!(output.exit, 0);
    insta::assert_snapshot!(output.text, @"done  hold nordwind/C-1: Nothing more is written for this order until release. (held)");
    let refused = Answer::refused("too_late", "The order is shipped or over.");
    let output = answered(
        "nordwind/C-1",
        "hold",
        &refused,
        Look { json: true, ..look },
    );
    assert_eq!(output.exit, 2);
    insta::assert_snapshot!(output.text, @r#"
    {
      "source": "run",
      "order": "nordwind/C-1",
      "command": "hold",
      "done": false,
      "code": "too_late",
      "says": "The order is shipped or over."
    }
    "#);
}

#[test]
fn a_sku_correction_names_both_sides() {
    assert_eq!(sku("A = B=C"), Ok(("A".into(), "B=C".into())));
    for bad in ["A", "=B", "A=", ""] {
        assert!(sku(bad).is_err(), "{bad}");
    }
}

#[test]
fn an_incident_is_settled_once_it_is_clear_which() {
    let disputed = |lines: [State; 2]| {
        let mut order = partly::order();
        for (line, state) in order.lines.iter_mut().zip(lines) {
            line.state = state;
        }
        order
    };
    let told = |order: &Order, line: Option<&str>| {
        let command = Command::ResolveIncident {
            line: line.map(str::to_owned),
            reason_code: "31".into(),
        };
        let facts = Facts {
            order,
            shipments: &[],
            policy: &partly::policy(),
            multi_shipment: None,
            aftercare: &Aftercare::default(),
            versions: Versions::default(),
            now: order.read_at,
        };
        let step = Step::Wait(Wait::Aftercare);
        let answer = command.apply(&mut Progress::default(), &facts, &step);
        let output = answered(
            "nordwind/C-2001-A",
            command.name(),
            &answer,
            Look::default(),
        );
        format!("{} {}", output.exit, output.text.trim_end())
    };
    let one = disputed([State::Shipped, State::IncidentOpen]);
    let both = disputed([State::IncidentOpen, State::IncidentOpen]);
    let answers = [
        told(&one, None),
        told(&one, Some("C-2001-A-1")),
        told(&both, None),
        told(&both, Some("C-2001-A-1")),
    ];
    insta::assert_snapshot!(answers.join("\n"), @r"
    0 done  resolve_incident nordwind/C-2001-A: Mirakl is told that the incident is settled. (resolving)
    2 refused  resolve_incident nordwind/C-2001-A: Mirakl shows no open incident there; look at the order's lines. (no_incident)
    2 refused  resolve_incident nordwind/C-2001-A: Several lines are disputed: say which with line. (which_line)
    0 done  resolve_incident nordwind/C-2001-A: Mirakl is told that the incident is settled. (resolving)
    ");
}
