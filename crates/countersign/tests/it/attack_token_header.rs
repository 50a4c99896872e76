//! Attacks on the header of an access token, through the front door. Each token differs from a good one in one thing, and the
//! good one passes in the same test.

use countersign_testkit::{Actor, TestApp, Value, json};

/// Sends each token as Bearer: all are `TOKEN_INVALID` with a challenge, and the owner's own token still serves.
async fn all_refused(ada: &Actor, tokens: impl IntoIterator<Item = (&'static str, String)>) {
    for (reason, token) in tokens {
        let reply = ada.call(http::Method::GET, "/api/auth/verify").bearer(&token).send().await;
        assert_eq!((reply.status(), reply.code().as_str()), (401, "TOKEN_INVALID"), "{reason}");
        let challenge = reply.header("www-authenticate");
        assert!(challenge.starts_with("Bearer") && challenge.contains("invalid_token"), "{reason}: {challenge}");
    }
    let _ = ada.get("/api/auth/verify").await.expect(200);
}

// bug S92
#[tokio::test]
async fn the_unbent_token_of_the_mint_is_accepted() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;

    let reply = ada.call(http::Method::GET, "/api/auth/verify").bearer(&app.mint(&ada).mint()).send().await;

    assert_eq!(reply.expect(200).text_at("/claims/sub"), ada.user_id());
}

// attack 1
// bug S5
#[tokio::test]
async fn a_token_that_needs_no_signature_is_refused() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let spellings = [
        "none",
        "None",
        "NONE",
        "nOnE",
        "nonE",
        " none",
        "none ",
        "none\u{0}",
        "no\u{200b}ne",
        "",
        "null",
        "undefined",
        "0",
        "plain",
        "unsecured",
        "n\u{043e}ne",
        "none,EdDSA",
    ];

    for alg in spellings {
        let bent = app.mint(&ada).header("alg", alg);
        all_refused(
            &ada,
            [
                ("signed", bent.clone().mint()),
                ("unsigned", bent.clone().unsigned().mint()),
                ("cut", bent.two_parts().mint()),
            ],
        )
        .await;
    }
    for alg in [Value::Null, json!(0), json!(["none"]), json!(["EdDSA"]), json!({"alg": "EdDSA"}), json!(true)] {
        all_refused(&ada, [("of another type", app.mint(&ada).header("alg", alg).mint())]).await;
    }
    all_refused(
        &ada,
        [
            ("alg absent", app.mint(&ada).without_header("alg").mint()),
            ("honest header, no signature", app.mint(&ada).unsigned().mint()),
            ("alg none", app.mint(&ada).alg_none().mint()),
            ("two parts", app.mint(&ada).two_parts().mint()),
        ],
    )
    .await;
}

// attack 2, 3
// bug S1, S3, S6
#[tokio::test]
async fn nothing_public_or_guessable_is_an_hmac_secret() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let jwks = ada.get("/.well-known/jwks.json").await.expect(200);
    let x = jwks.text_at("/keys/0/x");
    let secrets = [
        String::new(),
        "secret".to_owned(),
        "your-secret-key".to_owned(),
        "your_jwt_secret".to_owned(),
        "fallback-secret-key_refresh".to_owned(),
        "changeme".to_owned(),
        x.clone(),
        jwks.text(),
        format!("-----BEGIN PUBLIC KEY-----\n{x}\n-----END PUBLIC KEY-----\n"),
    ];

    for secret in &secrets {
        for algorithm in ["HS256", "HS384", "HS512"] {
            let token = app.mint(&ada).header("alg", algorithm).signed_by_hmac(secret.as_bytes()).mint();
            all_refused(&ada, [("a public or printed secret", token)]).await;
        }
        assert!(!countersign_testkit::is_hmac_of(&ada.access_token(), secret.as_bytes()));
    }
    all_refused(
        &ada,
        [
            ("the published key as a secret", app.mint(&ada).hmac_with_public_jwk().mint()),
            ("its bytes as a secret", app.mint(&ada).hmac_with_public_key().mint()),
        ],
    )
    .await;
    assert_eq!(jwks.text_at("/keys/0/alg"), "EdDSA", "who can check a token cannot make one");
}

