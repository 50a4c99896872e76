//! Against the real system, over a real socket: what it signs is accepted, what it takes back is refused, and both answer alike.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use axum::routing::get;
use countersign_guard::{Builder, Feed, Identity, Verifier};
use countersign_testkit::{Method, Served, TestApp, Value, minutes};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use crate::stage::{code, until};

const ISSUER: &str = "https://auth.example.com";

/// What a service must be told that reaches the app by its socket alone.
fn settings(app: &TestApp, served: &Served) -> Builder {
    let keys = format!("http://{}/.well-known/jwks.json", served.address);
    Verifier::discover(ISSUER).audience(ISSUER).env(app.env().clone()).keys_url(keys)
}

fn feed(served: &Served, key: &str) -> Feed {
    let at = |path: &str| format!("http://{}{path}", served.address);
    Feed::key(key).url(at("/api/revocations")).keys_url(at("/.well-known/revocations/jwks.json"))
}

async fn app() -> TestApp {
    TestApp::builder().without_limits().with_janitor().start().await
}

#[tokio::test]
async fn what_the_server_signs_tells_a_service_who_it_is() {
    let app = app().await;
    let served = app.serve().await;
    app.set_role("editor", &["posts:write"]).await;
    let ada = app.member_with_roles("ada", &["editor"]).await;
    let verifier = settings(&app, &served).build().await.unwrap();

    let identity = verifier.verify(&ada.access_token()).await.unwrap();

    assert_eq!((identity.id().to_string(), identity.session().to_string()), (ada.user_id(), ada.session_id()));
    assert_eq!(identity.roles(), ["editor"]);
    assert_eq!(identity.permissions(), ["posts:write"]);
    assert!(!identity.has_second_factor() && identity.authenticated_at().is_some());
    assert_eq!(identity.claims::<Value>().unwrap(), ada.claims());
    let other = Verifier::discover(ISSUER).audience("https://orders.example.com").env(app.env().clone());
    let other = other.served_by(app.router()).build().await.unwrap();
    assert_eq!(code(&other, &ada.access_token()).await, "TOKEN_INVALID", "for another audience");
    for cookie in [ada.refresh_token(), ada.cookie("pageSession").unwrap().value] {
        assert_eq!(code(&verifier, &cookie).await, "TOKEN_INVALID", "no other credential is an access token");
    }
    app.clock.advance(minutes(17));
    assert_eq!(code(&verifier, &ada.access_token()).await, "TOKEN_EXPIRED");
}

#[tokio::test]
async fn what_is_taken_back_at_the_server_is_refused_at_the_service() {
    let app = app().await;
    let served = app.serve().await;
    let key = app.machine("orders").await;
    let (ada, bob, eve) = (app.member("ada").await, app.member("bob").await, app.member("eve").await);
    let verifier = settings(&app, &served).feed(feed(&served, &key)).build().await.unwrap();
    assert!(verifier.status().is_ready(), "the build waits for the first heartbeat");
    for actor in [&ada, &bob, &eve] {
        assert_eq!(code(&verifier, &actor.access_token()).await, "ok");
    }
    let size = |wanted: usize| {
        let verifier = verifier.clone();
        async move { until("it is heard", || verifier.status().feed.unwrap().held >= wanted).await }
    };

    let _ = ada.sign_out().await.expect(200);
    size(1).await;
    assert_eq!(code(&verifier, &ada.access_token()).await, "TOKEN_REVOKED");
    app.set_role("editor", &[]).await;
    app.give_roles(&bob, &["editor"]).await;
    size(2).await;
    assert_eq!(code(&verifier, &bob.access_token()).await, "TOKEN_EXPIRED", "refresh, and go on");
    let _ = bob.refresh().await.expect(200);
    assert_eq!(code(&verifier, &bob.access_token()).await, "ok");
    assert_eq!(code(&verifier, &eve.access_token()).await, "ok");

    // Whoever comes later hears what was taken back before.
    let late = settings(&app, &served).feed(feed(&served, &key)).build().await.unwrap();
    assert_eq!(code(&late, &ada.access_token()).await, "TOKEN_REVOKED");
    assert_eq!(code(&late, &eve.access_token()).await, "ok");
}

#[tokio::test]
async fn a_service_hears_what_it_missed_while_the_server_was_away() {
    let app = app().await;
    let served = app.serve().await;
    let key = app.machine("orders").await;
    let ada = app.member("ada").await;
    let verifier = settings(&app, &served).feed(feed(&served, &key)).build().await.unwrap();
    assert_eq!(code(&verifier, &ada.access_token()).await, "ok");
    let address = served.address;

    drop(served);
    let gone = app.member("gone").await;
    let _ = ada.sign_out().await.expect(200);
    app.clock.advance(minutes(2));
    assert_eq!(code(&verifier, &gone.access_token()).await, "OVERLOADED", "nobody can tell");
    assert!(!verifier.status().is_ready());

    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let router = app.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    until("it is heard again", || verifier.status().is_ready()).await;
    assert_eq!(code(&verifier, &ada.access_token()).await, "TOKEN_REVOKED");
    assert_eq!(code(&verifier, &gone.access_token()).await, "ok");
}

#[tokio::test]
async fn a_key_that_is_not_one_opens_nothing() {
    let app = app().await;
    let served = app.serve().await;
    let ada = app.member("ada").await;
    let made_up = format!("countersign_machine_{}_{}", "0".repeat(26), "A".repeat(43));
    for key in [made_up, ada.access_token()] {
        let settings = settings(&app, &served).feed(feed(&served, &key)).timeout(Duration::from_millis(300));
        let verifier = settings.build().await.unwrap();
        assert!(!verifier.status().is_ready());
        assert_eq!(code(&verifier, &ada.access_token()).await, "OVERLOADED");
    }
}

#[tokio::test]
async fn a_service_answers_word_for_word_as_the_server_does() {
    let app = app().await;
    let served = app.serve().await;
    let ada = app.member("ada").await;
    let verifier = settings(&app, &served).build().await.unwrap();
    let reached = |_: Identity| async { "reached" };
    let service =
        Router::new().route("/", get(reached)).route_layer(verifier.require_role("admin")).with_state(verifier);
    let (token, old) = (ada.access_token(), app.mint(&ada).expired().mint());
    let fields = [
        "",
        "Basic YTpi",
        "Bearer x",
        &format!("Bearer {token}x"),
        &format!("Bearer {token}"),
        &format!("Bearer {old}"),
    ]
    .map(|field| Some(field.to_owned()));

    for field in fields.into_iter().chain([None]) {
        let mut theirs = app.visitor().call(Method::GET, "/api/admin/v1/users");
        let mut ours = Request::get("/");
        if let Some(field) = &field {
            theirs = theirs.header("authorization", field);
            ours = ours.header(header::AUTHORIZATION, field);
        }
        let theirs = theirs.send().await;
        let ours = service.clone().oneshot(ours.body(Body::empty()).unwrap()).await.unwrap();

        let mut problem = theirs.json();
        assert!(problem.as_object_mut().unwrap().remove("requestId").is_some());
        for name in ["www-authenticate", "content-type", "cache-control"] {
            assert_eq!(ours.headers()[name].to_str().unwrap(), theirs.header(name), "{field:?}: {name}");
        }
        assert_eq!(ours.status().as_u16(), theirs.status());
        let body = ours.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), problem, "{field:?}");
    }
}
