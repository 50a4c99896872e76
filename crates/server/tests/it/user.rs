//! `countersign user`, beside a running server.

use countersign_testkit::{PASSWORD, json};

use crate::support::{server, soon};

#[tokio::test]
async fn a_created_account_can_sign_in() {
    let server = server().start().await;
    let arguments = ["user", "create", "ada@example.com", "--name", "Ada", "--role", "admin", "--verified", "--json"];

    let made = server.run_with(&arguments, &format!("{PASSWORD}\n")).expect(0).json();

    assert_eq!(made["user"]["roles"], json!(["admin"]));
    assert!(!made.to_string().to_lowercase().contains("argon2"), "{made}");
    let ada = server.stranger("ada");
    let reply = ada.sign_in().await.expect(200);
    assert_eq!(reply.text_at("/user/role"), "admin");
    assert_eq!(reply.json()["user"]["emailVerified"], true);
}

#[tokio::test]
async fn what_cannot_be_created_is_refused_with_its_exit_code() {
    let server = server().start().await;
    let _ada = server.member("ada").await;
    let create = |email: &str, role: &str, password: &str| {
        let mut arguments = vec!["user", "create", email, "--name", "X"];
        if !role.is_empty() {
            arguments.extend(["--role", role]);
        }
        server.run_with(&arguments, password)
    };
    for (email, role, password, code, told) in [
        ("ada@example.com", "", PASSWORD, 4, "already"),
        ("no-address", "", PASSWORD, 2, "email"),
        ("bob@example.com", "", "short", 2, "password"),
        ("bob@example.com", "", "", 2, "no password"),
        ("bob@example.com", "pilot", PASSWORD, 3, "role set pilot"),
    ] {
        let ran = create(email, role, password).expect(code);
        assert!(ran.err.contains(told), "{email} {role}: {}", ran.err);
        assert!(!ran.err.contains(PASSWORD));
    }
    let ran = server.run(&["user", "create", "bob@example.com", "--name", "Bob", "--password", "x"]).expect(2);
    assert!(ran.err.contains("--password"), "a password is no argument: {}", ran.err);
}

#[tokio::test]
async fn an_account_without_a_password_lets_nobody_in() {
    let server = server().start().await;
    let _ = server.run(&["user", "create", "ada@example.com", "--name", "Ada", "--no-password"]).expect(0);
    assert_eq!(server.stranger("ada").sign_in().await.code(), "AUTH_FAILED");
}

#[tokio::test]
async fn the_list_finds_by_prefix_and_goes_on_where_it_stopped() {
    let server = server().start().await;
    for name in ["ada", "adam", "bob"] {
        let _ = server.member(name).await;
    }
    let emails = |arguments: &[&str]| {
        let json = server.run(arguments).expect(0).json();
        let users = json["data"].as_array().cloned().unwrap_or_default();
        let emails: Vec<String> = users.iter().map(|u| u["email"].as_str().unwrap_or_default().to_owned()).collect();
        (emails, json["nextCursor"].as_str().map(str::to_owned))
    };
    assert_eq!(emails(&["user", "list", "ada", "--json"]).0, ["ada@example.com", "adam@example.com"]);
    let (first, next) = emails(&["user", "list", "--limit", "2", "--json"]);
    let (second, end) = emails(&["user", "list", "--limit", "2", "--after", &next.unwrap(), "--json"]);
    assert_eq!([first, second].concat(), ["ada@example.com", "adam@example.com", "bob@example.com"]);
    assert_eq!(end, None);

    let table = server.run(&["user", "list"]).expect(0).out;
    assert!(table.lines().count() == 4 && table.contains("status"), "{table}");
}

#[tokio::test]
async fn disabling_refuses_the_next_request_and_enabling_asks_for_a_sign_in() {
    let server = server().start().await;
    let ada = server.member("ada").await;

    let _ = server.run(&["user", "disable", "ada@example.com"]).expect(0);

    let refused = soon(|| ada.get("/api/user/profile"), |reply| reply.status() == 401).await;
    assert_eq!(refused.code(), "TOKEN_REVOKED");
    assert_eq!(ada.refresh().await.code(), "TOKEN_REVOKED");
    assert_eq!(ada.elsewhere().sign_in().await.code(), "AUTH_FAILED");

    let _ = server.run(&["user", "enable", &ada.user_id()]).expect(0);
    assert_eq!(ada.refresh().await.code(), "TOKEN_REVOKED", "old sessions stay ended");
    assert_eq!(ada.sign_in().await.status(), 200);
    let again = server.run(&["user", "enable", "ada@example.com", "--json"]).expect(0);
    assert_eq!(again.json()["changed"], false);
}

