use std::sync::Arc;

use countersign_kernel::{Clock, Entropy};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::testing::solve;

const ADA: &[&[u8]] = &[b"sign_in", b"ada"];

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        at(0)
    }
}

impl Entropy for Fixed {
    fn fill(&self, target: &mut [u8]) {
        target.fill(7);
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000 + seconds)
}

fn challenges(root: u8) -> Challenges {
    Challenges::new(&Secret::new([root; 32]))
}

fn issued(max_number: u32) -> Value {
    serde_json::to_value(challenges(1).issue(ADA, max_number, at(0), &Env::system())).unwrap()
}

fn encoded(response: &Value) -> String {
    STANDARD.encode(response.to_string())
}

fn decoded(response: &str) -> Value {
    serde_json::from_slice(&STANDARD.decode(response).unwrap()).unwrap()
}

/// A solved challenge with one member replaced.
fn with(name: &str, value: impl Into<Value>) -> String {
    let mut response = decoded(&solve(&issued(50)).unwrap());
    response[name] = value.into();
    encoded(&response)
}

fn is_good(response: &str) -> bool {
    challenges(1).judge(ADA, response, at(0)).is_some()
}

#[test]
fn the_form_is_that_of_altcha_and_never_changes() {
    let challenge = challenges(1).issue(ADA, 100, at(0), &Env::new(Arc::new(Fixed), Arc::new(Fixed)));

    let number = u128::from_le_bytes([7; 16]) % 101;
    let salt = "070707070707070707070707?expires=1800000300&";
    let hash = digest::digest(&digest::SHA256, format!("{salt}{number}").as_bytes());
    assert_eq!(
        serde_json::to_value(&challenge).unwrap(),
        json!({
            "algorithm": "SHA-256",
            "challenge": hex::encode(hash.as_ref()),
            "maxnumber": 100,
            "salt": salt,
            "signature": "6a9d78bad2b37422ad857331d32699c14cbbdbe795982008de70a25812c0aea8",
        })
    );
}

// attack 126
#[test]
fn a_solution_counts_for_whom_it_was_asked_of_until_it_expires() {
    let response = solve(&issued(1_000)).unwrap();
    let judged = |subject: &[&[u8]], seconds| challenges(1).judge(subject, &response, at(seconds));

    let solution = judged(ADA, 0).unwrap();

    assert_eq!(judged(ADA, 299), Some(solution), "a solution has one id");
    assert_eq!(judged(ADA, 300), None, "too late");
    assert_eq!(judged(&[b"sign_in", b"bob"], 0), None, "another account");
    assert_eq!(judged(&[b"register", b"ada"], 0), None, "another purpose");
    assert_eq!(judged(&[b"sign_i", b"nada"], 0), None, "parts are kept apart");
    assert_eq!(challenges(2).judge(ADA, &response, at(0)), None, "another root");
    let other = challenges(1).judge(ADA, &solve(&issued(1_000)).unwrap(), at(0)).unwrap();
    assert_ne!(other.id, solution.id, "another challenge");
}

// attack 126
#[test]
fn whatever_is_changed_in_a_solution_makes_it_worthless() {
    let right = decoded(&solve(&issued(50)).unwrap());
    assert!(is_good(&encoded(&right)));
    assert!(is_good(&with("took", 12)), "widgets add what they like");

    let number = |response: &Value| response["number"].as_u64().unwrap();
    for wrong in [
        with("number", 51),
        with("number", -1),
        with("number", "7"),
        with("number", 1.5),
        with("algorithm", "SHA-1"),
        with("algorithm", "sha-256"),
        with("signature", "0".repeat(64)),
        with("signature", ""),
        with("challenge", "0".repeat(64)),
        with("salt", "0?expires=4000000000&"),
        with("salt", ""),
    ] {
        assert!(!is_good(&wrong), "{}", decoded(&wrong));
    }
    for name in ["algorithm", "challenge", "number", "salt", "signature"] {
        let mut without = right.clone();
        without.as_object_mut().unwrap().remove(name);
        assert!(!is_good(&encoded(&without)), "without {name}");
    }
    let upper = right["signature"].as_str().unwrap().to_uppercase();
    assert!(!is_good(&encoded(&json!({"signature": upper, "number": number(&right)}))));
}

// attack 126
/// The hash is over salt and number without a mark between them: moving figures from one into the other must make neither a
/// second solution nor a later expiry.
#[test]
fn figures_cannot_be_moved_between_salt_and_number() {
    let mut seen = 0;
    while seen < 20 {
        let mut response = decoded(&solve(&issued(500)).unwrap());
        let number = response["number"].as_u64().unwrap().to_string();
        if number.len() < 2 {
            continue;
        }
        seen += 1;
        let (moved, left) = number.split_at(1);
        let salt = format!("{}{moved}", response["salt"].as_str().unwrap());
        response["salt"] = salt.into();
        response["number"] = left.parse::<u64>().unwrap().into();
        assert!(!is_good(&encoded(&response)), "{response}");
    }
}

/// Whoever signs a salt of another grammar under the same key must not be able to feed it in here: the expiry is read
/// strictly.
#[test]
fn a_salt_without_its_end_or_its_expiry_is_none() {
    let key = challenges(1);
    let signed_with = |salt: &str| {
        let hash = hash_of(salt, 3);
        let signature = hex::encode(hmac::sign(&key.0, &signed(ADA, &hash)).as_ref());
        let response = json!({
            "algorithm": ALGORITHM, "challenge": hex::encode(&hash), "number": 3, "salt": salt, "signature": signature,
        });
        key.judge(ADA, &encoded(&response), at(0)).is_some()
    };

    assert!(signed_with("ab?expires=1800000300&"));
    for salt in
        ["ab?expires=1800000300", "ab?expires=180000030", "ab&", "ab?expires=&", "ab?expires=1800000300&a=1&", ""]
    {
        assert!(!signed_with(salt), "{salt}");
    }
}

#[test]
fn the_number_is_within_its_bound_and_both_ends_are_drawn() {
    let mut drawn = [false; 3];
    for _ in 0..200 {
        let challenge = issued(2);
        let number = decoded(&solve(&challenge).unwrap())["number"].as_u64().unwrap();
        drawn[usize::try_from(number).unwrap()] = true;
    }
    assert_eq!(drawn, [true; 3]);
    assert!(is_good(&solve(&issued(0)).unwrap()));
}

#[test]
fn what_is_too_long_or_no_base64_or_no_json_is_none() {
    let right = solve(&issued(50)).unwrap();
    assert!(right.len() < LONGEST_RESPONSE);
    let padded = |to: usize| {
        let mut response = decoded(&right);
        let spare = to / 4 * 3 - response.to_string().len() - 9;
        response["pad"] = " ".repeat(spare).into();
        encoded(&response)
    };
    assert_eq!(padded(LONGEST_RESPONSE).len(), LONGEST_RESPONSE);
    assert!(is_good(&padded(LONGEST_RESPONSE)));
    assert!(!is_good(&padded(LONGEST_RESPONSE + 4)));
    for text in ["", "!", "e30", "e30=", "W10=", &right[1..], &format!("{right}\n")] {
        assert!(!is_good(text), "{text}");
    }
}

#[test]
fn the_key_is_not_shown() {
    assert_eq!(format!("{:?}", challenges(1)), "Challenges(..)");
}

proptest! {
    #[test]
    fn no_text_is_a_solution_by_chance(text in "\\PC{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(!is_good(&text));
        prop_assert!(!is_good(&STANDARD.encode(&bytes)));
    }
}
