//! Attacks on the signature and the encoding of an access token, through the front door.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_testkit::{Actor, TestApp, minutes};

async fn refused(ada: &Actor, token: &str, reason: &str) {
    let reply = ada.call(http::Method::GET, "/api/auth/verify").bearer(token).send().await;
    assert_eq!(reply.status(), 401, "{reason}");
    assert_eq!(reply.code(), "TOKEN_INVALID", "{reason}");
    let _ = ada.get("/api/auth/verify").await.expect(200);
}

fn parts(token: &str) -> [String; 3] {
    let mut parts = token.split('.').map(str::to_owned);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

// attack 27
#[tokio::test]
async fn a_signature_belongs_to_its_own_bytes() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let ben = app.member("ben").await;
    let [header, claims, signature] = parts(&ada.access_token());
    let [_, others_claims, others_signature] = parts(&ben.access_token());
    let reversed: String = signature.chars().rev().collect();
    let cut = signature.get(..signature.len() - 4).unwrap_or_default();

    refused(&ada, &format!("{header}.{others_claims}.{signature}"), "another's claims").await;
    refused(&ada, &format!("{header}.{claims}.{others_signature}"), "another's signature").await;
    refused(&ada, &format!("{header}.{claims}.{reversed}"), "reversed").await;
    refused(&ada, &format!("{header}.{claims}.{cut}"), "cut").await;
    refused(&ada, &format!("{header}.{claims}.{signature}AAAA"), "lengthened").await;
    refused(&ada, &format!("{header}.{claims}."), "empty").await;
    refused(&ada, &format!("{claims}.{header}.{signature}"), "swapped").await;
    refused(&ada, &app.mint(&ada).tampered().mint(), "one bit").await;
}

// attack 23
#[tokio::test]
async fn a_token_has_one_spelling() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let good = ada.access_token();
    let [header, claims, signature] = parts(&good);
    // 64 bytes leave two bits unused in the last character: four texts decode to them in a careless decoder.
    let (kept, last) = signature.split_at(signature.len() - 1);
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = ALPHABET.find(last).unwrap_or_default();

    for other in (at & !15)..(at | 15) + 1 {
        let twin = ALPHABET.get(other..=other).unwrap_or_default();
        if twin != last {
            refused(&ada, &format!("{header}.{claims}.{kept}{twin}"), "stray bits").await;
        }
    }
    for (bent, reason) in [
        (format!("{good}="), "padding"),
        (format!("{good}=="), "padding"),
        (good.replacen('.', "%2E", 1), "percent"),
        (format!("{header}.{claims}.{signature}?"), "question mark"),
        (format!("{header}.?{claims}.{signature}"), "question mark inside"),
        (format!("{header}..{signature}"), "no claims"),
        (format!(".{good}"), "leading dot"),
        (format!("{good}."), "trailing dot"),
        (format!("'{good}'"), "quotes"),
        (format!("{header}.{claims}.{}+/", kept.get(..kept.len() - 1).unwrap_or_default()), "the other alphabet"),
    ] {
        refused(&ada, &bent, reason).await;
    }
}

// attack 26
#[tokio::test]
async fn ed25519_signatures_of_no_key_are_refused() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let [header, claims, signature] = parts(&ada.access_token());
    let good = URL_SAFE_NO_PAD.decode(&signature).unwrap_or_default();
    let (r, s) = good.split_at(32);
    // The group order, little-endian (RFC 8032 section 5.1): S + L is another number with the same effect.
    let order: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0_u16;
    let lifted: Vec<u8> = s
        .iter()
        .zip(order)
        .map(|(a, b)| {
            let sum = u16::from(*a) + u16::from(b) + carry;
            carry = sum >> 8;
            sum.to_le_bytes()[0]
        })
        .collect();
    let mut identity = [0_u8; 32];
    identity[0] = 1;

    let table: [(&str, Vec<u8>); 6] = [
        ("zero", vec![0; 64]),
        ("S = 0", [r, [0; 32].as_slice()].concat()),
        ("R the identity, S = 0", [identity.as_slice(), [0; 32].as_slice()].concat()),
        ("S + L", [r, lifted.as_slice()].concat()),
        ("S = L", [r, order.as_slice()].concat()),
        ("all ones", vec![0xff; 64]),
    ];
    for (reason, bytes) in table {
        refused(&ada, &format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(bytes)), reason).await;
    }
}

