//! What holds for many operations, written into each: the refusals that follow from what an operation takes, and the headers.
//!
//! A handler names in its own entry what is its own: the codes, in the description of their status, and the headers that it sets.
//! The rest follows from rules, one function each, so that no entry can forget it. Clients are generated from the result, and every
//! exchange in the tests is held against it: a code, a header or a member that is not here fails the test that met it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::error::Code;

/// Completes a document.
pub(crate) fn complete(document: &mut Value) {
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        let everywhere = HEADERS.iter().filter(|header| matches!(header.with, With::Everything));
        components
            .insert("headers".to_owned(), everywhere.map(|header| (header.name.to_owned(), header.entry())).collect());
    }
    close_bodies(document);
    open_foreign_shapes(document);
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
            complete_operation(path, operation);
        }
    }
}

fn complete_operation(path: &str, operation: &mut Map<String, Value>) {
    let mut refusals = named(operation);
    for code in implied(path, operation) {
        refusals.entry(code.status().as_u16()).or_default().insert(code.as_str());
    }
    let is_limited = refusals.contains_key(&429);
    if refusals.get(&403).is_some_and(|codes| codes.contains(Code::CsrfInvalid.as_str())) {
        let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
        parameters.as_array_mut().into_iter().for_each(|list| list.push(csrf_parameter()));
    }
    absent_is_not_null(operation);
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    for (status, codes) in &refusals {
        let response = responses.entry(status.to_string()).or_insert_with(|| json!({}));
        describe_refusal(response, codes);
    }
    for (status, response) in responses {
        let headers = response.as_object_mut().map(|r| r.entry("headers").or_insert_with(|| json!({})));
        let Some(headers) = headers.and_then(Value::as_object_mut) else { continue };
        for header in HEADERS.iter().filter(|header| header.goes_with(status, is_limited)) {
            headers.entry(header.name).or_insert_with(|| match header.with {
                With::Everything => json!({"$ref": format!("#/components/headers/{}", header.name)}),
                _ => header.entry(),
            });
        }
    }
}

/// Every body refuses members that it does not have.
fn close_bodies(document: &mut Value) {
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    for (_, schema) in schemas.into_iter().flatten().filter(|(name, _)| name.ends_with("Body")) {
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("additionalProperties".to_owned(), false.into());
        }
    }
}

/// Shapes that another specification makes, and adds to: WebAuthn's.
fn open_foreign_shapes(document: &mut Value) {
    for name in FOREIGN {
        if let Some(schema) =
            document.pointer_mut(&format!("/components/schemas/{name}")).and_then(Value::as_object_mut)
        {
            schema.insert("additionalProperties".to_owned(), true.into());
        }
    }
}

const FOREIGN: &[&str] = &[
    "NewPasskeyCredential",
    "NewPasskeyResponse",
    "PasskeyCreationOptions",
    "PasskeyCredential",
    "PasskeyRequestOptions",
    "PasskeyResponse",
];

/// A body that may be left out is not one that may be `null`, which the derive makes of it.
fn absent_is_not_null(operation: &mut Map<String, Value>) {
    let content = operation.get_mut("requestBody").and_then(|body| body.get_mut("content")?.as_object_mut());
    for schema in content.into_iter().flat_map(Map::values_mut).filter_map(|content| content.get_mut("schema")) {
        if let Some([one, null]) = schema.get("oneOf").and_then(Value::as_array).map(Vec::as_slice)
            && null["type"] == "null"
        {
            *schema = one.clone();
        }
    }
}

/// The codes that the entry itself names, in the descriptions of its refusals.
fn named(operation: &Map<String, Value>) -> BTreeMap<u16, BTreeSet<&'static str>> {
    let mut found: BTreeMap<u16, BTreeSet<&'static str>> = BTreeMap::new();
    for (status, response) in operation.get("responses").and_then(Value::as_object).into_iter().flatten() {
        let Some(status) = status.parse().ok().filter(|status| *status >= 400_u16) else { continue };
        let text = response.get("description").and_then(Value::as_str).unwrap_or_default();
        let words = text.split(is_no_letter).filter_map(Code::parse);
        found.entry(status).or_default().extend(words.map(Code::as_str));
    }
    found
}

/// The codes that follow from what an operation takes.
fn implied(path: &str, operation: &Map<String, Value>) -> Vec<Code> {
    // Whatever it is: a length that is announced too large, a fault of ours, a server that has too much to do.
    let mut codes = vec![Code::PayloadTooLarge, Code::Internal, Code::Overloaded];
    // Where a cookie would do as well, the entry says what becomes of a bad token.
    if demands(operation, "bearer") && !demands(operation, "refreshCookie") {
        codes.extend([Code::TokenMissing, Code::TokenInvalid, Code::TokenExpired, Code::TokenRevoked]);
    }
    // Whoever asks at the administrators' desk must be one, must have proven it, and is counted.
    if path.starts_with("/api/admin/") {
        codes.extend([Code::Forbidden, Code::StepUpRequired, Code::RateLimited]);
    }
    if operation.contains_key("requestBody") {
        codes.extend([Code::ValidationFailed, Code::UnsupportedMediaType]);
    }
    codes
}

