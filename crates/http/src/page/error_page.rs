//! `/errors/{code}`: what a code means and what to do about it. Where the `type` of each problem document leads.

use std::fmt::Write as _;

use axum::body::Body;
use axum::response::Response;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};

use crate::error::Code;
use crate::html::escape;

/// The page of a code.
pub(crate) fn error_page(code: Code, public_url: &str) -> Response {
    let mut response = Response::new(Body::from(render(code, public_url)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    response
}

/// The page loads nothing at all.
const POLICY: &str = "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

fn render(code: Code, public_url: &str) -> String {
    let (name, title) = (code.as_str(), escape(code.title()));
    let mut others = String::new();
    for other in Code::ALL {
        // Writing to a string never fails.
        let _ = writeln!(
            others,
            "<li><a href=\"{0}\"><code>{0}</code></a> {1}</li>",
            other.as_str(),
            other.status().as_u16()
        );
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{name} - {title}</title>\n</head>\n<body>\n<main>\n\
         <h1>{title}</h1>\n<p><code>{name}</code>, HTTP status {status}</p>\n<p>{detail}</p>\n\
         <h2>For developers</h2>\n<p>{advice}</p>\n<p>Problem type: <code>{url}/errors/{name}</code></p>\n\
         <h2>All codes</h2>\n<ul>\n{others}</ul>\n</main>\n</body>\n</html>\n",
        status = code.status().as_u16(),
        detail = escape(code.detail()),
        advice = code_spans(code.advice()),
        url = escape(public_url),
    )
}

/// Text whose backquoted parts become code.
fn code_spans(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            let _ = write!(html, "<code>{}</code>", escape(part));
        } else {
            html.push_str(&escape(part));
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page() {
        for &code in Code::ALL {
            let html = render(code, "https://auth.example.com");
            assert!(html.contains(&format!("<h1>{}</h1>", escape(code.title()))));
            assert!(html.contains(&format!("https://auth.example.com/errors/{}", code.as_str())));
            assert_eq!(code.advice().matches('`').count() % 2, 0, "{}", code.as_str());
        }
    }

    #[test]
    fn backquotes_become_code_and_everything_is_escaped() {
        assert_eq!(code_spans("a <b> `c&d` e"), "a &lt;b&gt; <code>c&amp;d</code> e");
    }
}
