use serde_json::Value;

use crate::error::Code;
use crate::router::openapi;

fn document() -> Value {
    openapi()
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
            "delete /api/admin/v1/roles/{name}",
            "delete /api/admin/v1/sessions/{id}",
            "delete /api/admin/v1/users/{id}",
            "delete /api/user",
            "delete /api/user/devices/{id}",
            "delete /api/user/mfa/totp",
            "delete /api/user/passkeys/{id}",
            "delete /api/user/sessions/{id}",
            "get /",
            "get /.well-known/jwks.json",
            "get /.well-known/revocations/jwks.json",
            "get /.well-known/status-list",
            "get /api/admin/v1/audit",
            "get /api/admin/v1/keys",
            "get /api/admin/v1/limits",
            "get /api/admin/v1/revocations",
            "get /api/admin/v1/roles",
            "get /api/admin/v1/sessions",
            "get /api/admin/v1/settings",
            "get /api/admin/v1/users",
            "get /api/admin/v1/users/{id}",
            "get /api/auth/csrf-token",
            "get /api/auth/email/waiting",
            "get /api/auth/verify",
            "get /api/csrf-token",
            "get /api/revocations",
            "get /api/user/devices",
            "get /api/user/mfa",
            "get /api/user/passkeys",
            "get /api/user/profile",
            "get /api/user/sessions",
            "get /assets/{file}",
            "get /claim/{token}",
            "get /docs",
            "get /done/{what}",
            "get /email/{token}",
            "get /errors/{code}",
            "get /forgot",
            "get /healthz",
            "get /link/{token}",
            "get /openapi.json",
            "get /readyz",
            "get /reset/{token}",
            "get /undo/{token}",
            "get /verify/{token}",
            "get /wait",
            "patch /api/user/passkeys/{id}",
            "patch /api/user/profile",
            "post /api/admin/v1/keys/rotate",
            "post /api/admin/v1/revocations",
            "post /api/admin/v1/users/{id}/disable",
            "post /api/admin/v1/users/{id}/enable",
            "post /api/admin/v1/users/{id}/reset-factors",
            "post /api/admin/v1/users/{id}/reset-password",
            "post /api/admin/v1/users/{id}/sign-out",
            "post /api/auth/claim-admin",
            "post /api/auth/email/resend",
            "post /api/auth/email/undo",
            "post /api/auth/email/verify",
            "post /api/auth/link",
            "post /api/auth/link/verify",
            "post /api/auth/login",
            "post /api/auth/logout",
            "post /api/auth/logout-all",
            "post /api/auth/mfa/verify",
            "post /api/auth/passkey",
            "post /api/auth/passkey/options",
            "post /api/auth/password/forgot",
            "post /api/auth/password/reset",
            "post /api/auth/refresh",
            "post /api/auth/register",
            "post /api/auth/step-up",
            "post /api/user/email",
            "post /api/user/mfa/recovery-codes",
            "post /api/user/mfa/totp",
            "post /api/user/mfa/totp/confirm",
            "post /api/user/passkeys",
            "post /api/user/passkeys/options",
            "post /api/user/password",
            "post /api/user/profile",
            "post /email/{token}",
            "post /forgot",
            "post /link",
            "post /link/{token}",
            "post /reset/{token}",
            "post /undo/{token}",
            "post /verify/{token}",
            "post /wait",
            "put /api/admin/v1/roles/{name}",
            "put /api/admin/v1/users/{id}/roles",
        ]
    );
}

#[test]
fn every_operation_says_who_may_call_it() {
    let document = document();
    for (name, operation) in operations(&document) {
        assert!(operation["security"].is_array(), "{name}: no security");
        assert!(operation["operationId"].is_string(), "{name}: no operationId");
        assert!(operation["summary"].is_string(), "{name}: no summary");
    }
}

