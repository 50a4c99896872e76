//! Extractors and guard layers in an app of somebody else's.

use axum::Router;
use axum::routing::get;
use countersign_http::{AnyRole, Auth, CurrentUser, Permission, RequirePermission, RequireRole, Role};
use countersign_testkit::{Method, TestApp, TestAppBuilder};

struct Admin;

impl Role for Admin {
    const NAME: &'static str = "admin";
}

struct Editor;

impl Role for Editor {
    const NAME: &'static str = "editor";
}

struct Publish;

impl Permission for Publish {
    const NAME: &'static str = "publish";
}

async fn whoever(user: Option<CurrentUser>) -> String {
    user.map_or_else(|| "stranger".to_owned(), |user| user.id().to_string())
}

async fn member(user: CurrentUser) -> String {
    user.id().to_string()
}

async fn admin(_: RequireRole<Admin>) {}

async fn staff(_: AnyRole<(Admin, Editor)>) {}

async fn publish(_: RequirePermission<Publish>) {}

fn routes(auth: Auth) -> Router {
    let layered = Router::new()
        .route("/layer/admin", get(async || "in"))
        .layer(auth.require_role("admin"))
        .merge(
            Router::new().route("/layer/staff", get(async || "in")).layer(auth.require_any_role(["admin", "editor"])),
        )
        .merge(Router::new().route("/layer/publish", get(async || "in")).layer(auth.require_permission("publish")));
    Router::new()
        .route("/whoever", get(whoever))
        .route("/member", get(member))
        .route("/admin", get(admin))
        .route("/staff", get(staff))
        .route("/publish", get(publish))
        .merge(layered)
        .with_state(auth)
}

fn builder() -> TestAppBuilder {
    TestApp::builder().routes(routes)
}

#[tokio::test]
async fn a_stranger_is_told_to_sign_in_and_a_bad_token_is_never_a_stranger() {
    let app = builder().start().await;
    let visitor = app.visitor();
    assert_eq!(visitor.get("/whoever").await.text(), "stranger");
    for path in ["/member", "/admin", "/staff", "/publish", "/layer/admin", "/layer/staff", "/layer/publish"] {
        let reply = visitor.get(path).await;
        assert_eq!((reply.status(), reply.code()), (401, "TOKEN_MISSING".to_owned()), "{path}");
        assert_eq!(reply.header("content-type"), "application/problem+json", "{path}");
    }
    visitor.set_access_token("a.b.c");
    assert_eq!(visitor.get("/whoever").await.code(), "TOKEN_INVALID");
    assert_eq!(visitor.get("/member").await.code(), "TOKEN_INVALID");
}

#[tokio::test]
async fn a_member_is_known_and_let_in_nowhere_else() {
    let app = builder().start().await;
    let ada = app.member("ada").await;
    assert_eq!(ada.get("/whoever").await.text(), ada.user_id());
    assert_eq!(ada.get("/member").await.text(), ada.user_id());
    for path in ["/admin", "/staff", "/publish", "/layer/admin", "/layer/staff", "/layer/publish"] {
        let reply = ada.get(path).await;
        assert_eq!((reply.status(), reply.code()), (403, "FORBIDDEN".to_owned()), "{path}");
        assert!(reply.header("www-authenticate").contains("insufficient_scope"), "{path}");
    }
}

#[tokio::test]
async fn a_role_opens_its_own_doors() {
    let app = builder().start().await;
    let ada = app.member_with_roles("ada", &["admin"]).await;
    let eva = app.member_with_roles("eva", &["editor"]).await;
    for (path, to_ada, to_eva) in [
        ("/admin", 200, 403),
        ("/layer/admin", 200, 403),
        ("/staff", 200, 200),
        ("/layer/staff", 200, 200),
        ("/publish", 403, 403),
        ("/layer/publish", 403, 403),
    ] {
        assert_eq!((ada.get(path).await.status(), eva.get(path).await.status()), (to_ada, to_eva), "{path}");
    }

    app.set_role("editor", &["publish"]).await;

    assert_eq!(eva.get("/publish").await.code(), "TOKEN_EXPIRED", "the new right comes with the next token");
    assert_eq!(eva.refresh().await.status(), 200);
    for path in ["/publish", "/layer/publish"] {
        assert_eq!(eva.get(path).await.status(), 200, "{path}");
    }
    assert_eq!(eva.get("/api/auth/verify").await.header("x-auth-roles"), "editor");
}

#[tokio::test]
async fn a_role_in_a_header_is_nobody() {
    let app = builder().start().await;
    let ada = app.member("ada").await;
    let call = ada.call(Method::GET, "/admin").header("x-auth-roles", "admin").header("x-role", "admin");
    assert_eq!(call.send().await.status(), 403);
}
