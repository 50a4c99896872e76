//! Attacks with cookies, through the front door: planted, doubled, kept, stripped of their flags.

use std::collections::BTreeMap;

use countersign::{Auth, AuthExt as _};
use countersign_testkit::{Actor, Event, Kept, Method, Reply, TestApp, Value, json};
use tempfile::tempdir;

const REFRESH: &str = "/api/auth/refresh";

fn value(actor: &Actor, name: &str) -> String {
    actor.cookie(name).map(|cookie| cookie.value).unwrap_or_default()
}

/// Each `Set-Cookie`: the name, and its attributes without value and age.
fn shapes(reply: &Reply) -> BTreeMap<String, Vec<String>> {
    reply
        .set_cookies()
        .iter()
        .map(|line| {
            let mut parts = line.split("; ");
            let name = parts.next().and_then(|pair| pair.split('=').next()).unwrap_or_default().to_owned();
            let is_age = |a: &&str| a.starts_with("Max-Age") || a.starts_with("Expires");
            let mut attributes: Vec<String> = parts.filter(|a| !is_age(a)).map(str::to_owned).collect();
            attributes.sort_unstable();
            (name, attributes)
        })
        .collect()
}

// attack 52
// bug S62
#[tokio::test]
async fn of_several_refresh_cookies_only_that_of_the_page_session_counts() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let page = value(&ada, "pageSession");
    let (own, planted) = (ada.refresh_token(), eve.refresh_token());
    let r = |token: &str| format!("__Secure-refreshToken={token}");
    let p = |token: &str| format!("__Host-pageSession={token}");
    let refresh =
        |cookies: &[String]| app.visitor().call(Method::POST, REFRESH).header("cookie", cookies.join("; ")).send();
    let before = app.audit_records().await.len();

    for (reason, cookies) in [
        ("a planted one alone", vec![r(&planted), p(&page)]),
        ("two planted ones", vec![r(&planted), r("garbage"), p(&page)]),
        ("no page session: whoever plants one can plant it alone", vec![r(&planted)]),
        ("her own without the page session", vec![r(&own)]),
        ("her own with another's page session", vec![r(&own), p(&value(&eve, "pageSession"))]),
        ("her own with a bent page session", vec![r(&own), p(&format!("{page}A"))]),
        ("two page sessions", vec![r(&own), p(&page), p(&value(&eve, "pageSession"))]),
        ("nine of them", [vec![r("x"); 8], vec![r(&own), p(&page)]].concat()),
        ("the page session's name without its prefix", vec![r(&own), format!("pageSession={page}")]),
    ] {
        let reply = refresh(&cookies).await;
        assert_eq!((reply.status(), reply.code().as_str()), (401, "TOKEN_INVALID"), "{reason}");
        assert_eq!(reply.set_cookies(), Vec::<String>::new(), "{reason}: nothing is cleared");
    }
    let bare = format!("refreshToken={own}; __Host-pageSession={page}");
    assert_eq!(refresh(&[bare]).await.code(), "TOKEN_MISSING", "a name that any plain http page could set");
    assert_eq!(app.audit_records().await.len(), before, "nothing ended, nothing recorded");

    for (reason, cookies) in [
        ("before her own", vec![r(&planted), r(&own), p(&page)]),
        ("after her own", vec![r(&own), r(&planted), p(&page)]),
        ("amid garbage", vec![r("garbage"), "x=\"".to_owned(), r(&own), r(""), p(&page)]),
    ] {
        let reply = refresh(&cookies).await.expect(200);
        assert_eq!(reply.text_at("/session/id"), ada.session_id(), "{reason}");
    }
    assert_eq!(eve.refresh().await.expect(200).refresh_case(), "5-rotated", "the planted token was never used");
    assert_eq!(ada.refresh().await.expect(200).text_at("/session/id"), ada.session_id());
}

