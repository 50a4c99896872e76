//! Peppers, through the front door and the start.

use std::path::Path;

use countersign::{Auth, AuthExt as _, Builder, Error, Params, Pepper, PepperId, Peppers};
use countersign_audit::Event;
use countersign_testkit::{ManualClock, PASSWORD, TestApp, TestAppBuilder, json};
use insta::assert_snapshot;
use tempfile::tempdir;

const TODAYS: &str = "q0KcYx1cVxkq3Jr5rWm0c2bN6u8Zt4s7oQeXhDfGvLI";
const YESTERDAYS: &str = "8mXw2ZbGd7J1pTq0LhRkVfYcUe5sNnAo3iBtCxKzMWE";

fn pepper(text: &str) -> Pepper {
    Pepper::from_text(text).unwrap()
}

fn peppers(current: Option<&str>, previous: &[&str], lost: &[PepperId]) -> Peppers {
    Peppers {
        current: current.map(pepper),
        previous: previous.iter().copied().map(pepper).collect(),
        lost: lost.to_vec(),
    }
}

fn app(peppers: Peppers) -> TestAppBuilder {
    TestApp::builder().without_limits().with(|builder| builder.peppers(peppers))
}

async fn hashes_by_pepper(app: &TestApp) -> Vec<(String, u64)> {
    let uses = app.store().snapshot().await.unwrap().list_pepper_uses().await.unwrap();
    uses.into_iter().map(|found| (found.pepper_id, found.hashes)).collect()
}

fn id(text: &str) -> String {
    pepper(text).id().to_string()
}

#[tokio::test]
async fn a_sign_in_moves_its_hash_to_the_pepper_of_today() {
    let (place, clock) = (tempdir().unwrap(), ManualClock::default());
    let start = async |peppers: Peppers, seed| {
        app(peppers).clock(&clock).seed(seed).on_data_dir(&place.path().join("data")).start().await
    };
    let first = start(Peppers::default(), 1).await;
    let (ada, bob) = (first.member("ada").await, first.member("bob").await);
    assert_eq!(hashes_by_pepper(&first).await, []);
    first.system.shut_down().await;

    let second = start(peppers(Some(YESTERDAYS), &[], &[]), 2).await;
    let _ = second.meet_again(&ada).elsewhere().sign_in().await.expect(200);
    let _ = second.meet_again(&ada).elsewhere().sign_in().await.expect(200);
    assert_eq!(hashes_by_pepper(&second).await, [(id(YESTERDAYS), 1)]);
    assert_eq!(second.audited(Event::PasswordRehashed).await, 1);
    second.system.shut_down().await;

    let third = start(peppers(Some(TODAYS), &[YESTERDAYS], &[]), 3).await;
    assert_eq!(third.meet_again(&ada).elsewhere().sign_in_with("wrong").await.code(), "AUTH_FAILED");
    for person in [&ada, &bob] {
        let _ = third.meet_again(person).elsewhere().sign_in().await.expect(200);
    }
    assert_eq!(hashes_by_pepper(&third).await, [(id(TODAYS), 2)]);
    third.system.shut_down().await;

    // Given up again, step by step.
    let fourth = start(peppers(None, &[TODAYS], &[]), 4).await;
    for person in [&ada, &bob] {
        let _ = fourth.meet_again(person).elsewhere().sign_in().await.expect(200);
    }
    assert_eq!(hashes_by_pepper(&fourth).await, []);
    fourth.system.shut_down().await;
    let fifth = start(Peppers::default(), 5).await;
    let _ = fifth.meet_again(&ada).elsewhere().sign_in().await.expect(200);
}

async fn refusal(place: &Path, peppers: Peppers) -> Error {
    let builder: Builder = Auth::builder().public_url("https://auth.example.com").data_dir(place).without_janitor();
    builder.danger_weak_hashing(Params::CHEAPEST).peppers(peppers).build().await.expect_err("such peppers are refused")
}

