use super::*;

const OWN: &[&[u8]] = &[b"https://auth.example.com", b"https://app.example.com"];

fn judge(lines: &[(&str, &str)], token_counts: bool) -> bool {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    let has_cookie = headers.contains_key("cookie");
    Evidence::of(&headers, has_cookie).allows(|origin| OWN.contains(&origin), || token_counts)
}

const COOKIE: (&str, &str) = ("cookie", "__Secure-refreshToken=x");
const SAME_ORIGIN: (&str, &str) = ("sec-fetch-site", "same-origin");
const CROSS_SITE: (&str, &str) = ("sec-fetch-site", "cross-site");
const SAME_SITE: (&str, &str) = ("sec-fetch-site", "same-site");
const NONE: (&str, &str) = ("sec-fetch-site", "none");

#[test]
fn every_row_of_the_rule() {
    let own = ("origin", "https://auth.example.com");
    let configured = ("origin", "https://app.example.com");
    let foreign = ("origin", "https://evil.example");
    let null = ("origin", "null");
    for (lines, token, expected, why) in [
        (vec![own, COOKIE], false, true, "1: the public URL's own origin"),
        (vec![configured, SAME_SITE, COOKIE], false, true, "1: a configured origin, though only same-site"),
        (vec![foreign, COOKIE], true, false, "1: a foreign origin, whatever the token"),
        (vec![foreign, SAME_ORIGIN, COOKIE], true, false, "1: a foreign origin, whatever the fetch metadata"),
        (vec![foreign], false, false, "1: a foreign origin without cookies: login CSRF"),
        (vec![null, COOKIE], true, false, "1: null is foreign"),
        (vec![null, CROSS_SITE, COOKIE], true, false, "1: null from a sandbox"),
        (vec![null, SAME_ORIGIN, COOKIE], false, true, "1: null from ourselves, under a strict referrer policy"),
        (vec![own, own, COOKIE], true, false, "1: two origins are nobody's"),
        (vec![("origin", ""), COOKIE], true, false, "1: an empty origin is foreign"),
        (vec![SAME_ORIGIN, COOKIE], false, true, "2: same-origin"),
        (vec![CROSS_SITE, COOKIE], true, false, "2: cross-site, whatever the token"),
        (vec![SAME_SITE, COOKIE], true, false, "2: same-site is a sibling"),
        (vec![CROSS_SITE], false, false, "2: cross-site without cookies: login CSRF"),
        (vec![SAME_ORIGIN, CROSS_SITE, COOKIE], true, false, "2: two of them are nobody's"),
        (vec![], false, true, "3: not a browser's"),
        (vec![("sec-fetch-mode", "cors")], false, false, "3: something of Sec-Fetch: a browser"),
        (vec![NONE], false, false, "3: none is Sec-Fetch too"),
        (vec![COOKIE], true, true, "4: a token that counts"),
        (vec![COOKIE], false, false, "4: no token that counts"),
        (vec![NONE, COOKIE], true, true, "4: typed by the person himself, with a token"),
        (vec![NONE, COOKIE], false, false, "4: and without"),
        (vec![("referer", "https://evil.example/x"), COOKIE], false, false, "4: a referrer proves nothing"),
        (vec![("referer", "https://auth.example.com/"), COOKIE], false, false, "4: not even our own"),
    ] {
        assert_eq!(judge(&lines, token), expected, "{why}");
    }
}

#[test]
fn hostile_origins_are_foreign() {
    for origin in [
        "https://auth.example.com.evil.example",
        "https://evil-auth.example.com",
        "https://evilauth.example.com",
        "https://sub.auth.example.com",
        "https://example.com",
        "https://auth.example.com@evil.example",
        "https://evil.example/https://auth.example.com",
        "https://auth.example.com:443",
        "https://auth.example.com:8443",
        "https://auth.example.com/",
        "https://auth.example.com, https://evil.example",
        "https://AUTH.example.com",
        "HTTPS://auth.example.com",
        "http://auth.example.com",
        "auth.example.com",
        "//auth.example.com",
        "https://",
        "https://auth.example.com ",
        "https://127.0.0.1",
        "file://",
        "undefined",
        "NULL",
        "chrome-extension://auth.example.com",
    ] {
        // A header value is trimmed by the parser of HTTP; here it comes as given.
        assert!(!judge(&[("origin", origin), COOKIE], true), "{origin:?}");
        assert!(!judge(&[("origin", origin), SAME_ORIGIN, COOKIE], true), "{origin:?} with metadata");
    }
}

#[test]
fn fetch_metadata_is_compared_exactly() {
    for value in ["Same-Origin", "same-origin, cross-site", "same-origin ", "", "same"] {
        assert!(!judge(&[("sec-fetch-site", value), COOKIE], false), "{value:?}");
    }
}
