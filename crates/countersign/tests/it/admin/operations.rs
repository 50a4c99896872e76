//! Keys, limits and settings.

use countersign::{Lifetime, Policies, ShownSetting};
use countersign_testkit::{Reply, TestApp, Value, json};

use super::{administrator, each};

/// The states of the keys. Two that were made in one moment have no order.
fn states(keys: &Reply) -> Vec<String> {
    let mut states: Vec<String> =
        each(keys, "state").iter().filter_map(|state| state.as_str().map(str::to_owned)).collect();
    states.sort_unstable();
    states
}

// attack 95
#[tokio::test]
async fn keys_are_listed_and_rotated_and_never_shown() {
    let app = TestApp::start().await;
    let root = administrator(&app, "root").await;
    let before = root.get("/api/admin/v1/keys").await.expect(200);
    assert_eq!(states(&before), ["active", "next"]);
    let members: Vec<String> = before.json()["data"][0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        members,
        ["activatedAt", "algorithm", "createdAt", "goneAfter", "imported", "kid", "retiredAt", "state"],
        "and nothing else"
    );
    let next =
        before.json()["data"].as_array().unwrap().iter().find(|key| key["state"] == "next").unwrap()["kid"].clone();

    let rotated = root.post("/api/admin/v1/keys/rotate", Value::Null).await.expect(200);

    assert_eq!((&rotated.json()["rotated"], &rotated.json()["active"]["kid"]), (&json!(true), &next));
    let _ = root.get("/api/admin/v1/keys").await.expect(200);
    let _ = root.refresh().await.expect(200);
    assert_eq!(states(&root.get("/api/admin/v1/keys").await), ["active", "next", "retired"]);
    let events = app.audit().await;
    assert!(events.contains("signing_key_activated success rotated by [usr"), "{events}");
}

#[tokio::test]
async fn limits_are_shown_as_they_hold_and_as_full_as_they_are() {
    let mut policies = Policies::default();
    policies.set("sign_in_account", 7, Lifetime::from_minutes(5)).unwrap();
    policies.set("register_address", 3, Lifetime::from_minutes(5)).unwrap();
    let app = TestApp::builder().with(move |builder| builder.limits(policies)).start().await;
    let root = administrator(&app, "root").await;
    let ada = app.member("ada").await;
    for _ in 0..3 {
        let _ = ada.elsewhere().sign_in_with("wrong").await.expect(401);
    }
    let _ = app.stranger("eve").register().await.expect(201);
    let _ = app.stranger("mallory").register().await.expect(429);
    let named = async |query: &str, name: &str| {
        let limits = root.get(&format!("/api/admin/v1/limits{query}")).await.expect(200).json();
        let found = limits["data"].as_array().and_then(|all| all.iter().find(|one| one["name"] == name).cloned());
        found.unwrap_or_default()
    };

    let limit = named("", "register_address").await;
    assert_eq!((&limit["limit"], &limit["windowSeconds"], &limit["refused"]), (&json!(3), &json!(300), &json!(1)));
    assert_eq!(
        (&limit["holds"], &limit["effect"], &limit["remaining"]),
        (&json!(true), &json!("refuses"), &Value::Null)
    );
    assert_eq!(named("", "sign_in_country").await["holds"], false);
    assert_eq!(named("", "sign_in_account").await["remaining"], Value::Null);
    let hers = named(&format!("?user={}", ada.user_id()), "sign_in_account").await;
    assert_eq!((&hers["remaining"], &hers["effect"]), (&json!(4), &json!("challenges")));
    assert!(hers["resetSeconds"].as_u64().is_some_and(|seconds| seconds > 0), "{hers}");
    let mine = named(&format!("?user={}", root.user_id()), "sign_in_account").await;
    assert_eq!(mine["remaining"], 7);
    let nobody = root.get("/api/admin/v1/limits?user=usr_00000000000000000000000000").await;
    assert_eq!(nobody.code(), "NOT_FOUND");
}

#[tokio::test]
async fn limits_that_are_switched_off_do_not_hold() {
    let app = TestApp::builder().without_limits().start().await;
    let root = administrator(&app, "root").await;
    let limits = root.get(&format!("/api/admin/v1/limits?user={}", root.user_id())).await.expect(200);
    assert!(each(&limits, "holds").iter().all(|holds| *holds == false), "{limits}");
}

// attack 95
#[tokio::test]
async fn settings_are_shown_with_their_origin_and_a_secret_shows_that_there_is_one() {
    let shown = vec![
        ShownSetting::plain("tokens.access_seconds", Some("60".to_owned()), "countersign.toml line 3", false),
        ShownSetting::plain("tokens.audience", None, "default", false),
        ShownSetting::secret("master_key", true, "COUNTERSIGN_MASTER_KEY", false),
    ];
    let app = TestApp::builder().with(move |builder| builder.shown_settings(shown)).start().await;
    let root = administrator(&app, "root").await;

    let settings = root.get("/api/admin/v1/settings").await.expect(200);

    let expected = json!({"data": [
        {"key": "tokens.access_seconds", "value": "60", "origin": "countersign.toml line 3", "secret": false, "isSet": true, "reloads": false},
        {"key": "tokens.audience", "value": null, "origin": "default", "secret": false, "isSet": false, "reloads": false},
        {"key": "master_key", "value": null, "origin": "COUNTERSIGN_MASTER_KEY", "secret": true, "isSet": true, "reloads": false},
    ], "nextCursor": null});
    assert_eq!(settings.json(), expected);
}
