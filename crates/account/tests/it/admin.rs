use countersign_account::ClaimVerdict;
use countersign_audit::Actor;
use countersign_kernel::Lifetime;
use countersign_session::TokenError;

use crate::world::{PASSWORD, World, secret};

#[tokio::test]
async fn the_link_makes_one_administrator_once() {
    let world = World::start().await;
    let link = world.accounts.offer_admin(&world.home()).await.unwrap().unwrap();
    assert_eq!(link.expose().len(), 64);
    let (ada, eve) = (world.member("ada@example.com").await, world.member("eve@example.com").await);
    let (ada_identity, eve_identity) = (world.identity(&ada), world.identity(&eve));

    let wrong = world.accounts.claim_admin(&eve_identity, &secret(&"0".repeat(64)), &world.home()).await.unwrap().0;
    assert!(matches!(wrong, ClaimVerdict::Invalid));
    let right = world.accounts.claim_admin(&ada_identity, &link, &world.home()).await.unwrap().0;
    assert!(matches!(&right, ClaimVerdict::Claimed(user) if user.roles == ["admin"]), "{right:?}");
    let again = world.accounts.claim_admin(&eve_identity, &link, &world.home()).await.unwrap().0;
    assert!(matches!(again, ClaimVerdict::Invalid));

    assert_eq!(world.check(&ada).unwrap_err(), TokenError::Expired, "a refresh brings the role");
    assert!(world.accounts.offer_admin(&world.home()).await.unwrap().is_none(), "no link while somebody administers");
}

#[tokio::test]
async fn a_newer_link_an_administrator_or_half_an_hour_makes_it_void() {
    let world = World::start().await;
    let ada = world.member("ada@example.com").await;
    let identity = world.identity(&ada);
    let old = world.accounts.offer_admin(&world.home()).await.unwrap().unwrap();
    let newer = world.accounts.offer_admin(&world.home()).await.unwrap().unwrap();
    assert!(matches!(
        world.accounts.claim_admin(&identity, &old, &world.home()).await.unwrap().0,
        ClaimVerdict::Invalid
    ));

    world.advance(Lifetime::from_minutes(30));
    assert!(matches!(
        world.accounts.claim_admin(&identity, &newer, &world.home()).await.unwrap().0,
        ClaimVerdict::Invalid
    ));
    assert_eq!(world.accounts.sweep().await.unwrap(), 1);

    let late = world.accounts.offer_admin(&world.home()).await.unwrap().unwrap();
    let bob = world.member("bob@example.com").await;
    world.accounts.set_user_roles(bob.user.id, &["admin".to_owned()], Actor::Operator, &world.home()).await.unwrap();
    assert!(matches!(
        world.accounts.claim_admin(&identity, &late, &world.home()).await.unwrap().0,
        ClaimVerdict::Invalid
    ));
}

#[tokio::test]
async fn other_roles_are_kept() {
    let world = World::start().await;
    world.accounts.set_role("clerk", &[], Actor::Operator, &world.home()).await.unwrap();
    let ada = world.member("ada@example.com").await;
    world.accounts.set_user_roles(ada.user.id, &["clerk".to_owned()], Actor::Operator, &world.home()).await.unwrap();
    let identity = world.identity(&world.signed_in("ada@example.com", PASSWORD).await);
    let link = world.accounts.offer_admin(&world.home()).await.unwrap().unwrap();
    let verdict = world.accounts.claim_admin(&identity, &link, &world.home()).await.unwrap().0;
    assert!(matches!(&verdict, ClaimVerdict::Claimed(user) if user.roles == ["admin", "clerk"]), "{verdict:?}");
}

// attack 117
#[tokio::test]
async fn tries_at_the_link_are_counted_by_account_and_the_right_one_is_free() {
    let world = World::start().await;
    let (ada, eve) = (world.member("ada@example.com").await, world.member("eve@example.com").await);
    let (ada, eve) = (world.identity(&ada), world.identity(&eve));
    let link = world.accounts.offer_admin(&world.home()).await.unwrap().unwrap();
    let wrong = secret(&"0".repeat(64));
    for n in 0..10 {
        let (verdict, readings) = world.accounts.claim_admin(&eve, &wrong, &world.home()).await.unwrap();
        assert!(matches!(verdict, ClaimVerdict::Invalid), "{verdict:?}");
        assert_eq!((readings[0].name, readings[0].remaining), ("claim_admin_account", 9 - n));
    }

    for _ in 0..3 {
        let (verdict, readings) = world.accounts.claim_admin(&eve, &link, &world.home()).await.unwrap();
        assert!(matches!(verdict, ClaimVerdict::Limited(_)), "{verdict:?}");
        assert_eq!(readings[0].remaining, 0);
    }

    let (verdict, readings) = world.accounts.claim_admin(&ada, &link, &world.home()).await.unwrap();
    assert!(matches!(verdict, ClaimVerdict::Claimed(_)), "{verdict:?}");
    assert_eq!(readings[0].remaining, 10);
    let trail = world.trail().await;
    let count = |line: &str| trail.iter().filter(|l| l.starts_with(line)).count();
    assert_eq!((count("access_denied!(admin_claim)"), count("limit_reached!(claim_admin_account)")), (10, 1));
}
