//! Talking to runs as the Temporal UI and the CLI do, and reading what they did.

use domain::command::Answer;
use prost::Message;
use serde_json::Value;
use temporalio_client::{
    UntypedSignal, UntypedUpdate, UntypedWorkflow, WorkflowDescribeOptions, WorkflowExecutionInfo,
    WorkflowExecutionStatus, WorkflowHandle,
};
use temporalio_common::data_converters::RawValue;
use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_common::protos::temporal::api::history::v1::{History, HistoryEvent};
use temporalio_common::search_attributes::SearchAttributeKey;
use workflows::ids;
use workflows::orders::{FulfillOrder, Progress};

use super::world::{World, key};
use super::{PATIENCE, until};

type Handle = WorkflowHandle<temporalio_client::Client, UntypedWorkflow>;

/// No payload at all, as a signal sent from the UI with an empty input.
pub fn no_payload() -> RawValue {
    RawValue { payloads: vec![] }
}

/// JSON as the UI sends it.
pub fn json_value(value: &Value) -> RawValue {
    raw("json/plain", value.to_string().as_bytes())
}

/// Any bytes under any encoding.
pub fn raw(encoding: &str, data: &[u8]) -> RawValue {
    let metadata = [("encoding".to_owned(), encoding.as_bytes().to_vec())];
    RawValue::new(vec![Payload {
        metadata: metadata.into(),
        data: data.to_vec(),
        ..Payload::default()
    }])
}

/// Writes a history for `replay` when the environment asks for it.
pub fn record(name: &str, history: &[HistoryEvent]) {
    if std::env::var_os("BCM_RECORD_HISTORIES").is_none() {
        return;
    }
    let history = History {
        events: history.to_vec(),
    };
    let release = env!("CARGO_PKG_VERSION");
    let folder = crate::replay::folder().join(release);
    std::fs::create_dir_all(&folder).expect("the folder of histories");
    let file = folder.join(format!("{name}.bin"));
    std::fs::write(file, history.encode_to_vec()).expect("a history written");
}

impl World {
    /// The run of an order of `nordwind`.
    pub fn run(&self, order_id: &str) -> Handle {
        let id = ids::order(&key("nordwind", order_id));
        self.client.get_workflow_handle::<UntypedWorkflow>(id)
    }

    /// One run of an order of `nordwind`, which may not be the newest.
    pub fn run_of(&self, order_id: &str, run_id: &str) -> Handle {
        let info = WorkflowExecutionInfo::builder()
            .namespace(self.namespace.clone())
            .workflow_id(ids::order(&key("nordwind", order_id)))
            .run_id(run_id.to_owned())
            .build();
        WorkflowHandle::new(self.client.clone(), info)
    }

    /// Any workflow by its ID.
    pub fn workflow(&self, id: &str) -> Handle {
        self.client.get_workflow_handle::<UntypedWorkflow>(id)
    }

    /// One run of any workflow.
    pub fn workflow_run(&self, id: &str, run_id: &str) -> Handle {
        let info = WorkflowExecutionInfo::builder()
            .namespace(self.namespace.clone())
            .workflow_id(id.to_owned())
            .run_id(run_id.to_owned())
            .build();
        WorkflowHandle::new(self.client.clone(), info)
    }

    /// Sends a signal by name, as the Temporal UI does.
    pub async fn signal(&self, order_id: &str, name: &str, detail: RawValue) {
        let sent = self.run(order_id);
        let sent = sent.signal(UntypedSignal::new(name), detail, Default::default());
        sent.await.expect("a signal that is taken");
    }

    /// Sends an update by name, as the CLI does.
    pub async fn update(&self, order_id: &str, name: &str, detail: &Value) -> Answer {
        let update = UntypedUpdate::new(name);
        let run = self.run(order_id);
        let answer = run.execute_update(update, json_value(detail), Default::default());
        let answer = answer.await.expect("an update that is answered");
        let payload = answer.payloads.first().expect("an answer");
        serde_json::from_slice(&payload.data).expect("an answer in JSON")
    }

    /// Where the run says it stands.
    pub async fn progress(&self, order_id: &str) -> Progress {
        let id = ids::order(&key("nordwind", order_id));
        let run = self.client.get_workflow_handle::<FulfillOrder>(id);
        let answer = run.query(FulfillOrder::progress, (), Default::default());
        answer.await.expect("a run that answers")
    }

    /// Status of the newest run of an order, when there ever was one.
    pub async fn status(&self, order_id: &str) -> Option<WorkflowExecutionStatus> {
        let run = self.run(order_id);
        let described = run.describe(WorkflowDescribeOptions::default()).await;
        Some(described.ok()?.status())
    }

    /// Waits until the newest run of an order has this status.
    pub async fn run_is(&self, order_id: &str, status: WorkflowExecutionStatus) {
        let what = format!("the run of {order_id} is {status:?}");
        until(&what, PATIENCE, async || {
            (self.status(order_id).await == Some(status)).then_some(())
        })
        .await;
    }

    /// A search attribute of an order's run; empty when it is not set.
    pub async fn attribute(&self, order_id: &str, key: &SearchAttributeKey<String>) -> String {
        let run = self.run(order_id);
        let described = run.describe(WorkflowDescribeOptions::default()).await;
        described
            .expect("a run")
            .search_attributes()
            .get(key)
            .unwrap_or_default()
    }

    /// Waits for a value of a search attribute.
    pub async fn attribute_is(
        &self,
        order_id: &str,
        key: &SearchAttributeKey<String>,
        wanted: &str,
    ) {
        let what = format!("{order_id} shows {} {wanted:?}", key.name());
        until(&what, PATIENCE, async || {
            (self.attribute(order_id, key).await == wanted).then_some(())
        })
        .await;
    }

    /// What an order's newest run did.
    pub async fn history(&self, order_id: &str) -> Vec<HistoryEvent> {
        history(&self.run(order_id)).await
    }

    /// Writes an order's history for `replay` when the environment asks for it.
    pub async fn record(&self, name: &str, order_id: &str) {
        record(name, &self.history(order_id).await);
    }
}

/// What a run did.
pub async fn history(run: &Handle) -> Vec<HistoryEvent> {
    let events = run.fetch_history(Default::default());
    events.into_events().await.expect("a history")
}
