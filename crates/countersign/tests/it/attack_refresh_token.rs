//! Attacks on the refresh token itself, through the front door: bent, guessed, sent the wrong way, searched for where data are
//! kept. Good tokens pass in the same test.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_testkit::{Actor, Method, TestApp, Value, json};
use tempfile::tempdir;

use crate::answer::{refused, said};

const REFRESH: &str = "/api/auth/refresh";

// attack 50
// bug S47
#[tokio::test]
async fn a_refresh_token_comes_and_goes_the_way_of_its_session() {
    // On loopback http, where no page session stands in the way of a planted cookie.
    let app = TestApp::builder().public_url("http://localhost:8420").start().await;
    let ada = app.stranger("ada");
    let robot = app.stranger("robot").into_program();
    let (by_cookie, by_body) = (ada.register().await.expect(201), robot.register().await.expect(201));
    let (hers, its) = (ada.refresh_token(), robot.refresh_token());
    let before = app.audit_records().await.len();
    let post = |body: Value| app.visitor().into_program().call(Method::POST, REFRESH).json(body).send();
    let bare = || app.visitor().call(Method::POST, REFRESH);

    refused(&post(json!({"refreshToken": hers})).await, "TOKEN_INVALID", "a cookie's token in the body");
    let cookie = bare().header("cookie", format!("refreshToken={its}")).send().await;
    refused(&cookie, "TOKEN_INVALID", "a body's token in the cookie");
    for path in [format!("{REFRESH}?refreshToken={hers}"), format!("{REFRESH}?refresh_token={its}")] {
        let reply = app.visitor().call(Method::POST, &path).send().await;
        refused(&reply, "TOKEN_MISSING", "in the query");
    }
    for (name, value) in [
        ("x-refresh-token", hers.clone()),
        ("refreshtoken", its.clone()),
        ("authorization", format!("Bearer {hers}")),
        ("authorization", format!("Bearer {its}")),
    ] {
        refused(&bare().header(name, value).send().await, "TOKEN_MISSING", name);
    }
    let both = bare().header("cookie", format!("refreshToken={hers}")).json(json!({"refreshToken": hers})).send().await;
    assert_eq!(said(&both), (400, "VALIDATION_FAILED".to_owned()), "both ways at once");
    let asked = ada.refresh_call(json!({"tokenDelivery": "body"})).send().await;
    assert_eq!(asked.status(), 400, "a session keeps its way");
    assert_eq!(app.audit_records().await.len(), before, "nothing was recorded, nothing ended");

    let (again, robots) = (ada.refresh().await.expect(200), robot.refresh().await.expect(200));
    for reply in [&by_cookie, &again] {
        assert!(reply.json().get("refreshToken").is_none() && !reply.text().contains(&hers), "never in a body unasked");
        assert!(!reply.text().contains(&ada.refresh_token()));
    }
    for reply in [&by_body, &robots] {
        assert!(!reply.text_at("/refreshToken").is_empty());
        assert_eq!(reply.set_cookies().iter().filter(|c| c.contains("efreshToken")).count(), 0, "nor in a cookie");
    }
}

// attack 51
#[tokio::test]
async fn a_bent_refresh_cookie_is_invalid_and_harms_nobody() {
    let app = TestApp::builder().public_url("http://localhost:8420").start().await;
    let ada = app.member("ada").await;
    let good = ada.refresh_token();
    let before = app.audit_records().await.len();
    let present = |value: Vec<u8>| {
        let cookie = [b"refreshToken=".to_vec(), value].concat();
        app.visitor().call(Method::POST, REFRESH).header("cookie", cookie).send()
    };

    let mut table: Vec<(String, Vec<u8>)> = [
        ("empty", String::new()),
        ("short", "a".to_owned()),
        ("a word of scripts", "undefined".to_owned()),
        ("cut", good[..good.len() - 1].to_owned()),
        ("lengthened", format!("{good}A")),
        ("padded", format!("{good}==")),
        ("quoted", format!("\"{good}\"")),
        ("encoded", good.replacen(|c: char| c.is_ascii_digit(), "%30", 1) + "%00"),
        ("a header in disguise", "%0d%0aSet-Cookie:%20x=1".to_owned()),
        ("SQL", "' OR 1=1 --".to_owned()),
        ("an access token", ada.access_token()),
        ("a session id", ada.session_id()),
        ("twice", format!("{good}{good}")),
        ("huge", "A".repeat(100_000)),
    ]
    .into_iter()
    .map(|(reason, value)| (reason.to_owned(), value.into_bytes()))
    .collect();
    table.push(("no UTF-8".to_owned(), vec![0xff, 0xfe, 0x80]));
    // Each part of it is under the MAC, and it has one spelling.
    for at in (0..good.len()).step_by(5).chain([good.len() - 1]) {
        let other = if &good[at..=at] == "A" { "B" } else { "A" };
        let mut bent = good.clone();
        bent.replace_range(at..=at, other);
        table.push((format!("character {at} changed"), bent.into_bytes()));
    }
    for (reason, value) in table {
        let reply = present(value).await;
        // What is not text is no cookie of ours at all.
        let code = if reason == "no UTF-8" { "TOKEN_MISSING" } else { "TOKEN_INVALID" };
        refused(&reply, code, &reason);
    }

    assert_eq!(app.audit_records().await.len(), before);
    assert_eq!(present(good.into_bytes()).await.expect(200).text_at("/session/id"), ada.session_id());
}

