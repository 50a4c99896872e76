//! `countersign role`, beside a running server.

use countersign_testkit::json;

use crate::support::{server, soon};

#[tokio::test]
async fn what_a_role_permits_changes_for_everyone_who_has_it() {
    let server = server().start().await;
    let ada = server.member("ada").await;
    let _ = server.run(&["role", "set", "editor", "articles:read"]).expect(0);
    let _ = server.run(&["user", "set-role", "ada@example.com", "editor"]).expect(0);
    let _ = soon(|| ada.get("/api/user/profile"), |reply| reply.status() == 401).await;
    let _ = ada.refresh().await.expect(200);

    let set = server.run(&["role", "set", "editor", "articles:read", "articles:write", "--json"]).expect(0).json();

    assert_eq!(set, json!({"role": "editor", "affected": 1}));
    let _ = soon(|| ada.get("/api/user/profile"), |reply| reply.code() == "TOKEN_EXPIRED").await;
    let _ = ada.refresh().await.expect(200);
    assert_eq!(ada.claims()["permissions"], json!(["articles:read", "articles:write"]));

    let _ = server.run(&["role", "delete", "editor"]).expect(0);
    let _ = soon(|| ada.get("/api/user/profile"), |reply| reply.code() == "TOKEN_EXPIRED").await;
    let _ = ada.refresh().await.expect(200);
    assert_eq!(ada.claims()["roles"], json!([]));
}

#[tokio::test]
async fn roles_are_listed_and_wrong_ones_refused() {
    let server = server().start().await;
    let _ = server.run(&["role", "set", "editor", "articles:read"]).expect(0);
    let listed = server.run(&["role", "list", "--json"]).expect(0).json();
    assert!(listed["roles"].as_array().unwrap().contains(&json!({"name": "editor", "permissions": ["articles:read"]})));
    let _ = server.run(&["role", "delete", "admin"]).expect(4);
    let _ = server.run(&["role", "delete", "pilot"]).expect(3);
    let _ = server.run(&["role", "set", "not a name"]).expect(2);
}