#[test]
fn every_call_of_administrators_says_that_it_wants_one() {
    let document = document();
    let theirs: Vec<_> = operations(&document).into_iter().filter(|(name, _)| name.contains("/api/admin/")).collect();
    assert!(theirs.len() >= 21, "{}", theirs.len());
    for (name, operation) in theirs {
        assert_eq!(operation["security"].to_string(), r#"[{"bearer":[]}]"#, "{name}");
        for (status, code) in [("401", "TOKEN_MISSING"), ("401", "STEP_UP_REQUIRED"), ("403", "FORBIDDEN")] {
            let text = operation["responses"][status]["description"].as_str().unwrap_or_default();
            assert!(text.contains(code), "{name}: no {code}");
        }
        assert!(operation["responses"]["429"].is_object(), "{name}");
    }
}

#[test]
fn every_refusal_is_a_problem_with_its_codes_and_each_code_has_its_status() {
    let document = document();
    for (name, operation) in operations(&document) {
        assert!(operation["responses"]["default"].is_null(), "{name}: a default would allow anything");
        for (status, response) in operation["responses"].as_object().unwrap() {
            let number: u16 = status.parse().unwrap();
            let schema = &response["content"]["application/problem+json"]["schema"];
            assert_eq!(schema.is_object(), number >= 400, "{name} {status}");
            if number < 400 {
                continue;
            }
            assert_eq!(schema["allOf"][0]["$ref"], "#/components/schemas/Problem", "{name} {status}");
            let codes = schema["allOf"][1]["properties"]["code"]["enum"].as_array().unwrap();
            assert!(!codes.is_empty(), "{name} {status}");
            for code in codes {
                let code = Code::parse(code.as_str().unwrap()).unwrap();
                assert_eq!(code.status().as_u16(), number, "{name}: {}", code.as_str());
                assert!(response["description"].as_str().unwrap().contains(code.as_str()), "{name} {status}");
            }
        }
    }
}

#[test]
fn what_follows_from_an_operation_is_written_into_it() {
    let document = document();
    let at = |pointer: &str| document.pointer(pointer).cloned().unwrap_or_default();
    let codes = |path: &str, status: u16| {
        let place = format!(
            "/paths/{path}/responses/{status}/content/application~1problem+json/schema/allOf/1/properties/code/enum"
        );
        serde_json::to_string(&at(&place)).unwrap()
    };

    assert_eq!(
        codes("~1api~1user~1profile/get", 401),
        r#"["TOKEN_EXPIRED","TOKEN_INVALID","TOKEN_MISSING","TOKEN_REVOKED"]"#
    );
    assert_eq!(codes("~1api~1user~1profile/get", 400), "null");
    assert_eq!(codes("~1api~1user~1profile/patch", 400), r#"["VALIDATION_FAILED"]"#);
    assert_eq!(codes("~1api~1user~1profile/patch", 415), r#"["UNSUPPORTED_MEDIA_TYPE"]"#);
    assert_eq!(codes("~1healthz/get", 500), r#"["INTERNAL"]"#);
    assert_eq!(codes("~1api~1auth~1login/post", 401), r#"["AUTH_FAILED","MFA_REQUIRED"]"#);
    let header = |path: &str, status: u16, name: &str| at(&format!("/paths/{path}/responses/{status}/headers/{name}"));
    for (path, status, name, is_there) in [
        ("~1api~1auth~1login/post", 200, "RateLimit", true),
        ("~1api~1auth~1login/post", 429, "Retry-After", true),
        ("~1api~1auth~1login/post", 200, "Set-Cookie", true),
        ("~1api~1auth~1refresh/post", 401, "Set-Cookie", false),
        ("~1api~1user~1profile/get", 401, "WWW-Authenticate", true),
        ("~1api~1user~1profile/get", 200, "RateLimit", false),
        ("~1api~1user~1profile/get", 200, "X-Request-Id", true),
        ("~1api~1auth~1refresh/post", 401, "X-Refresh-Case", true),
    ] {
        assert_eq!(header(path, status, name).is_object(), is_there, "{path} {status} {name}");
    }
    let parameters = |path: &str| at(&format!("/paths/{path}/parameters/0/name"));
    assert_eq!(parameters("~1api~1auth~1refresh/post"), "X-CSRF-Token");
    assert!(parameters("~1api~1user~1profile/patch").is_null());
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

#[test]
fn a_body_is_closed_and_nothing_in_it_may_be_null() {
    let document = document();
    for (name, operation) in operations(&document) {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let Some(place) = schema["$ref"].as_str() else {
            assert!(schema.is_null(), "{name}: {schema}");
            continue;
        };
        let body = document.pointer(place.trim_start_matches('#')).unwrap();
        assert_eq!(body["additionalProperties"], false, "{name}");
        for (member, schema) in body["properties"].as_object().unwrap() {
            assert!(!schema.to_string().contains("\"null\""), "{name}: {member} {schema}");
        }
    }
}
