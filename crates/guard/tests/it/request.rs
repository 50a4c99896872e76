//! Requests to a service behind the guard: who is let in, and what the others are told.

use std::time::Duration;

use axum::body::Body;
use axum::extract::FromRef;
use axum::http::{Request, Response, header};
use axum::routing::get;
use axum::{Extension, Router};
use countersign_guard::testing::TestIssuer;
use countersign_guard::{Claims, Code, Demand, Identity, Refusal, Verifier};
use http_body_util::BodyExt as _;
use insta::assert_snapshot;
use serde::Deserialize;
use serde_json::Value;
use tower::ServiceExt as _;

#[derive(Clone, FromRef)]
struct App {
    verifier: Verifier,
}

#[derive(Deserialize)]
struct Tenancy {
    tenant: String,
}

async fn me(identity: Identity) -> String {
    identity.email().unwrap_or_default().to_owned()
}

async fn home(identity: Option<Identity>) -> String {
    identity.and_then(|identity| identity.email().map(str::to_owned)).unwrap_or_else(|| "a stranger".to_owned())
}

async fn tenant(Claims(Tenancy { tenant }): Claims<Tenancy>) -> String {
    tenant
}

async fn books(identity: Identity) -> Result<String, Refusal> {
    identity.demand(&Demand::any_role(["bookkeeper", "owner"]))?;
    Ok("the books".to_owned())
}

fn app(verifier: &Verifier) -> Router {
    let behind = |layer| Router::new().route("/", get(|| async { "reached" })).route_layer(layer);
    Router::new()
        .route("/me", get(me))
        .route("/home", get(home))
        .route("/tenant", get(tenant))
        .route("/books", get(books))
        .nest("/auth", Router::new().route("/", get(|| async { "reached" })).route_layer(verifier.require_auth()))
        .nest("/editor", Router::new().route("/", get(me)).route_layer(verifier.require_role("editor")))
        .nest("/staff", Router::new().route("/", get(me)).route_layer(verifier.require_any_role(["editor", "admin"])))
        .nest("/write", Router::new().route("/", get(me)).route_layer(verifier.require_permission("posts:write")))
        .nest("/scope", Router::new().route("/", get(me)).route_layer(verifier.require_scope("posts:write")))
        .nest("/open", Router::new().route("/", get(home)).route_layer(verifier.optional_auth()))
        .nest("/strong", behind(verifier.require(Demand::second_factor())))
        .nest("/recent", behind(verifier.require(Demand::recent(Duration::from_secs(600)))))
        .with_state(App { verifier: verifier.clone() })
}

