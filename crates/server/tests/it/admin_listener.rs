//! The administrators' listener: metrics and health, there and nowhere else.

use crate::support::server;

#[tokio::test]
async fn metrics_are_served_there_and_nowhere_else() {
    let server = server().setting("ADMIN__LISTEN", "127.0.0.1:0").start().await;
    let ada = server.member("ada").await;
    let _ = ada.refresh().await.expect(200);

    let metrics = server.operator().get("/metrics").await;

    assert_eq!(metrics.status(), 200);
    assert!(metrics.header("content-type").starts_with("text/plain"), "{}", metrics.header("content-type"));
    let text = metrics.text();
    for line in [
        "countersign_refreshes_total{case=\"5-rotated\"} 1",
        "countersign_password_hashes_total 1",
        "countersign_connections ",
        "countersign_http_request_seconds_bucket{",
        "route=\"/api/auth/register\"",
    ] {
        assert!(text.contains(line), "{line}:\n{text}");
    }
    for secret in ["ada@example.com", &ada.user_id(), &ada.session_id()] {
        assert!(!text.contains(secret), "{secret} is a label");
    }
    assert_eq!(ada.get("/metrics").await.status(), 404);
}

#[tokio::test]
async fn health_is_served_there_and_nothing_else() {
    let server = server().setting("ADMIN__LISTEN", "127.0.0.1:0").start().await;
    let operator = server.operator();
    for (path, status) in [("/healthz", 200), ("/readyz", 200), ("/", 404), ("/api/csrf-token", 404), ("/docs", 404)] {
        assert_eq!(operator.get(path).await.status(), status, "{path}");
    }
}

#[tokio::test]
async fn without_one_there_are_no_metrics() {
    let server = server().start().await;
    assert!(server.admin.is_none());
    assert_eq!(server.stranger("ada").get("/metrics").await.status(), 404);
}