// attack 52
#[tokio::test]
async fn a_planted_refresh_cookie_signs_nobody_out_and_nobody_in() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    // A sibling domain sets it for the longer path, so that browsers send it first.
    let plant = |victim: &Actor, path: &str| {
        let planted = Kept { path: path.to_owned(), ..eve.cookie("refreshToken").unwrap() };
        victim.with_jar(|jar| jar.plant(planted));
    };
    plant(&ada, "/api/auth/logout");
    let newcomer = app.stranger("new");
    plant(&newcomer, "/api/auth/register");

    let _ = ada.call(Method::POST, "/api/auth/logout").anonymous().send().await.expect(200);
    let _ = newcomer.register().await.expect(201);

    assert_eq!(ada.get("/api/user/profile").await.code(), "TOKEN_REVOKED", "her own session has ended");
    assert_ne!(newcomer.session_id(), eve.session_id());
    let _ = eve.get("/api/user/profile").await.expect(200);
    let _ = eve.refresh().await.expect(200);
}

// attack 52
#[tokio::test]
async fn on_loopback_http_two_refresh_cookies_are_refused() {
    let app = TestApp::builder().public_url("http://localhost:8420").start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let (own, planted) = (ada.refresh_token(), eve.refresh_token());
    let refresh = |cookies: String| app.visitor().call(Method::POST, REFRESH).header("cookie", cookies).send();

    for (first, second) in [(&planted, &own), (&own, &planted), (&own, &own)] {
        let reply = refresh(format!("refreshToken={first}; refreshToken={second}")).await;
        assert_eq!((reply.status(), reply.code().as_str()), (401, "TOKEN_INVALID"));
        assert_eq!(reply.set_cookies(), Vec::<String>::new());
    }

    assert_eq!(refresh(format!("refreshToken={own}")).await.expect(200).text_at("/session/id"), ada.session_id());
    assert_eq!(eve.refresh().await.expect(200).refresh_case(), "5-rotated");
}

// attack 57
#[tokio::test]
async fn a_sign_in_makes_a_new_session_whatever_was_planted_before() {
    let app = TestApp::builder().public_url("http://localhost:8420").start().await;
    let known = app.member("ada").await;
    let eve = app.member("eve").await;
    let spent = eve.loot();
    let _ = eve.refresh().await.expect(200);
    let of_eve = |name: &str| (name.to_owned(), value(&eve, name));
    let old = app.visitor();
    old.take(&spent);

    for (reason, planted) in [
        ("eve's live session", vec![of_eve("refreshToken"), of_eve("pageSession")]),
        ("eve's device and CSRF token", vec![of_eve("deviceId"), of_eve("csrf")]),
        ("a spent token", vec![("refreshToken".to_owned(), old.refresh_token())]),
        ("a made-up id", vec![("refreshToken".to_owned(), known.session_id()), ("sid".to_owned(), "1".to_owned())]),
    ] {
        let victim = known.elsewhere();
        let line: Vec<String> = planted.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let body = json!({"email": victim.email, "password": victim.password});
        let call = victim.call(Method::POST, "/api/auth/login").json(body).header("cookie", line.join("; "));

        let reply = call.send().await.expect(200);

        assert_ne!(reply.text_at("/session/id"), eve.session_id(), "{reason}");
        assert_ne!(reply.text_at("/session/id"), known.session_id(), "{reason}");
        for (name, value) in &planted {
            assert!(reply.set_cookies().iter().all(|c| !c.contains(&format!("{name}={value}"))), "{reason}: {name}");
        }
        let session = victim.get("/api/user/sessions").await;
        assert_eq!(session.status(), 401, "what came in the cookie is no access token");
        assert_eq!(eve.claims()["sub"], json!(eve.user_id()), "{reason}");
        let _ = victim.refresh().await.expect(200);
    }
    // The sign-in in place of a live session has ended that one: it does not linger in the browser of somebody else.
    assert_eq!(eve.refresh().await.code(), "TOKEN_REVOKED");
    let _ = known.refresh().await.expect(200);
}

