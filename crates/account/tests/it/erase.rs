use countersign_account::{DeleteVerdict, RenameVerdict, SignInVerdict};
use countersign_audit::Actor;
use countersign_kernel::Lifetime;
use countersign_session::TokenError;

use crate::world::{OTHER, PASSWORD, World, secret};

#[tokio::test]
async fn deletion_ends_everything_and_frees_the_address() {
    let world = World::start().await;
    let elsewhere = world.member("ada@example.com").await;
    let here = world.signed_in("ada@example.com", PASSWORD).await;
    let identity = world.identity(&here);

    let (verdict, _) = world.accounts.delete_account(&identity, &secret(PASSWORD), &world.home()).await.unwrap();

    assert!(matches!(verdict, DeleteVerdict::Deleted), "{verdict:?}");
    assert_eq!(world.check(&here).unwrap_err(), TokenError::Revoked);
    assert_eq!(world.check(&elsewhere).unwrap_err(), TokenError::Revoked);
    assert!(world.accounts.profile(identity.user).await.unwrap().is_none());
    assert!(matches!(world.sign_in("ada@example.com", PASSWORD).await, SignInVerdict::Failed));
    let again = world.member("ada@example.com").await;
    assert_ne!(again.user.id, identity.user, "an id is never used twice");
}

#[tokio::test]
async fn deletion_needs_the_password_and_a_recent_sign_in() {
    let world = World::start().await;
    let ada = world.member("ada@example.com").await;
    let identity = world.identity(&ada);
    let (verdict, _) = world.accounts.delete_account(&identity, &secret(OTHER), &world.home()).await.unwrap();
    assert!(matches!(verdict, DeleteVerdict::Failed));
    world.advance(Lifetime::from_minutes(11));
    let (verdict, _) = world.accounts.delete_account(&identity, &secret(PASSWORD), &world.home()).await.unwrap();
    assert!(matches!(verdict, DeleteVerdict::StepUpRequired));
    assert!(world.accounts.profile(identity.user).await.unwrap().is_some());
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let world = World::start().await;
    let ada = world.member("ada@example.com").await;
    let admin = ["admin".to_owned()];
    world.accounts.set_user_roles(ada.user.id, &admin, Actor::Operator, &world.home()).await.unwrap();
    let ada = world.signed_in("ada@example.com", PASSWORD).await;
    let identity = world.identity(&ada);

    let (verdict, _) = world.accounts.delete_account(&identity, &secret(PASSWORD), &world.home()).await.unwrap();
    assert!(matches!(verdict, DeleteVerdict::LastAdmin));
    assert!(world.check(&ada).is_ok());

    let bob = world.member("bob@example.com").await;
    world.accounts.set_user_roles(bob.user.id, &admin, Actor::Operator, &world.home()).await.unwrap();
    let (verdict, _) = world.accounts.delete_account(&identity, &secret(PASSWORD), &world.home()).await.unwrap();
    assert!(matches!(verdict, DeleteVerdict::Deleted));
}

#[tokio::test]
async fn a_name_is_changed_and_nothing_else() {
    let world = World::start().await;
    let ada = world.member("ada@example.com").await;
    let identity = world.identity(&ada);
    let verdict = world.accounts.rename(&identity, "Ada L.", &world.home()).await.unwrap();
    let RenameVerdict::Renamed(user) = verdict else { panic!("{verdict:?}") };
    assert_eq!(*user, countersign_store::User { name: "Ada L.".to_owned(), ..ada.user.clone() });
    assert!(world.check(&ada).is_ok(), "no token is superseded by a name");

    let verdict = world.accounts.rename(&identity, "a\nb", &world.home()).await.unwrap();
    assert!(matches!(verdict, RenameVerdict::Invalid(_)));
}
