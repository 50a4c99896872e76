//! Claims under a good signature that must not be believed.

use countersign_jose::Error;
use countersign_jose::json::MAX_DEPTH;

use super::{is_claims, outcome};
use crate::support::{HEADER, NOW, mint, payload, payload_with};

/// What becomes of good claims with one replaced.
fn with(name: &str, text: &str) -> Result<(), Error> {
    outcome(&mint(HEADER, payload_with(name, text)))
}

// attack 13
#[test]
fn a_claim_that_stands_twice_is_refused() {
    for member in [
        r#""sub":"usr_1""#,
        r#""s\u0075b":"usr_2""#,
        r#""exp":9999999999"#,
        r#""iss":"https://issuer.example""#,
        r#""aud":"https://api.example""#,
        r#""jti":"tok_2""#,
        r#""roles":["user"],"roles":["admin"]"#,
        r#""nbf":1,"nbf":1"#,
        r#""deep":{"role":"user","role":"admin"}"#,
        r#""deep":[[{"role":"user","r\u006fle":"admin"}]]"#,
    ] {
        let claims = payload().replacen('{', &format!("{{{member},"), 1);
        assert_eq!(outcome(&mint(HEADER, claims)), Err(Error::Claims("a member stands twice")), "{member}");
    }
}

// attack 14
// bug S14
#[test]
fn expiry_is_a_whole_number_of_seconds_after_the_token_was_made() {
    let wrapped = ((1_u128 << 64) + u128::from(NOW.unsigned_abs()) + 900).to_string();
    for exp in [
        "",
        "0",
        "-1",
        "1e400",
        "-0",
        "NaN",
        "Infinity",
        "1.8e9",
        "1800000900.0",
        "9223372036854775808",
        &wrapped,
        "\"1800000900\"",
        "true",
        "null",
        "[1800000900]",
        "{}",
        "0x6b49d584",
        "01800000900",
        &NOW.to_string(),
    ] {
        assert!(is_claims(with("exp", exp)), "{exp}");
    }
    assert_eq!(with("exp", "9223372036854775807"), Ok(()), "far away, and a number");
}