async fn ask(app: &Router, path: &str, fields: &[&str]) -> Response<Body> {
    let mut request = Request::get(path);
    for field in fields {
        request = request.header(header::AUTHORIZATION, *field);
    }
    app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// The body of a success; status and code of a refusal.
async fn said(app: &Router, path: &str, token: &str) -> String {
    let response = ask(app, path, &[&format!("Bearer {token}")]).await;
    let status = response.status().as_u16();
    let body = text(response).await;
    match serde_json::from_str::<Value>(&body) {
        Ok(problem) => format!("{status} {}", problem["code"].as_str().unwrap()),
        Err(_) => body,
    }
}

#[tokio::test]
async fn one_field_one_scheme_one_token_and_nothing_more() {
    let issuer = TestIssuer::start();
    let app = app(&issuer.verifier().await);
    let token = issuer.token("ada").mint();
    let good = format!("Bearer {token}");
    for field in [good.clone(), format!("bearer {token}"), format!("BEARER   {token}")] {
        assert_eq!(text(ask(&app, "/me", &[&field]).await).await, "ada@example.test");
    }
    for fields in [
        vec![""],
        vec!["Bearer"],
        vec!["Bearer "],
        vec!["Basic YTpi"],
        vec![&*format!("DPoP {token}")],
        vec![&*token],
        vec![&*format!("Bearer {token} junk")],
        vec![&*format!("Bearer {token}, Bearer {token}")],
        vec![&*format!("Bearer \"{token}\"")],
        vec![&*format!("Bearer\t{token}")],
        vec![&*good, &*good],
    ] {
        for path in ["/me", "/home", "/open", "/auth"] {
            let response = ask(&app, path, &fields).await;
            assert_eq!(response.extensions().get::<Code>(), Some(&Code::TokenInvalid), "{path} {fields:?}");
        }
    }
    let elsewhere = Request::get(format!("/me?access_token={token}")).header("cookie", format!("accessToken={token}"));
    let response = app.clone().oneshot(elsewhere.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.extensions().get::<Code>(), Some(&Code::TokenMissing));
}

#[tokio::test]
async fn each_refusal_is_a_problem_with_its_exact_challenge() {
    let issuer = TestIssuer::start();
    let verifier = issuer.verifier().await;
    let app = app(&verifier);
    let [good, ended] = [(); 2].map(|()| issuer.token("ada").mint());
    let admin = issuer.token("root").role("admin").mint();
    let old = issuer.token("ada").proven_ago(Duration::from_secs(600)).mint();
    issuer.sign_out(&ended).await;
    let mut lines = String::new();
    for (path, token) in [
        ("/me", None),
        ("/me", Some(issuer.token("ada").expired().mint())),
        ("/me", Some(issuer.token("ada").tampered().mint())),
        ("/me", Some(ended)),
        ("/editor", Some(good.clone())),
        ("/write", Some(good.clone())),
        ("/scope", Some(good.clone())),
        ("/scope", Some(issuer.token("ada").permission("posts:write").scope("posts:read").mint())),
        ("/staff", Some(admin)),
        ("/recent", Some(old)),
    ] {
        let field = token.map(|token| format!("Bearer {token}"));
        let response = ask(&app, path, &field.as_deref().into_iter().collect::<Vec<_>>()).await;
        let header = |name: &str| response.headers().get(name).map_or("-", |value| value.to_str().unwrap()).to_owned();
        let [challenge, kind, cache] = ["www-authenticate", "content-type", "cache-control"].map(header);
        assert_eq!((&*kind, &*cache), ("application/problem+json", "no-store"));
        let (status, code) = (response.status(), response.extensions().get::<Code>().copied().unwrap());
        let problem: Value = serde_json::from_str(&text(response).await).unwrap();
        assert_eq!(problem["code"], code.as_str());
        assert_eq!(problem["type"], format!("https://auth.test/errors/{}", code.as_str()));
        assert_eq!((&problem["error"], &problem["message"]), (&problem["detail"], &problem["detail"]));
        lines += &format!("{path} {} {} | {challenge} | {}\n", status.as_u16(), code.as_str(), problem["detail"]);
    }
    issuer.go_down();
    issuer.clock().advance(countersign_kernel::Lifetime::from_seconds(61));
    let response = ask(&app, "/me", &[&format!("Bearer {good}")]).await;
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &"5".parse().unwrap()));
    assert!(!response.headers().contains_key("www-authenticate"), "nobody is asked to sign in");
    let problem: Value = serde_json::from_str(&text(response).await).unwrap();
    assert_eq!((&problem["code"], &problem["retryAfter"]), (&"OVERLOADED".into(), &5.into()));
    assert_snapshot!(lines, @r#"
    /me 401 TOKEN_MISSING | Bearer | "Please sign in first."
    /me 401 TOKEN_EXPIRED | Bearer error="invalid_token", error_description="expired" | "The token has expired."
    /me 401 TOKEN_INVALID | Bearer error="invalid_token", error_description="not valid" | "The token is not valid."
    /me 401 TOKEN_REVOKED | Bearer error="invalid_token", error_description="revoked" | "This session has ended. Please sign in again."
    /editor 403 FORBIDDEN | Bearer error="insufficient_scope" | "You are not permitted to do this."
    /write 403 FORBIDDEN | Bearer error="insufficient_scope" | "You are not permitted to do this."
    /scope 403 FORBIDDEN | Bearer error="insufficient_scope", scope="posts:write" | "You are not permitted to do this."
    /scope 403 FORBIDDEN | Bearer error="insufficient_scope", scope="posts:write" | "You are not permitted to do this."
    /staff 401 STEP_UP_REQUIRED | Bearer error="insufficient_user_authentication" | "Please confirm with your second factor to go on. If you have none, set one up first."
    /recent 401 STEP_UP_REQUIRED | Bearer error="insufficient_user_authentication", max_age="600" | "Please confirm your password to go on."
    "#);
}

#[tokio::test]
async fn strangers_are_nobody_and_a_bad_token_is_no_stranger() {
    let issuer = TestIssuer::start();
    let app = app(&issuer.verifier().await);
    let token = issuer.token("ada").mint();
    for path in ["/home", "/open"] {
        assert_eq!(text(ask(&app, path, &[]).await).await, "a stranger");
        assert_eq!(said(&app, path, &token).await, "ada@example.test");
        assert_eq!(said(&app, path, &issuer.token("ada").expired().mint()).await, "401 TOKEN_EXPIRED");
    }
    for path in ["/me", "/tenant", "/books", "/auth", "/editor", "/strong"] {
        let response = ask(&app, path, &[]).await;
        assert_eq!(response.extensions().get::<Code>(), Some(&Code::TokenMissing), "{path}");
    }
}

