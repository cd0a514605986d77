//! The profile document, read once, and values validated against its parts.

use std::sync::LazyLock;

use serde_json::{Value, json};

/// `profile-v1.yaml` as JSON.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    serde_yaml_ng::from_str(include_str!("../../profile-v1.yaml")).expect("YAML that JSON can hold")
});

/// The value under a JSON pointer such as `#/components/schemas/Error`.
pub fn part(reference: &str) -> &'static Value {
    let pointer = reference
        .strip_prefix('#')
        .expect("a reference inside the document");
    DOCUMENT
        .pointer(pointer)
        .unwrap_or_else(|| panic!("{reference} leads nowhere"))
}

/// The document itself, or what it refers to.
pub fn resolved(value: &'static Value) -> &'static Value {
    value["$ref"].as_str().map_or(value, part)
}

/// What is wrong with a value, by a schema of the document; empty when nothing is.
pub fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "components": DOCUMENT["components"],
        "allOf": [schema],
    });
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&whole)
        .expect("a schema of the document");
    validator
        .iter_errors(value)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect()
}

/// Asserts that a value is what a component schema says.
#[track_caller]
pub fn assert_is(name: &str, value: &Value) {
    let found = faults(
        &json!({ "$ref": format!("#/components/schemas/{name}") }),
        value,
    );
    assert!(found.is_empty(), "{name}: {found:?}\n{value:#}");
}

/// Schema of an answer, or of the body when `status` is `None`.
pub fn schema_of(operation_id: &str, status: Option<u16>) -> &'static Value {
    let operations = DOCUMENT["paths"].as_object().expect("paths").values();
    let operation = operations
        .flat_map(|path| path.as_object().expect("a path").values())
        .find(|operation| operation["operationId"] == operation_id)
        .unwrap_or_else(|| panic!("no operation {operation_id}"));
    let holder = match status {
        None => &operation["requestBody"],
        Some(status) => resolved(&operation["responses"][status.to_string()]),
    };
    let schema = &holder["content"]["application/json"]["schema"];
    assert!(!schema.is_null(), "{operation_id} {status:?} has no schema");
    schema
}
