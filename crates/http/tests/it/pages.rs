//! Pages and documents.

use countersign_testkit::{Method, TestApp};

#[tokio::test]
async fn the_page_and_its_files_are_served_from_the_binary() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    for (path, content_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/assets/app.js", "text/javascript; charset=utf-8"),
        ("/assets/challenge.js", "text/javascript; charset=utf-8"),
        ("/assets/client.js", "text/javascript; charset=utf-8"),
        ("/assets/passkeys.js", "text/javascript; charset=utf-8"),
        ("/assets/passkey-section.js", "text/javascript; charset=utf-8"),
        ("/assets/style.css", "text/css; charset=utf-8"),
        ("/docs", "text/html; charset=utf-8"),
        ("/openapi.json", "application/json"),
    ] {
        let reply = visitor.get(path).await;
        assert_eq!((reply.status(), reply.header("content-type").as_str()), (200, content_type), "{path}");
        assert_eq!(reply.header("cache-control"), "no-cache", "{path}");
        let again = visitor.call(Method::GET, path).header("if-none-match", reply.header("etag")).send().await;
        assert_eq!((again.status(), again.text().as_str()), (304, ""), "{path}");
    }
}

#[tokio::test]
async fn the_way_to_a_new_password_is_shown_where_mail_is_sent() {
    let link = r#"><a href="/forgot">Forgot your password?</a>"#;
    for (builder, shown) in [(TestApp::builder().with_mail(), true), (TestApp::builder(), false)] {
        let app = builder.start().await;
        let page = app.visitor().get("/").await.expect(200).text();
        assert!(page.contains(link));
        assert_eq!(!page.contains(&format!("hidden{link}")), shown);
    }
}

#[tokio::test]
async fn every_file_that_a_page_names_is_there() {
    let app = TestApp::start().await;
    for page in ["/", "/claim/abc", "/docs"] {
        let html = app.visitor().get(page).await.text();
        assert!(!html.contains("<style") && !html.contains(" style=") && !html.contains(" onclick"), "{page}");
        for name in html.split('"').filter(|text| text.starts_with("/assets/")) {
            assert_eq!(app.visitor().get(name).await.status(), 200, "{page} {name}");
        }
    }
}

#[tokio::test]
async fn the_page_of_the_one_time_link_is_kept_nowhere_and_changes_nothing() {
    let app = TestApp::start().await;
    let reply = app.visitor().get("/claim/0123456789abcdef").await;
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("referrer-policy"), "no-referrer");
}

#[tokio::test]
async fn keys_are_public_and_health_is_plain() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let jwks = visitor.get("/.well-known/jwks.json").await;
    assert_eq!(jwks.header("cache-control"), "public, max-age=300");
    let keys = jwks.json();
    assert!(keys["keys"].as_array().is_some_and(|keys| !keys.is_empty()));
    assert!(keys["keys"].as_array().unwrap().iter().all(|key| key.get("d").is_none() && key.get("k").is_none()));
    assert_eq!(visitor.get("/healthz").await.json()["status"], "ok");
    assert_eq!(visitor.get("/readyz").await.json()["status"], "ready");
    assert_eq!(visitor.get("/metrics").await.status(), 404, "only on the admin listener");
}
