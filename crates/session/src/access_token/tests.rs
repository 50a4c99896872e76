use std::sync::Arc;

use countersign_jose::{Algorithm, Rules, SigningKey, verify};
use countersign_kernel::{Clock, Entropy};
use countersign_store::{Delivery, RefreshRow, UserStatus};
use serde_json::json;

use super::*;

struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Every byte the same: the jitter's ends and its middle.
struct Always(u8);

impl Entropy for Always {
    fn fill(&self, target: &mut [u8]) {
        target.fill(self.0);
    }
}

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn env(byte: u8) -> Env {
    Env::new(Arc::new(At(NOW)), Arc::new(Always(byte)))
}

fn user() -> User {
    User {
        id: UserId::from_bytes([1; 16]),
        email: "ada@example.org".to_owned(),
        email_verified: true,
        name: "Ada".to_owned(),
        status: UserStatus::Active,
        ver: 7,
        device_epoch: 3,
        roles: vec!["editor".to_owned(), "admin".to_owned()],
        permissions: vec!["orders:read".to_owned()],
        created_at: NOW,
    }
}

fn session() -> Session {
    Session {
        id: SessionId::from_bytes([2; 16]),
        user: user().id,
        delivery: Delivery::Cookie,
        remember: true,
        row: RefreshRow::opened(NOW, 0, NOW, NOW),
        amr: vec!["pwd".to_owned()],
        auth_time: NOW - Lifetime::from_seconds(60),
        device: Some(DeviceId::from_bytes([3; 16])),
        user_agent: Some("agent".to_owned()),
        address: Some("192.0.2.1".to_owned()),
        first_address: Some("192.0.2.1".to_owned()),
        noticed: vec![],
        created_at: NOW,
        last_seen_at: NOW,
    }
}

#[test]
fn the_claims_are_those_of_the_contract_and_no_others() {
    let policy = Policy::new("https://id.example");
    let own = json!({"plan": "pro"}).as_object().cloned().unwrap();
    let claims = serde_json::to_value(AccessClaims::new(&session(), &user(), own, &policy, NOW, &env(0))).unwrap();

    let id = |prefix: &str| format!("{prefix}_");
    for (claim, prefix) in [("sub", "usr"), ("sid", "ses"), ("jti", "tok"), ("did", "dev")] {
        assert!(claims[claim].as_str().unwrap().starts_with(&id(prefix)), "{claim}");
    }
    let mut rest = claims;
    for claim in ["sub", "sid", "jti", "did"] {
        rest.as_object_mut().unwrap().remove(claim);
    }
    assert_eq!(
        rest,
        json!({
            "iss": "https://id.example", "aud": "https://id.example",
            "iat": 1_800_000_000_i64, "exp": 1_800_000_855_i64, "auth_time": 1_799_999_940_i64,
            "ver": 7, "email": "ada@example.org", "roles": ["editor", "admin"], "permissions": ["orders:read"],
            "amr": ["pwd"], "acr": "aal1", "plan": "pro",
        })
    );
}

#[test]
fn what_is_not_wanted_or_not_there_is_left_out() {
    let policy = Policy { email_claim: false, ..Policy::new("https://id.example") };
    let (session, user) = (Session { device: None, ..session() }, User { permissions: vec![], ..user() });
    let claims = serde_json::to_value(AccessClaims::new(&session, &user, Map::new(), &policy, NOW, &env(0))).unwrap();

    for claim in ["email", "did", "permissions", "client_id", "status", "name"] {
        assert!(claims.get(claim).is_none(), "{claim}");
    }
}

#[test]
fn the_life_is_that_of_the_policy_within_five_percent() {
    let quarter = Lifetime::from_minutes(15);
    assert_eq!(jittered(quarter, &env(0)), Lifetime::from_seconds(855));
    let system = Env::system();
    let lives: Vec<i64> = (0..1_000).map(|_| jittered(quarter, &system).as_seconds()).collect();
    assert!(lives.iter().all(|life| (855..=945).contains(life)));
    assert!(lives.iter().any(|life| *life < 880) && lives.iter().any(|life| *life > 920), "it spreads");
    assert_eq!(jittered(Lifetime::ZERO, &system), Lifetime::ZERO);
}

#[test]
fn a_token_is_verified_by_its_own_type_alone() {
    let key = SigningKey::generate(Algorithm::EdDSA, Some("k"), |bytes| bytes.fill(7)).unwrap();
    let policy = Policy::new("https://id.example");
    let token = AccessClaims::new(&session(), &user(), Map::new(), &policy, NOW, &env(0)).sign(&key).unwrap();
    let keys = countersign_jose::KeySet::new(vec![key.verifying_key()]).unwrap();
    let rules = |typ| Rules {
        typ,
        issuer: "https://id.example",
        audience: "https://id.example",
        now: 1_800_000_000,
        leeway: 0,
    };

    assert!(verify(&token.token, &keys, &rules("at+jwt")).is_ok());
    assert_eq!(verify(&token.token, &keys, &rules("jwt")).unwrap_err(), countersign_jose::Error::Type);
    assert_eq!(token.expires_in, Lifetime::from_seconds(855));
}