fn demands(operation: &Map<String, Value>, scheme: &str) -> bool {
    let schemes = operation.get("security").and_then(Value::as_array).into_iter().flatten();
    schemes.filter_map(Value::as_object).any(|one| one.contains_key(scheme))
}

const HTML: &str = "text/html";

/// A problem document whose `code` is one of these.
fn describe_refusal(response: &mut Value, codes: &BTreeSet<&'static str>) {
    let Some(response) = response.as_object_mut() else { return };
    let own = response.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    // What the entry says besides its codes is kept; codes that it did not name are added.
    let missing: Vec<_> = codes.iter().copied().filter(|code| !own.split(is_no_letter).any(|w| w == *code)).collect();
    let description = match (own.is_empty(), missing.is_empty()) {
        (true, _) => missing.join(", "),
        (false, true) => own,
        (false, false) => format!("{}, {own}", missing.join(", ")),
    };
    response.insert("description".to_owned(), description.into());
    let page = response.get("content").and_then(|content| content.get(HTML)).cloned();
    let schema = json!({
        "allOf": [
            {"$ref": "#/components/schemas/Problem"},
            {"type": "object", "properties": {"code": {"type": "string", "enum": codes}}, "required": ["code"]},
        ],
    });
    let mut content = json!({"application/problem+json": {"schema": schema}});
    // A hosted page refuses by a page of its own; what was refused before it is a problem all the same.
    if let (Some(page), Some(content)) = (page, content.as_object_mut()) {
        content.insert(HTML.to_owned(), page);
    }
    response.insert("content".to_owned(), content);
}

/// Whether no code has this character.
fn is_no_letter(c: char) -> bool {
    !(c.is_ascii_uppercase() || c == '_')
}

fn csrf_parameter() -> Value {
    json!({
        "name": "X-CSRF-Token",
        "in": "header",
        "required": false,
        "description": "The token of `GET /api/auth/csrf-token`, for browsers that send neither `Origin` nor `Sec-Fetch-Site`.",
        "schema": {"type": "string"},
    })
}

/// A header of answers.
struct Header {
    name: &'static str,
    meaning: &'static str,
    with: With,
    /// Whether each such answer has it.
    is_certain: bool,
}

/// With which answers.
enum With {
    Everything,
    /// These statuses.
    Statuses(&'static [&'static str]),
    /// Every answer of an operation that counts its calls.
    Limited,
}

impl Header {
    const fn new(name: &'static str, with: With, is_certain: bool, meaning: &'static str) -> Self {
        Self { name, meaning, with, is_certain }
    }

    fn goes_with(&self, status: &str, is_limited: bool) -> bool {
        match self.with {
            With::Everything => true,
            With::Statuses(statuses) => statuses.contains(&status),
            With::Limited => is_limited,
        }
    }

    fn entry(&self) -> Value {
        json!({"description": self.meaning, "required": self.is_certain, "schema": {"type": "string"}})
    }
}

static HEADERS: &[Header] = &[
    Header::new(
        "X-Request-Id",
        With::Everything,
        true,
        "The request's name: the log, the audit trail and problem documents use it.",
    ),
    Header::new("Cache-Control", With::Everything, true, "`no-store` on everything with a token or a person in it."),
    Header::new("X-Content-Type-Options", With::Everything, true, "`nosniff`."),
    Header::new("X-Frame-Options", With::Everything, true, "`DENY`."),
    Header::new(
        "Content-Security-Policy",
        With::Everything,
        true,
        "What a page may load; nothing, where the answer is no page.",
    ),
    Header::new(
        "Referrer-Policy",
        With::Everything,
        true,
        "`same-origin`, or `no-referrer` where the address holds a secret.",
    ),
    Header::new("Permissions-Policy", With::Everything, true, "Nothing is permitted."),
    Header::new("Cross-Origin-Opener-Policy", With::Everything, true, "`same-origin`."),
    Header::new("Cross-Origin-Resource-Policy", With::Everything, true, "`same-origin`."),
    Header::new("Strict-Transport-Security", With::Everything, false, "Where the public URL is https."),
    Header::new(
        "Access-Control-Allow-Origin",
        With::Everything,
        false,
        "The asking origin, where it is one of the allowed ones.",
    ),
    Header::new("Access-Control-Allow-Credentials", With::Everything, false, "`true`, beside an allowed origin."),
    Header::new("Access-Control-Expose-Headers", With::Everything, false, "What a page of an allowed origin may read."),
    Header::new(
        "WWW-Authenticate",
        With::Statuses(&["401"]),
        true,
        "`Bearer`, with an `error` where a token came (RFC 6750).",
    ),
    Header::new(
        "WWW-Authenticate",
        With::Statuses(&["403"]),
        false,
        "`Bearer`, with an `error` where a token came (RFC 6750).",
    ),
    Header::new("Retry-After", With::Statuses(&["429", "503"]), true, "Whole seconds to wait."),
    Header::new(
        "RateLimit",
        With::Limited,
        false,
        "What is left of each limit that was counted: `\"name\";r=left;t=seconds`.",
    ),
    Header::new(
        "RateLimit-Policy",
        With::Limited,
        false,
        "Each limit that was counted: `\"name\";q=allowed;w=seconds`.",
    ),
];
