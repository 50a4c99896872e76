//! A filter of breached passwords that the system is given.

use std::fs;
use std::path::{Path, PathBuf};

use countersign::passwords::{FilterBuilder, ListForm};
use countersign::{Auth, AuthExt as _, Error};
use countersign_account::{CreateUser, CreateVerdict};
use countersign_audit::Actor::Operator;
use countersign_kernel::Secret;
use countersign_testkit::{PASSWORD, Reply, TestApp, Value, json};
use tempfile::tempdir;

const STOLEN: &str = "sable otter from a breach";

fn filter(place: &Path) -> PathBuf {
    let mut builder = FilterBuilder::new(0);
    builder.read(format!("{STOLEN}\nanother one of them\n").as_bytes(), ListForm::Plain).unwrap();
    let path = place.join("breached.filter");
    fs::write(&path, builder.finish().unwrap().0).unwrap();
    path
}

fn told(reply: &Reply, field: &str) -> bool {
    assert!(!reply.text().to_lowercase().contains(STOLEN), "{}", reply.text());
    let errors = reply.json().pointer("/errors").and_then(|errors| errors.as_array().cloned()).unwrap_or_default();
    let is = |error: &Value, key: &str, text: &str| error.get(key).and_then(Value::as_str) == Some(text);
    reply.status() == 400 && errors.iter().any(|e| is(e, "field", field) && is(e, "code", "PASSWORD_BREACHED"))
}

#[tokio::test]
async fn a_breached_password_is_refused_wherever_one_is_chosen() {
    let place = tempdir().unwrap();
    let path = filter(place.path());
    let app = TestApp::builder().without_limits().with(|builder| builder.breached_filter(path)).start().await;

    assert!(told(&app.stranger("ada").with_password(STOLEN).register().await, "password"));
    assert!(told(&app.stranger("ada").with_password("Sable Otter from a Breach").register().await, "password"));
    let ada = app.member("ada").await;
    let change = |new: &str| ada.post("/api/user/password", json!({"currentPassword": PASSWORD, "newPassword": new}));
    assert!(told(&change(STOLEN).await, "newPassword"));
    let request = CreateUser {
        email: "bob@example.com".to_owned(),
        email_verified: false,
        name: "Bob".to_owned(),
        password: Some(Secret::new(STOLEN.to_owned())),
        roles: Vec::new(),
    };
    let made = app.system.auth().accounts().create_user(request, Operator, &app.local()).await.unwrap();
    assert!(matches!(&made, CreateVerdict::Invalid(e) if e.iter().any(|e| e.code == "PASSWORD_BREACHED")), "{made:?}");

    let _ = change("sable otter from a breach, and more").await.expect(200);
    assert!(!app.audit().await.contains(STOLEN));
}

/// Only new ones are asked about: what is stored cannot be, and nobody is locked out by a list.
#[tokio::test]
async fn who_has_such_a_password_already_can_sign_in() {
    let place = tempdir().unwrap();
    let path = filter(place.path());
    let before = TestApp::builder().without_limits().start().await;
    let ada = before.stranger("ada").with_password(STOLEN);
    let _ = ada.register().await.expect(201);

    let app = TestApp::builder().beside(&before).with(|builder| builder.breached_filter(path)).start().await;

    let _ = app.meet_again(&ada).elsewhere().sign_in_with(STOLEN).await.expect(200);
}

#[tokio::test]
async fn a_filter_that_is_not_whole_refuses_the_start_by_name() {
    let place = tempdir().unwrap();
    let path = filter(place.path());
    let whole = fs::read(&path).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;

    for (bytes, reason) in [
        (&whole[..whole.len() - 1], "is cut off: copy it again"),
        (&changed[..], "its checksum is wrong: copy it again"),
        (&[&whole[..], b"\n"].concat(), "is longer than it says"),
        (&b"password1\n"[..], "is no filter of breached passwords; `countersign password build-filter` makes one"),
    ] {
        fs::write(&path, bytes).unwrap();
        let builder = Auth::builder().public_url("https://auth.example.com").data_dir(place.path().join("data"));
        let refused = builder.breached_filter(&path).build().await.expect_err("such a filter is refused");
        assert!(matches!(refused, Error::BreachedFilter { .. }), "{refused}");
        let text = refused.to_string();
        assert!(text.contains(reason) && text.contains(&path.display().to_string()), "{text}");
    }
    assert!(!place.path().join("data").exists(), "nothing was made");
}