#[tokio::test]
async fn of_what_is_demanded_one_is_enough_and_none_is_forbidden() {
    let issuer = TestIssuer::start();
    let app = app(&issuer.verifier().await);
    let token = || issuer.token("ada");
    let ada = "ada@example.test";
    let (forbidden, step_up) = ("403 FORBIDDEN", "401 STEP_UP_REQUIRED");
    for (path, token, wanted) in [
        ("/auth", token(), "reached"),
        ("/editor", token().role("writer").role("editor"), ada),
        ("/editor", token().role("Editor"), forbidden),
        ("/editor", token().permission("editor"), forbidden),
        ("/staff", token().role("editor"), ada),
        ("/staff", token().role("admin"), step_up),
        ("/staff", token().role("admin").second_factor(), ada),
        ("/staff", token().role("admin").role("editor"), ada),
        ("/write", token().permission("posts:write"), ada),
        ("/write", token().permission("posts:*"), forbidden),
        ("/write", token().role("admin").permission("posts:write"), step_up),
        ("/write", token().role("admin").permission("posts:write").second_factor(), ada),
        ("/write", token().role("admin"), forbidden),
        ("/scope", token().permission("posts:write"), ada),
        ("/scope", token().role("admin").permission("posts:write"), step_up),
        ("/scope", token().scope("profile posts:write"), ada),
        ("/scope", token().scope("posts:writer").permission("posts:write"), forbidden),
        ("/scope", token().scope("").permission("posts:write"), forbidden),
        ("/books", token().role("owner"), "the books"),
        ("/books", token(), forbidden),
        ("/strong", token(), step_up),
        ("/strong", token().second_factor(), "reached"),
        ("/strong", token().second_factor().claim("auth_time", 0), step_up),
        ("/recent", token().proven_ago(Duration::from_secs(599)), "reached"),
        ("/recent", token().proven_ago(Duration::from_secs(600)), step_up),
        ("/recent", token().without("auth_time"), step_up),
        ("/tenant", token().claim("tenant", "t_1"), "t_1"),
        ("/tenant", token(), forbidden),
        ("/tenant", token().claim("tenant", 1), forbidden),
    ] {
        assert_eq!(said(&app, path, &token.clone().mint()).await, wanted, "{path} {token:?}");
    }
}

#[tokio::test]
async fn further_roles_may_want_a_second_factor() {
    let issuer = TestIssuer::start();
    let verifier = issuer.follow(issuer.settings().second_factor_roles(["editor"])).await;
    let app = app(&verifier);
    let token = issuer.token("ada").role("editor");
    assert_eq!(said(&app, "/editor", &token.clone().mint()).await, "401 STEP_UP_REQUIRED");
    assert_eq!(said(&app, "/editor", &token.second_factor().mint()).await, "ada@example.test");
}

#[tokio::test]
async fn what_one_verifier_vouches_for_another_does_not() {
    let (ours, theirs) = (TestIssuer::start(), TestIssuer::start());
    let (inner, outer) = (ours.verifier().await, theirs.verifier().await);
    let app = Router::new().route("/", get(me)).route_layer(outer.require_auth()).with_state(App { verifier: inner });

    assert_eq!(said(&app, "/", &theirs.token("ada").mint()).await, "401 TOKEN_INVALID");
    assert_eq!(said(&app, "/", &ours.token("ada").mint()).await, "401 TOKEN_INVALID");
}

#[tokio::test]
async fn a_service_without_axum_has_layers_too() {
    let issuer = TestIssuer::start();
    let verifier = issuer.verifier().await;
    let inner = tower::service_fn(|request: Request<String>| async move {
        let identity = request.extensions().get::<Identity>().unwrap();
        Ok::<_, std::io::Error>(Response::new(Body::from(format!("{} {}", identity.email().unwrap(), request.body()))))
    });
    let service = tower::Layer::layer(&verifier.require_role("editor"), inner);
    let request = |token: &str| {
        let field = format!("Bearer {token}");
        Request::builder().header(header::AUTHORIZATION, field).body("hello".to_owned()).unwrap()
    };

    let reached = service.clone().oneshot(request(&issuer.token("ada").role("editor").mint())).await.unwrap();
    let refused = service.oneshot(request(&issuer.token("ada").mint())).await.unwrap();

    assert_eq!(text(reached).await, "ada@example.test hello");
    assert_eq!(refused.status(), 403);
}

#[tokio::test]
async fn who_it_is_stands_among_the_extensions() {
    let issuer = TestIssuer::start();
    let verifier = issuer.verifier().await;
    let handler = |Extension(identity): Extension<Identity>| async move { identity.email().unwrap().to_owned() };
    let app = Router::new().route("/", get(handler)).route_layer(verifier.require_auth());
    assert_eq!(said(&app, "/", &issuer.token("ada").mint()).await, "ada@example.test");
}