// attack 54
#[tokio::test]
async fn sign_ins_of_one_moment_share_nothing_and_cannot_be_guessed() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let mut browsers = vec![ada.clone()];
    for _ in 0..19 {
        let browser = ada.elsewhere();
        let _ = browser.sign_in().await.expect(200);
        browsers.push(browser);
    }
    let all = |look: &dyn Fn(&Actor) -> String| browsers.iter().map(look).collect::<BTreeSet<_>>().len();
    let claim = |browser: &Actor, name: &str| browser.claims()[name].to_string();
    let cookie = |browser: &Actor, name: &str| browser.cookie(name).map(|c| c.value).unwrap_or_default();

    assert_eq!(all(&|b| claim(b, "iat")), 1, "within one second");
    assert_eq!(all(&|b| b.access_token()), 20);
    assert_eq!(all(&|b| b.refresh_token()), 20);
    for name in ["jti", "sid"] {
        assert_eq!(all(&|b| claim(b, name)), 20, "{name}");
    }
    for name in ["pageSession", "csrf", "deviceId"] {
        assert_eq!(all(&|b| cookie(b, name)), 20, "{name}");
    }
    // 256 bits of MAC end each token: of any two about half the bits differ.
    let tags: Vec<Vec<u8>> = browsers
        .iter()
        .map(|b| URL_SAFE_NO_PAD.decode(b.refresh_token()).unwrap_or_default())
        .map(|bytes| bytes[bytes.len() - 32..].to_vec())
        .collect();
    for (at, one) in tags.iter().enumerate() {
        for other in &tags[..at] {
            let differ: u32 = one.iter().zip(other).map(|(a, b)| (a ^ b).count_ones()).sum();
            assert!((64..192).contains(&differ), "{differ} bits");
        }
    }
}

// bug S30
#[tokio::test]
async fn nothing_in_the_data_directory_is_or_makes_a_token() {
    let place = tempdir().unwrap();
    let data = place.path().join("data");
    let app = TestApp::builder().on_data_dir(&data).start().await;
    let (ada, robot) = (app.stranger("ada"), app.stranger("robot").into_program());
    let _ = (ada.register().await.expect(201), robot.register().await.expect(201));
    let (first, access) = (ada.refresh_token(), ada.access_token());
    let _ = (ada.refresh_as_sdk().await.expect(200), robot.refresh().await.expect(200));
    app.upkeep().await;

    let mut kept = Vec::new();
    for folder in [&data, &data.join("sign-outs")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            kept.extend(if path.is_dir() { Vec::new() } else { std::fs::read(path).unwrap() });
        }
    }
    let holds = |needle: &[u8]| kept.windows(needle.len()).any(|window| window == needle);
    assert!(holds(ada.email.as_bytes()) && holds(b"$argon2id$"), "the search finds what is there");
    let tokens = [first, ada.refresh_token(), robot.refresh_token(), access, ada.access_token()];
    let cookies = ["pageSession", "csrf", "deviceId"].map(|name| ada.cookie(name).map(|c| c.value).unwrap_or_default());
    for text in tokens.iter().chain(&cookies) {
        // Neither as text nor decoded; the last part is the MAC or the signature.
        let last = text.rsplit('.').next().unwrap_or_default();
        let bytes = URL_SAFE_NO_PAD.decode(last).unwrap_or_default();
        assert!(text.len() >= 43 && bytes.len() >= 32, "{text}");
        assert!(!holds(text.as_bytes()) && !holds(last.as_bytes()), "{text}");
        assert!(!holds(&bytes[bytes.len() - 32..]), "{text}");
    }
    assert!(!holds(ada.password.as_bytes()));
}
