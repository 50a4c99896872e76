//! `RateLimit` and `RateLimit-Policy`: how full the buckets are (draft-ietf-httpapi-ratelimit-headers), as structured
//! fields (RFC 9651). They go with every answer to a limited call, refused or not.

use std::fmt::Write as _;

use countersign_limit::Reading;
use http::{HeaderMap, HeaderName, HeaderValue};

/// `RateLimit`: what is left.
pub(crate) static RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// `RateLimit-Policy`: what is allowed.
pub(crate) static RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Writes both headers; nothing where nothing was counted.
pub(crate) fn write(readings: &[Reading], headers: &mut HeaderMap) {
    if readings.is_empty() {
        return;
    }
    let mut left = String::new();
    let mut policy = String::new();
    for reading in readings {
        let separator = if left.is_empty() { "" } else { ", " };
        let Reading { name, limit, remaining, reset, window } = reading;
        // Writing to a string never fails. Names are our own words, without quotes or backslashes.
        let _ = write!(left, "{separator}\"{name}\";r={remaining};t={}", reset.as_seconds_ceil());
        let _ = write!(policy, "{separator}\"{name}\";q={limit};w={}", window.as_seconds());
    }
    for (name, text) in [(&RATE_LIMIT, left), (&RATE_LIMIT_POLICY, policy)] {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use countersign_kernel::Lifetime;

    use super::*;

    #[test]
    fn readings_become_structured_fields() {
        let reading = |name, limit, remaining, reset| Reading {
            name,
            limit,
            remaining,
            reset: Lifetime::from_millis(reset),
            window: Lifetime::from_minutes(15),
        };
        let mut headers = HeaderMap::new();

        write(&[reading("sign_in_address", 30, 29, 0), reading("sign_in_account", 20, 0, 1_001)], &mut headers);

        assert_eq!(headers["ratelimit"], r#""sign_in_address";r=29;t=0, "sign_in_account";r=0;t=2"#);
        assert_eq!(headers["ratelimit-policy"], r#""sign_in_address";q=30;w=900, "sign_in_account";q=20;w=900"#);
    }

    #[test]
    fn nothing_counted_says_nothing() {
        let mut headers = HeaderMap::new();
        write(&[], &mut headers);
        assert!(headers.is_empty());
    }
}
