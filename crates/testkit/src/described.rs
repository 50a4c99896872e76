//! Holds every exchange against the OpenAPI document that the server serves.
//!
//! An actor cannot meet an answer that the document does not know: the path, the method, the status, the code, each header and
//! each member of the body must be in it, and a request that was accepted must have been as it says. A deviation fails the test
//! that met it. Answers that do not come from the system (an app's own routes, a connection that was refused) are not judged.

mod schema;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderMap, Method};
use serde_json::Value;

use crate::reply::Reply;

/// Whose answers an actor gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Site {
    /// The system's alone.
    Own,
    /// The system's, and those of an app around it.
    Shared,
    /// Another's.
    Foreign,
}

/// The document, ready to be asked.
pub(crate) struct Described {
    document: Value,
    paths: Vec<String>,
}

/// What was asked.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

impl Described {
    /// The document of this build.
    pub(crate) fn here() -> &'static Self {
        static HERE: OnceLock<Described> = OnceLock::new();
        HERE.get_or_init(|| Self::new(countersign::openapi()))
    }

    pub(crate) fn new(document: Value) -> Self {
        let paths = document.get("paths").and_then(Value::as_object);
        let mut paths: Vec<String> = paths.into_iter().flat_map(|paths| paths.keys().cloned()).collect();
        // Plain segments before templates.
        paths.sort_by_key(|path| path.matches('{').count());
        Self { document, paths }
    }

    /// Makes sure that an exchange is one that the document knows.
    ///
    /// # Errors
    /// What is not as it says.
    pub(crate) fn check(&self, asked: &Asked<'_>, reply: &Reply, site: Site) -> Result<(), String> {
        if site == Site::Foreign || is_refused_below(reply) {
            return Ok(());
        }
        let path = asked.path.split(['?', '#']).next().unwrap_or_default();
        let is_ours = path.starts_with("/api/") || path.starts_with("/.well-known/");
        // An app has pages of its own.
        if site == Site::Shared && !is_ours {
            return Ok(());
        }
        let Some(template) = self.paths.iter().find(|template| fits(template, path)) else {
            return if is_ours && site == Site::Own { self.refused(reply, &[404, 413], "a path") } else { Ok(()) };
        };
        let operation =
            method_of(asked.method).and_then(|method| self.document.get("paths")?.get(template)?.get(method));
        let Some(operation) = operation else {
            let is_answered = *asked.method == Method::OPTIONS && reply.status() == 204;
            return if is_answered { Ok(()) } else { self.refused(reply, &[405, 413], "a method") };
        };
        let status = reply.status().to_string();
        let response = operation.get("responses").and_then(|responses| responses.get(&status));
        let response = response.ok_or_else(|| format!("{template} may not answer {status}"))?;
        self.headers(response, reply)?;
        if *asked.method != Method::HEAD {
            self.body(response, reply)?;
        }
        if reply.status.is_success() { self.request(operation, asked) } else { Ok(()) }
    }

    /// What answers are known where there is no operation: a problem document.
    fn refused(&self, reply: &Reply, statuses: &[u16], what: &str) -> Result<(), String> {
        if !statuses.contains(&reply.status()) {
            return Err(format!("{what} that is not described was answered {}", reply.status()));
        }
        if reply.status() == 405 && !reply.headers.contains_key(ALLOW) {
            return Err("405 without Allow".to_owned());
        }
        let schema = serde_json::json!({"$ref": "#/components/schemas/Problem"});
        if reply.body.is_empty() { Ok(()) } else { schema::check(&self.document, &schema, &reply.json(), "the body") }
    }

    fn headers(&self, response: &Value, reply: &Reply) -> Result<(), String> {
        let described = response.get("headers").and_then(Value::as_object);
        let names: BTreeSet<String> =
            described.into_iter().flatten().map(|(name, _)| name.to_ascii_lowercase()).collect();
        let strange =
            reply.headers.keys().find(|name| !USUAL.contains(&name.as_str()) && !names.contains(name.as_str()));
        if let Some(name) = strange {
            return Err(format!("the header {name} is not described"));
        }
        for (name, header) in described.into_iter().flatten() {
            let header = schema::resolve(&self.document, header);
            let is_certain = header.get("required") == Some(&Value::Bool(true));
            if is_certain && !reply.headers.contains_key(name.as_str()) {
                return Err(format!("the header {name} is missing"));
            }
        }
        Ok(())
    }

    fn body(&self, response: &Value, reply: &Reply) -> Result<(), String> {
        let Some(content) = response.get("content").and_then(Value::as_object) else {
            return if reply.body.is_empty() { Ok(()) } else { Err("a body, where none is described".to_owned()) };
        };
        let kind = essence(&reply.headers);
        let schema = content.get(&kind).and_then(|content| content.get("schema"));
        let schema = schema.ok_or_else(|| format!("a body of type {kind:?} is not described"))?;
        if is_json(&kind) { schema::check(&self.document, schema, &reply.json(), "the body") } else { Ok(()) }
    }

    /// What was accepted must be what the document asks for.
    fn request(&self, operation: &Value, asked: &Asked<'_>) -> Result<(), String> {
        if let Some(name) = undescribed_parameter(operation, asked.path) {
            return Err(format!("the parameter {name} is not described"));
        }
        if asked.body.is_empty() || !is_json(&essence(asked.headers)) {
            return Ok(());
        }
        let schema = operation.pointer("/requestBody/content/application~1json/schema");
        let sent: Value = serde_json::from_slice(asked.body).unwrap_or_default();
        match schema {
            Some(schema) => schema::check(&self.document, schema, &sent, "the request"),
            // It takes no body, and what is sent all the same counts for nothing.
            None => Ok(()),
        }
    }
}

