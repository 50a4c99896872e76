use countersign_account::ChangePasswordVerdict;
use countersign_account::SignInVerdict;
use countersign_kernel::Lifetime;
use countersign_session::TokenError;

use crate::world::{OTHER, PASSWORD, World, secret};

#[tokio::test]
async fn a_change_ends_every_other_session_and_supersedes_this_one() {
    let world = World::start().await;
    let elsewhere = world.member("ada@example.com").await;
    let here = world.signed_in("ada@example.com", PASSWORD).await;
    let identity = world.identity(&here);

    let (verdict, _) =
        world.accounts.change_password(&identity, &secret(PASSWORD), &secret(OTHER), &world.home()).await.unwrap();

    assert!(matches!(verdict, ChangePasswordVerdict::Changed(1)), "{verdict:?}");
    assert_eq!(world.check(&elsewhere).unwrap_err(), TokenError::Revoked);
    assert_eq!(world.check(&here).unwrap_err(), TokenError::Expired, "refresh, and go on");
    let left: Vec<_> = world.sessions.list(here.user.id).await.unwrap().into_iter().map(|s| s.id).collect();
    assert_eq!(left, [identity.session]);
    assert!(matches!(world.sign_in("ada@example.com", PASSWORD).await, SignInVerdict::Failed));
    assert!(
        world.check(&world.signed_in("ada@example.com", OTHER).await).is_ok(),
        "a sign-in in the same second lives"
    );
}

#[tokio::test]
async fn the_current_password_is_asked_for() {
    let world = World::start().await;
    let ada = world.member("ada@example.com").await;
    let identity = world.identity(&ada);
    let (verdict, _) = world
        .accounts
        .change_password(&identity, &secret("wrong one here"), &secret(OTHER), &world.home())
        .await
        .unwrap();

    assert!(matches!(verdict, ChangePasswordVerdict::Failed));
    assert!(world.check(&ada).is_ok());
    world.signed_in("ada@example.com", PASSWORD).await;
}

#[tokio::test]
async fn a_sign_in_of_long_ago_is_not_enough() {
    let world = World::start().await;
    let ada = world.member("ada@example.com").await;
    let identity = world.identity(&ada);
    world.advance(Lifetime::from_minutes(11));
    let (verdict, _) =
        world.accounts.change_password(&identity, &secret(PASSWORD), &secret(OTHER), &world.home()).await.unwrap();
    assert!(matches!(verdict, ChangePasswordVerdict::StepUpRequired));
}

#[tokio::test]
async fn the_new_password_obeys_the_policy() {
    let world = World::start().await;
    let ada = world.member("ada.lovelace@example.org").await;
    let identity = world.identity(&ada);
    for (new, code) in [("short", "TOO_SHORT"), ("password1", "TOO_COMMON"), ("AdaLovelace1", "CONTAINS_CONTEXT")] {
        let (verdict, _) =
            world.accounts.change_password(&identity, &secret(PASSWORD), &secret(new), &world.home()).await.unwrap();
        let ChangePasswordVerdict::Invalid(errors) = verdict else { panic!("{new}: {verdict:?}") };
        assert_eq!((errors[0].field, errors[0].code), ("newPassword", code));
    }
    assert!(world.check(&ada).is_ok());
}

#[tokio::test]
async fn ten_wrong_ones_are_enough() {
    let world = World::start().await;
    let ada = world.member("ada@example.com").await;
    let identity = world.identity(&ada);
    for n in 0..11 {
        let (verdict, _) = world
            .accounts
            .change_password(&identity, &secret("wrong one here"), &secret(OTHER), &world.home())
            .await
            .unwrap();
        assert_eq!(matches!(verdict, ChangePasswordVerdict::Limited(_)), n == 10, "{n}: {verdict:?}");
    }
}
