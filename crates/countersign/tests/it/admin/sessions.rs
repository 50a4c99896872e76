//! Sessions that live.

use countersign_testkit::{Event, TestApp, Value, json, millis};

use super::{administrator, each, pages};

#[tokio::test]
async fn sessions_are_listed_newest_first_in_pages_of_all_or_of_one_person() {
    let app = TestApp::start().await;
    let root = administrator(&app, "root").await;
    let mut newest = vec![root.session_id()];
    app.clock.advance(millis(1));
    let ada = app.member("ada").await;
    newest.insert(0, ada.session_id());
    let phone = ada.elsewhere().using("curl/8");
    app.clock.advance(millis(1));
    let _ = phone.sign_in().await.expect(200);
    newest.insert(0, phone.session_id());

    let all = pages(&root, "/api/admin/v1/sessions?limit=2").await;
    let ids: Vec<Value> = all.iter().flat_map(|page| each(page, "id")).collect();
    assert_eq!(ids, newest);
    let hers = root.get(&format!("/api/admin/v1/sessions?user={}", ada.user_id())).await.expect(200);
    assert_eq!(each(&hers, "id"), newest[..2]);
    assert_eq!(each(&hers, "user"), [ada.user_id(), ada.user_id()]);
    assert_eq!(each(&hers, "userAgent")[0], "curl/8");
    assert_eq!(each(&hers, "amr")[0], json!(["pwd"]));
    for held in [phone.refresh_token(), phone.access_token()] {
        assert!(!hers.text().contains(&held), "no part of what a session is kept by");
    }

    let _ = phone.sign_out().await.expect(200);
    let hers = root.get(&format!("/api/admin/v1/sessions?user={}", ada.user_id())).await.expect(200);
    assert_eq!(each(&hers, "id"), newest[1..2], "what has ended is not listed");
    let malformed = root.get("/api/admin/v1/sessions?user=ada@example.com").await;
    assert_eq!(malformed.code(), "VALIDATION_FAILED");
    let nobody = root.get("/api/admin/v1/sessions?user=usr_00000000000000000000000000").await.expect(200);
    assert_eq!(nobody.json()["data"], json!([]));
}

#[tokio::test]
async fn one_session_is_ended_alone() {
    let app = TestApp::start().await;
    let root = administrator(&app, "root").await;
    let ada = app.member("ada").await;
    let phone = ada.elsewhere();
    let _ = phone.sign_in().await.expect(200);
    let path = format!("/api/admin/v1/sessions/{}", phone.session_id());

    let _ = root.delete(&path).await.expect(204);

    assert_eq!(phone.get("/api/user/profile").await.code(), "TOKEN_REVOKED");
    assert_eq!(phone.refresh().await.code(), "TOKEN_REVOKED");
    let _ = ada.get("/api/user/profile").await.expect(200);
    for path in [path.as_str(), "/api/admin/v1/sessions/ses_00000000000000000000000000", "/api/admin/v1/sessions/x"] {
        assert_eq!(root.delete(path).await.code(), "NOT_FOUND", "{path}");
    }
    let ended = app.audit_records().await.into_iter().rfind(|r| r.event == Event::SessionEnded).unwrap();
    assert_eq!(ended.reason.as_deref(), Some("operator"));
    assert_eq!(ended.session.map(|id| id.to_string()), Some(phone.session_id()));
    assert_eq!(ended.subject.map(|id| id.to_string()), Some(ada.user_id()));
}