// attack 4, 29
#[tokio::test]
async fn a_key_id_is_compared_and_never_opened() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let long = "k".repeat(3_000);
    let names = [
        "../../../../../../dev/null",
        "/dev/null",
        "file:///etc/passwd",
        "' UNION SELECT 'secret' --",
        "x'; DROP TABLE signing_keys; --",
        "| sleep 10",
        "$(sleep 10)",
        "http://127.0.0.1:1/key.pem",
        "${jndi:ldap://127.0.0.1:1/x}",
        "key\r\nX-Injected: 1",
        "key\u{0}",
        "",
        long.as_str(),
        "key_7zzzzzzzzzzzzzzzzzzzzzzzzz",
    ];

    for kid in names {
        all_refused(&ada, [("a name that we did not give", app.mint(&ada).header("kid", kid).mint())]).await;
    }
    for kid in [Value::Null, json!(7), json!(["a"]), json!({"kid": "a"}), json!(true)] {
        all_refused(&ada, [("of another type", app.mint(&ada).header("kid", kid).mint())]).await;
    }
    all_refused(&ada, [("absent", app.mint(&ada).without_header("kid").mint())]).await;
}

// attack 5, 6
#[tokio::test]
async fn a_key_that_comes_with_the_token_is_no_key() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let elsewhere = "http://127.0.0.1:1/jwks.json";

    all_refused(
        &ada,
        [
            ("embedded jwk", app.mint(&ada).embedded_key().mint()),
            ("our own jwk embedded", app.mint(&ada).embedded_issuers_key().mint()),
            (
                "embedded jwk beside a good signature",
                app.mint(&ada).header("jwk", json!({"kty": "oct", "k": "AAAA"})).mint(),
            ),
            ("x5c", app.mint(&ada).foreign_key().header("x5c", json!(["MIIB"])).mint()),
            ("jku", app.mint(&ada).foreign_key().header("jku", elsewhere).mint()),
            ("jku beside a good signature", app.mint(&ada).header("jku", elsewhere).mint()),
            ("x5u", app.mint(&ada).header("x5u", elsewhere).mint()),
            ("foreign issuer", app.mint(&ada).issuer("https://evil.example").mint()),
            ("foreign key under our name", app.mint(&ada).foreign_key().mint()),
        ],
    )
    .await;
}

// attack 7, 8
#[tokio::test]
async fn an_extension_that_must_be_understood_is_refused() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;

    all_refused(&ada, [("unknown", app.mint(&ada).critical().mint())]).await;
    for crit in
        [json!([]), json!(["exp"]), json!("exp"), json!({}), json!(null), json!([1]), json!(["b64"]), json!(true)]
    {
        all_refused(&ada, [("crit", app.mint(&ada).header("crit", crit).mint())]).await;
    }
    let unencoded = app.mint(&ada).header("crit", json!(["b64"])).header("b64", false);
    all_refused(&ada, [("RFC 7797", unencoded.mint()), ("b64 alone", app.mint(&ada).header("b64", false).mint())])
        .await;
}

// attack 9, 10
#[tokio::test]
async fn only_a_plain_signed_token_is_a_token() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let good = ada.access_token();
    let part = |n: usize| good.split('.').nth(n).unwrap_or_default().to_owned();
    let flattened = json!({"protected": part(0), "payload": part(1), "signature": part(2)});
    let general = json!({"payload": part(1), "signatures": [{"protected": part(0), "signature": part(2)}]});

    all_refused(
        &ada,
        [
            ("compressed", app.mint(&ada).header("zip", "DEF").mint()),
            ("encrypted shape", format!("{}.{}.{}.{}.{}", part(0), part(1), part(2), part(1), part(2))),
            (
                "password-based key with absurd count",
                app.mint(&ada).header("alg", "PBES2-HS256+A128KW").header("p2c", 2_147_483_647_u32).mint(),
            ),
            ("direct encryption", app.mint(&ada).header("alg", "dir").header("enc", "A256GCM").mint()),
            ("a token inside a token", app.mint(&ada).header("cty", "JWT").raw_claims(&format!("\"{good}\"")).mint()),
            ("flattened JSON", flattened.to_string()),
            ("general JSON", general.to_string()),
        ],
    )
    .await;
}

// attack 19
// bug S8
#[tokio::test]
async fn another_kind_of_token_is_not_an_access_token() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;

    for typ in [
        "JWT",
        "jwt",
        "rt+jwt",
        "id+jwt",
        "logout+jwt",
        "secevent+jwt",
        "dpop+jwt",
        "statuslist+jwt",
        "",
        "at+jwt+",
        "at jwt",
    ] {
        all_refused(&ada, [("typ", app.mint(&ada).typ(typ).mint())]).await;
    }
    for typ in [Value::Null, json!(1), json!(["at+jwt"])] {
        all_refused(&ada, [("typ of another type", app.mint(&ada).header("typ", typ).mint())]).await;
    }
    all_refused(&ada, [("typ absent", app.mint(&ada).without_header("typ").mint())]).await;
}

