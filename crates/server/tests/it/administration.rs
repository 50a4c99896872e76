//! The administrators' API of a running server, beside the commands that call the same verbs.

use countersign_testkit::{Actor, Process, json};

use crate::support::{server, soon};

/// A member who was made an administrator on the command line, and has set up a second factor.
async fn administrator(server: &Process, name: &str) -> Actor {
    let actor = server.member(name).await;
    let _ = server.run(&["user", "set-role", &actor.email, "admin"]).expect(0);
    let _ = soon(|| actor.get("/api/user/profile"), |reply| reply.code() == "TOKEN_EXPIRED").await;
    let _ = actor.refresh().await.expect(200);
    let _ = actor.set_up_app().await;
    actor
}

// attack 95
#[tokio::test]
async fn settings_are_those_of_the_server_with_their_origin_and_without_their_secrets() {
    let master = server().run(&["keys", "generate-master"], "").expect(0).out.trim().to_owned();
    let server = server().setting("MASTER_KEY", &master).setting("TOKENS__ACCESS_SECONDS", "600").start().await;
    let root = administrator(&server, "root").await;

    let settings = root.get("/api/admin/v1/settings").await.expect(200);

    let data = settings.json()["data"].as_array().cloned().unwrap_or_default();
    let named = |key: &str| data.iter().find(|setting| setting["key"] == key).cloned().unwrap_or_default();
    let access = named("tokens.access_seconds");
    assert_eq!((&access["value"], &access["origin"]), (&json!("600"), &json!("COUNTERSIGN_TOKENS__ACCESS_SECONDS")));
    let key = named("master_key");
    assert_eq!((&key["value"], &key["isSet"], &key["secret"]), (&json!(null), &json!(true), &json!(true)));
    assert_eq!(key["origin"], "COUNTERSIGN_MASTER_KEY");
    assert_eq!(named("passwords.pepper")["isSet"], false);
    assert!(!settings.text().contains(&master));
    let shown = server.run(&["config", "show", "--json"]).expect(0).json()["settings"].clone();
    assert_eq!(data.len(), shown.as_array().map_or(0, Vec::len), "every setting that there is");
}

#[tokio::test]
async fn what_a_command_and_what_the_api_does_is_one_thing_on_record() {
    let server = server().start().await;
    let root = administrator(&server, "root").await;
    let ada = server.member("ada").await;
    let phone = ada.elsewhere();
    let _ = phone.sign_in().await.expect(200);

    let all = server.run(&["session", "list", "--limit", "2", "--json"]).expect(0).json();
    assert_eq!(all["sessions"].as_array().map(Vec::len), Some(2), "everybody's");
    let rest = all["nextCursor"].as_str().unwrap_or_default();
    let rest = server.run(&["session", "list", "--after", rest, "--json"]).expect(0).json();
    assert_eq!((rest["sessions"].as_array().map(Vec::len), &rest["nextCursor"]), (Some(1), &json!(null)));

    let _ = server.run(&["session", "revoke", &phone.session_id(), "--reason", "by command"]).expect(0);
    let revoked = soon(|| phone.get("/api/user/profile"), |reply| reply.status() == 401).await;
    assert_eq!(revoked.code(), "TOKEN_REVOKED");
    let body = json!({"sid": ada.session_id(), "reason": "by call"});
    let _ = root.post("/api/admin/v1/revocations", body).await.expect(201);

    let told = server.run(&["audit", "query", "--event", "session_ended", "--json"]).expect(0).json();
    let notes: Vec<_> =
        told["data"].as_array().into_iter().flatten().map(|one| one["record"]["detail"]["note"].clone()).collect();
    assert_eq!(notes, ["by call", "by command"]);
    let heard = root.get("/api/admin/v1/audit?event=session_ended").await.expect(200).json();
    let kinds: Vec<_> =
        heard["data"].as_array().into_iter().flatten().map(|one| one["actor"]["kind"].clone()).collect();
    assert_eq!(kinds, ["user", "operator"]);
}

#[tokio::test]
async fn one_token_is_revoked_by_its_id() {
    let server = server().start().await;
    let ada = server.member("ada").await;
    let jti = ada.claims()["jti"].as_str().unwrap_or_default().to_owned();

    let told = server.run(&["token", "revoke", &jti, "--reason", "seen in a log", "--json"]).expect(0).json();

    assert_eq!(told, json!({"token": jti, "revoked": true}));
    let refused = soon(|| ada.get("/api/user/profile"), |reply| reply.status() == 401).await;
    assert_eq!(refused.code(), "TOKEN_REVOKED");
    let _ = ada.refresh().await.expect(200);
    assert_eq!(ada.get("/api/user/profile").await.status(), 200, "its session lives");
    let _ = server.run(&["token", "revoke", "ses_00000000000000000000000000"]).expect(2);
}
