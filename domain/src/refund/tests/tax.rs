use super::*;

fn tax(code: &str, amount: &str, rule: TaxRule) -> PaidTax {
    PaidTax {
        code: code.into(),
        amount: dec(amount),
        rule,
    }
}

#[test]
fn taxes_follow_their_rules() {
    let mut sold = line();
    sold.taxes = vec![
        tax("STATE", "12.00", TaxRule::ProportionalToAmount),
        tax("CITY", "3.00", TaxRule::None),
        tax("COUNTY", "1.50", TaxRule::None),
    ];
    // STATE 4.00 comes by itself; 1.51 is split 2 : 1, and the odd cent goes to the larger remainder.
    let planned = plan(
        &[memo("M1", vec![credit("1", "50.00", "0", "5.51")])],
        &[],
        &order(sold.clone()),
        &[],
        &rules(),
    );
    let item = items(&planned)[0];
    let given: Vec<_> = item
        .money
        .taxes
        .iter()
        .map(|t| format!("{} {}", t.code, t.amount))
        .collect();
    assert_eq!(given, ["CITY 1.01", "COUNTY 0.50"]);
    assert_eq!(item.computed.taxes[0].amount, dec("4.00"));

    let mut said = credit("1", "50.00", "0", "5.00");
    said.tax_detail = [("STATE", "4.00"), ("CITY", "1.00")]
        .map(|(code, amount)| TaxDetail {
            code: code.into(),
            amount: dec(amount),
            on: TaxBase::Goods,
        })
        .into();
    let planned = plan(
        &[memo("M1", vec![said.clone()])],
        &[],
        &order(sold.clone()),
        &[],
        &rules(),
    );
    assert_eq!(items(&planned)[0].money.taxes.len(), 1);
    said.tax_detail[0].amount = dec("4.02");
    said.tax = dec("5.02");
    let planned = plan(
        &[memo("M1", vec![said])],
        &[],
        &order(sold.clone()),
        &[],
        &rules(),
    );
    assert_eq!(
        told(&planned),
        [
            "credit_tax_mismatch: tax: 4.02 credited, 4.00 computed by the marketplace, 0 left of the other taxes"
        ]
    );

    sold.taxes[0].rule = TaxRule::Unknown("SOMETIMES".into());
    let planned = plan(
        &[memo("M1", vec![credit("1", "50.00", "0", "5.51")])],
        &[],
        &order(sold),
        &[],
        &rules(),
    );
    assert_eq!(told(&planned), ["credit_unusable: unknown word SOMETIMES"]);
}

#[test]
fn a_tax_of_which_an_earlier_rounding_left_nothing_lets_its_last_credit_go() {
    let mut sold = line();
    sold.quantity = 2;
    sold.taxes = vec![tax("STATE", "0.01", TaxRule::ProportionalToAmount)];
    // Mirakl rounded half of the cent up when the first piece was repaid.
    sold.refunds = vec![ShownRefund {
        id: "R1".into(),
        reason_code: None,
        quantity: 1,
        created_at: None,
        money: Money {
            amount: dec("75.00"),
            taxes: vec![TaxPart {
                code: "STATE".into(),
                amount: dec("0.01"),
            }],
            ..Money::default()
        },
    }];
    let first = Sent {
        state: SentState::Done {
            refund_id: "R1".into(),
        },
        ..sent_before(&sold)
    };
    let due = |tax: &str| {
        let memos = [memo("M2", vec![credit("1", "75.00", "0", tax)])];
        told(&plan(
            &memos,
            &[],
            &order(sold.clone()),
            std::slice::from_ref(&first),
            &rules(),
        ))
    };
    assert_eq!(due("0.01"), ["refund 75.00 + 0"]);
    assert_eq!(due("0.00"), ["refund 75.00 + 0"]);
    assert!(due("0.02")[0].starts_with("credit_tax_mismatch"));
}

/// What was sent for the first piece.
fn sent_before(sold: &PaidLine) -> Sent {
    let mut new = sold.clone();
    new.refunds.clear();
    let memos = [memo("M1", vec![credit("1", "75.00", "0", "0.01")])];
    let planned = plan(&memos, &[], &order(new), &[], &rules());
    sent(items(&planned)[0], SentState::Unknown)
}
