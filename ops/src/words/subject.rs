//! What of an order is meant: credits, units, returns and incidents by the names that the flow gives
//! them.

/// What a subject of aftercare is, as a clerk says it; `None` for a subject of another sort.
///
/// `memo/CM-1/2` is line 2 of credit memo CM-1, `short/L-1/0-2` the first two units of line L-1 that
/// fell short, `cancel/L-1/0-2` two units to be canceled, `return/R-1` and `return/ra/RA-1` returns
/// of Mirakl and of the ERP, `refund/R-1` a refund on Mirakl, `incident/L-1` a disputed line.
pub(crate) fn subject(name: &str) -> Option<String> {
    if name == "refund_age" {
        return Some("refund that is not paid back".to_owned());
    }
    let (sort, rest) = name.split_once('/')?;
    match sort {
        "memo" => {
            let (number, line) = rest.rsplit_once('/')?;
            Some(format!("credit memo {}", memo_line(number, line)))
        }
        "short" => units(rest).map(|(line, units)| format!("{units} of {line} that fell short")),
        "cancel" => units(rest).map(|(line, units)| format!("{units} of {line} to cancel")),
        "return" => Some(returned(rest)),
        "refund" => Some(format!("refund {rest}")),
        "incident" => Some(format!("incident on {rest}")),
        _ => None,
    }
}

/// A line of a credit memo; one whose ID begins with the memo's number needs no other name.
pub(crate) fn memo_line(number: &str, line: &str) -> String {
    match line.starts_with(number) {
        true => line.to_owned(),
        false => format!("{number}, line {line}"),
    }
}

/// A return by the name it goes by on either side.
fn returned(name: &str) -> String {
    match name.strip_prefix("ra/") {
        Some(number) => format!("return authorization {number}"),
        None => format!("return {name}"),
    }
}

/// `L-1/0-2` are two units of line L-1.
fn units(counted: &str) -> Option<(&str, String)> {
    let (line, window) = counted.rsplit_once('/')?;
    let (from, to) = window.split_once('-')?;
    let n = to.parse::<u64>().ok()?.checked_sub(from.parse().ok()?)?;
    Some((line, crate::render::count(n, "unit", "units")))
}

/// An effect on one subject, inside a sentence: `refund:memo/CM-1/2` is "repaying credit memo CM-1,
/// line 2". `None` for an effect without a subject.
pub(super) fn effect(word: &str) -> Option<String> {
    let (step, about) = word.split_once(':')?;
    match step {
        "refund" => Some(format!("repaying {}", subject(about)?)),
        "cancel_lines" => {
            let (line, units) = units(about.strip_prefix("cancel/")?)?;
            Some(format!("canceling {units} of {line} on Mirakl"))
        }
        "forward_returns" => {
            let (name, word) = about.rsplit_once(':')?;
            Some(format!("{} {}", bringing(word), returned(name)))
        }
        "resolve_incident" => Some(format!("settling the incident on {about}")),
        _ => None,
    }
}

/// A step of a return, inside a sentence.
fn bringing(word: &str) -> &'static str {
    match word {
        "authorize" => "announcing to BlueCherry",
        "accept" => "accepting",
        "receive" => "telling Mirakl of the goods of",
        "comply" => "telling Mirakl the verdict on",
        "close" => "closing",
        "create" => "making on Mirakl",
        _ => "bringing on",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_subject_of_aftercare_is_said_as_a_clerk_would() {
        let names = [
            "memo/CM-1/2",
            "memo/CM/1/2",
            "memo/CM000001/CM000001-2",
            "short/C-1-A-1/0-2",
            "short/C-1-A-1/1-2",
            "cancel/C-1-A-1/0-1",
            "return/R-1",
            "return/ra/RA-1",
            "refund/1200",
            "incident/C-1-A-1",
            "refund_age",
        ];
        let said = names.map(|name| subject(name).unwrap());
        insta::assert_snapshot!(said.join("\n"), @r"
        credit memo CM-1, line 2
        credit memo CM/1, line 2
        credit memo CM000001-2
        2 units of C-1-A-1 that fell short
        1 unit of C-1-A-1 that fell short
        1 unit of C-1-A-1 to cancel
        return R-1
        return authorization RA-1
        refund 1200
        incident on C-1-A-1
        refund that is not paid back
        ");
        for other in ["C-1-A", "", "memo/", "short/x", "short/L/2-1", "create/1"] {
            assert_eq!(subject(other), None, "{other}");
        }
    }

    #[test]
    fn an_effect_names_what_it_is_on() {
        let words = [
            "refund:memo/CM-1/2",
            "refund:short/C-1-A-1/0-2",
            "cancel_lines:cancel/C-1-A-1/0-1",
            "forward_returns:R-1:receive",
            "forward_returns:ra/RA-1:create",
            "resolve_incident:C-1-A-1",
        ];
        let said = words.map(|word| effect(word).unwrap());
        insta::assert_snapshot!(said.join("\n"), @r"
        repaying credit memo CM-1, line 2
        repaying 2 units of C-1-A-1 that fell short
        canceling 1 unit of C-1-A-1 on Mirakl
        telling Mirakl of the goods of return R-1
        making on Mirakl return authorization RA-1
        settling the incident on C-1-A-1
        ");
        for other in ["send_tracking:S1", "refund", "refund:odd"] {
            assert_eq!(effect(other), None, "{other}");
        }
    }
}
