//! The audit trail.

use countersign_testkit::{Event, TestApp, Value, json, minutes};

use super::{administrator, each, pages, put};

#[tokio::test]
async fn the_trail_is_searched_as_the_command_line_does() {
    let app = TestApp::builder().without_limits().start().await;
    let root = administrator(&app, "root").await;
    let ada = app.member("ada").await;
    let _ = ada.sign_in_with("wrong").await;
    app.clock.advance(minutes(1));
    let _ = root.step_up().await;
    let disable = root.post(&format!("/api/admin/v1/users/{}/disable", ada.user_id()), Value::Null).await.expect(200);
    app.upkeep().await;
    let find = async |query: String| {
        let page = root.get(&format!("/api/admin/v1/audit?{query}")).await.expect(200);
        each(&page, "event").iter().filter_map(|event| event.as_str().map(str::to_owned)).collect::<Vec<_>>()
    };

    assert_eq!(find(format!("user={}", ada.user_id())).await, ["account_disabled", "sign_in_failed", "signed_up"]);
    assert_eq!(find("outcome=refused".to_owned()).await, ["sign_in_failed"]);
    assert_eq!(find("event=account_disabled,sign_in_failed".to_owned()).await, ["account_disabled", "sign_in_failed"]);
    assert_eq!(find(format!("session={}", ada.session_id())).await, ["signed_up"]);
    assert_eq!(find(format!("request={}", disable.header("x-request-id"))).await, ["account_disabled"]);
    assert_eq!(find("address=203.0.113.0/24".to_owned()).await, Vec::<String>::new());
    let at = root.get("/api/admin/v1/audit?event=account_disabled").await.text_at("/data/0/time");
    assert_eq!(find(format!("since={at}&user={}", ada.user_id())).await, ["account_disabled"]);
    assert!(!find(format!("until={at}")).await.contains(&"account_disabled".to_owned()));
    for wrong in
        ["event=made_up", "event=", "outcome=maybe", "since=yesterday", "address=x", "request=1", "user=ada", "q=x"]
    {
        assert_eq!(root.get(&format!("/api/admin/v1/audit?{wrong}")).await.code(), "VALIDATION_FAILED", "{wrong}");
    }
}

#[tokio::test]
async fn records_are_paged_newest_first_and_show_who_did_what_to_whom() {
    let app = TestApp::start().await;
    let root = administrator(&app, "root").await;
    let ada = app.member("ada").await;
    app.set_role("editor", &[]).await;
    let _ = put(&root, &format!("/api/admin/v1/users/{}/roles", ada.user_id()), json!({"roles": ["editor"]})).await;
    app.upkeep().await;
    let written = app.audit_records().await;

    let listed = pages(&root, "/api/admin/v1/audit?limit=2").await;

    let ids: Vec<Value> = listed.iter().flat_map(|page| each(page, "id")).collect();
    let newest: Vec<Value> = written.iter().rev().map(|record| json!(record.id.to_string())).collect();
    assert_eq!(ids, newest);
    let first = &listed[0].json()["data"][0];
    assert_eq!(first["event"], Event::RolesAssigned.as_str());
    assert_eq!(first["actor"], json!({"kind": "user", "id": root.user_id()}));
    assert_eq!(first["subject"], ada.user_id());
    assert_eq!(first["detail"], json!({"before": "", "roles": "editor"}));
    assert!(first["seq"].is_u64() && first["hash"].as_str().is_some_and(|hash| hash.len() == 64), "{first}");
    assert!(first.get("blinding").is_none(), "what makes an erasure hold is not handed out");
}
