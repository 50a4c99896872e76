//! Doors of an app's own.

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
use countersign::{AnyRole, Auth, CurrentUser, RequirePermission, RequireRole, Role};
use countersign_testkit::{TestApp, json};
use insta::assert_snapshot;
use serde_json::{Map, Value};

#[derive(Clone, FromRef)]
struct App {
    auth: Auth,
}

struct Editor;
impl Role for Editor {
    const NAME: &'static str = "editor";
}

struct Chief;
impl Role for Chief {
    const NAME: &'static str = "chief";
}

struct Publish;
impl countersign::Permission for Publish {
    const NAME: &'static str = "articles:publish";
}

async fn hello(user: Option<CurrentUser>) -> &'static str {
    if user.is_some() { "welcome back" } else { "hello, stranger" }
}

async fn mine(user: CurrentUser) -> String {
    format!("of the team {}", user.claim::<String>("team").unwrap_or_default())
}

async fn edit(_: RequireRole<Editor>) -> &'static str {
    "edited"
}

async fn publish(_: RequirePermission<Publish>) -> &'static str {
    "published"
}

async fn staff(_: AnyRole<(Editor, Chief)>) -> &'static str {
    "coffee"
}

fn routes(auth: Auth) -> Router {
    let admin = Router::new().route("/staff/keys", get(|| async { "keys" })).route_layer(auth.require_role("chief"));
    Router::new()
        .route("/", get(hello))
        .route("/mine", get(mine))
        .route("/edit", get(edit))
        .route("/publish", get(publish))
        .route("/staff", get(staff))
        .merge(admin)
        .with_state(App { auth: auth.clone() })
        .merge(auth.router())
}

async fn app() -> TestApp {
    let team = |_: &countersign::User| Map::from_iter([("team".to_owned(), Value::from("red"))]);
    TestApp::builder().with(move |builder| builder.claims(team)).app(routes).start().await
}

#[tokio::test]
async fn a_stranger_gets_no_further_than_the_door() {
    let app = app().await;
    let stranger = app.visitor();

    for path in ["/mine", "/edit", "/publish", "/staff", "/staff/keys"] {
        let reply = stranger.get(path).await;
        assert_eq!(reply.to_string(), "401 TOKEN_MISSING", "{path}");
        assert_eq!(reply.header("content-type"), "application/problem+json", "{path}");
        assert!(reply.header("www-authenticate").starts_with("Bearer"), "{path}");
    }
    assert_eq!(stranger.get("/").await.text(), "hello, stranger");
}

#[tokio::test]
async fn a_member_is_known_with_the_apps_own_claim() {
    let app = app().await;
    let ada = app.member("ada").await;

    assert_eq!(ada.get("/").await.text(), "welcome back");
    assert_eq!(ada.get("/mine").await.text(), "of the team red");
}

#[tokio::test]
async fn a_bad_token_is_refused_even_where_strangers_may_come() {
    let app = app().await;
    let ada = app.member("ada").await;
    ada.set_access_token(&app.mint(&ada).tampered().mint());

    assert_snapshot!(ada.get("/").await, @"401 TOKEN_INVALID");
}

#[tokio::test]
async fn rights_open_doors_and_their_loss_closes_them_without_a_sign_out() {
    let app = app().await;
    app.set_role("editor", &["articles:publish"]).await;
    app.set_role("chief", &[]).await;
    let ada = app.member("ada").await;
    assert_snapshot!(ada.get("/edit").await, @"403 FORBIDDEN");

    app.give_roles(&ada, &["editor"]).await;
    assert_snapshot!(ada.get("/edit").await, @"401 TOKEN_EXPIRED");
    let _ = ada.refresh().await.expect(200);
    for (path, expected) in [("/edit", 200), ("/publish", 200), ("/staff", 200), ("/staff/keys", 403)] {
        assert_eq!(ada.get(path).await.status(), expected, "{path}");
    }

    app.give_roles(&ada, &["chief"]).await;
    let _ = ada.refresh().await.expect(200);
    for (path, expected) in [("/edit", 403), ("/publish", 403), ("/staff", 200), ("/staff/keys", 200)] {
        assert_eq!(ada.get(path).await.status(), expected, "{path}");
    }
}

#[tokio::test]
async fn who_was_refused_what_is_audited() {
    let app = app().await;
    let ada = app.member("ada").await;

    let _ = ada.get("/staff/keys").await.expect(403);
    app.upkeep().await;

    let trail = app.audit().await;
    assert_snapshot!(trail.lines().last().unwrap_or_default(), @"access_denied refused role chief by [usr 1] of [usr 1] in [ses 1]");
}

#[tokio::test]
async fn the_apps_routes_and_ours_live_side_by_side() {
    let app = app().await;
    let ada = app.member("ada").await;

    assert_eq!(ada.get("/api/user/profile").await.status(), 200);
    assert_eq!(ada.get("/nowhere").await.status(), 404, "the app's own fallback");
    assert_eq!(ada.post("/api/user/profile", json!({"name": "Ada L."})).await.text_at("/name"), "Ada L.");
}
