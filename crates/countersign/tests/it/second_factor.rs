//! Second factors on an ordinary day, and on the day when the phone is lost.

use countersign_testkit::{Actor, Event, TestApp, Value, days, hours, json, minutes, seconds};

fn amr(actor: &Actor) -> Value {
    actor.claims().get("amr").cloned().unwrap_or_default()
}

#[tokio::test]
async fn who_has_set_up_an_app_is_asked_for_its_code_and_no_session_is_open_before() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    assert_eq!((amr(&ada), &ada.claims()["acr"]), (json!(["pwd"]), &json!("aal1")));
    let (phone, _) = ada.set_up_app().await;
    let home = ada.elsewhere();

    let asked = home.sign_in().await;

    assert_eq!((asked.status(), asked.code().as_str()), (401, "MFA_REQUIRED"));
    assert_eq!(asked.json()["methods"], json!(["totp", "recovery"]));
    assert_eq!(asked.text_at("/mfaToken").len(), 64);
    for name in ["refreshToken", "pageSession", "sessionHint", "deviceId"] {
        assert_eq!(home.cookie(name).map(|cookie| cookie.value), None, "{name}");
    }
    let pending = home.cookie("pending").expect("it binds the sign-in to this browser");
    assert!(pending.http_only && pending.secure, "{pending:?}");
    assert_eq!(ada.get("/api/user/sessions").await.json()["sessions"].as_array().map(Vec::len), Some(1));

    app.clock.advance(seconds(60));
    let done = home.second_step(&asked, "totp", &phone.code()).await.expect(200);

    assert_eq!(done.text_at("/user/email"), "ada@example.com");
    assert_eq!((amr(&home), &home.claims()["acr"]), (json!(["mfa", "otp", "pwd"]), &json!("aal2")));
    assert_eq!(home.cookie("pending").map(|cookie| cookie.value), None, "it has done its work");
    let _ = home.refresh().await.expect(200);
    assert_eq!((amr(&home), &home.claims()["acr"]), (json!(["mfa", "otp", "pwd"]), &json!("aal2")), "refresh keeps it");
    assert_eq!(app.audited(Event::SecondFactorAsked).await, 1);
}

#[tokio::test]
async fn setting_up_an_app_proves_it_in_this_session_and_ends_the_others() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let cafe = ada.elsewhere();
    let _ = cafe.sign_in().await.expect(200);

    let (_, codes) = ada.set_up_app().await;

    assert_eq!(codes.len(), 10);
    assert_eq!((amr(&ada), &ada.claims()["acr"]), (json!(["mfa", "otp", "pwd"]), &json!("aal2")));
    assert_eq!(cafe.get("/api/user/profile").await.code(), "TOKEN_REVOKED");
    let shown = ada.get("/api/user/mfa").await.expect(200).json();
    assert_eq!(shown, json!({"totp": true, "passkeys": 0, "recoveryCodesLeft": 10, "required": false}));
    assert_eq!(app.audited(Event::FactorAdded).await, 1);
}

#[tokio::test]
async fn nothing_is_on_before_a_code_was_given() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let begun = ada.post("/api/user/mfa/totp", Value::Null).await.expect(200);
    assert_eq!(begun.text_at("/secret").len(), 32);
    assert!(begun.text_at("/otpauthUrl").starts_with("otpauth://totp/auth.example.com:ada%40example.com?secret="));
    assert!(begun.text_at("/qrSvg").starts_with("<svg"));

    let _ = ada.elsewhere().sign_in().await.expect(200);

    assert_eq!(ada.get("/api/user/mfa").await.json()["totp"], json!(false));
    let wrong = ada.post("/api/user/mfa/totp/confirm", json!({"code": "000000"})).await;
    assert_eq!((wrong.status(), wrong.code().as_str()), (401, "AUTH_FAILED"));
    app.clock.advance(minutes(15));
    let _ = ada.refresh().await.expect(200);
    let late = ada.post("/api/user/mfa/totp/confirm", json!({"code": "000000"})).await;
    assert_eq!((late.status(), late.code().as_str()), (403, "FORBIDDEN"), "it waited too long");
}

