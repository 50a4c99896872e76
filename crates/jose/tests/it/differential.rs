//! Agreement with an independent library, jsonwebtoken: what one signs the other reads, and no damaged token is believed.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_jose::{Algorithm, KeySet, SigningKey, verify};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::{AUDIENCE, ISSUER, KID, NOW, key, rules};

/// One key in the hands of both libraries.
struct Both {
    ours: SigningKey,
    set: KeySet,
    name: jsonwebtoken::Algorithm,
    signs: EncodingKey,
    reads: DecodingKey,
}

static ALL: LazyLock<Vec<Both>> = LazyLock::new(|| Algorithm::ALL.into_iter().map(both).collect());

fn both(algorithm: Algorithm) -> Both {
    let ours = key(algorithm, KID);
    let bytes = ours.private_bytes().unwrap();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(&bytes));
    let pem = pem.as_bytes();
    let reads = || {
        let jwk = ours.public_jwk().unwrap().to_json();
        DecodingKey::from_jwk(&serde_json::from_str(&jwk).unwrap()).unwrap()
    };
    let (name, signs, reads) = match algorithm {
        Algorithm::EdDSA => (jsonwebtoken::Algorithm::EdDSA, EncodingKey::from_ed_pem(pem).unwrap(), reads()),
        Algorithm::ES256 => (jsonwebtoken::Algorithm::ES256, EncodingKey::from_ec_pem(pem).unwrap(), reads()),
        Algorithm::RS256 => (jsonwebtoken::Algorithm::RS256, EncodingKey::from_rsa_pem(pem).unwrap(), reads()),
        Algorithm::PS256 => (jsonwebtoken::Algorithm::PS256, EncodingKey::from_rsa_pem(pem).unwrap(), reads()),
        Algorithm::HS256 => {
            (jsonwebtoken::Algorithm::HS256, EncodingKey::from_secret(&bytes), DecodingKey::from_secret(&bytes))
        }
    };
    let set = KeySet::new(vec![ours.verifying_key()]).unwrap();
    Both { ours, set, name, signs, reads }
}

/// What the other library makes of a token. It would read the clock of the machine, so time is left to us.
fn theirs(both: &Both, token: &str) -> Option<Value> {
    let mut validation = Validation::new(both.name);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[ISSUER]);
    validation.validate_exp = false;
    jsonwebtoken::decode::<Value>(token, &both.reads, &validation).ok().map(|data| data.claims)
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(".{0,8}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn claims() -> impl Strategy<Value = Value> {
    let own = proptest::collection::btree_map("x_[^\\p{Cn}]{0,8}", json_value(), 0..5);
    ("[^\\p{Cn}]{1,20}", "[a-zA-Z0-9_]{1,30}", 1..100_000_i64, any::<bool>(), own).prop_map(|(sub, jti, life, list, own)| {
        let aud = if list { json!([AUDIENCE, "x"]) } else { json!(AUDIENCE) };
        let mut claims =
            json!({"iss": ISSUER, "aud": aud, "sub": sub, "exp": NOW + life, "iat": NOW, "jti": jti, "nbf": NOW - 1});
        claims.as_object_mut().unwrap().extend(own);
        claims
    })
}

/// A small damage to a text.
#[derive(Debug, Clone)]
enum Damage {
    Replace(prop::sample::Index, char),
    Insert(prop::sample::Index, char),
    Remove(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    Cut(prop::sample::Index),
    Repeat(prop::sample::Index),
}

impl Damage {
    fn apply(&self, text: &str) -> String {
        let mut chars: Vec<char> = text.chars().collect();
        let at = |index: &prop::sample::Index| index.index(text.len());
        match self {
            Self::Replace(index, char) => chars[at(index)] = *char,
            Self::Insert(index, char) => chars.insert(at(index), *char),
            Self::Remove(index) => drop(chars.remove(at(index))),
            Self::Swap(one, two) => chars.swap(at(one), at(two)),
            Self::Cut(index) => chars.truncate(at(index)),
            Self::Repeat(index) => chars.insert(at(index), chars[at(index)]),
        }
        chars.into_iter().collect()
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<prop::sample::Index>;
    let char = || prop_oneof![4 => proptest::char::range('-', 'z'), 1 => any::<char>()];
    prop_oneof![
        (index(), char()).prop_map(|(at, char)| Damage::Replace(at, char)),
        (index(), char()).prop_map(|(at, char)| Damage::Insert(at, char)),
        index().prop_map(Damage::Remove),
        (index(), index()).prop_map(|(one, two)| Damage::Swap(one, two)),
        index().prop_map(Damage::Cut),
        index().prop_map(Damage::Repeat),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_other_library_reads_what_we_sign(claims in claims(), which in 0..5_usize) {
        let both = &ALL[which];
        let token = both.ours.sign("at+jwt", &claims).unwrap();

        prop_assert_eq!(theirs(both, &token), Some(claims));
    }

    #[test]
    fn we_read_what_the_other_library_signs(claims in claims(), which in 0..5_usize) {
        let both = &ALL[which];
        let mut header = Header::new(both.name);
        header.typ = Some("at+jwt".into());
        header.kid = Some(KID.into());
        let token = jsonwebtoken::encode(&header, &claims, &both.signs).unwrap();

        let verified = verify(&token, &both.set, &rules()).unwrap();
        let mut read = serde_json::to_value(&verified.claims).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&verified.json).unwrap(), claims.clone());
        read["aud"] = claims["aud"].clone();
        prop_assert_eq!(read, claims);
    }

    #[test]
    fn a_damaged_token_is_never_believed(
        claims in claims(),
        which in 0..5_usize,
        damages in proptest::collection::vec(damage(), 1..4),
    ) {
        let both = &ALL[which];
        let token = both.ours.sign("at+jwt", &claims).unwrap();
        let mut text = token.clone();
        for damage in damages {
            if !text.is_empty() && text.is_ascii() {
                text = damage.apply(&text);
            }
        }
        prop_assume!(text != token);

        prop_assert!(verify(&text, &both.set, &rules()).is_err());
    }
}
