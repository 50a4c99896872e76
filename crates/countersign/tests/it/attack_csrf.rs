//! Attacks by pages of somebody else's, through the front door: no request that a cookie authorises, and none that may set a
//! session cookie, is obeyed unless it comes from here. The rule itself is a table in `countersign-http`.

use countersign_testkit::{Actor, Call, Event, Method, Reply, TestApp, Value, json};

const LOGIN: &str = "/api/auth/login";
const LOGOUT: &str = "/api/auth/logout";
const REFRESH: &str = "/api/auth/refresh";
/// Whom the attacker would register.
const NEW: &str = "new@example.com";
const REGISTER: &str = "/api/auth/register";

/// Every call that a cookie authorises or that may set one, as the page of the site itself would make it.
fn calls(victim: &Actor, attacker: &Actor, newcomer: &str) -> Vec<(&'static str, Call)> {
    let credentials = json!({"email": attacker.email, "password": attacker.password});
    let newcomer = json!({"email": newcomer, "password": attacker.password, "name": "New"});
    [(REFRESH, Value::Null), (LOGIN, credentials), (REGISTER, newcomer), (LOGOUT, Value::Null)]
        .map(|(path, body)| (path, victim.call(Method::POST, path).anonymous().json(body)))
        .into()
}

/// The call as a browser sends it that knows neither `Origin` nor fetch metadata.
fn from_old_browser(call: Call) -> Call {
    call.without("origin").without("sec-fetch-site")
}

fn refused(reply: &Reply, reason: &str) {
    assert_eq!((reply.status(), reply.code().as_str()), (403, "CSRF_INVALID"), "{reason}");
    assert_eq!(reply.set_cookies(), Vec::<String>::new(), "{reason}: nothing is set or cleared");
}

async fn events(app: &TestApp) -> Vec<Event> {
    app.upkeep().await;
    let all = app.audit_records().await;
    all.into_iter().map(|record| record.event).filter(|event| *event != Event::CsrfRefused).collect()
}

/// The control: a browser for which each of the calls works, shaped by `shape`.
async fn works(app: &TestApp, attacker: &Actor, reason: &str, shape: impl Fn(&Actor, Call) -> Call) {
    let browser = app.member(&reason.replace(' ', "-")).await;
    let newcomer = format!("new-{}", browser.email);
    for (at, (path, _)) in calls(&browser, attacker, &newcomer).into_iter().enumerate() {
        // One after the other: each sign-in changes what the browser holds.
        let call = calls(&browser, attacker, &newcomer).swap_remove(at).1;
        let reply = shape(&browser, call).send().await;
        assert!([200, 201].contains(&reply.status()), "control: {path} {reason}: {}", reply.text());
        assert!(!reply.set_cookies().is_empty(), "control: {path} {reason}");
    }
}

/// All that was tried changed nothing.
async fn unharmed(app: &TestApp, victim: &Actor, before: &[Event]) {
    assert_eq!(events(app).await, before, "no audit event but refusals");
    let _ = victim.get("/api/user/profile").await.expect(200);
    assert_eq!(victim.refresh().await.expect(200).refresh_case(), "5-rotated", "its token was never spent");
    let newcomer = app.stranger("new");
    assert_eq!(newcomer.sign_in().await.code(), "AUTH_FAILED", "nobody was registered");
}

