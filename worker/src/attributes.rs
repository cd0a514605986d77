//! The search attributes of the design: registered at start where that is allowed.

use anyhow::bail;
use temporalio_client::tonic::{Code, IntoRequest};
use temporalio_client::{Client, NamespacedClient};
use temporalio_common::protos::temporal::api::enums::v1::IndexedValueType;
use temporalio_common::protos::temporal::api::operatorservice::v1::{
    AddSearchAttributesRequest, ListSearchAttributesRequest,
};
use workflows::ids::SEARCH_ATTRIBUTES;

/// Makes the search attributes known to the namespace, all keywords.
///
/// # Errors
/// When some are missing and this client may not make them: the message is the command to run.
pub async fn register(client: &Client) -> anyhow::Result<()> {
    let namespace = client.namespace();
    let mut operator = client.connection().operator_service();
    let list = ListSearchAttributesRequest {
        namespace: namespace.clone(),
    };
    let known = operator.list_search_attributes(list.into_request()).await;
    let missing: Vec<&str> = match &known {
        Ok(known) => {
            let custom = &known.get_ref().custom_attributes;
            SEARCH_ATTRIBUTES
                .into_iter()
                .filter(|name| !custom.contains_key(*name))
                .collect()
        }
        Err(_) => SEARCH_ATTRIBUTES.to_vec(),
    };
    if missing.is_empty() {
        return Ok(());
    }
    let keyword = IndexedValueType::Keyword as i32;
    let wanted = AddSearchAttributesRequest {
        namespace: namespace.clone(),
        search_attributes: missing
            .iter()
            .map(|name| ((*name).to_owned(), keyword))
            .collect(),
    };
    match operator.add_search_attributes(wanted.into_request()).await {
        Ok(_) => Ok(()),
        Err(status) if status.code() == Code::AlreadyExists => Ok(()),
        Err(status) => {
            let names: Vec<String> = missing
                .iter()
                .map(|name| format!("--name {name} --type Keyword"))
                .collect();
            bail!(
                "search attributes are missing in namespace {namespace} and may not be made from here \
                 ({:?}). Have them made with:\n  temporal operator search-attribute create \
                 --namespace {namespace} {}",
                status.code(),
                names.join(" ")
            )
        }
    }
}
