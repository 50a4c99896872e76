//! The strict readers: JSON without second readings, base64url without second spellings.

use countersign_jose::{Error, base64url, json};
use proptest::prelude::*;

#[test]
fn json_that_others_might_read_differently_is_refused() {
    for (text, why) in [
        (r#"{"a":1,"a":1}"#, "a member twice"),
        (r#"{"a":1,"\u0061":2}"#, "a member twice, once escaped"),
        (r#"[{"b":{"c":1,"d":2,"c":3}}]"#, "a member twice, further in"),
        (r#"{"a":1}{"a":1}"#, "two values"),
        (r#"{"a":1} x"#, "something after the value"),
        (r#"{"a":1,}"#, "a trailing comma"),
        (r#"{'a':1}"#, "single quotes"),
        (r#"{a:1}"#, "a bare name"),
        (r#"{"a":01}"#, "a leading zero"),
        (r#"{"a":+1}"#, "a plus sign"),
        (r#"{"a":NaN}"#, "not a number"),
        (r#"{"a":1e400}"#, "a number that fits nowhere"),
        (r#""\ud800""#, "a lone surrogate"),
        (r#""\ud83d\u0041""#, "half a pair"),
        ("\"a\nb\"", "a bare control character"),
        ("\u{feff}{}", "a byte order mark"),
        ("// x\n{}", "a comment"),
        ("", "nothing"),
    ] {
        assert!(matches!(json::value(text.as_bytes()), Err(Error::Json(_))), "{why}");
    }
    assert_eq!(json::value(b"\"\xff\""), Err(Error::Json("not UTF-8")));
    assert_eq!(json::value(b"\"\xed\xa0\x80\""), Err(Error::Json("not UTF-8")), "a surrogate in UTF-8");
    assert_eq!(json::value(b"{\0\"\0a\0\"\0:\x001\0}\0"), Err(Error::Json("malformed")), "UTF-16");
}

#[test]
fn the_reason_is_told() {
    assert_eq!(json::value(br#"{"a":1,"a":1}"#), Err(Error::Json("a member stands twice")));
    assert_eq!(json::value("[".repeat(100_000).as_bytes()), Err(Error::Json("nested too deep")));
    assert_eq!(json::object(b"[]"), Err(Error::Json("not an object")));
    assert_eq!(json::from_slice::<Vec<u8>>(b"{}"), Err(Error::Json("not of the expected shape")));
}

#[test]
fn nesting_ends_at_the_limit() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let objects = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));

    assert!(json::value(nested(json::MAX_DEPTH).as_bytes()).is_ok());
    assert!(json::value(nested(json::MAX_DEPTH + 1).as_bytes()).is_err());
    assert!(json::value(objects(json::MAX_DEPTH).as_bytes()).is_ok());
    assert!(json::value(objects(json::MAX_DEPTH + 1).as_bytes()).is_err());
}

#[test]
fn base64url_has_one_spelling() {
    for (text, why) in [
        ("QQ==", "padding"),
        ("QR", "spare bits in the last character"),
        ("QUJ", "spare bits, two bytes"),
        ("QUI=", "padding, two bytes"),
        ("Q", "one character is no byte"),
        ("QUJD\n", "a line break"),
        (" QUJD", "a space"),
        ("QU%42", "percent"),
        ("+/+/", "the standard alphabet"),
        ("QU?D", "a foreign character"),
        ("QUJD.", "a dot"),
        ("ＱＵＪＤ", "full-width letters"),
    ] {
        assert_eq!(base64url::decode(text), Err(Error::Base64), "{why}");
    }
    assert_eq!(base64url::decode("QQ").unwrap(), b"A");
    assert_eq!(base64url::decode("").unwrap(), b"");
    assert_eq!(base64url::decode("-_-_").unwrap(), [0xfb, 0xff, 0xbf]);
}

#[test]
fn decoding_into_too_little_room_is_refused() {
    assert_eq!(base64url::decode_to("QUJD", &mut [0; 2]), Err(Error::Base64));
    assert_eq!(base64url::decode_to("QUJD", &mut [0; 3]).unwrap(), b"ABC");
}

#[test]
fn what_is_decoded_onto_something_stands_behind_it() {
    let mut target = b"A".to_vec();
    base64url::decode_onto("Qg", &mut target).unwrap();
    assert_eq!(target, b"AB");
    assert_eq!(base64url::decode_onto("Q", &mut target), Err(Error::Base64));
}

proptest! {
    #[test]
    fn base64url_comes_back_and_no_other_text_means_the_same(bytes: Vec<u8>, text in "[A-Za-z0-9_=+/ -]{0,24}") {
        let spelling = base64url::encode(&bytes);
        prop_assert_eq!(spelling.len(), base64url::encoded_length(bytes.len()));
        prop_assert_eq!(base64url::decode(&spelling).unwrap(), bytes);
        if let Ok(decoded) = base64url::decode(&text) {
            prop_assert_eq!(base64url::encode(decoded), text);
        }
    }

    #[test]
    fn what_is_accepted_means_what_serde_json_reads(text in r#"[\[\]{}:,"a1.e\\u0 -]{0,40}"#) {
        if let Ok(strict) = json::value(text.as_bytes()) {
            prop_assert_eq!(strict, serde_json::from_str::<serde_json::Value>(&text).unwrap());
        }
    }
}
