//! Texts that are not one compact JWS in its one spelling.

use countersign_jose::{Error, base64url, verify_jws};

use super::{is_claims, is_header, is_malformed, outcome};
use crate::support::{HEADER, KEYS, good_token, mint, payload, segments, sign_raw};

// attack 9
#[test]
fn a_jwe_is_not_taken_for_a_jws() {
    let header = base64url::encode(r#"{"alg":"dir","enc":"A256GCM","kid":"key_1","typ":"at+jwt"}"#);
    let pbes = base64url::encode(
        r#"{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":2147483648,"p2s":"AAAA","kid":"key_1"}"#,
    );
    for token in
        [format!("{header}..AAAA.AAAA.AAAA"), format!("{pbes}.AAAA.AAAA.AAAA.AAAA"), format!("{pbes}.AAAA.AAAA")]
    {
        assert!(outcome(&token).is_err_and(|error| error != Error::Expired), "{token}");
        assert!(verify_jws(&token, &KEYS, None).is_err());
    }
}

// attack 10
#[test]
fn a_json_serialisation_is_refused() {
    let token = good_token();
    let [header, claims, signature] = segments(&token);
    for text in [
        format!(r#"{{"payload":"{claims}","protected":"{header}","signature":"{signature}"}}"#),
        format!(r#"{{"payload":"{claims}","signatures":[{{"protected":"{header}","signature":"{signature}"}}]}}"#),
        format!(r#"{{"{header}.{claims}.{signature}":""}}"#),
        format!(r#"["{token}"]"#),
        format!(r#""{token}""#),
    ] {
        assert!(is_malformed(outcome(&text)), "{text}");
    }
}

// attack 10
#[test]
fn a_token_inside_a_token_is_refused() {
    assert!(is_claims(outcome(&mint(HEADER, good_token()))));
    assert!(is_header(outcome(&mint(HEADER.replace('}', r#","cty":"JWT"}"#), good_token()))));
}

// attack 11
#[test]
fn a_token_over_eight_kibibytes_is_refused_at_once() {
    for length in [8193, 8194, 64 * 1024, 1024 * 1024] {
        for text in ["a".repeat(length), ".".repeat(length), format!("{}.{}", good_token(), "a".repeat(length))] {
            assert_eq!(outcome(&text), Err(Error::TooLong), "{length}");
        }
        let good = good_token();
        let padded = payload().replace("usr_1", &"a".repeat(length));
        assert_eq!(outcome(&mint(HEADER, padded)), Err(Error::TooLong));
        assert_eq!(outcome(&good), Ok(()));
    }
}

// attack 12
#[test]
fn deep_and_wide_json_is_refused_or_read_without_harm() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let deep = format!("{}1{}", open.repeat(700), close.repeat(700));
        assert!(is_claims(outcome(&mint(HEADER, payload().replacen('{', &format!(r#"{{"deep":{deep},"#), 1)))));
        assert!(is_claims(outcome(&mint(HEADER, &deep))));
        assert!(is_header(outcome(&mint(format!(r#"{{"deep":{deep}"#), payload()))));
        let in_header = format!("{}1{}", open.repeat(60), close.repeat(60));
        let header = HEADER.replacen('{', &format!(r#"{{"deep":{in_header},"#), 1);
        assert!(is_header(outcome(&mint(header, payload()))));
    }
    let wide = |count: usize| (0..count).map(|n| format!(r#""m{n}":0,"#)).collect::<String>();
    assert!(is_header(outcome(&mint(HEADER.replacen('{', &format!("{{{}", wide(500)), 1), payload()))), "too long");
    assert_eq!(outcome(&mint(HEADER.replacen('{', &format!("{{{}", wide(90)), 1), payload())), Ok(()));
    assert_eq!(outcome(&mint(HEADER, payload().replacen('{', &format!("{{{}", wide(500)), 1))), Ok(()));
}

// attack 20
#[test]
fn opaque_texts_are_no_tokens() {
    for text in ["", ".", "...", "a", "a.b", "a.b.c.d", "null", "undefined", "v1.AAAA.BBBB.CCCC", "Bearer x"] {
        assert!(is_malformed(outcome(text)), "{text}");
    }
    let token = good_token();
    let [header, claims, signature] = segments(&token);
    for text in [format!("{header}.{claims}"), format!("{token}."), format!(".{token}"), format!("{token}.{signature}")]
    {
        assert!(is_malformed(outcome(&text)), "{text}");
    }
    assert_eq!(outcome(&format!("{header}.{claims}.")), Err(Error::Signature));
    assert_eq!(outcome(&format!("{header}..{signature}")), Err(Error::Signature));
    assert!(is_header(outcome(&format!(".{claims}.{signature}"))));
    assert!(is_header(outcome("..")));
}

// attack 23
// bug S40
#[test]
fn no_segment_has_a_second_spelling() {
    let token = good_token();
    let [header, claims, signature] = segments(&token);
    let refused = |outcome| is_malformed(outcome) || outcome == Err(Error::Signature);
    for change in [
        |segment: &str| format!("{segment}="),
        |segment: &str| format!("{segment}=="),
        |segment: &str| format!("{segment} "),
        |segment: &str| format!(" {segment}"),
        |segment: &str| format!("{segment}\n"),
        |segment: &str| format!("{}\r\n{}", &segment[..4], &segment[4..]),
        |segment: &str| format!("{}?{}", &segment[..4], &segment[4..]),
        |segment: &str| format!("{}%{}", &segment[..4], &segment[4..]),
        |segment: &str| format!("\"{segment}\""),
        |segment: &str| format!("{segment}A"),
        |segment: &str| format!("{segment}AA"),
        |segment: &str| format!("{}\u{ff21}{}", &segment[..4], &segment[5..]),
    ] {
        for text in [
            format!("{}.{claims}.{signature}", change(header)),
            format!("{header}.{}.{signature}", change(claims)),
            format!("{header}.{claims}.{}", change(signature)),
            sign_raw(&format!("{}.{claims}", change(header))),
            sign_raw(&format!("{header}.{}", change(claims))),
        ] {
            let outcome = outcome(&text);
            assert!(refused(outcome) || is_header(outcome) || is_claims(outcome), "{text}: {outcome:?}");
        }
    }
    assert!(is_malformed(outcome(&token.replace('.', "%2E"))));
    assert!(is_malformed(outcome(&format!("\u{feff}{token}"))));
}

// attack 23
#[test]
fn spare_bits_are_zero() {
    // 64 bytes leave four spare bits in the last character; a payload of one byte beyond three leaves four as well.
    let token = good_token();
    let last = token.chars().last().unwrap();
    for other in ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']).filter(|other| *other != last) {
        let text = format!("{}{other}", token.strip_suffix(last).unwrap());
        assert!(is_malformed(outcome(&text)) || outcome(&text) == Err(Error::Signature), "{other}");
    }
    let padded = (0..3).map(|n| payload() + &" ".repeat(n)).find(|claims| claims.len() % 3 == 1).unwrap();
    let [header, claims] = [base64url::encode(HEADER), base64url::encode(padded)];
    assert_eq!(outcome(&sign_raw(&format!("{header}.{claims}"))), Ok(()));
    // The same bytes to a lenient decoder, and truly signed in this spelling.
    let lenient = format!(
        "{}R",
        claims
            .strip_suffix('Q')
            .or(claims.strip_suffix('A'))
            .or(claims.strip_suffix('g'))
            .or(claims.strip_suffix('w'))
            .unwrap()
    );
    assert!(is_malformed(outcome(&sign_raw(&format!("{header}.{lenient}")))));
}
