//! The mailbox of `countersign dev`: what would have been sent, on a page, with a scanner that fetches links before anybody reads
//! the mail, as mail gateways do.
//!
//! Nothing leaves the machine. The scanner asks this very server, by HEAD and GET, ten times each, and shows what it was answered:
//! a link works as well afterwards as before.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN, REFERRER_POLICY, USER_AGENT,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use countersign::mail::{Kept, Mailbox};
use tower::ServiceExt as _;

/// How often the scanner fetches each link by each method.
const FETCHES: usize = 10;

/// The mailbox, and the site that its links lead to.
#[derive(Clone)]
struct Desk {
    mailbox: Mailbox,
    site: Router,
    url: Arc<str>,
}

/// The pages below `/dev/mail`, for mails whose links lead to `site`.
pub fn router(mailbox: Mailbox, site: Router, url: &str) -> Router {
    Router::new()
        .route("/dev/mail", get(list))
        .route("/dev/mail/{id}", get(show))
        .route("/dev/mail/{id}/html", get(html))
        .route("/dev/mail/{id}/scan", post(scan))
        .with_state(Desk { mailbox, site, url: url.into() })
}

async fn list(State(desk): State<Desk>) -> Response {
    let mut rows = String::new();
    for mail in desk.mailbox.mails().iter().rev() {
        let (at, subject) = (mail.written_at.to_rfc3339(), escape(&mail.subject));
        // Writing into a String does not fail.
        let _ =
            writeln!(rows, "<li><a href=\"/dev/mail/{}\">{subject}</a><br>to {}, {at}</li>", mail.id, escape(&mail.to));
    }
    let body = if rows.is_empty() {
        "<p>Nothing yet. Mails that would have been sent appear here; none leaves this machine.</p>".to_owned()
    } else {
        format!("<p>These would have been sent. None leaves this machine.</p>\n<ol reversed>\n{rows}</ol>")
    };
    page("Mailbox", &format!("{body}\n<p><a href=\"/dev/mail\">Look again</a></p>"))
}

async fn show(State(desk): State<Desk>, Path(id): Path<String>) -> Response {
    match desk.find(&id) {
        Some(mail) => page(&mail.subject, &letter(&mail, "")),
        None => gone(),
    }
}

/// The mail as it stands, what the scanner found below it.
fn letter(mail: &Kept, scanned: &str) -> String {
    format!(
        "<p>To <strong>{to}</strong>, {at}</p>\n<form method=\"post\" action=\"/dev/mail/{id}/scan\"><button type=\"submit\">Scan its \
         links as a mail gateway does</button></form>\n{scanned}<h3>Text</h3>\n<pre>{text}</pre>\n<h3>HTML</h3>\n<iframe \
         title=\"The mail as HTML\" src=\"/dev/mail/{id}/html\" width=\"100%\" height=\"480\" sandbox=\"allow-top-navigation-by-user-activation\">\
         </iframe>\n<p><a href=\"/dev/mail\">All mails</a></p>",
        to = escape(&mail.to),
        at = mail.written_at.to_rfc3339(),
        id = mail.id,
        text = with_anchors(&mail.text),
    )
}

async fn html(State(desk): State<Desk>, Path(id): Path<String>) -> Response {
    let Some(mail) = desk.find(&id) else { return gone() };
    // A link opens in the place of the page, not inside its frame.
    let html = mail.html.replacen("<head>", "<head><base target=\"_top\">", 1);
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox allow-top-navigation-by-user-activation";
    respond(StatusCode::OK, html, POLICY)
}

/// Fetches every link of the mail, as a gateway does that has never heard of the person.
async fn scan(State(desk): State<Desk>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let is_foreign = headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes() != desk.url.as_bytes());
    if is_foreign {
        return page("Refused", "<p>This request did not come from this page.</p>");
    }
    let Some(mail) = desk.find(&id) else { return gone() };
    let mut lines = String::new();
    for link in links(&mail.text) {
        for method in [Method::HEAD, Method::GET] {
            let mut answers = Vec::new();
            for _ in 0..FETCHES {
                answers.push(desk.fetch(&method, link).await.as_u16().to_string());
            }
            answers.dedup();
            let _ = writeln!(
                lines,
                "<li>{method} {FETCHES} times: {} <code>{}</code></li>",
                answers.join(", "),
                escape(link)
            );
        }
    }
    let scanned =
        format!("<h3>Scanned</h3>\n<ul>\n{lines}</ul>\n<p>No link was used by that: press it now, and it works.</p>\n");
    page(&mail.subject, &letter(&mail, &scanned))
}

impl Desk {
    fn find(&self, id: &str) -> Option<Kept> {
        self.mailbox.mails().into_iter().find(|mail| mail.id.to_string() == id)
    }

    /// Asks this server; a link to elsewhere is left alone.
    async fn fetch(&self, method: &Method, link: &str) -> StatusCode {
        let Some(path) = link.strip_prefix(&*self.url) else { return StatusCode::NOT_FOUND };
        let host = self.url.split_once("://").map_or("", |(_, host)| host);
        let request = Request::builder().method(method.clone()).uri(if path.is_empty() { "/" } else { path });
        let request = request.header(HOST, host).header(USER_AGENT, "mail-scanner/1").body(Body::empty());
        let Ok(request) = request else { return StatusCode::BAD_REQUEST };
        match self.site.clone().oneshot(request).await {
            Ok(response) => response.status(),
            Err(never) => match never {},
        }
    }
}

/// The links of a text.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().filter(|word| word.starts_with("http://") || word.starts_with("https://"))
}

fn with_anchors(text: &str) -> String {
    let mut html = String::new();
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        let (word, space) = piece.split_at(word.len());
        if links(word).next().is_some() {
            let _ = write!(html, "<a href=\"{0}\">{0}</a>", escape(word));
        } else {
            html.push_str(&escape(word));
        }
        html.push_str(space);
    }
    html
}

fn gone() -> Response {
    page("No such mail", "<p>The mailbox keeps the last 200 mails until the server stops.</p>")
}

fn page(title: &str, body: &str) -> Response {
    const POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let title = escape(title);
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} · \
         Mailbox</title>\n<link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"/assets/style.css\">\n</head>\n<body>\n<header><h1>Mailbox of \
         countersign dev</h1></header>\n<main>\n<h2>{title}</h2>\n{body}\n</main>\n</body>\n</html>\n"
    );
    respond(StatusCode::OK, html, POLICY)
}

fn respond(status: StatusCode, html: String, policy: &'static str) -> Response {
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_pressed_and_everything_else_is_text() {
        assert_eq!(
            with_anchors("Go <b>:\nhttps://a.example/reset/1 now"),
            "Go &lt;b&gt;:\n<a href=\"https://a.example/reset/1\">https://a.example/reset/1</a> now"
        );
        assert_eq!(
            links("see https://a.example/1 and javascript:alert(1)").collect::<Vec<_>>(),
            ["https://a.example/1"]
        );
    }
}
