//! Attacks on passwords, through the front door: every character counts, and the weak ones are refused.

use countersign_testkit::{Actor, TestApp, json};

async fn member(app: &TestApp, name: &str, password: &str) -> Actor {
    let actor = app.stranger(name).with_password(password);
    let _ = actor.register().await.expect(201);
    actor
}

async fn opens(actor: &Actor, password: &str) -> bool {
    let reply = actor.elsewhere().sign_in_with(password).await;
    if reply.status() != 200 {
        assert_eq!((reply.status(), reply.code().as_str()), (401, "AUTH_FAILED"), "{password:?}");
    }
    reply.status() == 200
}

// attack 79
// bug S49
#[tokio::test]
async fn the_last_character_of_a_long_password_counts() {
    let app = TestApp::builder().without_limits().start().await;

    for length in [55, 71, 72, 73, 128, 255] {
        let stem: String = "sable otter quilt ".chars().cycle().take(length).collect();
        let actor = member(&app, &format!("ada{length}"), &format!("{stem}1")).await;

        assert!(opens(&actor, &format!("{stem}1")).await, "{length}");
        assert!(!opens(&actor, &format!("{stem}2")).await, "{length}: the last character was ignored");
        assert!(!opens(&actor, &stem).await, "{length}: cut");
    }
}

// attack 80
// bug S56
#[tokio::test]
async fn no_character_of_a_password_is_trimmed_folded_or_cut() {
    let app = TestApp::builder().without_limits().start().await;
    let password = "Sable <b>otter</b>\u{0}quilt 7";
    let actor = member(&app, "ada", password).await;

    assert!(opens(&actor, password).await);
    for other in [
        "Sable <b>otter</b>",
        "Sable <b>otter</b>quilt 7",
        "Sable otter\u{0}quilt 7",
        "sable <b>otter</b>\u{0}quilt 7",
        " Sable <b>otter</b>\u{0}quilt 7",
        "Sable <b>otter</b>\u{0}quilt 7 ",
        "Sable <b>otter</b>\u{0}quilt 7\n",
        "Sable  <b>otter</b>\u{0}quilt 7",
    ] {
        assert!(!opens(&actor, other).await, "{other:?}");
    }
}

// attack 81
#[tokio::test]
async fn a_huge_password_is_refused_before_it_costs_anything() {
    let app = TestApp::builder().without_limits().start().await;
    let ada = app.member("ada").await;

    for (size, status) in [(257, 400), (5_000, 400), (60_000, 400), (100_000, 413), (1_000_000, 413)] {
        let password = "p".repeat(size);
        let bodies = [
            ("/api/auth/register", json!({"email": "big@example.com", "password": password, "name": "Big"})),
            ("/api/user/password", json!({"currentPassword": ada_password(), "newPassword": password})),
        ];
        for (path, body) in bodies {
            assert_eq!(ada.post(path, body).await.status(), status, "{path} with {size}");
        }
        let sign_in = ada.elsewhere().sign_in_with(&password).await;
        assert!((400..500).contains(&sign_in.status()), "sign-in with {size}: {}", sign_in.status());
    }
    let _ = ada.elsewhere().sign_in().await.expect(200);
}

fn ada_password() -> &'static str {
    countersign_testkit::PASSWORD
}

// attack 82
#[tokio::test]
async fn one_text_is_one_password_however_it_is_composed() {
    let app = TestApp::builder().without_limits().start().await;
    let composed = "z\u{fc}rich caf\u{e9} \u{1f9a6}\u{1f9a6} \u{5e9}\u{5dc}\u{5d5}\u{5dd}";
    let decomposed = "zu\u{308}rich cafe\u{301} \u{1f9a6}\u{1f9a6} \u{5e9}\u{5dc}\u{5d5}\u{5dd}";
    let actor = member(&app, "ada", composed).await;

    assert!(opens(&actor, composed).await);
    assert!(opens(&actor, decomposed).await, "a keyboard that decomposes is the same person");
    assert!(!opens(&actor, "zurich cafe \u{1f9a6}\u{1f9a6} \u{5e9}\u{5dc}\u{5d5}\u{5dd}").await);

    let bodies: [&[u8]; 3] = [
        br#"{"email":"ada@example.com","password":"lone \ud800 surrogate"}"#,
        b"{\"email\":\"ada@example.com\",\"password\":\"bad \xff utf-8\"}",
        b"\xef\xbb\xbf{\"email\":\"ada@example.com\",\"password\":\"byte order mark\"}",
    ];
    for body in bodies {
        let call = app.visitor().call(http::Method::POST, "/api/auth/login").header("content-type", "application/json");
        let reply = call.bytes(body.to_vec()).send().await;
        assert_eq!((reply.status(), reply.code().as_str()), (400, "VALIDATION_FAILED"));
    }
}

// attack 83
// bug S55
#[tokio::test]
async fn weak_passwords_are_refused_with_the_reason_and_phrases_are_not() {
    let app = TestApp::builder().without_limits().start().await;

    for (password, code) in [
        ("", "BLANK"),
        ("short7!", "TOO_SHORT"),
        ("        ", "BLANK"),
        ("password", "TOO_COMMON"),
        ("12345678", "TOO_COMMON"),
        ("Password1", "TOO_COMMON"),
        ("qwertyuiop", "TOO_COMMON"),
        ("iloveyou", "TOO_COMMON"),
        ("zwt2sbzl", "PASSWORD_BREACHED"),
        ("grace@example.com", "CONTAINS_CONTEXT"),
        ("Gr\u{e1}ce-2026", "CONTAINS_CONTEXT"),
        ("6202ecarg", "CONTAINS_CONTEXT"),
        ("ex4mple.com", "CONTAINS_CONTEXT"),
    ] {
        let reply = app.stranger("grace").with_password(password).register().await;
        assert_eq!((reply.status(), reply.code().as_str()), (400, "VALIDATION_FAILED"), "{password}");
        let errors = reply.json()["errors"].as_array().cloned().unwrap_or_default();
        let codes: Vec<_> = errors.iter().map(|e| (e["field"].as_str(), e["code"].as_str())).collect();
        assert!(codes.contains(&(Some("password"), Some(code))), "{password}: {codes:?}");
        let echoed = password.len() > 8 && reply.text().to_lowercase().contains(&password.to_lowercase());
        assert!(!echoed, "{password}: {}", reply.text());
    }
    for (n, phrase) in [
        "sable otter forty-one",
        "no digits or symbols here at all",
        "\u{1f9a6}\u{1f40c}\u{1f98a}\u{1f43b}\u{1f428}\u{1f42f}\u{1f981}\u{1f42e}",
    ]
    .iter()
    .enumerate()
    {
        let _ = member(&app, &format!("grace{n}"), phrase).await;
    }
}
