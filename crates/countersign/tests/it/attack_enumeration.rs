//! Attacks that ask who has an account, through the front door. That the work is the same is shown where hashing is counted
//! (`account`).

use countersign_testkit::{Reply, TestApp, json};

/// Everything an asker can see, save what differs between any two answers.
fn seen(reply: &Reply) -> (u16, String, Vec<(String, String)>) {
    let mut body = reply.json();
    if let Some(members) = body.as_object_mut() {
        members.remove("requestId");
    }
    let headers = reply
        .headers
        .iter()
        .filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    (reply.status(), body.to_string(), headers)
}

// attack 67
#[tokio::test]
async fn a_failed_sign_in_looks_the_same_for_everyone() {
    let app = TestApp::start().await;
    let _ = app.member("ada").await;

    for attempt in 0..8 {
        let known = app.visitor().at([192, 0, 2, 7].into()).post("/api/auth/login", wrong("ada@example.com")).await;
        let unknown =
            app.visitor().at([192, 0, 2, 8].into()).post("/api/auth/login", wrong("nobody@example.com")).await;
        assert_eq!(seen(&known), seen(&unknown), "attempt {attempt}: the limits count both alike");
    }
}

fn wrong(email: &str) -> countersign_testkit::Value {
    json!({"email": email, "password": "not the password"})
}

// attack 70
// bug S54
#[tokio::test]
async fn registration_tells_that_an_address_is_taken_only_ten_times_an_hour() {
    let app = TestApp::start().await;
    let _ = app.stranger("ada").at([192, 0, 2, 99].into()).register().await.expect(201);

    for _ in 0..10 {
        assert_eq!(app.stranger("ada").register().await.code(), "EMAIL_TAKEN");
    }

    let refused = app.stranger("ada").register().await;
    assert_eq!((refused.status(), refused.code().as_str()), (429, "RATE_LIMITED"));
}
