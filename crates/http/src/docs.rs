//! `GET /docs`: the API reference, for people.
//!
//! Rendered on the server from the OpenAPI document, so that it needs no script, no style of others and no exception in the
//! content security policy; the ready-made viewers want inline styles at least.

use std::fmt::Write as _;
use std::sync::OnceLock;

use axum::Extension;
use axum::response::Response;
use http::HeaderMap;
use serde_json::Value;

use crate::error::Code;
use crate::html::escape;
use crate::openapi::Described;
use crate::page::{File, serve};

/// The API reference, for people.
#[utoipa::path(
    get, path = "/docs", tag = "Pages", operation_id = "reference", security(()),
    responses(
        (status = 200, description = "A page", content_type = "text/html", body = String),
        (status = 304, description = "The browser has it already"),
    )
)]
pub(crate) async fn reference(Extension(Described(make)): Extension<Described>, headers: HeaderMap) -> Response {
    static FILE: OnceLock<File> = OnceLock::new();
    let file = FILE.get_or_init(|| File::page(render(&make()).leak()));
    serve(file, &headers)
}

fn render(document: &Value) -> String {
    let mut html = String::from(HEAD);
    let info = &document["info"];
    let _ = write!(
        html,
        "<header>\n<h1>{} API</h1>\n<p>{}</p>\n<p>Version {}. The same as a document: <a href=\"/openapi.json\">openapi.json</a>.</p>\n</header>\n<main>\n",
        text(&info["title"]),
        text(&info["description"]),
        text(&info["version"]),
    );
    for tag in document["tags"].as_array().into_iter().flatten() {
        let _ = write!(html, "<section>\n<h2>{}</h2>\n<p>{}</p>\n", text(&tag["name"]), text(&tag["description"]));
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                if operation["tags"].as_array().is_some_and(|tags| tags.contains(&tag["name"])) {
                    operation_of(&mut html, document, method, path, operation);
                }
            }
        }
        html.push_str("</section>\n");
    }
    error_codes(&mut html);
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

fn operation_of(html: &mut String, document: &Value, method: &str, path: &str, operation: &Value) {
    let _ = write!(
        html,
        "<article>\n<h3 id=\"{}\"><code>{} {}</code></h3>\n",
        text(&operation["operationId"]),
        escape(&method.to_uppercase()),
        escape(path),
    );
    for paragraph in [text(&operation["summary"]), text(&operation["description"])] {
        if !paragraph.is_empty() {
            let _ = writeln!(html, "<p>{paragraph}</p>");
        }
    }
    if let Some(body) = operation.pointer("/requestBody/content/application~1json/schema") {
        html.push_str("<h4>Body</h4>\n");
        members_of(html, document, body);
    }
    html.push_str("<h4>Answers</h4>\n<dl>\n");
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let _ = write!(html, "<dt>{}</dt>\n<dd>{}", escape(status), text(&response["description"]));
        if status.starts_with('2') {
            let content = response["content"].as_object().and_then(|content| content.values().next());
            if let Some(content) = content {
                members_of(html, document, &content["schema"]);
            }
        }
        html.push_str("</dd>\n");
    }
    html.push_str("</dl>\n</article>\n");
}

/// The members of an object, one a row; members of members have dotted names.
fn members_of(html: &mut String, document: &Value, schema: &Value) {
    let mut rows = String::new();
    rows_of(&mut rows, document, schema, "", DEEPEST);
    if !rows.is_empty() {
        let _ = write!(html, "<table>\n<tr><th>Member</th><th>Type</th><th>Meaning</th></tr>\n{rows}</table>\n");
    }
}

fn rows_of(rows: &mut String, document: &Value, schema: &Value, prefix: &str, depth: u8) {
    let schema = resolve(document, schema);
    let required = schema["required"].as_array();
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let full = format!("{prefix}{name}");
        let optional = !required.is_some_and(|names| names.iter().any(|n| n == name));
        let target = resolve(document, member);
        let _ = writeln!(
            rows,
            "<tr><td><code>{}</code></td><td>{}{}</td><td>{}</td></tr>",
            escape(&full),
            escape(&type_of(target)),
            if optional { ", optional" } else { "" },
            text(if member["description"].is_string() { &member["description"] } else { &target["description"] }),
        );
        if depth > 0 {
            let (inner, mark) = if target["items"].is_object() { (&target["items"], "[].") } else { (target, ".") };
            rows_of(rows, document, inner, &format!("{full}{mark}"), depth - 1);
        }
    }
}

/// The schema that a reference means, also of one that may be null.
fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let choice = ["oneOf", "anyOf", "allOf"]
        .iter()
        .find_map(|key| schema[*key].as_array()?.iter().find(|one| one["type"] != "null"));
    let schema = choice.unwrap_or(schema);
    schema["$ref"].as_str().and_then(|reference| document.pointer(reference.strip_prefix('#')?)).unwrap_or(schema)
}

fn type_of(schema: &Value) -> String {
    match &schema["type"] {
        Value::String(name) => name.clone(),
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "any".to_owned(),
    }
}

fn error_codes(html: &mut String) {
    html.push_str("<section>\n<h2>Error codes</h2>\n<table>\n<tr><th>Code</th><th>Status</th><th>Meaning</th></tr>\n");
    for code in Code::ALL {
        let _ = writeln!(
            html,
            "<tr><td><a href=\"/errors/{0}\"><code>{0}</code></a></td><td>{1}</td><td>{2}</td></tr>",
            code.as_str(),
            code.status().as_u16(),
            escape(code.title()),
        );
    }
    html.push_str("</table>\n</section>\n");
}

/// A text of the document, with what stands between backticks as code; nothing where there is none.
fn text(value: &Value) -> String {
    let mut html = String::new();
    for (number, part) in value.as_str().unwrap_or_default().split('`').enumerate() {
        let escaped = escape(part);
        let _ = if number % 2 == 1 { write!(html, "<code>{escaped}</code>") } else { write!(html, "{escaped}") };
    }
    html
}

const DEEPEST: u8 = 2;
const HEAD: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
    <meta name=\"color-scheme\" content=\"light dark\">\n<title>Countersign API</title>\n\
    <link rel=\"icon\" href=\"data:,\">\n\
    <link rel=\"stylesheet\" href=\"/assets/style.css\">\n</head>\n<body>\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::router::openapi;

    #[test]
    fn every_operation_is_in_the_reference() {
        let document = openapi();
        let html = render(&document);

        let mut operations = 0;
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                let heading = format!("<code>{} {}</code></h3>", method.to_uppercase(), escape(path));
                assert!(html.contains(&heading), "{heading}");
                operations += 1;
            }
        }
        assert!(operations >= 20, "only {operations}");
        assert!(!html.contains("<script"));
        assert!(!html.contains("style=\""));
    }

    #[test]
    fn texts_show_code_as_code_and_no_paragraph_is_empty() {
        assert_eq!(text(&"`a<b` is *not* `c`".into()), "<code>a&lt;b</code> is *not* <code>c</code>");
        let html = render(&openapi());
        assert!(!html.contains('`') && !html.contains("<p></p>"));
    }

    #[test]
    fn members_of_members_have_dotted_names() {
        let document = openapi();
        let html = render(&document);
        for name in [
            "<code>email</code>",
            "<code>user.roles</code>",
            "<code>sessions[].amr</code>",
            "<code>session.expiresIn</code>",
        ] {
            assert!(html.contains(name), "{name}");
        }
    }
}