#[tokio::test]
async fn a_start_without_a_needed_pepper_is_refused_and_says_what_to_do() {
    let place = tempdir().unwrap();
    let data = place.path().join("data");
    let first = app(peppers(Some(YESTERDAYS), &[], &[])).on_data_dir(&data).start().await;
    let ada = first.member("ada").await;
    let _ = first.member("bob").await;
    first.system.shut_down().await;
    drop(first);

    let bare = refusal(&data, Peppers::default()).await;
    let other = refusal(&data, peppers(Some(TODAYS), &[], &[])).await;

    assert_eq!(bare.to_string(), other.to_string());
    assert_snapshot!(bare.to_string().replace(&id(YESTERDAYS), "[id]"), @"stored password hashes need peppers that are not configured, by id and number of hashes: [id] (2); give each as PASSWORDS__PEPPER, or in PASSWORDS__PEPPER_PREVIOUS if it is no longer today's; if nobody has it any more, name its id in PASSWORDS__PEPPER_LOST, and let those people reset their passwords");

    // Nobody has it any more: whoever's hash needs it is refused like anybody with a wrong password, at the same price.
    let lost = app(peppers(Some(TODAYS), &[], &[pepper(YESTERDAYS).id()])).on_data_dir(&data).seed(2).start().await;
    let hashes = || lost.system.auth().accounts().hashing().done;
    let before = hashes();
    let known = lost.meet_again(&ada).elsewhere().sign_in().await;
    let (after, unknown) = (hashes(), lost.stranger("nobody").sign_in().await);
    assert_eq!((known.status(), known.code().as_str()), (401, "AUTH_FAILED"));
    assert_eq!((unknown.status(), unknown.code().as_str()), (401, "AUTH_FAILED"));
    assert_eq!((after - before, hashes() - after), (1, 1));
    let _ = lost.member("eve").await.elsewhere().sign_in().await.expect(200);
}

/// Another node has a pepper that this one was not given: its people are not told that their passwords are wrong.
#[tokio::test]
async fn a_hash_of_a_pepper_that_came_later_is_our_fault_and_never_a_wrong_password() {
    let old = app(Peppers::default()).start().await;
    let new = app(peppers(Some(TODAYS), &[], &[])).beside(&old).start().await;
    let ada = new.member("ada").await;

    let reply = old.meet_again(&ada).elsewhere().sign_in().await;

    assert_eq!((reply.status(), reply.code().as_str()), (500, "INTERNAL"));
    assert!(!reply.text().contains("pepper") && !reply.text().contains(&id(TODAYS)), "{}", reply.text());
    let _ = new.meet_again(&ada).elsewhere().sign_in().await.expect(200);
}

#[tokio::test]
async fn an_unknown_address_costs_what_a_known_one_does_under_a_pepper() {
    let app = app(peppers(Some(TODAYS), &[], &[])).start().await;
    let ada = app.member("ada").await;
    let hashes = || app.system.auth().accounts().hashing().done;

    let before = hashes();
    let known = ada.elsewhere().sign_in_with("wrong").await;
    let between = hashes();
    let unknown = app.stranger("nobody").sign_in().await;

    assert_eq!((known.status(), unknown.status()), (401, 401));
    assert_eq!((between - before, hashes() - between), (1, 1));
}

#[tokio::test]
async fn a_changed_password_is_hashed_with_the_pepper_of_today() {
    let app = app(peppers(Some(TODAYS), &[], &[])).start().await;
    let ada = app.member("ada").await;
    let new = "lint borq waxe";

    let _ = ada.post("/api/user/password", json!({"currentPassword": PASSWORD, "newPassword": new})).await.expect(200);

    assert_eq!(hashes_by_pepper(&app).await, [(id(TODAYS), 1)]);
    let _ = ada.elsewhere().sign_in_with(new).await.expect(200);
}