#[tokio::test]
async fn a_code_is_good_one_step_each_way_and_a_clock_that_is_off_is_told() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let (phone, _) = ada.set_up_app().await;
    app.clock.advance(minutes(30));

    let asked = ada.elsewhere();
    let first = asked.sign_in().await;
    let behind = asked.second_step(&first, "totp", &phone.code_away(-8)).await;
    assert_eq!((behind.status(), behind.code().as_str()), (401, "AUTH_FAILED"));
    assert!(behind.text_at("/detail").contains("about 4 minutes behind"), "{}", behind.text());
    let ahead = asked.second_step(&first, "totp", &phone.code_away(10)).await;
    assert!(ahead.text_at("/detail").contains("about 5 minutes ahead"), "{}", ahead.text());
    let nothing = asked.second_step(&first, "totp", &phone.wrong_code()).await;
    assert_eq!(nothing.text_at("/detail"), "The code is not right.");
    let _ = asked.second_step(&first, "totp", &phone.code_away(-1)).await.expect(200);

    app.clock.advance(minutes(5));
    let early = asked.sign_in().await;
    let known = asked.second_step(&early, "totp", &phone.code()).await;
    assert_eq!(known.code(), "AUTH_FAILED", "the code that was known five minutes before its time");
    let _ = asked.second_step(&early, "totp", &phone.code_away(1)).await.expect(200);
}

#[tokio::test]
async fn a_recovery_code_stands_in_for_a_lost_phone() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let (_, codes) = ada.set_up_app().await;
    let home = ada.elsewhere();
    let asked = home.sign_in().await;

    let typed = codes[3].to_lowercase().replace('-', " ");
    let _ = home.second_step(&asked, "recovery", &typed).await.expect(200);

    assert_eq!(amr(&home), json!(["mfa", "otp", "pwd"]));
    assert_eq!(home.get("/api/user/mfa").await.json()["recoveryCodesLeft"], json!(9));
    let used: Vec<_> = app.audit_records().await.into_iter().filter(|r| r.event == Event::RecoveryCodeUsed).collect();
    assert_eq!(used.len(), 1);
    assert_eq!(used[0].detail["left"], "9");

    // He has just proven a factor: the lost phone can go, and with it what is left of the codes.
    assert_eq!(home.delete("/api/user/mfa/totp").await.status(), 204);
    let _ = home.refresh().await.expect(200);
    let shown = home.get("/api/user/mfa").await.json();
    assert_eq!(shown, json!({"totp": false, "passkeys": 0, "recoveryCodesLeft": 0, "required": false}));
    let _ = ada.elsewhere().sign_in().await.expect(200);
}

#[tokio::test]
async fn new_recovery_codes_void_the_old() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let (_, old) = ada.set_up_app().await;

    let made = ada.post("/api/user/mfa/recovery-codes", Value::Null).await.expect(200);

    let new: Vec<String> = serde_json::from_value(made.json()["recoveryCodes"].clone()).unwrap();
    assert_eq!(new.len(), 10);
    assert!(new.iter().all(|code| !old.contains(code)));
    let home = ada.elsewhere();
    let asked = home.sign_in().await;
    assert_eq!(home.second_step(&asked, "recovery", &old[0]).await.code(), "AUTH_FAILED");
    let _ = home.second_step(&asked, "recovery", &new[0]).await.expect(200);
}

#[tokio::test]
async fn what_takes_a_factor_away_asks_for_a_factor_that_was_proven_lately() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let (phone, _) = ada.set_up_app().await;
    app.clock.advance(minutes(11));
    let _ = ada.step_up().await.expect(200);

    for attempt in [ada.delete("/api/user/mfa/totp").await, ada.post("/api/user/mfa/recovery-codes", Value::Null).await]
    {
        assert_eq!(
            (attempt.status(), attempt.code().as_str()),
            (401, "STEP_UP_REQUIRED"),
            "the password is not enough"
        );
        assert_eq!(attempt.json()["methods"], json!(["totp", "recovery"]));
    }
    let stepped = ada.step_up_with_code("totp", &phone.code()).await.expect(200);
    assert_eq!(stepped.text_at("/tokenType"), "Bearer");
    assert_eq!(amr(&ada), json!(["mfa", "otp", "pwd"]));
    assert_eq!(ada.delete("/api/user/mfa/totp").await.status(), 204);
    assert_eq!(app.audited(Event::FactorRemoved).await, 1);
    assert_eq!(ada.delete("/api/user/mfa/totp").await.code(), "TOKEN_EXPIRED", "the rights have changed: refresh");
    let _ = ada.refresh().await.expect(200);
    assert_eq!(ada.delete("/api/user/mfa/totp").await.code(), "NOT_FOUND");
}

