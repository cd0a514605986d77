//! Speaking to runs: updates and signals, each with an answer that says what to do.

use std::time::Duration;

use domain::command::Answer;
use domain::marketplace::OrderKey;
use serde_json::Value;
use temporalio_client::errors::{WorkflowInteractionError, WorkflowUpdateError};
use temporalio_client::tonic::Code;
use temporalio_client::{
    Client, UntypedSignal, UntypedWorkflow, WorkflowExecuteUpdateOptions, WorkflowSignalOptions,
};
use temporalio_common::data_converters::{PayloadConverter, RawValue};
use workflows::ids;
use workflows::orders::FulfillOrder;

use crate::Trouble;

/// How long a worker has to answer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(15);

/// Address of a run in Temporal's web UI.
pub fn run_address(ui: &str, namespace: &str, workflow_id: &str) -> String {
    format!(
        "{}/namespaces/{}/workflows/{}",
        ui.trim_end_matches('/'),
        percent_encoded(namespace),
        percent_encoded(workflow_id)
    )
}

/// All but letters, digits and `- . _ ~` as `%` and two digits, since a slash would end the ID.
fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(encode).collect()
}

pub(crate) fn connected(client: Option<&Client>) -> Result<&Client, Trouble> {
    client.ok_or_else(|| {
        Trouble::new(
            "no_temporal",
            "This command speaks to a run, and there is no connection to Temporal.",
            "See that the Temporal server runs and that its address in bcm.toml is right; lists work without it.",
        )
    })
}

fn no_worker() -> Trouble {
    Trouble::new(
        "no_worker",
        format!(
            "No worker answered within {} s; the command may still be taken when one is back.",
            ANSWERED_WITHIN.as_secs()
        ),
        "Start a worker (bcm worker), look at the order with bcm orders show, and repeat the command if it is not in the timeline.",
    )
}

fn unreachable(code: Code) -> Trouble {
    Trouble::new(
        "temporal_unreachable",
        format!("Temporal did not take the command ({code:?})."),
        "See that the Temporal server runs and that its address and namespace in bcm.toml are right, then repeat the command.",
    )
}

/// Sends a person's word as an update and waits for the run's answer.
pub(crate) async fn update(
    client: &Client,
    key: &OrderKey,
    name: &str,
    detail: &Value,
) -> Result<Answer, Trouble> {
    let run = client.get_workflow_handle::<FulfillOrder>(ids::order(key));
    let detail = RawValue::from_value(detail, &PayloadConverter::default());
    let options = WorkflowExecuteUpdateOptions::default();
    let answer = async {
        match name {
            "retry" => {
                run.execute_update(FulfillOrder::update_retry, detail, options)
                    .await
            }
            "cancel" => {
                run.execute_update(FulfillOrder::update_cancel, detail, options)
                    .await
            }
            "hold" => {
                run.execute_update(FulfillOrder::update_hold, detail, options)
                    .await
            }
            "release" => {
                run.execute_update(FulfillOrder::update_release, detail, options)
                    .await
            }
            "correct" => {
                run.execute_update(FulfillOrder::update_correct, detail, options)
                    .await
            }
            "resolve_incident" => {
                run.execute_update(FulfillOrder::update_resolve_incident, detail, options)
                    .await
            }
            _ => {
                run.execute_update(FulfillOrder::update_mark_done, detail, options)
                    .await
            }
        }
    };
    match tokio::time::timeout(ANSWERED_WITHIN, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(not_taken(key, &error)),
        Err(_) => Err(no_worker()),
    }
}

fn not_taken(key: &OrderKey, error: &WorkflowUpdateError) -> Trouble {
    match error {
        WorkflowUpdateError::NotFound(_) => Trouble::new(
            "no_run",
            format!("No run is open for order {key}."),
            format!(
                "bcm feeds poll-now {}/orders starts it when there is something to do; then repeat the command.",
                key.marketplace
            ),
        ),
        WorkflowUpdateError::Rpc(status) => match status.code() {
            Code::DeadlineExceeded | Code::Cancelled => no_worker(),
            code => unreachable(code),
        },
        // Its words may quote what was sent, so they stay in the run's history.
        _ => Trouble::new(
            "run_ended",
            format!("The run of order {key} could not answer; it may just have ended."),
            format!(
                "Look where it stands: bcm orders show {key}. Engineering finds the rest in the run's history."
            ),
        ),
    }
}

/// Sends a signal to a feed.
pub(crate) async fn signal(client: &Client, workflow_id: &str, name: &str) -> Result<(), Trouble> {
    let run = client.get_workflow_handle::<UntypedWorkflow>(workflow_id);
    let nothing = RawValue::from_value(&Value::Null, &PayloadConverter::default());
    let sent = run.signal(
        UntypedSignal::new(name),
        nothing,
        WorkflowSignalOptions::default(),
    );
    let trouble = match tokio::time::timeout(ANSWERED_WITHIN, sent).await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(WorkflowInteractionError::NotFound(_))) => Trouble::new(
            "no_run",
            format!("The feed's run {workflow_id} is not open."),
            "Start a worker (bcm worker): it starts the feeds of bcm.toml. Then repeat the command.",
        ),
        Ok(Err(WorkflowInteractionError::Rpc(status))) => unreachable(status.code()),
        Ok(Err(_)) => unreachable(Code::Unknown),
        Err(_) => unreachable(Code::DeadlineExceeded),
    };
    Err(trouble)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::marketplace::MarketplaceCode;
    use temporalio_client::tonic::Status;

    #[test]
    fn the_slashes_of_a_workflow_id_do_not_end_the_address() {
        let id = "order/nordwind/C 1001/Ä-A";
        assert_eq!(
            run_address("http://localhost:8233/", "default", id),
            "http://localhost:8233/namespaces/default/workflows/order%2Fnordwind%2FC%201001%2F%C3%84-A"
        );
    }

    #[test]
    fn each_failed_update_says_what_to_do() {
        let key = OrderKey {
            marketplace: MarketplaceCode::new("nordwind").unwrap(),
            order_id: "C-1".into(),
        };
        let table = [
            (
                WorkflowUpdateError::NotFound(Status::not_found("")),
                "no_run",
            ),
            (
                WorkflowUpdateError::Rpc(Status::deadline_exceeded("")),
                "no_worker",
            ),
            (
                WorkflowUpdateError::Rpc(Status::unavailable("")),
                "temporal_unreachable",
            ),
            (
                WorkflowUpdateError::Other("Ann Lee, 5th Avenue".into()),
                "run_ended",
            ),
        ];
        for (error, code) in table {
            let trouble = not_taken(&key, &error);
            assert_eq!(trouble.code, code);
            assert!(!trouble.message.contains("Ann"));
        }
    }
}