// attack 58
// bug S61, S62
#[tokio::test]
async fn every_cookie_has_the_flags_of_the_contract_on_every_way() {
    let strict = |path: &str| format!("HttpOnly; Path={path}; SameSite=Strict; Secure");
    let expected: BTreeMap<&str, String> = BTreeMap::from([
        ("__Secure-refreshToken", strict("/api/auth")),
        ("__Secure-deviceId", strict("/api/auth")),
        ("__Host-csrf", strict("/")),
        ("__Host-pageSession", "HttpOnly; Path=/; SameSite=Lax; Secure".to_owned()),
        ("sessionHint", "Path=/; SameSite=Strict; Secure".to_owned()),
    ]);
    let app = TestApp::start().await;
    let ada = app.stranger("ada");
    let login = json!({"email": ada.email, "password": ada.password});
    let brief = json!({"email": ada.email, "password": ada.password, "remember": false});
    let post = |path: &str, body: Value| {
        // The proxy that talks http to us, and the variable that nobody set, change nothing.
        ada.call(Method::POST, path).json(body).header("x-forwarded-proto", "http").header("forwarded", "proto=http")
    };

    let ways = [
        ("register", 5, ada.register().await.expect(201)),
        ("login", 5, post("/api/auth/login", login).send().await.expect(200)),
        ("brief login", 5, post("/api/auth/login", brief).send().await.expect(200)),
        ("refresh", 3, post(REFRESH, Value::Null).send().await.expect(200)),
        ("csrf", 1, ada.get("/api/csrf-token").await.expect(200)),
        ("logout", 4, post("/api/auth/logout", Value::Null).send().await.expect(200)),
    ];

    for (way, how_many, reply) in ways {
        let set = shapes(&reply);
        assert_eq!((set.len(), reply.set_cookies().len()), (how_many, how_many), "{way}: {set:?}");
        for (name, attributes) in set {
            // No Domain: siblings are never told, and a prefix without one holds.
            assert_eq!(expected.get(name.as_str()), Some(&attributes.join("; ")), "{way}: {name}");
        }
        let session_cookie = reply.set_cookies().into_iter().find(|c| c.starts_with("__Secure-refreshToken="));
        let has_age = session_cookie.is_some_and(|c| c.contains("Max-Age="));
        assert_eq!(has_age, !["brief login", "refresh", "csrf"].contains(&way), "{way}");
    }
}

// bug S61
#[tokio::test]
async fn plain_http_is_for_loopback_alone_and_nothing_else_turns_secure_off() {
    let place = tempdir().unwrap();
    for url in ["http://auth.example.com", "http://localhost.example.com", "http://10.0.0.1", "http://0.0.0.0:8420"] {
        let builder = Auth::builder().public_url(url).data_dir(place.path().join("data")).without_janitor();
        assert!(builder.build().await.is_err(), "{url}");
    }
    let app = TestApp::builder().public_url("http://localhost:8420").start().await;

    let registered = app.stranger("ada").register().await.expect(201);

    let names: Vec<String> = shapes(&registered).into_keys().collect();
    assert_eq!(names, ["csrf", "deviceId", "pageSession", "refreshToken", "sessionHint"]);
    let refresh = shapes(&registered).remove("refreshToken").unwrap_or_default();
    assert_eq!(refresh.join("; "), "HttpOnly; Path=/api/auth; SameSite=Strict", "all but Secure");
}

// attack 59
// bug S63
#[tokio::test]
async fn signing_out_clears_each_cookie_under_the_name_path_and_flags_it_was_set_with() {
    for url in ["https://auth.example.com", "http://localhost:8420"] {
        let app = TestApp::builder().public_url(url).start().await;
        for everywhere in [false, true] {
            let ada = app.stranger(if everywhere { "ada" } else { "ben" });
            let mut set = shapes(&ada.register().await.expect(201));
            set.retain(|name, _| !name.ends_with("deviceId"));
            let held = app.visitor();
            held.take(&ada.loot());

            let out = if everywhere { ada.sign_out_everywhere().await } else { ada.sign_out().await }.expect(200);

            assert_eq!(shapes(&out), set, "{url}");
            for line in out.set_cookies() {
                let is_cleared = line.contains("=; ") && line.contains("Max-Age=0") && line.contains("01 Jan 1970");
                assert!(is_cleared, "{line}");
            }
            let left: Vec<String> = ada.with_jar(|jar| jar.all().iter().map(|c| c.name.clone()).collect());
            assert!(matches!(left.as_slice(), [device] if device.ends_with("deviceId")), "{url}: {left:?}");
            assert_eq!(ada.refresh().await.code(), "TOKEN_MISSING", "the browser has nothing left to send");
            assert_eq!(held.refresh().await.code(), "TOKEN_REVOKED", "and the server would not take it");
        }
        let reused = app.audit_records().await.iter().filter(|r| r.event == Event::RefreshReused).count();
        assert_eq!(reused, 0);
    }
}
