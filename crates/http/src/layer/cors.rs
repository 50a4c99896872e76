//! CORS: exact configured origins, with credentials; nothing by default.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method};

/// The origins that may call with credentials. Each has been found same-site with the public URL.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cors(Vec<HeaderValue>);

impl Cors {
    /// Allows these origins, byte for byte. One that is no header value was refused before.
    pub(crate) fn new(origins: &[String]) -> Self {
        Self(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect())
    }

    /// Whether the origin is allowed.
    pub(crate) fn allows(&self, origin: &[u8]) -> bool {
        self.0.iter().any(|allowed| allowed.as_bytes() == origin)
    }

    /// The allowed origin of a request; none where it has none, a foreign one, or two.
    pub(crate) fn origin_of(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        if self.0.is_empty() {
            return None;
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        let (Some(one), None) = (origins.next(), origins.next()) else { return None };
        self.allows(one.as_bytes()).then(|| one.clone())
    }

    /// Whether this is a preflight.
    pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
        method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
    }

    /// Writes what every answer says once any origin is configured: caches must keep answers for different origins apart,
    /// also the answers that allow nothing.
    pub(crate) fn write(&self, origin: Option<HeaderValue>, headers: &mut HeaderMap) {
        if self.0.is_empty() {
            return;
        }
        headers.append(VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = origin {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
        }
    }

    /// Writes what an allowed preflight says on top.
    pub(crate) fn write_preflight(headers: &mut HeaderMap) {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE"));
        headers.insert(
            ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("Authorization, Content-Type, X-CSRF-Token"),
        );
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
}

const EXPOSED: &str = "Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, X-Refresh-Case";

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(configured: &[&str], origins: &[&str]) -> HeaderMap {
        let cors = Cors::new(&configured.iter().map(|o| (*o).to_owned()).collect::<Vec<_>>());
        let mut request = HeaderMap::new();
        for origin in origins {
            request.append(ORIGIN, HeaderValue::from_str(origin).unwrap());
        }
        let mut headers = HeaderMap::new();
        cors.write(cors.origin_of(&request), &mut headers);
        headers
    }

    const APP: &str = "https://app.example.com";

    #[test]
    fn nothing_by_default() {
        assert!(answer(&[], &[APP]).is_empty());
    }

    #[test]
    fn a_configured_origin_may_read_with_credentials() {
        let headers = answer(&[APP], &[APP]);
        assert_eq!(headers["access-control-allow-origin"], APP);
        assert_eq!(headers["access-control-allow-credentials"], "true");
        assert_eq!(headers["vary"], "Origin");
        for name in ["Retry-After", "RateLimit", "RateLimit-Policy", "X-Request-Id", "X-Refresh-Case"] {
            assert!(
                headers["access-control-expose-headers"].to_str().unwrap().split(", ").any(|e| e == name),
                "{name}"
            );
        }
    }

    #[test]
    fn nobody_else_is_granted_anything() {
        for origins in [
            &["https://evil.example"][..],
            &["null"],
            &["*"],
            &[""],
            &["https://app.example.com.evil.example"],
            &["https://APP.example.com"],
            &["http://app.example.com"],
            &[APP, APP],
            &[],
        ] {
            let headers = answer(&[APP], origins);
            assert_eq!(headers.len(), 1, "{origins:?}");
            assert_eq!(headers["vary"], "Origin");
        }
    }

    #[test]
    fn only_options_with_a_requested_method_is_a_preflight() {
        let mut headers = HeaderMap::new();
        assert!(!Cors::is_preflight(&Method::OPTIONS, &headers));
        headers.insert(ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("POST"));
        assert!(Cors::is_preflight(&Method::OPTIONS, &headers));
        assert!(!Cors::is_preflight(&Method::POST, &headers));
    }
}
