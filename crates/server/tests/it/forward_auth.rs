//! A reverse proxy asks about each request to an API, with the configurations of `deploy/` in real proxies before a real server.
//!
//! Not tested here: the file for Traefik, which no package of Debian brings.

mod api;
mod proxy;

use axum::http::header::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use countersign_testkit::{Method, Process, Reply, StatusCode, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::cable::Cable;
use crate::support::{server, soon};
use api::Asked;
use proxy::{Kind, Proxy};

/// What a client may try to say of itself.
const CLAIMS: [(&str, &str); 7] = [
    ("x-auth-subject", "usr_mallory"),
    ("X-AUTH-SESSION", "ses_mallory"),
    ("x-auth-roles", "admin"),
    ("x-auth-stale", "1"),
    ("x_auth_subject", "usr_mallory"),
    ("x_auth_roles", "admin"),
    // Fields that are named here concern one connection and are not handed on: so are, with luck, those that the proxy sets.
    ("connection", "close, x-auth-roles"),
];

/// A server, an API, and proxies between them.
struct Site {
    server: Process,
    api: Asked,
    proxies: Vec<Proxy>,
}

impl Site {
    async fn make() -> Self {
        let server = server().setting("CORS__ALLOWED_ORIGINS", "http://localhost:3000").start().await;
        let api = Asked::api().await;
        let proxies = proxy::all(server.address, api.address);
        Self { server, api, proxies }
    }
}

fn names_nobody(request: &Value) -> bool {
    let fields = request["fields"].as_object().unwrap();
    !fields.iter().any(|(name, value)| name.replace('_', "-").starts_with("x-auth-") && value != "")
}

/// The problem document without the request's id.
fn problem(reply: &Reply) -> Value {
    let mut body = reply.json();
    assert!(!body["requestId"].as_str().unwrap().is_empty(), "{body}");
    body["requestId"] = Value::Null;
    body
}

async fn answer_of(server: &Process, token: Option<&str>) -> Reply {
    let call = server.stranger("visitor").call(Method::GET, "/api/auth/verify");
    match token {
        Some(token) => call.bearer(token).send().await,
        None => call.anonymous().send().await,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_token_passes_with_who_is_calling_and_nothing_that_the_client_says_of_itself() {
    let site = Site::make().await;
    let (ada, bob) = (site.server.member("ada").await, site.server.member("bob").await);
    let _ = site.server.run(&["role", "set", "editor", "orders:write"]).expect(0);
    let _ = site.server.run(&["user", "set-role", &bob.email, "editor"]).expect(0);
    let _ = soon(|| bob.get("/api/auth/verify"), |reply| reply.code() == "TOKEN_EXPIRED").await;
    let _ = bob.refresh().await.expect(200);
    let body = "an order ".repeat(20_000);

    for proxy in &site.proxies {
        for (actor, roles) in [(&ada, ""), (&bob, "editor")] {
            let token = format!("Bearer {}", actor.access_token());
            let mut fields = vec![("authorization", token.as_str()), ("content-type", "text/plain")];
            fields.extend(CLAIMS);
            let reply = proxy.ask(Method::POST, "/orders/7?of=ada", &fields, &body).await.expect(200);

            let seen = reply.json();
            let field = |name: &str| seen["fields"][name].as_str().unwrap_or_default();
            assert_eq!(
                (&seen["method"], &seen["path"]),
                (&json!("POST"), &json!("/orders/7?of=ada")),
                "{:?}",
                proxy.kind
            );
            assert_eq!(seen["body"], json!(body), "{:?}", proxy.kind);
            assert_eq!(field("x-auth-subject"), actor.user_id(), "{:?}", proxy.kind);
            assert_eq!(field("x-auth-session"), actor.session_id(), "{:?}", proxy.kind);
            // Which field is lost on the way is the client's to say; whose it is, is not.
            assert!([roles, ""].contains(&field("x-auth-roles")), "{:?}: {seen}", proxy.kind);
            assert_eq!((field("x-auth-stale"), field("authorization")), ("", ""), "{:?}", proxy.kind);
            assert!(!seen["fields"].to_string().contains("mallory") && !seen["fields"].to_string().contains("admin"));
        }
        let plain = proxy.call(&bob.access_token()).await.expect(200).json();
        assert_eq!(plain["fields"]["x-auth-roles"], "editor", "{:?}", proxy.kind);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_that_of_the_server_and_the_api_hears_of_nothing() {
    let site = Site::make().await;
    let (ada, bob) = (site.server.member("ada").await, site.server.member("bob").await);
    for proxy in &site.proxies {
        for actor in [&ada, &bob] {
            let _ = proxy.call(&actor.access_token()).await.expect(200);
        }
    }
    assert_eq!(site.api.take().len(), 2 * site.proxies.len());
    // His rights change, her session ends: what was good a moment ago is not, and nothing is remembered.
    let _ = site.server.run(&["role", "set", "editor", "orders:write"]).expect(0);
    let _ = site.server.run(&["user", "set-role", &bob.email, "editor"]).expect(0);
    let _ = soon(|| bob.get("/api/auth/verify"), |reply| reply.code() == "TOKEN_EXPIRED").await;
    let revoked = ada.access_token();
    let _ = ada.sign_out().await.expect(200);
    let flipped = revoked.replacen(".eyJ", ".eyK", 1);

    let tokens = [None, Some(&revoked), Some(&bob.access_token()), Some(&flipped)].map(|token| token.cloned());
    for (token, code) in tokens.iter().zip(["TOKEN_MISSING", "TOKEN_REVOKED", "TOKEN_EXPIRED", "TOKEN_INVALID"]) {
        let own = answer_of(&site.server, token.as_deref()).await.expect(401);
        assert_eq!(own.code(), code);
        for proxy in &site.proxies {
            for method in [Method::GET, Method::POST, Method::DELETE, Method::OPTIONS] {
                let bearer = token.as_ref().map(|token| format!("Bearer {token}"));
                let mut fields = CLAIMS[..6].to_vec();
                fields.extend(bearer.as_deref().map(|value| ("authorization", value)));
                let reply = proxy.ask(method, "/orders", &fields, "").await.expect(401);
                assert_eq!(problem(&reply), problem(&own), "{:?}", proxy.kind);
                for name in ["www-authenticate", "content-type", "cache-control"] {
                    assert_eq!(reply.header(name), own.header(name), "{:?}: {name}", proxy.kind);
                }
                let ids = (reply.header("x-request-id"), reply.text_at("/requestId"));
                assert_eq!(ids.0, ids.1, "{:?}", proxy.kind);
            }
        }
    }
    // The place that nginx asks at is none that a client can ask for.
    for proxy in &site.proxies {
        let hidden = proxy.ask(Method::GET, "/_countersign/verify", &CLAIMS[..6], "").await;
        assert!([401, 404].contains(&hidden.status()), "{:?}: {hidden}", proxy.kind);
    }
    assert_eq!(site.api.take(), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_another_origin_may_ask_beforehand_and_read_the_refusal() {
    let site = Site::make().await;
    let origin = ("origin", "http://localhost:3000");
    for proxy in &site.proxies {
        let mut asks = vec![origin, ("access-control-request-method", "DELETE")];
        asks.extend(&CLAIMS[..6]);
        let reply = proxy.ask(Method::OPTIONS, "/orders", &asks, "").await.expect(200);
        assert!(names_nobody(&reply.json()), "{:?}: {}", proxy.kind, reply.text());
        assert_eq!(site.api.take().len(), 1);

        // Only the question itself: not another method with its fields, and no other OPTIONS.
        for (method, fields) in [(Method::POST, asks.as_slice()), (Method::OPTIONS, &asks[..1]), (Method::OPTIONS, &[])]
        {
            let _ = proxy.ask(method, "/orders", fields, "").await.expect(401);
        }
        let refused = proxy.ask(Method::GET, "/orders", &[origin], "").await.expect(401);
        assert_eq!(refused.header("access-control-allow-origin"), origin.1, "{:?}", proxy.kind);
        assert_eq!(refused.header("access-control-allow-credentials"), "true", "{:?}", proxy.kind);
        assert!(refused.header("access-control-expose-headers").contains("Retry-After"), "{:?}", proxy.kind);
        let foreign = proxy.ask(Method::GET, "/orders", &[("origin", "https://evil.example")], "").await.expect(401);
        assert_eq!(foreign.header("access-control-allow-origin"), "", "{:?}", proxy.kind);
        assert_eq!(site.api.take(), Vec::<Value>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_becomes_another_kind_is_asked_about_too() {
    let site = Site::make().await;
    let ada = site.server.member("ada").await;
    for proxy in &site.proxies {
        assert!(upgrade(proxy, "a.b.c").await.starts_with("HTTP/1.1 401"), "{:?}", proxy.kind);
        assert_eq!(site.api.take(), Vec::<Value>::new());
        let heard = upgrade(proxy, &ada.access_token()).await;
        assert!(heard.starts_with("HTTP/1.1 101") && heard.ends_with("hello"), "{:?}: {heard}", proxy.kind);
        assert_eq!(site.api.take()[0]["fields"]["x-auth-subject"], json!(ada.user_id()), "{:?}", proxy.kind);
    }
}

/// Asks for another protocol, says hello in it, and hears what there is to hear.
async fn upgrade(proxy: &Proxy, token: &str) -> String {
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    let (host, claims) = (proxy.address, "X-Auth-Subject: usr_mallory\r\n");
    let head = format!("GET /live HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n{claims}");
    stream.write_all(format!("{head}Connection: Upgrade\r\nUpgrade: echo\r\n\r\n").as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    while !String::from_utf8_lossy(&heard).contains("\r\n\r\n") {
        assert!(stream.read_buf(&mut heard).await.unwrap() > 0);
    }
    if heard.starts_with(b"HTTP/1.1 101") {
        stream.write_all(b"hello").await.unwrap();
        let mut rest = [0; 5];
        stream.read_exact(&mut rest).await.unwrap();
        heard.extend(rest);
    }
    String::from_utf8(heard).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_server_answers_but_a_yes_is_no_pass_and_only_a_401_says_sign_in() {
    // In the place of the server: it answers with the status that it is given as the token.
    let asked = Asked::start(|request| {
        let status = request["fields"]["authorization"].as_str()?.strip_prefix("Bearer ")?.parse().ok()?;
        let mut answer: Response = StatusCode::from_u16(status).unwrap().into_response();
        let fields = answer.headers_mut();
        fields.insert("retry-after", HeaderValue::from_static("7"));
        fields.insert("location", HeaderValue::from_static("/elsewhere"));
        fields.insert("x-auth-subject", HeaderValue::from_static("usr_ada"));
        fields.insert("x-auth-roles", HeaderValue::try_from("r".repeat(7_000)).unwrap());
        Some(answer)
    })
    .await;
    let api = Asked::api().await;
    for proxy in proxy::all(asked.address, api.address) {
        for status in [301, 302, 400, 403, 404, 413, 429, 431, 500, 502, 503, 504] {
            let reply = proxy.call(&status.to_string()).await;
            match proxy.kind {
                Kind::Nginx if status == 403 => assert_eq!(reply.status(), 403),
                Kind::Nginx => {
                    let said = (reply.status(), reply.header("retry-after"), reply.code());
                    assert_eq!(said, (503, "7".to_owned(), "OVERLOADED".to_owned()), "{status}");
                    assert_eq!(reply.json()["retryAfter"], 7);
                }
                Kind::Caddy => assert_eq!(reply.status(), status, "as it is"),
            }
        }
        assert_eq!(api.take(), Vec::<Value>::new(), "{:?}", proxy.kind);
        let _ = asked.take();

        // A yes passes, with all the roles that fit, and asks for nothing but what is needed.
        let fields = [("authorization", "Bearer 200"), ("cookie", "theme=dark"), ("content-type", "text/plain")];
        let reply = proxy.ask(Method::PUT, "/orders/%2e%2e/7?x=1", &fields, &"x".repeat(50_000)).await.expect(200);
        assert_eq!(reply.json()["fields"]["x-auth-roles"].as_str().unwrap().len(), 7_000, "{:?}", proxy.kind);
        let question = asked.take().pop().unwrap();
        assert!(["GET", "HEAD"].contains(&question["method"].as_str().unwrap()), "{:?}: {question}", proxy.kind);
        assert_eq!(
            (&question["path"], &question["body"]),
            (&json!("/api/auth/verify"), &json!("")),
            "{:?}",
            proxy.kind
        );
        for name in ["cookie", "content-length", "transfer-encoding"].map(HeaderName::from_static) {
            assert!(question["fields"].get(name.as_str()).is_none(), "{:?}: {question}", proxy.kind);
        }
        // A token may have 8 KiB.
        let long = "a".repeat(8_192);
        let _ = proxy.call(&long).await;
        let arrived = asked.take().pop().unwrap()["fields"]["authorization"].as_str().unwrap().len();
        assert_eq!(arrived, "Bearer ".len() + long.len(), "{:?}", proxy.kind);
        let _ = api.take();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_server_is_away_nobody_passes_and_nobody_is_signed_out() {
    let mut server = server().start().await;
    let api = Asked::api().await;
    let cable = Cable::to(server.address).await;
    let proxies = proxy::all(cable.address, api.address);
    let ada = server.member("ada").await;
    for proxy in &proxies {
        let _ = proxy.call(&ada.access_token()).await.expect(200);
    }

    cable.pull();
    for proxy in &proxies {
        let reply = proxy.call(&ada.access_token()).await.expect(503);
        assert!(!reply.header("retry-after").is_empty() && reply.header("www-authenticate").is_empty());
    }
    assert_eq!(api.take().len(), proxies.len(), "those of before");

    // It comes back, and nothing has to be restarted: the next question is answered.
    server.kill();
    let server = server.restart().await;
    cable.lead_to(server.address);
    cable.release();
    let token = ada.access_token();
    for proxy in &proxies {
        let _ = soon(|| proxy.call(&token), |reply| reply.status() == 200).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_questions_of_nginx_share_connections() {
    let server = server().start().await;
    let api = Asked::api().await;
    let ada = server.member("ada").await;
    let cable = Cable::to(server.address).await;
    // Caddy, in this version, reads no body that it does not hand on, and closes the connection instead.
    for proxy in proxy::all(cable.address, api.address).iter().filter(|proxy| proxy.kind == Kind::Nginx) {
        let before = cable.connections();
        for _ in 0..40 {
            let _ = proxy.call(&ada.access_token()).await.expect(200);
        }
        let opened = cable.connections() - before;
        assert!(opened <= 4, "{:?} opened {opened}", proxy.kind);
    }
}
