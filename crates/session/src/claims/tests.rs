use countersign_kernel::{Timestamp, UserId};
use countersign_store::UserStatus;
use serde_json::json;

use super::*;

fn refused(claims: Value) -> Option<ClaimRefused> {
    let Value::Object(claims) = claims else { panic!("an object") };
    let hook = move |_: &User| claims.clone();
    own_claims(Some(&hook), &user()).err()
}

fn user() -> User {
    User {
        id: UserId::from_bytes([1; 16]),
        email: String::new(),
        email_verified: true,
        name: String::new(),
        status: UserStatus::Active,
        ver: 1,
        device_epoch: 0,
        roles: vec![],
        permissions: vec![],
        created_at: Timestamp::EPOCH,
    }
}

#[test]
fn the_hook_may_not_speak_for_us() {
    for name in ["sub", "roles", "permissions", "email", "ver", "client_id", "cnf", "scope"] {
        assert_eq!(refused(json!({ name: 1 })), Some(ClaimRefused::Registered(name.to_owned())));
    }
}

#[test]
fn names_of_secrets_are_refused_at_any_depth() {
    let secret = |name: &str| Some(ClaimRefused::Secret(name.to_owned()));
    for name in [
        "password",
        "passwordHash",
        "user_password",
        "clientSecret",
        "hash",
        "pwd",
        "cardNumber",
        "card",
        "cards",
        "ssn",
        "SSN",
        "userSsn",
        "api_key",
        "apiKey",
        "API-KEY",
        "private.key",
        "refresh_token",
        "otpSeed",
        "hashes",
    ] {
        assert_eq!(refused(json!({ name: 1 })), secret(name), "{name}");
        assert_eq!(refused(json!({ "profile": { "deep": [{ name: 1 }] } })), secret(name), "{name} deep down");
    }
}

#[test]
fn harmless_names_pass() {
    let names = [
        "plan",
        "tenant",
        "discarded",
        "scorecardUrl",
        "hashtag",
        "spinner",
        "compass",
        "department",
        "keyboard",
        "passengers",
    ];
    for name in names {
        assert_eq!(refused(json!({ name: "x" })), None, "{name}");
    }
}

#[test]
fn a_kibibyte_is_enough() {
    let text = |length: usize| json!({ "a": "x".repeat(length - r#"{"a":""}"#.len()) });
    assert_eq!(refused(text(1_024)), None);
    assert_eq!(refused(text(1_025)), Some(ClaimRefused::TooLong(1_025)));
}