#[tokio::test]
async fn a_step_up_by_code_upgrades_the_running_session_and_refresh_keeps_it() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let (phone, codes) = ada.set_up_app().await;
    let home = ada.elsewhere();
    let asked = home.sign_in().await.expect(401);
    let _ = home.second_step(&asked, "recovery", &codes[0]).await.expect(200);
    app.clock.advance(hours(2));
    let _ = home.refresh().await.expect(200);
    let before = home.claims()["auth_time"].as_i64().unwrap();
    assert_eq!(home.post("/api/user/mfa/totp", Value::Null).await.code(), "STEP_UP_REQUIRED");

    let _ = home.step_up_with_code("totp", &phone.code()).await.expect(200);

    assert_eq!(home.claims()["auth_time"].as_i64().unwrap(), before + 7_200);
    assert_eq!(home.claims()["sid"], json!(home.session_id()), "the same session");
    let _ = home.refresh().await.expect(200);
    assert_eq!(home.claims()["auth_time"].as_i64().unwrap(), before + 7_200);
    let there_is_one = home.post("/api/user/mfa/totp", Value::Null).await;
    assert_eq!((there_is_one.status(), there_is_one.code().as_str()), (403, "FORBIDDEN"));
}

#[tokio::test]
async fn a_program_goes_on_by_its_token_alone() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let (phone, _) = ada.set_up_app().await;
    app.clock.advance(minutes(1));
    let program = ada.elsewhere().into_program();

    let asked = program.sign_in().await.expect(401);
    assert_eq!(program.cookie("pending").map(|cookie| cookie.value), None);
    let done = program.second_step(&asked, "totp", &phone.code()).await.expect(200);

    assert!(!done.text_at("/refreshToken").is_empty(), "as the first step had said");
    let _ = program.refresh().await.expect(200);
}

#[tokio::test]
async fn two_tabs_of_one_browser_may_wait_at_once() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let (phone, _) = ada.set_up_app().await;
    app.clock.advance(minutes(1));
    let home = ada.elsewhere();
    let first = home.sign_in().await.expect(401);
    let second = home.sign_in().await.expect(401);
    assert_ne!(first.text_at("/mfaToken"), second.text_at("/mfaToken"));

    let _ = home.second_step(&first, "totp", &phone.code()).await.expect(200);
}

#[tokio::test]
async fn a_device_is_remembered_where_its_owner_asks_for_it_until_it_is_forgotten() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let (phone, _) = ada.set_up_app().await;
    app.clock.advance(minutes(1));
    let home = ada.elsewhere();
    let asked = home.sign_in().await.expect(401);
    let _ = home.second_step_remembering(&asked, "totp", &phone.code()).await.expect(200);

    app.clock.advance(days(29));
    let again = home.sign_in().await.expect(200);

    assert_eq!(again.text_at("/user/email"), "ada@example.com");
    assert_eq!(amr(&home), json!(["pwd"]), "what was not proven is not said");
    let devices = home.get("/api/user/devices").await.expect(200).json()["devices"].clone();
    assert_eq!(devices.as_array().map(Vec::len), Some(1));
    assert_eq!(devices[0]["current"], json!(true));
    let eve = app.member("eve").await;
    let path = format!("/api/user/devices/{}", devices[0]["id"].as_str().unwrap());
    assert_eq!(eve.delete(&path).await.code(), "NOT_FOUND", "it is not hers");
    assert_eq!(ada.elsewhere().sign_in().await.code(), "MFA_REQUIRED", "another device is asked");

    assert_eq!(home.delete(&path).await.status(), 204);

    assert_eq!(home.sign_in().await.code(), "MFA_REQUIRED");
    assert_eq!(app.audited(Event::DeviceRemembered).await, 1);
    assert_eq!(app.audited(Event::DeviceForgotten).await, 1);
}

