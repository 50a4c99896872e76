//! Roles.

use countersign_testkit::{Event, TestApp, json};

use super::{administrator, each, pages, put};

#[tokio::test]
async fn a_role_is_made_changed_and_deleted_with_before_and_after_on_record() {
    let app = TestApp::start().await;
    let root = administrator(&app, "root").await;
    let path = "/api/admin/v1/roles/editor";
    let made = put(&root, path, json!({"permissions": ["b:write", "a:read", "b:write"]})).await.expect(200);
    assert_eq!(made.json(), json!({"name": "editor", "affected": 0}));
    let eva = app.member_with_roles("eva", &["editor"]).await;
    assert_eq!(eva.claims()["permissions"], json!(["a:read", "b:write"]));

    let changed = put(&root, path, json!({"permissions": ["a:read"]})).await.expect(200);
    assert_eq!(changed.json()["affected"], 1);
    assert_eq!(eva.get("/api/user/profile").await.code(), "TOKEN_EXPIRED");
    let _ = eva.refresh().await.expect(200);
    assert_eq!(eva.claims()["permissions"], json!(["a:read"]));

    let _ = root.delete(path).await.expect(204);
    assert_eq!(root.delete(path).await.code(), "NOT_FOUND");
    let _ = eva.refresh().await.expect(200);
    assert_eq!(eva.claims()["roles"], json!([]));

    let facts: Vec<String> = app
        .audit_records()
        .await
        .iter()
        .filter(|record| [Event::RoleSet, Event::RoleDeleted].contains(&record.event))
        .map(|record| format!("{} {:?}", record.event.as_str(), record.detail))
        .collect();
    assert_eq!(
        facts,
        [
            r#"role_set {"people": "0", "permissions": "a:read b:write", "role": "editor"}"#,
            r#"role_set {"before": "a:read b:write", "people": "1", "permissions": "a:read", "role": "editor"}"#,
            r#"role_deleted {"before": "a:read", "people": "1", "role": "editor"}"#,
        ]
    );
}

#[tokio::test]
async fn roles_are_listed_by_name_in_pages() {
    let app = TestApp::start().await;
    let root = administrator(&app, "root").await;
    for name in ["zoo", "clerk", "bee"] {
        app.set_role(name, &["x"]).await;
    }

    let listed = pages(&root, "/api/admin/v1/roles?limit=3").await;

    let names: Vec<_> = listed.iter().map(|page| each(page, "name")).collect();
    assert_eq!(names, [vec![json!("admin"), json!("bee"), json!("clerk")], vec![json!("zoo")]]);
    assert_eq!(listed[0].json()["data"][1], json!({"name": "bee", "permissions": ["x"]}));
}

#[tokio::test]
async fn a_role_that_is_none_is_refused() {
    let app = TestApp::start().await;
    let root = administrator(&app, "root").await;
    let long = "x".repeat(65);
    for (name, permissions, field) in [
        ("Editor", json!([]), "name"),
        ("a%20b", json!([]), "name"),
        (long.as_str(), json!([]), "name"),
        ("editor", json!(["Write"]), "permissions"),
        ("editor", json!(["a b"]), "permissions"),
        ("editor", json!([""]), "permissions"),
        ("editor", json!((0..65).map(|n| format!("p{n}")).collect::<Vec<_>>()), "permissions"),
    ] {
        let reply = put(&root, &format!("/api/admin/v1/roles/{name}"), json!({"permissions": permissions})).await;
        assert_eq!((reply.status(), reply.text_at("/errors/0/field").as_str()), (400, field), "{name} {permissions}");
    }
    assert_eq!(each(&root.get("/api/admin/v1/roles").await, "name"), ["admin"]);
}