// attack 60, 61
// bug S67
#[tokio::test]
async fn twenty_two_hostile_origins_are_refused_wherever_a_cookie_speaks() {
    let allow = |builder: countersign::Builder| builder.allowed_origins(["https://app.example.com"]);
    let app = TestApp::builder().with(allow).without_limits().start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    works(&app, &eve, "own origin", |_, call| call).await;
    works(&app, &eve, "configured origin", |_, call| call.on_page_of("https://app.example.com")).await;
    let before = events(&app).await;
    // Ours is https://auth.example.com.
    let hostile = [
        ("https://evil.example", "another site"),
        ("null", "a sandboxed frame or a file"),
        ("", "empty"),
        ("NULL", "null in other case"),
        ("http://auth.example.com", "another scheme"),
        ("HTTPS://AUTH.EXAMPLE.COM", "browsers send lower case"),
        ("https://auth.example.com:8443", "another port"),
        ("https://auth.example.com:443", "browsers leave the usual port out"),
        ("https://auth.example.com/", "a slash more"),
        ("https://auth.example.com/login", "a path"),
        ("https://auth.example.com.", "a dot more"),
        ("https://auth.example.com.evil.example", "a prefix of it"),
        ("https://evil-auth.example.com", "a suffix of it"),
        ("https://evilauth.example.com", "a suffix without a dot"),
        ("https://x.auth.example.com", "a sub-domain"),
        ("https://example.com", "the parent domain"),
        ("https://sibling.example.com", "a sibling: same-site, and not us"),
        ("https://auth.example.com@evil.example", "our name as user info"),
        ("https://evil.example#https://auth.example.com", "our name as a fragment"),
        ("https://evil.example https://auth.example.com", "a list"),
        ("https://auth.example.com,https://evil.example", "a list with a comma"),
        ("https://\u{430}uth.example.com", "a look-alike letter"),
    ];

    for (origin, reason) in hostile {
        for (path, call) in calls(&ada, &eve, NEW) {
            refused(&call.on_page_of(origin).send().await, &format!("{path}: {reason}"));
        }
    }
    let csrf = ada.cookie("csrf").map(|c| c.value).unwrap_or_default();
    for (path, call) in calls(&ada, &eve, NEW) {
        let with_token = call.clone().on_page_of("https://evil.example").header("x-csrf-token", &csrf);
        refused(&with_token.send().await, &format!("{path}: an Origin outweighs a genuine token"));
        let twice = call.clone().header("origin", "https://auth.example.com").header("origin", "https://evil.example");
        refused(&twice.send().await, &format!("{path}: two of them"));
        let lies = call.on_page_of("https://evil.example").header("sec-fetch-site", "same-origin");
        refused(&lies.send().await, &format!("{path}: and fetch metadata"));
    }
    unharmed(&app, &ada, &before).await;
}

// attack 60, 61
#[tokio::test]
async fn without_an_origin_fetch_metadata_or_a_token_must_speak_for_the_page() {
    let app = TestApp::builder().without_limits().start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    works(&app, &eve, "fetch metadata alone", |_, call| call.without("origin")).await;
    let before = events(&app).await;
    let rows: [(&str, &[(&str, &str)]); 11] = [
        ("nothing at all", &[]),
        ("cross-site", &[("sec-fetch-site", "cross-site")]),
        ("a sibling", &[("sec-fetch-site", "same-site")]),
        ("typed into the address bar", &[("sec-fetch-site", "none")]),
        ("a word that nobody knows", &[("sec-fetch-site", "trust-me")]),
        ("other case", &[("sec-fetch-site", "Same-Origin")]),
        ("two of them", &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")]),
        ("a navigation", &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]),
        ("only other fetch metadata", &[("sec-fetch-mode", "cors")]),
        ("a foreign Referer", &[("referer", "https://evil.example/https://auth.example.com/")]),
        ("our Referer, which proves nothing", &[("referer", "https://auth.example.com/")]),
    ];

    for (reason, fields) in rows {
        for (path, call) in calls(&ada, &eve, NEW) {
            let bare = from_old_browser(call);
            let call = fields.iter().fold(bare, |call, (name, value)| call.header(name, value));
            refused(&call.send().await, &format!("{path}: {reason}"));
        }
    }

    unharmed(&app, &ada, &before).await;
    let refusals = app.audit_records().await.iter().filter(|r| r.event == Event::CsrfRefused).count();
    assert_eq!(refusals, 44, "and each refusal is audited");
}

// attack 62
#[tokio::test]
async fn the_host_of_a_request_makes_no_origin_ours() {
    let app = TestApp::builder().without_limits().start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    works(&app, &eve, "forged host", |_, call| call.header("x-forwarded-host", "evil.example")).await;
    let before = events(&app).await;

    for (name, value) in [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-original-host", "evil.example"),
        ("x-host", "evil.example"),
        ("x-forwarded-server", "evil.example"),
        ("forwarded", "host=evil.example;proto=https"),
        ("x-forwarded-proto", "https"),
    ] {
        for (path, call) in calls(&ada, &eve, NEW) {
            let forged = call.on_page_of("https://evil.example").header(name, value);
            refused(&forged.send().await, &format!("{path}: {name}"));
        }
    }

    unharmed(&app, &ada, &before).await;
}

