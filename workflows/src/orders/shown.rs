//! What the Temporal UI shows of an order.

use domain::step::{Shown, Step, Wait};
use temporalio_common::search_attributes::SearchAttributeUpdate;

use super::{BLOCKED_ON, DEADLINE, ORDER_STAGE, OWNER, SALES_ORDER};

/// The attributes that changed since the last time they were set, all in one upsert.
pub(super) fn changed_attributes(
    before: Option<&Shown>,
    shown: &Shown,
) -> Vec<SearchAttributeUpdate> {
    let mut updates = vec![];
    if before.map(|b| b.stage) != Some(shown.stage) {
        updates.push(ORDER_STAGE.value_set(shown.stage.as_str().to_owned()));
    }
    let mut keyword = |key: &temporalio_common::search_attributes::SearchAttributeKey<String>,
                       was: Option<String>,
                       is: Option<String>| {
        match (was, is) {
            (was, Some(is)) if was.as_ref() != Some(&is) => updates.push(key.value_set(is)),
            // Cleared by an empty value: the server refuses the SDK's unset of a keyword.
            (Some(_), None) => updates.push(key.value_set(String::new())),
            _ => {}
        }
    };
    let was = |of: fn(&Shown) -> Option<String>| before.and_then(of);
    let number: fn(&Shown) -> Option<String> = |s| s.sales_order.clone();
    let kind: fn(&Shown) -> Option<String> = |s| s.kind().map(|k| k.as_str().to_owned());
    let owner: fn(&Shown) -> Option<String> = |s| s.owner().map(|o| o.as_str().to_owned());
    let deadline: fn(&Shown) -> Option<String> = |s| s.deadline.map(|d| d.to_string());
    keyword(&SALES_ORDER, was(number), number(shown));
    keyword(&BLOCKED_ON, was(kind), kind(shown));
    keyword(&OWNER, was(owner), owner(shown));
    keyword(&DEADLINE, was(deadline), deadline(shown));
    updates
}

/// The run's current details, in Markdown: stage, number, deadline, what it waits for, what to do.
pub fn markdown(shown: &Shown, step: &Step) -> String {
    let mut text = format!("**{}**", shown.stage.as_str().replace('_', " "));
    if let Some(number) = &shown.sales_order {
        text.push_str(&format!(" · sales order **{number}**"));
    }
    if let Some(deadline) = shown.deadline {
        text.push_str(&format!(" · due {deadline}"));
    }
    text.push_str("\n\n");
    match &shown.blocked_on {
        Some(problem) => {
            let kind = problem.kind;
            text.push_str(&format!(
                "### Needs {}: {kind}\n\n{}\n\n",
                kind.owner(),
                kind.cause()
            ));
            for (name, value) in &problem.evidence {
                text.push_str(&format!("- `{name}`: `{value}`\n"));
            }
            text.push_str(&format!("\n**Next:** {}\n", kind.next_step()));
        }
        None => text.push_str(&doing(step)),
    }
    text
}

fn doing(step: &Step) -> String {
    let waits = match step {
        Step::Wait(wait) => wait,
        Step::Done(_) => return "Done.".to_owned(),
        Step::CancelUnits => return "Cancels in BlueCherry the units that Mirakl canceled.".into(),
        Step::ReadUnits => return "Looks in BlueCherry which units are canceled.".into(),
        Step::CancelLines => return "Cancels units on Mirakl before money is taken (OR30).".into(),
        Step::Refund => return "Repays what was credited (OR28).".into(),
        Step::ForwardReturns => return "Brings returns on, on either side.".into(),
        Step::ResolveIncident => return "Tells Mirakl that an incident is settled (OR64).".into(),
        other => return format!("At step `{}`.", other.as_str()),
    };
    match waits {
        Wait::Validation => "Waits for the operator's own checks.".into(),
        Wait::Payment => "Waits for the operator to debit the customer.".into(),
        Wait::Address => "Waits for the delivery address.".into(),
        Wait::Queue => "BlueCherry queued the sales order; waits until it shows.".into(),
        Wait::ReadBack => {
            "An answer was lost; waits for the next pull to see what became of it.".into()
        }
        Wait::Shipment => "Waits for the warehouse.".into(),
        Wait::Tracking => "Left the warehouse; waits for a tracking number that is late.".into(),
        Wait::Aftercare => {
            "Shipped. Waits for returns and refunds until the aftercare time is over.".into()
        }
        Wait::Held => "Held by a person. Send `release` to go on.".into(),
        Wait::DryRun(step) => format!("Dry run: `{step}` would come now; nothing is written."),
        Wait::Person(_) => String::new(),
    }
}
