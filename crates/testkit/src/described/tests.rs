use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::json;

use super::*;

fn document() -> Value {
    json!({
        "components": {
            "headers": {"X-Request-Id": {"required": true, "schema": {"type": "string"}}},
            "schemas": {
                "Problem": {"type": "object", "required": ["code"], "properties": {"code": {"type": "string"}, "errors": {"type": ["array", "null"], "items": {"type": "string"}}}},
                "Thing": {"type": "object", "required": ["id", "at"], "properties": {
                    "id": {"type": "string", "minLength": 2},
                    "at": {"type": "string", "format": "date-time"},
                    "more": {"oneOf": [{"$ref": "#/components/schemas/Problem"}, {"type": "null"}]},
                }},
            },
        },
        "paths": {"/api/things/{id}": {
            "get": {"responses": {
                "200": {
                    "headers": {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}},
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                },
                "401": {"content": {"application/problem+json": {"schema": {"allOf": [
                    {"$ref": "#/components/schemas/Problem"},
                    {"type": "object", "properties": {"code": {"type": "string", "enum": ["TOKEN_MISSING"]}}},
                ]}}}},
                "204": {},
            }},
            "delete": {
                "parameters": [{"name": "id", "in": "path"}, {"name": "soon", "in": "query"}],
                "responses": {"204": {}},
            },
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"type": "object", "properties": {"name": {"type": "string"}}}}}},
                "responses": {"204": {}},
            },
        }},
    })
}

fn reply(status: u16, kind: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut map = HeaderMap::new();
    for (name, value) in
        headers.iter().chain([&("content-type", kind)].into_iter().filter(|(_, kind)| !kind.is_empty()))
    {
        map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    Reply { status: StatusCode::from_u16(status).unwrap(), headers: map, body: Bytes::copy_from_slice(body.as_bytes()) }
}

fn said_of(method: &str, path: &str, sent: &str, reply: &Reply) -> String {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let asked = Asked { method: &method, path, headers: &headers, body: sent.as_bytes() };
    Described::new(document()).check(&asked, reply, Site::Own).err().unwrap_or_default()
}

const GOOD: &str = r#"{"id":"t1","at":"2026-01-02T03:04:05.000Z","more":null}"#;
const ID: (&str, &str) = ("x-request-id", "r");

#[test]
fn what_the_document_says_passes() {
    let json = "application/json; charset=utf-8";
    assert_eq!(said_of("GET", "/api/things/t1?x=1", "", &reply(200, json, &[ID], GOOD)), "");
    assert_eq!(said_of("HEAD", "/api/things/t1", "", &reply(200, json, &[ID], "")), "");
    let problem = reply(401, "application/problem+json", &[], r#"{"code":"TOKEN_MISSING","errors":["a"]}"#);
    assert_eq!(said_of("GET", "/api/things/t1", "", &problem), "");
    assert_eq!(said_of("POST", "/api/things/t1", r#"{"name":"x"}"#, &reply(204, "", &[], "")), "");
    let nothing = reply(404, "application/problem+json", &[], r#"{"code":"NOT_FOUND"}"#);
    assert_eq!(said_of("GET", "/api/other", "", &nothing), "");
    assert_eq!(said_of("GET", "/elsewhere", "", &reply(200, "", &[], "anything")), "");
    assert_eq!(said_of("PATCH", "/api/things/t1", "", &reply(405, "", &[("allow", "GET")], "")), "");
    assert_eq!(said_of("DELETE", "/api/things/t1?soon=1", "", &reply(204, "", &[], "")), "");
    assert_eq!(said_of("GET", "/api/things/t1", "", &reply(431, "", &[], "")), "", "made below the system");
}

#[test]
fn every_kind_of_deviation_is_found() {
    let (json, path) = ("application/json", "/api/things/t1");
    for (what, answer) in [
        ("may not answer 418", reply(418, "", &[ID], "")),
        ("header x-strange is not described", reply(200, json, &[ID, ("x-strange", "1")], GOOD)),
        ("header X-Request-Id is missing", reply(200, json, &[], GOOD)),
        ("type \"text/html\" is not described", reply(200, "text/html", &[ID], GOOD)),
        ("member at is missing", reply(200, json, &[ID], r#"{"id":"t1"}"#)),
        ("member secret is not described", reply(200, json, &[ID], &GOOD.replace("more", "secret"))),
        ("is not of type", reply(200, json, &[ID], &GOOD.replace("\"t1\"", "1"))),
        ("beyond minLength", reply(200, json, &[ID], &GOOD.replace("t1", "t"))),
        ("no time in UTC", reply(200, json, &[ID], &GOOD.replace('Z', "+01:00"))),
        ("none of what is described", reply(200, json, &[ID], &GOOD.replace("null", "{}"))),
        ("a body, where none is described", reply(204, json, &[], GOOD)),
        ("is not one of", reply(401, "application/problem+json", &[], r#"{"code":"TOKEN_EXPIRED"}"#)),
        ("member x is not described", reply(401, "application/problem+json", &[], r#"{"code":"TOKEN_MISSING","x":1}"#)),
    ] {
        let said = said_of("GET", path, "", &answer);
        assert!(said.contains(what), "{what}: {said:?}");
    }
    let accepted = said_of("POST", path, r#"{"name":"x","role":"admin"}"#, &reply(204, "", &[], ""));
    assert!(accepted.contains("the request: the member role is not described"), "{accepted:?}");
    let asked = said_of("DELETE", "/api/things/t1?soon=1&id=2", "", &reply(204, "", &[], ""));
    assert!(asked.contains("the parameter id is not described"), "{asked:?}");
    assert!(said_of("PUT", path, "", &reply(200, json, &[], GOOD)).contains("a method that is not described"));
    assert!(said_of("PUT", path, "", &reply(405, "", &[], "")).contains("without Allow"));
    assert!(said_of("GET", "/api/hidden", "", &reply(200, json, &[], GOOD)).contains("a path that is not described"));
}

#[test]
fn a_keyword_that_is_not_known_is_no_pass() {
    let rule = json!({"type": "string", "contentEncoding": "base64"});
    let said = schema::check(&json!({}), &rule, &json!("x"), "it").unwrap_err();
    assert!(said.contains("contentEncoding"), "{said}");
}
