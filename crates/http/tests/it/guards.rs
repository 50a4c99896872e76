//! Extractors and guard layers in an app of somebody else's.

use axum::Router;
use axum::routing::get;
use countersign_http::{
    Amr, AnyRole, Auth, CurrentUser, Permission, RequireAmr, RequirePermission, RequireRecent, RequireRole, Role,
    SecondFactor,
};
use countersign_testkit::{Method, TestApp, TestAppBuilder, Value, json, minutes, seconds};

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
    for path in ["/admin", "/layer/admin", "/staff", "/layer/staff"] {
        let reply = ada.get(path).await;
        assert_eq!(
            (reply.status(), reply.code().as_str()),
            (401, "STEP_UP_REQUIRED"),
            "{path}: admin needs a second factor"
        );
        assert_eq!(reply.json()["methods"], json!(["totp", "passkey", "recovery"]));
    }
    let _ = ada.set_up_app().await;
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

struct Password;

impl Amr for Password {
    const NAMES: &'static [&'static str] = &["pwd"];
}

async fn recent(user: RequireRecent) -> String {
    user.id().to_string()
}

async fn just_now(user: RequireRecent<60>) -> String {
    user.into_user().id().to_string()
}

async fn by_second_factor(user: RequireAmr<SecondFactor>) -> String {
    user.into_user().id().to_string()
}

async fn by_password(user: RequireAmr<Password>) -> String {
    user.id().to_string()
}

fn demands(auth: Auth) -> Router {
    let layered = Router::new()
        .route("/layer/recent", get(async || "in"))
        .layer(auth.require_recent())
        .merge(Router::new().route("/layer/just-now", get(async || "in")).layer(auth.require_within(minutes(1))))
        .merge(Router::new().route("/layer/second-factor", get(async || "in")).layer(auth.require_amr(["mfa"])))
        .merge(Router::new().route("/layer/password", get(async || "in")).layer(auth.require_amr(["pwd"])));
    Router::new()
        .route("/recent", get(recent))
        .route("/just-now", get(just_now))
        .route("/second-factor", get(by_second_factor))
        .route("/password", get(by_password))
        .merge(layered)
        .with_state(auth)
}

/// The extractor and the layer of one demand.
const RECENT: [&str; 2] = ["/recent", "/layer/recent"];
const JUST_NOW: [&str; 2] = ["/just-now", "/layer/just-now"];
const SECOND_FACTOR: [&str; 2] = ["/second-factor", "/layer/second-factor"];
const BY_PASSWORD: [&str; 2] = ["/password", "/layer/password"];

#[tokio::test]
async fn who_proved_it_too_long_ago_is_told_to_step_up() {
    let app = TestApp::builder().routes(demands).start().await;
    let ada = app.member("ada").await;
    for path in [RECENT, JUST_NOW, BY_PASSWORD].concat() {
        assert_eq!(app.visitor().get(path).await.code(), "TOKEN_MISSING", "{path}");
        let _ = ada.get(path).await.expect(200);
    }
    app.clock.advance(seconds(61));
    for (paths, max_age, is_late) in [(RECENT, "600", false), (JUST_NOW, "60", true)] {
        for path in paths {
            let reply = ada.get(path).await;
            let expected = if is_late { (401, "STEP_UP_REQUIRED".to_owned()) } else { (200, String::new()) };
            assert_eq!((reply.status(), reply.code()), expected, "{path}");
            if is_late {
                assert_eq!(reply.json()["methods"], json!(["password"]));
                let challenge = format!(r#"Bearer error="insufficient_user_authentication", max_age="{max_age}""#);
                assert_eq!(reply.header("www-authenticate"), challenge, "{path}");
            }
        }
    }
    app.clock.advance(minutes(10));
    for path in RECENT {
        assert_eq!(ada.get(path).await.code(), "STEP_UP_REQUIRED", "{path}");
    }
    for path in BY_PASSWORD {
        let _ = ada.get(path).await.expect(200);
    }
    let _ = ada.step_up().await.expect(200);
    for path in [RECENT, JUST_NOW].concat() {
        let _ = ada.get(path).await.expect(200);
    }
}

#[tokio::test]
async fn who_lacks_the_method_is_told_which_help_and_let_in_with_one() {
    let app = TestApp::builder().routes(demands).start().await;
    let ada = app.member("ada").await;
    for path in SECOND_FACTOR {
        let reply = ada.get(path).await;
        assert_eq!((reply.status(), reply.code()), (401, "STEP_UP_REQUIRED".to_owned()), "{path}");
        assert_eq!(reply.json()["methods"], json!(["totp", "passkey", "recovery"]), "{path}");
    }
    let with = |amr: Value| app.mint(&ada).claim("amr", amr).mint();
    for (amr, status) in [
        (json!(["otp", "pwd"]), 200),
        (json!(["hwk", "mfa", "user"]), 200),
        (json!(["hwk"]), 401),
        (json!(["hwk", "otp"]), 401),
        (json!(["pwd"]), 401),
        (json!(["OTP"]), 401),
        (json!([]), 401),
    ] {
        for path in SECOND_FACTOR {
            let reply = ada.call(Method::GET, path).bearer(&with(amr.clone())).send().await;
            assert_eq!(reply.status(), status, "{path} {amr}");
        }
    }
    // What was proven elsewhere than where the session is used satisfies nothing.
    let elsewhere = app.mint(&ada).claim("amr", json!(["otp", "pwd"])).claim("auth_time", json!(0)).mint();
    for path in [RECENT, JUST_NOW, SECOND_FACTOR, BY_PASSWORD].concat() {
        let reply = ada.call(Method::GET, path).bearer(&elsewhere).send().await;
        assert_eq!((reply.status(), reply.code()), (401, "STEP_UP_REQUIRED".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn what_a_role_of_the_policy_grants_needs_a_second_factor() {
    let app = builder().with(|builder| builder.second_factor_for_roles(["editor"])).start().await;
    app.set_role("editor", &["publish"]).await;
    let eva = app.member_with_roles("eva", &["editor"]).await;
    assert_eq!(eva.get("/api/user/mfa").await.json()["required"], json!(true));
    for path in ["/staff", "/layer/staff", "/publish", "/layer/publish"] {
        let reply = eva.get(path).await;
        assert_eq!((reply.status(), reply.code().as_str()), (401, "STEP_UP_REQUIRED"), "{path}");
    }
    for path in ["/admin", "/layer/admin"] {
        assert_eq!(eva.get(path).await.status(), 403, "{path}: what she lacks is no matter of proof");
    }
    assert_eq!(eva.get("/member").await.status(), 200, "what everybody may, she may");

    let (phone, _) = eva.set_up_app().await;

    for path in ["/staff", "/layer/staff", "/publish", "/layer/publish"] {
        assert_eq!(eva.get(path).await.status(), 200, "{path}");
    }
    // A device is never remembered for her, whatever she asks for.
    app.clock.advance(minutes(1));
    let home = eva.elsewhere();
    let asked = home.sign_in().await.expect(401);
    let _ = home.second_step_remembering(&asked, "totp", &phone.code()).await.expect(200);
    assert_eq!(home.get("/staff").await.status(), 200);
    assert_eq!(home.sign_in().await.code(), "MFA_REQUIRED");
}
