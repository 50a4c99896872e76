//! `countersign session`, beside a running server.

use countersign_testkit::json;

use crate::support::{server, soon};

#[tokio::test]
async fn sessions_are_listed_and_one_is_ended_alone() {
    let server = server().start().await;
    let ada = server.member("ada").await;
    let other = ada.elsewhere().using("curl/8");
    let _ = other.sign_in().await.expect(200);

    let listed = server.run(&["session", "list", "ada@example.com", "--json"]).expect(0).json();
    let ids: Vec<&str> = listed["sessions"].as_array().unwrap().iter().filter_map(|s| s["id"].as_str()).collect();
    assert!(ids.len() == 2 && ids.contains(&ada.session_id().as_str()), "{listed}");
    assert!(listed.to_string().contains("curl/8"));

    let ended = server.run(&["session", "revoke", &other.session_id(), "--json"]).expect(0).json();

    assert_eq!(ended, json!({"session": other.session_id(), "ended": true}));
    let refused = soon(|| other.get("/api/user/profile"), |reply| reply.status() == 401).await;
    assert_eq!(refused.code(), "TOKEN_REVOKED");
    assert_eq!(ada.refresh().await.status(), 200);
    let again = server.run(&["session", "revoke", &other.session_id()]).expect(3);
    assert!(again.err.contains("no living session"), "{}", again.err);
    let _ = server.run(&["session", "revoke", "nonsense"]).expect(2);
    let _ = server.run(&["session", "list", "nobody@example.com"]).expect(3);
}

#[tokio::test]
async fn a_user_agent_cannot_command_the_terminal_that_lists_it() {
    let server = server().start().await;
    let ada = server.stranger("ada").using("evil\u{9b}31m");
    let _ = ada.register().await.expect(201);
    let table = server.run(&["session", "list", "ada@example.com"]).expect(0).out;
    assert!(!table.chars().any(|c| c.is_control() && c != '\n'), "{table:?}");
}