// attack 63
// bug S68
#[tokio::test]
async fn an_invented_csrf_token_counts_for_nothing_however_often_it_is_repeated() {
    let app = TestApp::builder().without_limits().start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let with_own = |browser: &Actor, call: Call| {
        let own = browser.cookie("csrf").map(|c| c.value).unwrap_or_default();
        from_old_browser(call).header("x-csrf-token", own)
    };
    works(&app, &eve, "own token", with_own).await;
    let before = events(&app).await;
    let own = ada.cookie("csrf").map(|c| c.value).unwrap_or_default();
    let mut flipped = own.clone();
    flipped.replace_range(40..41, if own.get(40..41) == Some("A") { "B" } else { "A" });
    let invented = [
        ("empty", String::new()),
        ("a word", "token".to_owned()),
        ("of the right length", "A".repeat(own.len())),
        ("cut", own[..own.len() - 1].to_owned()),
        ("lengthened", format!("{own}A")),
        ("one character changed", flipped),
        ("the session's id", ada.session_id()),
        ("the access token", ada.access_token()),
        ("the refresh token", ada.refresh_token()),
        ("the page session", ada.cookie("pageSession").map(|c| c.value).unwrap_or_default()),
    ];

    for (reason, token) in invented {
        for (path, call) in calls(&ada, &eve, NEW) {
            let sent = from_old_browser(call).header("x-csrf-token", &token);
            refused(&sent.clone().send().await, &format!("{path}: {reason}, beside the real cookie"));
            // The naive double submit: whoever can plant a cookie repeats it in the header.
            refused(&sent.header("cookie", cookies(&ada, &token)).send().await, &format!("{path}: {reason}, repeated"));
        }
    }
    for (path, call) in calls(&ada, &eve, NEW) {
        let bare = from_old_browser(call);
        let doubled = bare.clone().header("x-csrf-token", &own).header("x-csrf-token", "x");
        refused(&doubled.send().await, &format!("{path}: two headers"));
        let two = format!("{}; __Host-csrf={own}", cookies(&ada, &own));
        refused(&bare.clone().header("cookie", two).header("x-csrf-token", &own).send().await, "two cookies");
        let query = ada.call(Method::POST, &format!("{path}?csrfToken={own}&_csrf={own}")).anonymous();
        refused(&from_old_browser(query).send().await, &format!("{path}: in the query"));
    }

    unharmed(&app, &ada, &before).await;
}

/// All that a browser of `actor` sends, with this CSRF cookie.
fn cookies(actor: &Actor, csrf: &str) -> String {
    let value = |name: &str| actor.cookie(name).map(|c| c.value).unwrap_or_default();
    let (refresh, page) = (actor.refresh_token(), value("pageSession"));
    format!("__Secure-refreshToken={refresh}; __Host-pageSession={page}; __Host-csrf={csrf}")
}

// attack 64
// bug S68
#[tokio::test]
async fn the_attackers_own_token_is_worthless_in_the_victims_session() {
    let app = TestApp::builder().without_limits().start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let old = ada.cookie("csrf").map(|c| c.value).unwrap_or_default();
    let _ = ada.sign_in().await.expect(200);
    let before = events(&app).await;
    let visitors = app.visitor().get("/api/csrf-token").await.expect(200).text_at("/csrfToken");
    let eves = eve.get("/api/csrf-token").await.expect(200).text_at("/csrfToken");
    let own = ada.cookie("csrf").map(|c| c.value).unwrap_or_default();
    assert_ne!(old, own, "each sign-in sets it anew");

    // Each is genuine, and of somebody else, of nobody, or of a session before this one.
    for (reason, token) in [("eve's", &eves), ("a visitor's", &visitors), ("an earlier session's", &old)] {
        for (path, call) in calls(&ada, &eve, NEW) {
            let call = from_old_browser(call).header("x-csrf-token", token);
            refused(&call.clone().send().await, &format!("{path}: {reason}"));
            let planted = call.header("cookie", cookies(&ada, token));
            refused(&planted.send().await, &format!("{path}: {reason}, with its cookie"));
        }
    }
    // Beside a refresh cookie that proves nothing no token counts, not even her own.
    let bent = cookies(&ada, &own).replace("__Host-pageSession", "__Host-x");
    let call = from_old_browser(ada.refresh_call(Value::Null)).header("x-csrf-token", &own).header("cookie", bent);
    refused(&call.send().await, "no session to belong to");

    let good = from_old_browser(ada.refresh_call(Value::Null)).header("x-csrf-token", &own);
    assert_eq!(good.header("cookie", cookies(&ada, &own)).send_and_lose().await.status(), 200, "control: her own");
    assert_eq!(events(&app).await, before);
    let _ = eve.refresh().await.expect(200);
}
