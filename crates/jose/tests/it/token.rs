//! What an honest token is, and that each algorithm signs what it verifies.

use countersign_jose::{Algorithm, Claims, Error, KeySet, Rules, base64url, verify, verify_jws, verify_jws_with};
use serde_json::json;

use crate::support::{AUDIENCE, HEADER, ISSUER, KEYS, KID, NOW, SIGNER, good_token, key, payload, rules, segments};

#[test]
fn the_good_token_that_every_hostile_one_is_made_from_is_accepted() {
    let verified = verify(&good_token(), &KEYS, &rules()).unwrap();

    assert_eq!(&*verified.kid, KID);
    assert_eq!(verified.json, payload());
    assert_eq!(verified.claims.sub, "usr_1");
}

#[test]
fn every_algorithm_signs_what_it_verifies() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm, "k");
        let claims = json!({"iss": ISSUER, "aud": [AUDIENCE, "other"], "sub": "usr_1", "exp": NOW + 60, "iat": NOW,
            "nbf": NOW, "jti": "tok_1", "roles": ["admin"], "nested": {"a": [1, null, "ö"]}});

        let token = key.sign("at+jwt", &claims).unwrap();
        let verified = verify(&token, &KeySet::new(vec![key.verifying_key()]).unwrap(), &rules()).unwrap();

        assert_eq!(serde_json::to_value(&verified.claims).unwrap(), claims, "{algorithm}");
        assert_eq!(verified.claims.rest.len(), 2);
    }
}

#[test]
fn the_header_says_type_algorithm_and_key_and_nothing_else() {
    let token = SIGNER.sign("at+jwt", &json!({})).unwrap();

    assert_eq!(base64url::decode(segments(&token)[0]).unwrap(), HEADER.as_bytes());
}

#[test]
fn claims_are_written_as_they_are_read() {
    let claims = Claims::parse(payload().as_bytes()).unwrap();

    assert_eq!(Claims::parse(&serde_json::to_vec(&claims).unwrap()).unwrap(), claims);
}

#[test]
fn what_cannot_be_a_token_is_not_signed() {
    for (claims, why) in
        [(json!([1]), "a list"), (json!("x"), "a string"), (json!({"a": "x".repeat(8192)}), "too long")]
    {
        assert!(matches!(SIGNER.sign("at+jwt", &claims), Err(Error::Unsignable(_))), "{why}");
    }
    for typ in ["", "a b", "a\"b", "a\\b", "ä", "a\n", &"x".repeat(65)] {
        assert!(matches!(SIGNER.sign(typ, &json!({})), Err(Error::Unsignable(_))), "{typ}");
    }
}

#[test]
fn the_longest_token_is_signed_and_read() {
    let longest = (0..8192).rev().find_map(|fill| SIGNER.sign("x", &json!({"a": "x".repeat(fill)})).ok()).unwrap();

    assert!(longest.len() > 8190 && longest.len() <= 8192, "{}", longest.len());
    assert!(verify_jws(&longest, &KEYS, Some("x")).is_ok());
}

#[test]
fn a_token_without_kid_is_read_by_a_given_key_only() {
    let token = crate::support::mint(r#"{"alg":"EdDSA"}"#, "anything");

    assert_eq!(verify_jws_with(&token, &SIGNER.verifying_key(), None).unwrap(), b"anything");
    assert_eq!(verify_jws(&token, &KEYS, None), Err(Error::UnknownKey));
}

#[test]
fn a_key_does_not_answer_for_another_ones_name() {
    let token = crate::support::mint(r#"{"alg":"EdDSA","kid":"key_2"}"#, "anything");

    assert_eq!(verify_jws_with(&token, &SIGNER.verifying_key(), None), Err(Error::UnknownKey));
}

#[test]
fn time_is_judged_to_the_second_with_at_most_thirty_of_leeway() {
    let token = good_token();
    let at = |now, leeway| verify(&token, &KEYS, &Rules { now, leeway, ..rules() }).map(drop);
    let (iat, exp) = (NOW, NOW + 900);

    for (now, leeway, expected, why) in [
        (exp - 1, 0, Ok(()), "the last second"),
        (exp, 0, Err(Error::Expired), "exp itself is too late"),
        (exp + 29, 30, Ok(()), "within the leeway"),
        (exp + 30, 30, Err(Error::Expired), "at the end of the leeway"),
        (exp + 30, 3600, Err(Error::Expired), "more leeway than 30 s is not given"),
        (exp - 1, -900, Ok(()), "nor less than none"),
        (iat - 30, 30, Ok(()), "a clock that is behind"),
        (iat - 31, 30, Err(Error::NotYetValid), "a clock that is too far behind"),
        (iat - 1, 0, Err(Error::NotYetValid), "no leeway"),
        (i64::MAX, 30, Err(Error::Expired), "no overflow at the end of time"),
        (i64::MIN, 30, Err(Error::NotYetValid), "nor at its beginning"),
    ] {
        assert_eq!(at(now, leeway), expected, "{why}");
    }
}

#[test]
fn the_type_is_compared_without_case_and_with_or_without_its_prefix() {
    for (typ, expected) in [
        ("at+jwt", Ok(())),
        ("AT+JWT", Ok(())),
        ("application/at+jwt", Ok(())),
        ("Application/At+Jwt", Ok(())),
        ("application/application/at+jwt", Err(Error::Type)),
        ("text/at+jwt", Err(Error::Type)),
        ("applicatiom/at+jwt", Err(Error::Type)),
        ("applicationäat+jwt", Err(Error::Type)),
        ("at+jwt ", Err(Error::Type)),
        ("", Err(Error::Type)),
    ] {
        let token = crate::support::mint(format!(r#"{{"typ":"{typ}","alg":"EdDSA","kid":"key_1"}}"#), payload());
        assert_eq!(verify(&token, &KEYS, &rules()).map(drop), expected, "{typ}");
        let wide = Rules { typ: "application/at+jwt", ..rules() };
        assert_eq!(verify(&token, &KEYS, &wide).map(drop), expected, "{typ}");
    }
}

#[test]
fn the_longest_token_and_the_longest_header_are_as_long_as_they_may_be() {
    let overhead = SIGNER.sign_payload("x", &[]).unwrap().len();
    let most = (8192 - overhead) / 4 * 3;
    let longest = (most..).take_while(|size| SIGNER.sign_payload("x", &vec![b' '; *size]).is_ok()).last().unwrap();
    assert_eq!(SIGNER.sign_payload("x", &vec![b' '; longest]).unwrap().len(), 8192);

    let header = |size: usize| {
        let note = "x".repeat(size - r#"{"typ":"at+jwt","alg":"EdDSA","kid":"key_1","note":""}"#.len());
        format!(r#"{{"typ":"at+jwt","alg":"EdDSA","kid":"key_1","note":"{note}"}}"#)
    };
    assert!(verify(&crate::support::mint(header(1024), payload()), &KEYS, &rules()).is_ok());
    assert_eq!(
        verify(&crate::support::mint(header(1025), payload()), &KEYS, &rules()).map(drop),
        Err(Error::Header("too long"))
    );
}

#[test]
fn unknown_members_of_a_header_are_passed_over() {
    let header = r#" { "typ":"at+jwt", "x5t":"abc", "note":{"a":[1,2]}, "alg":"EdDSA", "kid":"k\u0065y_1" } "#;

    assert!(verify(&crate::support::mint(header, payload()), &KEYS, &rules()).is_ok());
}
