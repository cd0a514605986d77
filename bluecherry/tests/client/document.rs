//! The profile document: whole, and true to itself.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::schema::{DOCUMENT, faults, part, resolved};

fn walk<'a>(at: &str, value: &'a Value, visit: &mut impl FnMut(&str, &'a Value)) {
    visit(at, value);
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                walk(&format!("{at}/{name}"), field, visit);
            }
        }
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                walk(&format!("{at}/{n}"), item, visit);
            }
        }
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_used() {
    let mut used = BTreeSet::new();
    walk("#", &DOCUMENT, &mut |at, value| {
        if let Some(reference) = value.as_object().and_then(|fields| fields.get("$ref")) {
            let reference = reference
                .as_str()
                .unwrap_or_else(|| panic!("{at}: not a text"));
            assert!(!part(reference).is_null(), "{at}");
            used.insert(reference.to_owned());
        }
    });
    for (kind, components) in DOCUMENT["components"].as_object().expect("components") {
        for name in components.as_object().expect("named components").keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(
                kind == "securitySchemes" || used.contains(&reference),
                "{reference} is unused"
            );
        }
    }
}

#[test]
fn every_example_is_what_its_schema_says() {
    let mut checked = 0;
    walk("#", &DOCUMENT, &mut |at, value| {
        let (Some(schema), Some(examples)) = (value.get("schema"), value.get("examples")) else {
            return;
        };
        for (name, example) in examples.as_object().expect("named examples") {
            let found = faults(schema, &resolved(example)["value"]);
            assert!(found.is_empty(), "{at} {name}: {found:?}");
            checked += 1;
        }
    });
    assert!(checked > 20, "only {checked} examples were found");
}

#[test]
fn every_operation_that_is_not_planned_shows_an_example_and_names_its_refusals() {
    let mut live = Vec::new();
    for (path, operations) in DOCUMENT["paths"].as_object().expect("paths") {
        assert!(path.starts_with("/v1/"), "{path}");
        for (method, operation) in operations.as_object().expect("operations") {
            if method == "parameters" {
                continue;
            }
            let id = operation["operationId"].as_str().expect("an operation ID");
            assert!(operation["responses"]["401"].is_object(), "{id}");
            if operation["x-status"] == "planned" {
                continue;
            }
            live.push(id);
            for status in ["429", "503"] {
                assert!(operation["responses"][status].is_object(), "{id} {status}");
            }
            for (status, response) in operation["responses"].as_object().expect("responses") {
                let media = &resolved(response)["content"]["application/json"];
                assert!(media["examples"].is_object(), "{id} {status}");
            }
            if method != "get" {
                assert!(operation["requestBody"]["required"] == true, "{id}");
                let key = "#/components/parameters/IdempotencyKey";
                let parameters = operation["parameters"].as_array().expect("parameters");
                assert!(
                    parameters.iter().any(|parameter| parameter["$ref"] == key),
                    "{id}"
                );
            }
        }
    }
    live.sort_unstable();
    assert_eq!(
        live,
        [
            "announce_return",
            "cancel_lines",
            "create_sales_order",
            "find_customer",
            "find_sales_orders",
            "get_profile",
            "get_sales_order",
            "list_batches",
            "list_credit_memos",
            "list_fulfilments",
            "list_items",
            "list_positions",
            "list_returns",
            "put_customer",
            "release_sales_order",
            "set_ship_to",
        ]
    );
}

#[test]
fn money_is_never_a_json_number() {
    walk("#", &DOCUMENT, &mut |at, value| {
        assert_ne!(
            value.get("type").and_then(Value::as_str),
            Some("number"),
            "{at}"
        );
    });
}

#[test]
fn it_says_whose_contract_it_is() {
    let text = DOCUMENT["info"]["description"]
        .as_str()
        .expect("a description");
    assert!(text.contains("not an API of CGS"), "{text}");
}
