//! Tokens that the server's own key has signed and that are wrong all the same: what is left to whoever holds a key that was
//! withdrawn too late, and what shows that more than the signature is checked.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{Forgery, Loot};
use crate::forger::{Key, input, with};

/// Every group with its forgeries.
pub(super) fn all(loot: &Loot, key: &Key) -> Result<Vec<(&'static str, Vec<Forgery>)>> {
    let live = &loot.live;
    ensure!(key.sign(live.input()) == live.signature, "this is not the key that signs: import it with --activate");
    let number = |name: &str| live.claims.get(name).and_then(Value::as_i64).unwrap_or_default();
    let (iat, exp) = (number("iat"), number("exp"));
    let claims = |change: Value| {
        let input = input(&live.header_with(&json!({})), &live.claims_with(&change));
        Forgery::new(change.to_string(), with(&input, &key.sign(&input)))
    };
    let header = |change: Value| {
        let input = live.under(&change);
        Forgery::new(change.to_string(), with(&input, &key.sign(&input)))
    };
    let expired = |change: Value| Forgery { codes: &["TOKEN_EXPIRED"], ..claims(change) };

    let times = vec![
        expired(json!({"iat": iat - 2_000, "exp": iat - 1_000})),
        expired(json!({"iat": iat - 900, "exp": iat - 31})),
        claims(json!({"exp": null})),
        claims(json!({"exp": exp.to_string()})),
        claims(json!({"exp": 1e300})),
        claims(json!({"exp": -1})),
        claims(json!({"exp": [exp]})),
        claims(json!({"nbf": iat + 600})),
        claims(json!({"iat": iat + 600, "exp": iat + 1_500})),
        claims(json!({"nbf": "later"})),
    ];
    let names = vec![
        claims(json!({"iss": "https://evil.example"})),
        claims(json!({"iss": null})),
        claims(json!({"aud": "https://evil.example"})),
        claims(json!({"aud": null})),
        claims(json!({"aud": []})),
        claims(json!({"sub": null})),
        claims(json!({"sub": "usr_7zzzzzzzzzzzzzzzzzzzzzzzzz"})),
        claims(json!({"sub": ["a"]})),
        claims(json!({"sid": null})),
        claims(json!({"sid": "ses_7zzzzzzzzzzzzzzzzzzzzzzzzz"})),
        claims(json!({"sid": loot.stranger.claims.get("sid")})),
        claims(json!({"ver": 999_999})),
        claims(json!({"ver": "1"})),
        claims(json!({"jti": null})),
        claims(json!({"roles": "admin"})),
    ];
    let kinds = vec![
        header(json!({"typ": "JWT"})),
        header(json!({"typ": null})),
        header(json!({"typ": "id+jwt"})),
        header(json!({"typ": "logout+jwt"})),
        header(json!({"typ": "dpop+jwt"})),
        header(json!({"typ": "statuslist+jwt"})),
        header(json!({"crit": ["x"], "x": 1})),
        header(json!({"jku": "http://127.0.0.1:1/"})),
        header(json!({"jwk": key.jwk("x")})),
        header(json!({"zip": "DEF"})),
        header(json!({"kid": null})),
        header(json!({"kid": "key_7zzzzzzzzzzzzzzzzzzzzzzzzz"})),
        header(json!({"alg": "none"})),
    ];
    let text = live.claims_with(&json!({}));
    let doubled = format!(r#"{{"sub":"usr_7zzzzzzzzzzzzzzzzzzzzzzzzz",{}"#, text.strip_prefix('{').unwrap_or_default());
    let twice = input(&live.header_with(&json!({})), &doubled);
    let doubles = vec![Forgery::new("sub twice", with(&twice, &key.sign(&twice)))];
    Ok(vec![
        ("authentic, and of another time", times),
        ("authentic, and about somebody else", names),
        ("authentic, and of another kind", kinds),
        ("authentic, and doubled", doubles),
    ])
}
