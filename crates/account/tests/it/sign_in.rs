use countersign_account::{SignIn, SignInDoor, SignInVerdict};
use countersign_audit::Actor;
use countersign_kernel::{Lifetime, Origin};
use countersign_password::Params;
use countersign_session::TokenError;
use countersign_store::{PasswordHash, Store};

use crate::world::{OTHER, PASSWORD, World, door, sign_in};

#[tokio::test]
async fn the_right_password_opens_a_session_of_its_own() {
    let world = World::start().await;
    let first = world.member("ada@example.com").await;
    let second = world.signed_in("Ada@EXAMPLE.com", PASSWORD).await;

    assert_eq!(first.user.id, second.user.id);
    assert_ne!(first.issued.session.id, second.issued.session.id);
    assert!(world.check(&first).is_ok() && world.check(&second).is_ok(), "one does not end the other");
}

#[tokio::test]
async fn every_wrong_sign_in_gets_one_answer() {
    let world = World::start().await;
    let bob = world.member("bob@example.com").await;
    world.member("ada@example.com").await;
    world.accounts.disable_user(bob.user.id, Actor::Operator, &world.home()).await.unwrap();

    for (email, password) in [
        ("ada@example.com", OTHER),
        ("ada@example.com", ""),
        ("nobody@example.com", PASSWORD),
        ("bob@example.com", PASSWORD),
        ("no address", PASSWORD),
        ("", PASSWORD),
        ("ada@example.com\0", PASSWORD),
        ("ada@example.com", &"k".repeat(100_000)),
    ] {
        let origin = world.from(&format!("198.51.100.{}", email.len() % 200));
        let verdict = world.sign_in_from(email, password, &origin).await;
        assert!(matches!(verdict, SignInVerdict::Failed), "{email}: {verdict:?}");
    }
}

// attack 68
// bug S48
/// Counted instead of timed: each refusal costs exactly one hash.
#[tokio::test]
async fn an_unknown_account_costs_the_work_of_a_known_one() {
    let world = World::start().await;
    let bob = world.member("bob@example.com").await;
    world.member("ada@example.com").await;
    world.accounts.disable_user(bob.user.id, Actor::Operator, &world.home()).await.unwrap();

    for (n, (email, password)) in [
        ("ada@example.com", OTHER),
        ("nobody@example.com", OTHER),
        ("bob@example.com", PASSWORD),
        ("bob@example.com", OTHER),
        ("no address", OTHER),
        ("ada@example.com", ""),
        ("ada@example.com", &"k".repeat(1_000)),
        ("nobody@example.com", &"k".repeat(1_000)),
        ("ada@example.com", PASSWORD),
    ]
    .into_iter()
    .enumerate()
    {
        let before = world.hashes();
        world.sign_in_from(email, password, &world.from(&format!("198.51.100.{n}"))).await;
        assert_eq!(world.hashes() - before, 1, "{email} {password}");
    }
}

#[tokio::test]
async fn passwords_are_compared_whole_and_as_they_came() {
    let world = World::start().await;
    let long = "k".repeat(100);
    for (n, (chosen, wrong)) in [
        (PASSWORD, "kuzm tevx qafo "),
        (PASSWORD, "KUZM TEVX QAFO"),
        (PASSWORD, "kuzm tevx qafo\0"),
        (&format!("{long}a") as &str, &format!("{long}b") as &str),
        ("cr\u{e8}me br\u{fb}l\u{e9}e", "creme brulee"),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("a{n}@example.com");
        world.sign_up(&email, chosen).await;
        assert!(matches!(world.sign_in(&email, wrong).await, SignInVerdict::Failed), "{chosen} {wrong}");
        world.signed_in(&email, chosen).await;
    }
    // Typed on another keyboard.
    world.signed_in("a4@example.com", "cre\u{300}me bru\u{302}le\u{301}e").await;
}

#[tokio::test]
async fn a_sign_in_ends_the_session_whose_cookie_came_along() {
    let world = World::start().await;
    let first = world.member("ada@example.com").await;
    let request = |password| SignIn {
        door: SignInDoor { replaces: Some(first.issued.session.id), ..door() },
        ..sign_in("ada@example.com", password)
    };

    let (verdict, _) = world.accounts.sign_in(request(OTHER), &world.home()).await.unwrap();
    assert!(matches!(verdict, SignInVerdict::Failed));
    assert!(world.check(&first).is_ok(), "a failed sign-in ends nothing");

    let (verdict, _) = world.accounts.sign_in(request(PASSWORD), &world.home()).await.unwrap();
    assert!(matches!(verdict, SignInVerdict::SignedIn(_)));
    assert_eq!(world.check(&first).unwrap_err(), TokenError::Revoked);
    assert_eq!(world.sessions.list(first.user.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_hash_behind_the_policy_is_made_anew_once() {
    let mut world = World::start().await;
    let ada = world.member("ada@example.com").await;
    let stored =
        async |world: &World| world.store.snapshot().await.unwrap().find_password(ada.user.id).await.unwrap().unwrap();
    let before = stored(&world).await;
    world.restart_with(Params { memory_kib: 16, ..Params::CHEAPEST }).await;

    world.sign_in("ada@example.com", OTHER).await;
    assert!(stored(&world).await.0.matches(before.0.expose().as_bytes()), "a wrong password rewrites nothing");
    world.signed_in("ada@example.com", PASSWORD).await;
    let PasswordHash(after) = stored(&world).await;
    assert!(after.expose().contains("m=16,"), "{}", after.expose());
    world.signed_in("ada@example.com", PASSWORD).await;

    assert!(stored(&world).await.0.matches(after.expose().as_bytes()), "and then it stays");
    let rehashed = world.trail().await.iter().filter(|line| line.starts_with("password_rehashed")).count();
    assert_eq!(rehashed, 1);
}

#[tokio::test]
async fn a_device_keeps_its_id_over_sign_ins() {
    let world = World::start().await;
    let first = world.member("ada@example.com").await;
    let cookie = first.issued.device.as_ref().unwrap().expose().clone();
    let request =
        SignIn { door: SignInDoor { device_cookie: Some(cookie), ..door() }, ..sign_in("ada@example.com", PASSWORD) };
    let (verdict, _) = world.accounts.sign_in(request, &world.home()).await.unwrap();
    let SignInVerdict::SignedIn(second) = verdict else { panic!("{verdict:?}") };
    assert_eq!(second.issued.session.device, first.issued.session.device);
    assert_ne!(world.signed_in("ada@example.com", PASSWORD).await.issued.session.device, first.issued.session.device);
}

#[tokio::test]
async fn a_planted_device_of_another_account_is_no_known_one() {
    let world = World::start().await;
    world.member("ada@example.com").await;
    let eve = world.member("eve@example.com").await;
    let cookie = eve.issued.device.as_ref().unwrap().expose().clone();
    let origin: Origin = world.from("198.51.100.7");

    for n in 0..6 {
        let request = SignIn {
            door: SignInDoor { device_cookie: Some(cookie.clone()), ..door() },
            ..sign_in("ada@example.com", OTHER)
        };
        let (verdict, _) = world.accounts.sign_in(request, &origin).await.unwrap();
        assert_eq!(matches!(verdict, SignInVerdict::Limited(_)), n == 5, "{n}: {verdict:?}");
    }
    world.advance(Lifetime::from_minutes(15));
    assert!(matches!(world.sign_in_from("ada@example.com", PASSWORD, &origin).await, SignInVerdict::SignedIn(_)));
}