// attack 15
// bug S21
#[test]
fn expired_is_said_only_where_nothing_else_is_wrong() {
    let claims =
        payload_with("iat", &(NOW - 2000).to_string()).replace(&(NOW + 900).to_string(), &(NOW - 1100).to_string());
    let expired = mint(HEADER, &claims);
    assert_eq!(outcome(&expired), Err(Error::Expired));

    let forged = format!("{}A", expired.strip_suffix(|_: char| true).unwrap());
    assert!(matches!(outcome(&forged), Err(Error::Signature | Error::Malformed(_))));
    for (claims, expected) in [
        (claims.replace("https://issuer", "https://mallory"), Error::Issuer),
        (claims.replace("https://api", "https://shop"), Error::Audience),
        (claims.replacen('{', &format!(r#"{{"nbf":{},"#, NOW + 60), 1), Error::NotYetValid),
        (claims.replace("usr_1", ""), Error::Claims("sub or jti is empty or too long")),
    ] {
        assert_eq!(outcome(&mint(HEADER, claims)), Err(expected));
    }
    let other_kind = HEADER.replace("at+jwt", "JWT");
    assert_eq!(outcome(&mint(other_kind, &claims)), Err(Error::Type));
}

// attack 16
#[test]
fn times_in_the_future_or_of_another_type_are_refused() {
    for name in ["nbf", "iat"] {
        assert_eq!(with(name, &(NOW + 30).to_string()), Ok(()), "{name} within the leeway");
        assert_eq!(with(name, &(NOW + 31).to_string()), Err(Error::NotYetValid), "{name}");
        for text in ["\"1800000000\"", "1800000000.5", "null", "true", "[]", "{}", "1e400", "18446744073709551616"] {
            assert!(is_claims(with(name, text)), "{name} {text}");
        }
    }
    assert_eq!(with("nbf", "9223372036854775807"), Err(Error::NotYetValid));
    assert_eq!(with("nbf", "-9223372036854775808"), Ok(()), "long ago");
    assert_eq!(with("iat", "0"), Ok(()), "the epoch is a moment like any other");
    for iat in ["", "-1", "9223372036854775807"] {
        assert!(is_claims(with("iat", iat)), "{iat}");
    }
}

// attack 17
// bug S7
#[test]
fn the_audience_must_be_ours_exactly() {
    for aud in [
        r#""https://other.example""#,
        r#""https://api.example/""#,
        r#""https://api.exampl""#,
        r#""https://api.example.attacker.example""#,
        r#""HTTPS://API.EXAMPLE""#,
        r#"" https://api.example""#,
        r#""*""#,
        r#""""#,
        r#"["https://other.example","https://api.example/"]"#,
    ] {
        assert_eq!(with("aud", aud), Err(Error::Audience), "{aud}");
    }
    for aud in [
        "",
        "[]",
        "null",
        "1",
        "true",
        "{}",
        r#"{"https://api.example":1}"#,
        r#"[["https://api.example"]]"#,
        r#"["https://api.example",1]"#,
        r#"["https://api.example",null]"#,
    ] {
        assert!(is_claims(with("aud", aud)), "{aud}");
    }
    assert_eq!(with("aud", r#"["https://other.example","https://api.example"]"#), Ok(()));
}

// attack 18
#[test]
fn the_issuer_must_be_ours_exactly() {
    for iss in [
        "https://issuer.example/",
        "HTTPS://issuer.example",
        "https://Issuer.example",
        "http://issuer.example",
        "https://issuer.example.attacker.example",
        "https://issuer.exampl",
        "https://\u{456}ssuer.example",
        " https://issuer.example",
        "https://issuer.example ",
        "https://issuer.example\\u0000",
        "",
    ] {
        assert_eq!(with("iss", &format!("\"{iss}\"")), Err(Error::Issuer), "{iss}");
    }
    for iss in ["", "null", "1", "{}", r#"["https://issuer.example"]"#] {
        assert!(is_claims(with("iss", iss)), "{iss}");
    }
    assert_eq!(with("iss", r#""https:\/\/issuer.example""#), Ok(()), "escapes do not change a string");
}

// attack 30
#[test]
fn subject_and_token_id_are_short_texts() {
    let long = format!("\"{}\"", "a".repeat(5 * 1024));
    for name in ["sub", "jti"] {
        for text in ["", "null", "1", "true", "[]", r#"["usr_1"]"#, "{}", r#"{"$gt":""}"#, r#""""#, &long] {
            assert!(is_claims(with(name, text)), "{name} {text}");
        }
        assert!(is_claims(with(name, &format!("\"{}\"", "a".repeat(256)))));
        assert_eq!(with(name, &format!("\"{}\"", "a".repeat(255))), Ok(()));
        assert_eq!(with(name, r#""' OR 1=1 --""#), Ok(()), "text is text: the floors above look it up");
    }
}

#[test]
fn claims_are_nested_as_deep_as_any_json_and_no_deeper() {
    // The set of claims is the outermost level.
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));

    assert_eq!(with("deep", &nested(MAX_DEPTH - 1)), Ok(()));
    assert_eq!(with("deep", &nested(MAX_DEPTH)), Err(Error::Claims("nested too deep")));
}

#[test]
fn a_payload_that_is_no_set_of_claims_is_refused() {
    for claims in ["", "null", "[]", "\"x\"", "1", "{}", "{", "{}{}"] {
        assert!(is_claims(outcome(&mint(HEADER, claims))), "{claims}");
    }
    assert!(is_claims(outcome(&mint(HEADER, format!("[{}]", payload())))));
    assert!(is_claims(outcome(&mint(HEADER, format!("{} x", payload())))));
}