#[tokio::test]
async fn a_remembered_device_is_forgotten_by_time_by_a_new_password_and_by_a_change_of_factors() {
    for case in 0..3 {
        let app = TestApp::start().await;
        let ada = app.member("ada").await;
        let (phone, codes) = ada.set_up_app().await;
        app.clock.advance(minutes(1));
        let home = ada.elsewhere();
        let asked = home.sign_in().await.expect(401);
        let _ = home.second_step_remembering(&asked, "totp", &phone.code()).await.expect(200);
        let _ = home.sign_in().await.expect(200);

        match case {
            0 => app.clock.advance(days(30)),
            1 => {
                let change = json!({"currentPassword": home.password, "newPassword": "lint borq waxe sundial"});
                let _ = home.post("/api/user/password", change).await.expect(200);
            }
            _ => {
                let _ = home.step_up_with_code("recovery", &codes[0]).await.expect(200);
                assert_eq!(home.delete("/api/user/mfa/totp").await.status(), 204);
                let _ = home.refresh().await.expect(200);
                let _ = home.set_up_app().await;
            }
        }

        let password = if case == 1 { "lint borq waxe sundial" } else { &home.password };
        assert_eq!(home.sign_in_with(password).await.code(), "MFA_REQUIRED", "case {case}");
    }
}

#[tokio::test]
async fn where_the_policy_remembers_no_device_none_is() {
    let app = TestApp::builder().with(|builder| builder.remember_devices(days(0))).start().await;
    let ada = app.member("ada").await;
    let (phone, _) = ada.set_up_app().await;
    app.clock.advance(minutes(1));
    let home = ada.elsewhere();
    let asked = home.sign_in().await.expect(401);
    let _ = home.second_step_remembering(&asked, "totp", &phone.code()).await.expect(200);

    assert_eq!(home.sign_in().await.code(), "MFA_REQUIRED");
    assert_eq!(home.get("/api/user/devices").await.json()["devices"], json!([]));
}

#[tokio::test]
async fn secrets_are_sealed_anew_under_a_new_data_key_and_codes_go_on() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let (phone, _) = ada.set_up_app().await;
    let id = ada.user_id().parse().unwrap();
    let sealed = async || app.store().snapshot().await.unwrap().find_totp(id).await.unwrap().unwrap().sealed;
    let before = sealed().await;
    let accounts = app.system.auth().accounts();

    let rotated = accounts.rotate_data_key(countersign_audit::Actor::Operator, &app.local()).await.unwrap();

    assert_eq!(rotated, (2, 1));
    let after = sealed().await;
    assert_eq!((before.key, after.key), (1, 2));
    assert_ne!(before.bytes, after.bytes);
    app.clock.advance(minutes(1));
    let _ = ada.elsewhere().sign_in_with_app(&phone).await.expect(200);
    assert_eq!(app.audited(Event::DataKeyMade).await, 1);
}

#[tokio::test]
async fn two_nodes_take_a_code_once_and_go_on_with_each_others_sign_ins() {
    let app = TestApp::start().await;
    let node = TestApp::builder().beside(&app).start().await;
    let ada = app.member("ada").await;
    let (phone, _) = ada.set_up_app().await;
    app.clock.advance(minutes(1));
    let (here, there) = (ada.elsewhere(), node.meet_again(&ada.elsewhere()));
    let (asked_here, asked_there) = (here.sign_in().await.expect(401), there.sign_in().await.expect(401));
    let code = phone.code();

    let moved = node.meet_again(&here);
    let _ = moved.second_step(&asked_here, "totp", &code).await.expect(200);

    assert_eq!(there.second_step(&asked_there, "totp", &code).await.code(), "AUTH_FAILED", "that one is spent");
    let over = here.second_step(&asked_here, "totp", &phone.code_away(1)).await;
    assert_eq!(over.code(), "TOKEN_INVALID", "and so is the sign-in");
    let _ = there.second_step(&asked_there, "totp", &phone.code_away(1)).await.expect(200);
}
