//! What must be so once a session has ended: nothing of it, old or new, opens anything anywhere. For tests of races.

use countersign_session::TokenError;
use countersign_store::{AuditFilter, PageRequest};
use countersign_testkit::{Actor, Call, Loot, Method, Record, Reply, TestApp, Value, json};

/// The new password of whoever changes it.
pub(crate) const NEW_PASSWORD: &str = "quiet-heron-77-bridge";

/// Another holder of all that `actor` holds now: a tab of the same browser, or a thief.
pub(crate) fn copy(app: &TestApp, actor: &Actor) -> Actor {
    let copy = app.visitor();
    copy.take(&actor.loot());
    copy
}

/// The session of `loot` is over: each call by an access token, a token that is signed anew, and each way to refresh are
/// refused, and nothing that is tried leaves a trace.
pub(crate) async fn is_out(app: &TestApp, loot: &Loot, reason: &str) {
    let holder = app.visitor();
    holder.take(loot);
    is_known_to_be_over(app, &holder, reason);
    let before = last_record(app).await;

    for (method, path, body) in calls(&holder) {
        let reply = holder.call(method, path).json(body).send().await;
        assert_eq!((reply.status(), reply.code().as_str()), (401, "TOKEN_REVOKED"), "{reason}: {path}");
    }
    assert_eq!(holder.call(Method::HEAD, "/api/auth/verify").send().await.status(), 401, "{reason}: HEAD");
    let signed_now = app.mint(&holder).mint();
    let late = holder.call(Method::GET, "/api/user/profile").bearer(&signed_now).send().await;
    assert_eq!(late.code(), "TOKEN_REVOKED", "{reason}: a token that was signed after the end");
    for reply in refreshes(&holder).await {
        is_refused(&reply, reason);
    }
    let out = holder.call(Method::POST, "/api/auth/logout").anonymous().send().await;
    assert!(out.status() == 200 || out.code() == "TOKEN_MISSING", "{reason}: {out}");

    assert_eq!(last_record(app).await, before, "{reason}: nothing ended twice, nobody was called a thief");
}

/// The same by the calls that matter most, for those who have much to ask about.
pub(crate) async fn is_worthless(app: &TestApp, loot: &Loot, reason: &str) {
    let holder = app.visitor();
    holder.take(loot);
    is_known_to_be_over(app, &holder, reason);
    for path in ["/api/auth/verify", "/api/user/profile", "/api/user/sessions"] {
        assert_eq!(holder.get(path).await.to_string(), "401 TOKEN_REVOKED", "{reason}: {path}");
    }
    is_refused(&holder.refresh_call(Value::Null).send_and_lose().await, reason);
}

/// From memory alone, as it must be known where the database does not answer.
fn is_known_to_be_over(app: &TestApp, holder: &Actor, reason: &str) {
    let known = app.system.auth().sessions().verify(&holder.access_token());
    assert_eq!(known.err(), Some(TokenError::Revoked), "{reason}: in the live set");
}

async fn last_record(app: &TestApp) -> Option<Record> {
    let mut tx = app.store().snapshot().await.unwrap();
    let page = tx.list_audit_records(&AuditFilter::default(), &PageRequest::first(1)).await.unwrap();
    page.items.into_iter().next().map(|sealed| sealed.record)
}

/// A refresh that was refused because its session is over: no cookie and no token comes with the answer.
pub(crate) fn is_refused(reply: &Reply, reason: &str) {
    let code = reply.code();
    assert_eq!(reply.status(), 401, "{reason}: {reply}");
    // The row of a deleted person's session is gone: the token is unknown then.
    assert!(code == "TOKEN_REVOKED" || code == "TOKEN_INVALID", "{reason}: {code}");
    assert_eq!(reply.set_cookies(), Vec::<String>::new(), "{reason}: no refresh answer clears or sets a cookie");
    for member in ["accessToken", "refreshToken"] {
        assert_eq!(reply.json().get(member), None, "{reason}: {member}");
    }
}

/// It is signed in, and can do all of it.
pub(crate) async fn is_in(actor: &Actor, reason: &str) {
    assert_eq!(actor.get("/api/user/profile").await.status(), 200, "{reason}");
    assert_eq!(actor.refresh().await.status(), 200, "{reason}");
    assert_eq!(actor.get("/api/auth/verify").await.status(), 200, "{reason}");
}

/// Another browser of the same person, signed in.
pub(crate) async fn another(actor: &Actor) -> Actor {
    let browser = actor.elsewhere();
    let _ = browser.sign_in().await.expect(200);
    browser
}

/// Every call that an access token opens.
fn calls(holder: &Actor) -> Vec<(Method, &'static str, Value)> {
    let password = json!({"currentPassword": holder.password, "newPassword": NEW_PASSWORD});
    vec![
        (Method::GET, "/api/auth/verify", Value::Null),
        (Method::GET, "/api/user/profile", Value::Null),
        (Method::PATCH, "/api/user/profile", json!({"name": "X"})),
        (Method::POST, "/api/user/profile", json!({"name": "X"})),
        (Method::GET, "/api/user/sessions", Value::Null),
        (Method::DELETE, "/api/user/sessions/ses_00000000000000000000000000", Value::Null),
        (Method::POST, "/api/user/password", password),
        (Method::POST, "/api/auth/step-up", json!({"password": holder.password})),
        (Method::POST, "/api/auth/logout-all", Value::Null),
        (Method::DELETE, "/api/user", json!({"currentPassword": holder.password})),
    ]
}

/// A refresh in each way that there is: plain, with an attempt id, and by the CSRF token alone.
async fn refreshes(holder: &Actor) -> Vec<Reply> {
    let lose = |call: Call| call.send_and_lose();
    let id = json!({"attemptId": "AAAAAAAAAAAAAAAAAAAAAA"});
    let mut replies = vec![lose(holder.refresh_call(Value::Null)).await, lose(holder.refresh_call(id)).await];
    let csrf = holder.get("/api/csrf-token").await.text_at("/csrfToken");
    let bare = holder.refresh_call(Value::Null).without("origin").without("sec-fetch-site");
    replies.push(lose(bare.header("x-csrf-token", csrf)).await);
    replies
}
