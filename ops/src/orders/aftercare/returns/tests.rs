use domain::returns::ReturnLine;
use jiff::Timestamp;

use super::*;

fn shown(state: ReturnState, compliant: Option<bool>) -> MarketplaceReturn {
    MarketplaceReturn {
        return_id: "R-1".into(),
        updated_at: Timestamp::UNIX_EPOCH,
        rma: None,
        shown: Return {
            state,
            lines: vec![ReturnLine {
                order_line_id: "A-1".into(),
                quantity: 2,
                reason_code: "12".into(),
                compliant,
            }],
        },
    }
}

fn there(status: AuthorizationStatus, received: u32, disposition: &str) -> ErpReturn {
    ErpReturn {
        ra_number: "RA-1".into(),
        external_return_id: Some("R-1".into()),
        version: 1,
        authorization: Authorization {
            status,
            lines: vec![Inspected {
                order_line_id: "A-1".into(),
                received,
                disposition: disposition.into(),
            }],
        },
        authorized: vec![],
    }
}

fn pair<'a>(
    shown: Option<&'a MarketplaceReturn>,
    there: Option<&'a ErpReturn>,
    taken: &'a [String],
) -> Pair<'a> {
    Pair {
        subject: "R-1".into(),
        shown,
        there,
        number: None,
        taken,
    }
}

#[test]
fn a_return_says_what_it_waits_for_on_which_side() {
    use AuthorizationStatus as In;
    use ReturnState as On;
    let told = |on: Option<On>, judged, erp: Option<(In, u32, &str)>, taken: &str| {
        let shown = on.map(|state| shown(state, judged));
        let there = erp.map(|(status, came, word)| there(status, came, word));
        let taken: Vec<String> = taken.split_whitespace().map(str::to_owned).collect();
        let waits = waits(&pair(shown.as_ref(), there.as_ref(), &taken));
        match waits {
            Some((code, says)) => format!("{code}: {says}"),
            None => "over".to_owned(),
        }
    };
    let came = |word| Some((In::Received, 2, word));
    let authorized = || Some((In::Authorized, 0, "pending"));
    let all = [
        told(Some(On::WaitingAcceptance), None, None, ""),
        told(Some(On::WaitingAcceptance), None, authorized(), "accept"),
        told(Some(On::InProgress), None, None, ""),
        told(Some(On::InProgress), None, None, "authorize"),
        told(Some(On::InProgress), None, authorized(), "authorize"),
        told(Some(On::InProgress), None, came("pending"), "authorize"),
        told(Some(On::InProgress), None, came("pending"), "receive"),
        told(
            Some(On::InProgress),
            None,
            Some((In::NoReception, 0, "")),
            "",
        ),
        told(Some(On::Received), None, None, ""),
        told(Some(On::Received), None, came("pending"), ""),
        told(Some(On::Received), None, came("RESTOCK"), ""),
        told(Some(On::Received), None, came("RESTOCK"), "comply"),
        told(Some(On::Received), Some(true), came("RESTOCK"), "comply"),
        told(Some(On::Received), Some(true), came("RESTOCK"), "close"),
        told(Some(On::Closed), Some(true), came("RESTOCK"), ""),
        told(Some(On::Refused), None, None, ""),
        told(None, None, authorized(), ""),
        told(None, None, authorized(), "create"),
        told(None, None, Some((In::Canceled, 0, "")), ""),
    ];
    insta::assert_snapshot!(all.join("\n"), @r"
    acceptance: waits for its acceptance on Mirakl
    mirakl: waits for Mirakl to show what it was told
    authorization: waits for its authorization, or for a credit memo where BlueCherry takes no returns
    authorization: announced; waits for BlueCherry to show its authorization
    receipt: waits for the goods
    telling: the goods came; Mirakl is told next
    mirakl: waits for Mirakl to show what it was told
    operator: nothing came; waits for the operator to say so on Mirakl
    credit_memo: waits for its posted credit memo
    inspection: waits for the inspection of the goods
    telling: inspected; Mirakl is told next
    mirakl: waits for Mirakl to show what it was told
    telling: judged; it is closed on Mirakl next
    mirakl: waits for Mirakl to show what it was told
    over
    over
    creation: not on Mirakl; it is made there where return_method says how it travels
    mirakl: waits for Mirakl to show what it was told
    over
    ");
}

#[test]
fn pieces_that_came_are_those_bluecherry_counted_or_else_mirakls() {
    let received = shown(ReturnState::Received, None);
    let counted = there(AuthorizationStatus::Received, 1, "RESTOCK");
    assert_eq!(pair(Some(&received), Some(&counted), &[]).came("A-1"), 1);
    assert_eq!(pair(Some(&received), None, &[]).came("A-1"), 2);
    assert_eq!(pair(Some(&received), None, &[]).came("A-2"), 0);
    let on_its_way = shown(ReturnState::InProgress, None);
    assert_eq!(pair(Some(&on_its_way), None, &[]).came("A-1"), 0);
    let refused = shown(ReturnState::Refused, None);
    assert!(pair(Some(&refused), None, &[]).is_called_off());
}