#[tokio::test]
async fn new_roles_hold_after_a_refresh_without_a_sign_in() {
    let server = server().start().await;
    let ada = server.member("ada").await;
    let _ = server.run(&["role", "set", "editor", "articles:write"]).expect(0);

    let _ = server.run(&["user", "set-role", "ada@example.com", "editor", "admin"]).expect(0);

    let expired = soon(|| ada.get("/api/user/profile"), |reply| reply.status() == 401).await;
    assert_eq!(expired.code(), "TOKEN_EXPIRED");
    assert_eq!(ada.refresh().await.status(), 200);
    assert_eq!(ada.claims()["roles"], json!(["editor", "admin"]));
    assert_eq!(ada.claims()["permissions"], json!(["articles:write"]));
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let server = server().start().await;
    let _ada = server.member("ada").await;
    let _ = server.run(&["user", "set-role", "ada@example.com", "admin"]).expect(0);
    for command in [
        vec!["user", "disable", "ada@example.com"],
        vec!["user", "delete", "ada@example.com", "--yes"],
        vec!["user", "set-role", "ada@example.com", "--none"],
    ] {
        let ran = server.run(&command).expect(4);
        assert!(ran.err.contains("last administrator"), "{command:?}: {}", ran.err);
    }
}

#[tokio::test]
async fn revoking_signs_out_everywhere() {
    let server = server().start().await;
    let ada = server.member("ada").await;
    let other = ada.elsewhere();
    let _ = other.sign_in().await.expect(200);

    let ran = server.run(&["user", "revoke", "ada@example.com", "--json"]).expect(0);

    assert_eq!(ran.json()["revoked"], 2);
    for actor in [ada, other] {
        let refused = soon(|| actor.get("/api/user/profile"), |reply| reply.status() == 401).await;
        assert_eq!(refused.code(), "TOKEN_REVOKED");
        assert_eq!(actor.refresh().await.code(), "TOKEN_REVOKED");
    }
}

#[tokio::test]
async fn deleting_needs_a_yes_and_takes_everything() {
    let server = server().start().await;
    let ada = server.member("ada").await;

    let ran = server.run(&["user", "delete", "ada@example.com"]).expect(4);
    assert!(ran.err.contains("--yes"), "{}", ran.err);
    let _ = server.run(&["user", "delete", "ada@example.com", "--yes"]).expect(0);

    let refused = soon(|| ada.get("/api/user/profile"), |reply| reply.status() == 401).await;
    assert_eq!(refused.code(), "TOKEN_REVOKED");
    let _ = server.run(&["user", "revoke", "ada@example.com"]).expect(3);
    let trail = server.run(&["audit", "tail", "--user", &ada.user_id(), "--json"]).expect(0).out;
    assert!(trail.contains("account_deleted"), "{trail}");
    assert!(!trail.contains("ada@example.com"), "the trail keeps the id alone: {trail}");
}

#[tokio::test]
async fn somebody_whom_nobody_knows_is_not_found() {
    let server = server().start().await;
    for command in ["disable", "enable", "revoke"] {
        let ran = server.run(&["user", command, "nobody@example.com"]).expect(3);
        assert!(ran.err.contains("nobody@example.com"), "{}", ran.err);
    }
    let _ = server.run(&["user", "set-role", "nobody@example.com", "admin"]).expect(3);
    let _ = server.run(&["user", "delete", "nobody@example.com", "--yes"]).expect(3);
}

#[tokio::test]
async fn whoever_has_lost_everything_begins_anew_with_the_password() {
    let server = server().start().await;
    let ada = server.member("ada").await;
    let _ = ada.set_up_app().await;
    assert_eq!(ada.elsewhere().sign_in().await.code(), "MFA_REQUIRED");
    let reset = ["user", "reset-factors", "ada@example.com", "--json"];

    assert_eq!(server.run(&reset).expect(0).json()["changed"], true);

    let home = ada.elsewhere();
    let _ = home.sign_in().await.expect(200);
    assert_eq!(home.get("/api/user/mfa").await.expect(200).json()["recoveryCodesLeft"], 0);
    let refused = soon(|| ada.get("/api/user/profile"), |reply| reply.status() == 401).await;
    assert_eq!(refused.code(), "TOKEN_REVOKED");
    assert_eq!(server.run(&reset).expect(0).json()["changed"], false, "there is nothing left to take away");
    let _ = server.run(&["user", "reset-factors", "nobody@example.com"]).expect(3);
    let trail = server.run(&["audit", "query", "--event", "factors_reset", "--json"]).expect(0);
    assert_eq!(trail.out.matches("factors_reset").count(), 1, "{}", trail.out);
}
