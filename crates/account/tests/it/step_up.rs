use countersign_account::StepUpVerdict;
use countersign_audit::Actor;
use countersign_kernel::Lifetime;
use countersign_store::EndReason;

use crate::world::{OTHER, PASSWORD, World, secret};

#[tokio::test]
async fn the_password_makes_the_session_recent_again() {
    let world = World::start().await;
    let ada = world.member("ada@example.com").await;
    world.advance(Lifetime::from_minutes(11));
    let identity = world.identity(&ada);
    assert!(!world.sessions.is_recent(&identity));

    let (verdict, _) = world.accounts.step_up(&identity, &secret(PASSWORD), &world.home()).await.unwrap();
    let StepUpVerdict::SteppedUp(access) = verdict else { panic!("{verdict:?}") };

    let stronger = world.sessions.verify(&access.token).unwrap();
    assert!(world.sessions.is_recent(&stronger));
    assert_eq!(stronger.session, identity.session);
}

#[tokio::test]
async fn a_wrong_password_proves_nothing_and_ten_are_enough() {
    let world = World::start().await;
    let ada = world.member("ada@example.com").await;
    world.advance(Lifetime::from_minutes(11));
    let identity = world.identity(&ada);
    for _ in 0..10 {
        let (verdict, _) = world.accounts.step_up(&identity, &secret(OTHER), &world.home()).await.unwrap();
        assert!(matches!(verdict, StepUpVerdict::Failed));
    }
    let (verdict, _) = world.accounts.step_up(&identity, &secret(PASSWORD), &world.home()).await.unwrap();
    assert!(matches!(&verdict, StepUpVerdict::Limited(refused) if refused.name == "password_account"), "{verdict:?}");
}

#[tokio::test]
async fn a_session_that_has_ended_cannot_be_stepped_up() {
    let world = World::start().await;
    let ada = world.member("ada@example.com").await;
    let identity = world.identity(&ada);
    world
        .sessions
        .end(identity.session, EndReason::SignedOut, Actor::User(identity.user), &world.home())
        .await
        .unwrap();

    let (verdict, _) = world.accounts.step_up(&identity, &secret(PASSWORD), &world.home()).await.unwrap();
    assert!(matches!(verdict, StepUpVerdict::Gone));
}
