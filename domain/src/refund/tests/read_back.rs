use super::*;

#[test]
fn two_equal_sends_and_one_shown_refund_are_one_found_and_one_absent() {
    let memos = [memo(
        "M1",
        vec![
            credit("1", "50.00", "0", "0"),
            credit("2", "50.00", "0", "0"),
        ],
    )];
    let planned = plan(&memos, &[], &order(line()), &[], &rules());
    let asked: Vec<Sent> = items(&planned)
        .into_iter()
        .map(|i| sent(i, SentState::Unknown))
        .collect();
    let mut seen = line();
    seen.refunds.push(shown("R1", &asked[0].item));
    let back = read_back(&asked, &order(seen.clone()));
    assert_eq!(
        (back.found, back.absent),
        (vec![(0, "R1".to_owned())], vec![1])
    );
    seen.refunds[0].created_at = Some("2026-03-02T09:00:00Z".parse().unwrap());
    let back = read_back(&asked, &order(seen));
    assert_eq!(
        (back.found.len(), back.absent.len(), back.foreign.len()),
        (0, 2, 1)
    );
}

#[test]
fn a_memo_for_a_refund_of_the_portal_sends_nothing() {
    let memos = [memo("M1", vec![credit("1", "50.00", "0", "0")])];
    let planned = plan(&memos, &[], &order(line()), &[], &rules());
    let mut seen = line();
    seen.refunds.push(shown("R9", items(&planned)[0]));
    let order = order(seen);
    assert_eq!(read_back(&[], &order).foreign[0].refund.id, "R9");
    assert_eq!(
        told(&plan(&memos, &[], &order, &[], &rules())),
        ["answered by R9"]
    );
}
