use serde_json::Value;

use crate::router::openapi;

fn document() -> Value {
    serde_json::to_value(openapi()).unwrap()
}

fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().iter().map(move |(method, operation)| (format!("{method} {path}"), operation))
        })
        .collect()
}

#[test]
fn every_call_of_the_contract_that_is_built_is_described() {
    let document = document();
    let mut found: Vec<String> = operations(&document).into_iter().map(|(name, _)| name).collect();
    found.sort();

    assert_eq!(
        found,
        [
            "delete /api/user",
            "delete /api/user/sessions/{id}",
            "get /.well-known/jwks.json",
            "get /api/auth/csrf-token",
            "get /api/auth/verify",
            "get /api/csrf-token",
            "get /api/user/profile",
            "get /api/user/sessions",
            "get /healthz",
            "get /readyz",
            "patch /api/user/profile",
            "post /api/auth/claim-admin",
            "post /api/auth/login",
            "post /api/auth/logout",
            "post /api/auth/logout-all",
            "post /api/auth/refresh",
            "post /api/auth/register",
            "post /api/auth/step-up",
            "post /api/user/password",
            "post /api/user/profile",
        ]
    );
}

#[test]
fn every_operation_says_who_may_call_it_and_what_a_refusal_is() {
    let document = document();
    for (name, operation) in operations(&document) {
        assert!(operation["security"].is_array(), "{name}: no security");
        assert!(operation["operationId"].is_string(), "{name}: no operationId");
        assert!(operation["summary"].is_string(), "{name}: no summary");
        let refusal = &operation["responses"]["default"]["content"]["application/problem+json"]["schema"]["$ref"];
        assert_eq!(refusal, "#/components/schemas/Problem", "{name}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn visit(document: &Value, value: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                }
                members.values().for_each(|member| visit(document, member));
            }
            Value::Array(items) => items.iter().for_each(|item| visit(document, item)),
            _ => {}
        }
    }

    let document = document();
    visit(&document, &document);
}

#[test]
fn names_in_json_are_camel_case() {
    let document = document();
    for (schema, definition) in document["components"]["schemas"].as_object().unwrap() {
        for name in definition["properties"].as_object().into_iter().flat_map(|p| p.keys()) {
            assert!(!name.contains('_'), "{schema}.{name}");
        }
    }
}
