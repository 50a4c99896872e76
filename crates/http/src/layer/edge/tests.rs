use http::HeaderValue;

use super::*;

#[test]
fn an_announced_length_is_believed_only_if_it_is_small() {
    for (length, too_much) in [
        ("0", false),
        ("65536", false),
        ("65537", true),
        ("10737418240", true),
        ("99999999999999999999999999", true),
        ("-1", true),
        ("1e3", true),
        ("", true),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static(length));
        assert_eq!(announces_too_much(&headers), too_much, "{length:?}");
    }
    assert!(!announces_too_much(&HeaderMap::new()));
}
