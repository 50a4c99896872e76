//! The access log: one line a request, with ids and without secrets.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use countersign_testkit::{Method, TestApp, Value, json};
use tracing_subscriber::fmt::MakeWriter;

/// Keeps what is logged on this thread.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Kept {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Kept {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The fields of each access log line.
    fn lines(&self) -> Vec<Value> {
        let lines = self.text();
        let parsed = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        parsed.filter(|line| line["target"] == "countersign::access").map(|line| line["fields"].clone()).collect()
    }
}

#[tokio::test]
async fn each_request_is_one_line_with_its_ids() {
    let app = TestApp::start().await;
    let kept = Kept::default();
    let subscriber = tracing_subscriber::fmt().json().with_writer(kept.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let ada = app.member("ada").await;
    let verified = ada.get("/api/auth/verify").await;
    ada.refresh().await;
    ada.get("/claim/canary-in-the-path").await;
    ada.get("/canary-nowhere?x=canary-query").await;
    ada.call(Method::from_bytes(b"CANARY").unwrap(), "/api/user").send().await;

    let lines = kept.lines();
    let told = |line: &Value| line["message"].as_str().unwrap().to_owned();
    assert_eq!(
        lines.iter().map(told).collect::<Vec<_>>(),
        [
            "POST /api/auth/register 201",
            "GET /api/auth/verify 200",
            "POST /api/auth/refresh 200",
            "GET /claim/{token} 200",
            "GET none 404",
            "OTHER /api/user 405",
        ]
    );
    assert_eq!(lines[1]["http.method"], "GET");
    assert_eq!(lines[1]["http.route"], "/api/auth/verify");
    assert_eq!(lines[1]["http.status"], 200);
    assert_eq!(lines[1]["request.id"], verified.header("x-request-id"));
    assert!(lines[1]["duration_us"].is_i64());
    for line in &lines[..3] {
        assert_eq!(line["user.id"], ada.user_id());
        assert_eq!(line["session.id"], ada.session_id());
    }
    assert_eq!(lines[2]["refresh.case"], "5-rotated");
    assert_eq!(lines[4]["error.code"], "NOT_FOUND");
    assert!(!kept.text().to_lowercase().contains("canary"));
}

#[tokio::test]
async fn no_secret_reaches_the_log() {
    let app = TestApp::start().await;
    let kept = Kept::default();
    let everything = tracing_subscriber::fmt().json().with_max_level(tracing::Level::TRACE);
    let _guard = tracing::subscriber::set_default(everything.with_writer(kept.clone()).finish());

    let ada = app.member("ada").await;
    let (first, second) = (ada.access_token(), ada.refresh_token());
    ada.sign_in_with("canary-wrong-password").await;
    ada.post("/api/auth/claim-admin", json!({"token": "canary-claim"})).await;
    ada.post("/api/auth/refresh", json!({"refreshToken": "canary-refresh", "attemptId": "canary"})).await;
    app.visitor().call(Method::GET, "/api/auth/verify").header("authorization", "Bearer canary.token.x").send().await;
    ada.sign_out().await;

    let log = kept.text();
    for secret in ["canary", &ada.password, &first, &second, &ada.email] {
        assert!(!log.contains(secret), "{secret}");
    }
}