// attack 28
#[tokio::test]
async fn the_right_key_serves_one_algorithm_in_one_spelling() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;

    for alg in ["eddsa", "EDDSA", "Ed25519", "ES256", "ES384", "RS256", "RS512", "PS256", "HS256", "EdDSA "] {
        all_refused(&ada, [("alg", app.mint(&ada).header("alg", alg).mint())]).await;
    }
}

// attack 11, 12, 13, 32
#[tokio::test]
async fn absurd_shapes_are_refused_and_the_stack_holds() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let deep = format!("{}{}", "[".repeat(2_500), "]".repeat(2_500));
    let head = |rest: &str| format!(r#"{{"typ":"at+jwt","alg":"EdDSA",{rest}"kid":"x"}}"#);
    let wide: String = (0..500).map(|n| format!("\"m{n}\":1,")).collect();

    all_refused(
        &ada,
        [
            ("9 KB of claims", app.mint(&ada).oversize().mint()),
            ("deep header", app.mint(&ada).raw_header(&head(&format!("\"x\":{deep},"))).mint()),
            ("wide header", app.mint(&ada).raw_header(&head(&wide)).mint()),
            ("deep claims", app.mint(&ada).raw_claims(&format!("{{\"x\":{deep}}}")).mint()),
            ("alg twice", app.mint(&ada).raw_header(r#"{"alg":"EdDSA","typ":"at+jwt","alg":"none"}"#).mint()),
            ("sub twice", app.mint(&ada).duplicate_sub().mint()),
            ("claims that are no object", app.mint(&ada).raw_claims("[]").mint()),
            ("claims that are no JSON", app.mint(&ada).raw_claims("{").mint()),
            ("a lone surrogate", app.mint(&ada).raw_claims(r#"{"sub":"\ud800"}"#).mint()),
            ("a byte-order mark", app.mint(&ada).raw_claims("\u{feff}{}").mint()),
        ],
    )
    .await;
    for size in [8_193, 100_000, 1_000_000] {
        let reply = ada.call(http::Method::GET, "/api/auth/verify").bearer(&"a".repeat(size)).send().await;
        assert!((400..500).contains(&reply.status()), "{size} bytes: {}", reply.status());
    }
}

// attack 33, 34
// bug S19, S20
#[tokio::test]
async fn one_header_one_scheme_one_token() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let good = ada.access_token();
    let with =
        |value: String| ada.call(http::Method::GET, "/api/auth/verify").anonymous().header("authorization", value);

    for value in [format!("Bearer {good}"), format!("bearer {good}"), format!("BEARER {good}")] {
        let _ = with(value).send().await.expect(200);
    }
    let hostile = [
        format!("Basic {good}"),
        format!("Token {good}"),
        format!("JWT {good}"),
        format!("Bearer {good} junk"),
        format!("Bearer {good}, Bearer {good}"),
        format!("Bearer{good}"),
        format!("Bearer \"{good}\""),
        good.clone(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
    ];
    for value in hostile {
        let reply = with(value.clone()).send().await;
        assert_eq!(reply.status(), 401, "{value}");
    }
    let twice = with(format!("Bearer {good}")).header("authorization", format!("Bearer {good}")).send().await;
    assert!((400..=401).contains(&twice.status()));

    for name in ["x-access-token", "x-auth-token", "x-forwarded-authorization", "proxy-authorization", "token"] {
        let reply = ada
            .call(http::Method::GET, "/api/auth/verify")
            .anonymous()
            .header(name, format!("Bearer {good}"))
            .send()
            .await;
        assert_eq!(reply.code(), "TOKEN_MISSING", "{name}");
    }
    for path in ["/api/auth/verify?access_token=", "/api/auth/verify?token="] {
        let reply = ada.call(http::Method::GET, &format!("{path}{good}")).anonymous().send().await;
        assert_eq!(reply.code(), "TOKEN_MISSING", "{path}");
    }
    for cookie in ["accessToken", "access_token", "token", "jwt", "Authorization"] {
        let call = ada.call(http::Method::GET, "/api/auth/verify").anonymous().without_cookies();
        let reply = call.header("cookie", format!("{cookie}={good}")).send().await;
        assert_eq!(reply.code(), "TOKEN_MISSING", "{cookie}");
    }
    let form = ada
        .call(http::Method::POST, "/api/user/profile")
        .anonymous()
        .header("content-type", "application/x-www-form-urlencoded");
    assert!((400..=415).contains(&form.bytes(format!("access_token={good}")).send().await.status()));
}
