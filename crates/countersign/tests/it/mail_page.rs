//! The pages that mails lead to: what scanners may do with them, and what people do.

use countersign_testkit::{Actor, Call, Letter, Method, Reply, TestApp, json};

const NEW: &str = "crimson-walrus-88-orchard";

/// A page, with what a browser needs of it.
async fn open(actor: &Actor, path: &str) -> Reply {
    actor.call(Method::GET, path).anonymous().send().await
}

fn form(actor: &Actor, path: &str, fields: &[(&str, &str)]) -> Call {
    let encode = |text: &str| text.replace('%', "%25").replace('&', "%26").replace('+', "%2B").replace('@', "%40");
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let call = actor.call(Method::POST, path).anonymous();
    call.header("content-type", "application/x-www-form-urlencoded").bytes(body.join("&"))
}

fn csrf_of(page: &Reply) -> String {
    let text = page.text();
    let after = text.split("name=\"csrfToken\" value=\"").nth(1).unwrap_or_default().to_owned();
    after.split('"').next().unwrap_or_default().to_owned()
}

async fn forgot(app: &TestApp) -> Letter {
    let _ = app.visitor().post("/api/auth/password/forgot", json!({"email": "ada@example.com"})).await.expect(202);
    app.mail_to("ada@example.com").await
}

#[tokio::test]
async fn a_scanner_uses_no_link_and_the_human_does() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = app.member("ada").await;
    let letter = forgot(&app).await;
    for _ in 0..10 {
        for method in [Method::HEAD, Method::GET] {
            let scanner = app.visitor().at([198, 51, 100, 7].into()).using("mail-scanner/1");
            let seen = scanner.call(method, &letter.path()).without_cookies().send().await.expect(200);
            assert!(seen.header("cache-control").contains("no-store"));
            assert_eq!(seen.header("referrer-policy"), "same-origin", "the address of the page goes to nobody else");
        }
    }
    let page = open(&app.visitor(), &letter.path()).await.expect(200);
    assert!(page.text().contains("a***@example.com") && !page.text().contains("ada@example.com"), "{}", page.text());

    let human = app.visitor();
    let done = form(&human, &letter.path(), &[("newPassword", NEW)]).send().await.expect(303);

    assert_eq!(done.header("location"), "/done/reset");
    assert!(open(&human, "/done/reset").await.expect(200).text().contains("The password is set"));
    let _ = ada.sign_in_with(NEW).await.expect(200);
    assert_eq!(open(&human, &letter.path()).await.status(), 400, "the page of a used link says so");
}

#[tokio::test]
async fn every_link_page_needs_a_button() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = app.member("ada").await;
    let verify = app.mail_to("ada@example.com").await;
    let _ = open(&ada, &verify.path()).await.expect(200);
    let done = form(&ada, &verify.path(), &[]).send().await.expect(303);
    assert_eq!(done.header("location"), "/done/verified");
    let _ = ada.sign_in().await.expect(200);

    let _ = ada.post("/api/user/email", json!({"newEmail": "ada@new.example"})).await.expect(202);
    let confirm = app.mail_to("ada@new.example").await;
    assert!(confirm.path().starts_with("/email/"));
    let _ = open(&ada, &confirm.path()).await.expect(200);
    let _ = form(&ada, &confirm.path(), &[]).send().await.expect(303);

    let undo = app.mail_to("ada@example.com").await;
    let _ = open(&app.visitor(), &undo.path()).await.expect(200);
    let done = form(&app.visitor(), &undo.path(), &[]).send().await.expect(303);
    assert_eq!(done.header("location"), "/done/restored");
}

#[tokio::test]
async fn a_form_from_elsewhere_is_refused_and_an_old_browser_has_its_token() {
    let app = TestApp::builder().with_mail().start().await;
    let _ = app.member("ada").await;
    let letter = forgot(&app).await;
    let victim = app.visitor();
    let page = open(&victim, &letter.path()).await.expect(200);
    let csrf = csrf_of(&page);

    let foreign =
        form(&victim, &letter.path(), &[("newPassword", NEW), ("csrfToken", &csrf)]).on_page_of("https://evil.example");
    assert_eq!(foreign.send().await.status(), 403);
    let bare =
        |fields: &[(&str, &str)]| form(&victim, &letter.path(), fields).without("origin").without("sec-fetch-site");
    assert_eq!(bare(&[("newPassword", NEW)]).send().await.status(), 403, "a cookie and no proof");
    assert_eq!(bare(&[("newPassword", NEW), ("csrfToken", "x")]).send().await.status(), 403);

    let _ = bare(&[("newPassword", NEW), ("csrfToken", &csrf)]).send().await.expect(303);
}

#[tokio::test]
async fn a_weak_password_leaves_the_link_good() {
    let app = TestApp::builder().with_mail().start().await;
    let _ = app.member("ada").await;
    let letter = forgot(&app).await;
    let human = app.visitor();

    let again = form(&human, &letter.path(), &[("newPassword", "short")]).send().await;

    assert_eq!(again.status(), 400);
    assert!(again.text().contains("role=\"alert\"") && again.text().contains("<title>Error: "), "{}", again.text());
    let _ = form(&human, &letter.path(), &[("newPassword", NEW)]).send().await.expect(303);
}

#[tokio::test]
async fn somebody_without_javascript_gets_a_new_password_by_the_code() {
    let app = TestApp::builder().with_mail().start().await;
    let ada = app.member("ada").await;
    let browser = app.visitor();
    let page = open(&browser, "/forgot").await.expect(200);
    assert!(page.text().contains("method=\"post\" action=\"/forgot\""));

    let asked = form(&browser, "/forgot", &[("email", "ada@example.com")]).send().await.expect(303);
    assert_eq!(asked.header("location"), "/wait");
    let _ = open(&browser, "/wait").await.expect(200);
    let letter = app.mail_to("ada@example.com").await;
    let wrong = [("email", "ada@example.com"), ("code", "2222-2222"), ("newPassword", NEW)];
    assert_eq!(form(&browser, "/wait", &wrong).send().await.status(), 400);
    let code = letter.code();
    let right = [("email", "ada@example.com"), ("code", code.as_str()), ("newPassword", NEW)];
    let done = form(&browser, "/wait", &right).send().await.expect(303);

    assert_eq!(done.header("location"), "/done/reset");
    let _ = ada.sign_in_with(NEW).await.expect(200);
    let invalid = form(&browser, "/forgot", &[("email", "nonsense")]).send().await;
    assert!(invalid.status() == 400 && invalid.text().contains("value=\"nonsense\""), "what was typed is kept");
}

#[tokio::test]
async fn what_is_in_an_address_is_text() {
    let app = TestApp::builder().with_mail().start().await;
    for path in ["/reset/%3Cscript%3E", "/verify/%22%3E%3Cimg%3E", "/undo/..%2F..", "/email/%00"] {
        let page = open(&app.visitor(), path).await;
        assert_eq!(page.status(), 400, "{path}");
        assert!(!page.text().contains("<script>") && !page.text().contains("<img>"), "{path}");
    }
    assert_eq!(open(&app.visitor(), "/done/nothing").await.status(), 404);
}