/// A parameter of the query that an operation which has any does not know. Operations without a query pass it over, as HTTP has it.
fn undescribed_parameter(operation: &Value, path: &str) -> Option<String> {
    let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let known: Vec<&str> = parameters
        .filter(|parameter| parameter.get("in").is_some_and(|place| place == "query"))
        .filter_map(|parameter| parameter.get("name")?.as_str())
        .collect();
    let query = path.split_once('?').map(|(_, query)| query.split('#').next().unwrap_or_default())?;
    let names = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    names.filter(|_| !known.is_empty()).find(|name| !known.contains(name)).map(str::to_owned)
}

/// Whether the answer was made below the system: by the listener or the HTTP library, which give no request a name.
fn is_refused_below(reply: &Reply) -> bool {
    matches!(reply.status(), 400 | 408 | 414 | 431 | 503) && !reply.headers.contains_key("x-request-id")
}

/// The member of a path's entry. Methods are told apart by case; an answer to `HEAD` is that of `GET` without its body.
fn method_of(method: &Method) -> Option<&'static str> {
    let known = [
        (Method::GET, "get"),
        (Method::HEAD, "get"),
        (Method::POST, "post"),
        (Method::PATCH, "patch"),
        (Method::PUT, "put"),
        (Method::DELETE, "delete"),
    ];
    known.into_iter().find(|(name, _)| name == method).map(|(_, member)| member)
}

fn fits(template: &str, path: &str) -> bool {
    let (mut wanted, mut found) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == found => {}
            (Some(wanted), Some(found)) if wanted.starts_with('{') && !found.is_empty() => {}
            _ => return false,
        }
    }
}

fn essence(headers: &HeaderMap) -> String {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_json(kind: &str) -> bool {
    kind == "application/json" || kind.ends_with("+json")
}

/// What HTTP itself says of any message: no document lists it.
const USUAL: &[&str] =
    &["content-type", "content-length", "allow", "vary", "etag", "date", "connection", "transfer-encoding"];

#[cfg(test)]
mod tests;
