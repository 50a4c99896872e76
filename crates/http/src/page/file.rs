//! A file in the binary, and how it is served.

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::PAGE_POLICY;

/// A file in the binary.
#[derive(Debug, Clone, Copy)]
pub(crate) struct File {
    content: &'static str,
    content_type: &'static str,
    /// A hash of the content: the entity tag.
    tag: u64,
}

impl File {
    /// An HTML page.
    pub(crate) const fn page(content: &'static str) -> Self {
        Self::new(content, "text/html; charset=utf-8")
    }

    /// A script.
    pub(crate) const fn script(content: &'static str) -> Self {
        Self::new(content, "text/javascript; charset=utf-8")
    }

    /// A style sheet.
    pub(crate) const fn style(content: &'static str) -> Self {
        Self::new(content, "text/css; charset=utf-8")
    }

    /// A JSON document.
    pub(crate) const fn json(content: &'static str) -> Self {
        Self::new(content, "application/json")
    }

    const fn new(content: &'static str, content_type: &'static str) -> Self {
        Self { content, content_type, tag: fnv1a(content.as_bytes()) }
    }
}

/// Answers with the file, or with 304 where the browser has it already.
pub(crate) fn serve(file: &File, request: &HeaderMap) -> Response {
    let tag = format!("\"{:016x}\"", file.tag);
    let is_known = request.get(IF_NONE_MATCH).and_then(|v| v.to_str().ok()).is_some_and(|known| {
        known.split(',').map(|t| t.trim().trim_start_matches("W/")).any(|known| known == tag || known == "*")
    });
    let mut response = Response::new(if is_known { Body::empty() } else { Body::from(file.content) });
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    // Kept, but asked about each time: a new version shows at once.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(ETAG, tag);
    }
    response
}

/// FNV-1a, 64 bits: tells versions of our own files apart, nothing more.
const fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut rest = bytes;
    while let [byte, after @ ..] = rest {
        hash = (hash ^ *byte as u64).wrapping_mul(0x0100_0000_01b3);
        rest = after;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(known: &str) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, HeaderValue::from_str(known).unwrap());
        serve(&File::style("a{}"), &headers)
    }

    #[test]
    fn a_file_that_the_browser_has_is_not_sent_again() {
        let first = serve(&File::style("a{}"), &HeaderMap::new());
        assert_eq!(first.status(), 200);
        assert_eq!(first.headers()["content-type"], "text/css; charset=utf-8");
        let tag = first.headers()["etag"].to_str().unwrap();

        assert_eq!(served(tag).status(), 304);
        assert_eq!(served(&format!("\"x\", W/{tag}")).status(), 304);
        assert_eq!(served("\"x\"").status(), 200);
        assert_ne!(tag, serve(&File::style("b{}"), &HeaderMap::new()).headers()["etag"]);
    }
}