// attack 25
#[tokio::test]
async fn psychic_signatures_are_refused() {
    let es256 = |builder: countersign::Builder| builder.algorithm(countersign::Algorithm::ES256);
    let app = TestApp::builder().with(es256).start().await;
    let ada = app.member("ada").await;
    let [header, claims, signature] = parts(&ada.access_token());
    let order = [
        0xff_u8, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad,
        0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let mut one = [0_u8; 32];
    one[31] = 1;
    let mut below = order;
    below[31] -= 1;
    let edges = [[0_u8; 32], one, below, order, [0xff; 32]];

    for r in edges {
        for s in edges {
            let bent = URL_SAFE_NO_PAD.encode([r, s].concat());
            refused(&ada, &format!("{header}.{claims}.{bent}"), "a boundary pair").await;
        }
    }
    // The same numbers as a DER sequence (RFC 7518 section 3.4 wants 64 bytes).
    let raw = URL_SAFE_NO_PAD.decode(&signature).unwrap_or_default();
    let integer = |bytes: &[u8]| {
        let padded = if bytes.first().is_some_and(|b| *b > 127) { [&[0], bytes].concat() } else { bytes.to_vec() };
        [&[2, u8::try_from(padded.len()).unwrap_or(0)], padded.as_slice()].concat()
    };
    let (r, s) = raw.split_at(32);
    let body = [integer(r), integer(s)].concat();
    let der = [&[0x30, u8::try_from(body.len()).unwrap_or(0)], body.as_slice()].concat();
    refused(&ada, &format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(der)), "DER").await;
}

// attack 24
// bug S36, S39, S40
#[tokio::test]
async fn a_revoked_token_has_no_other_spelling_that_lives() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let token = ada.access_token();
    let verify = |text: String| ada.call(http::Method::GET, "/api/auth/verify").bearer(&text).send();
    let _ = verify(token.clone()).await.expect(200);
    let _ = ada.sign_out().await.expect(200);

    assert_eq!(verify(token.clone()).await.code(), "TOKEN_REVOKED");
    for twin in [format!("{token}="), token.replacen('.', "%2E", 1), format!("{token}.")] {
        assert_eq!(verify(twin).await.status(), 401);
    }
    assert_eq!(verify(app.mint(&ada).mint()).await.code(), "TOKEN_REVOKED", "a newer token of the ended session");
}

// attack 35
#[tokio::test]
async fn the_key_set_holds_public_keys_once_each() {
    let app = TestApp::start().await;

    let set = app.visitor().get("/.well-known/jwks.json").await.expect(200).json();

    let keys = set["keys"].as_array().cloned().unwrap_or_default();
    let mut ids: Vec<_> = keys.iter().map(|k| k["kid"].to_string()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert!(keys.len() >= 2, "the active key and the next one");
    assert_eq!(ids.len(), keys.len());
    for key in keys {
        assert_ne!(key["kty"], "oct");
        for secret in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(key.get(secret).is_none(), "{secret}");
        }
        assert_eq!((key["use"].as_str(), key["alg"].as_str()), (Some("sig"), Some("EdDSA")));
    }
}

// bug S12, S29, S69
#[tokio::test]
async fn the_plain_way_through_works() {
    let app = TestApp::start().await;
    let ada = app.stranger("ada");

    let _ = ada.register().await.expect(201);
    let _ = ada.get("/api/user/profile").await.expect(200);
    app.clock.advance(minutes(16));
    assert_eq!(ada.get("/api/user/profile").await.code(), "TOKEN_EXPIRED");
    let _ = ada.refresh().await.expect(200);
    let _ = ada.get("/api/user/profile").await.expect(200);
    let _ = ada.sign_out().await.expect(200);
    assert_eq!(ada.get("/api/user/profile").await.code(), "TOKEN_REVOKED");
    let _ = ada.sign_in().await.expect(200);
    let _ = ada.get("/api/user/profile").await.expect(200);
}
