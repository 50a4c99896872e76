//! `countersign token`, beside a running server.

use countersign_testkit::{Method, json};

use crate::support::server;

#[tokio::test]
async fn a_minted_token_is_good_until_its_session_is_ended() {
    let server = server().start().await;
    let ada = server.member("ada").await;

    let minted = server.run(&["token", "mint", "ada@example.com", "--ttl-seconds", "120", "--json"]).expect(0).json();

    let token = minted["accessToken"].as_str().unwrap();
    let call = |method: Method, path: &str| ada.elsewhere().call(method, path).bearer(token);
    assert_eq!(call(Method::GET, "/api/user/profile").send().await.text_at("/email"), "ada@example.com");
    let body = json!({"currentPassword": ada.password, "newPassword": "heron-violin-77-quarry"});
    let refused = call(Method::POST, "/api/user/password").json(body).send().await;
    assert_eq!(refused.code(), "STEP_UP_REQUIRED", "nobody has signed in");

    let session = minted["session"].as_str().unwrap();
    let _ = server.run(&["session", "revoke", session]).expect(0);
    let ran = server.run_with(&["token", "inspect", "--json"], token).expect(4);
    assert_eq!(ran.json()["verdict"], "revoked");
    let trail = server.run(&["audit", "tail", "--event", "token_minted", "--json"]).expect(0).out;
    assert!(trail.contains(session) && !trail.contains(token), "{trail}");
}

#[tokio::test]
async fn inspect_tells_claims_and_verdict_of_any_token() {
    let server = server().start().await;
    let ada = server.member("ada").await;
    let token = ada.access_token();

    let good = server.run_with(&["token", "inspect"], &format!("Bearer {token}\n")).expect(0);
    assert!(good.out.starts_with("valid\n") && good.out.contains(&ada.user_id()), "{}", good.out);
    assert!(good.out.contains("exp: 20"), "times are readable: {}", good.out);

    let json = server.run(&["token", "inspect", &token, "--json"]).expect(0).json();
    assert_eq!(json["header"]["typ"], "at+jwt");
    assert_eq!(json["claims"]["sub"], ada.user_id());

    let (rest, _) = token.rsplit_once('.').unwrap();
    let forged = format!("{rest}.{}", "A".repeat(86));
    let bad = server.run(&["token", "inspect", &forged, "--json"]).expect(4);
    assert_eq!(bad.json()["verdict"], "invalid");
    let _ = server.run_with(&["token", "inspect"], "rubbish").expect(2);
    let _ = server.run_with(&["token", "inspect"], "").expect(2);
}

#[tokio::test]
async fn no_token_is_minted_for_somebody_who_may_not_sign_in() {
    let server = server().start().await;
    let _ada = server.member("ada").await;
    let _ = server.run(&["user", "disable", "ada@example.com"]).expect(0);
    let _ = server.run(&["token", "mint", "ada@example.com"]).expect(4);
    let _ = server.run(&["token", "mint", "nobody@example.com"]).expect(3);
    let _ = server.run(&["token", "mint", "ada@example.com", "--ttl-seconds", "0"]).expect(2);
}
