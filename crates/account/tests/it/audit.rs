use countersign_audit::Actor;
use countersign_kernel::Lifetime;
use countersign_store::{AuditFilter, PageRequest, Store};

use crate::world::{OTHER, PASSWORD, World, secret};

// bug S91
#[tokio::test]
async fn every_act_of_a_person_leaves_its_record() {
    let world = World::start().await;
    let home = world.home();
    let ada = world.member("ada@example.com").await;
    world.sign_up("ada@example.com", PASSWORD).await;
    world.sign_in("ada@example.com", OTHER).await;
    world.sign_in("nobody@example.com", OTHER).await;
    let identity = world.identity(&ada);
    world.accounts.step_up(&identity, &secret(OTHER), &home).await.unwrap();
    world.accounts.step_up(&identity, &secret(PASSWORD), &home).await.unwrap();
    world.accounts.rename(&identity, "Ada L.", &home).await.unwrap();
    world.accounts.change_password(&identity, &secret(PASSWORD), &secret("short"), &home).await.unwrap();
    world.accounts.change_password(&identity, &secret(OTHER), &secret(OTHER), &home).await.unwrap();
    world.accounts.change_password(&identity, &secret(PASSWORD), &secret(OTHER), &home).await.unwrap();
    let ada = world.signed_in("ada@example.com", OTHER).await;
    let identity = world.identity(&ada);
    world.accounts.delete_account(&identity, &secret(PASSWORD), &home).await.unwrap();
    world.accounts.delete_account(&identity, &secret(OTHER), &home).await.unwrap();

    assert_eq!(
        world.trail().await,
        [
            "signed_up by user subject session",
            "sign_up_failed!(email_taken) by anonymous subject",
            "sign_in_failed!(wrong_password) by anonymous subject",
            "sign_in_failed!(unknown_account) by anonymous",
            "step_up_failed!(wrong_password) by user subject session",
            "stepped_up by user subject session",
            "profile_changed by user subject session",
            "password_change_failed!(policy) by user subject session",
            "password_change_failed!(wrong_password) by user subject session",
            "password_changed by user subject session",
            "signed_in by user subject session",
            "account_deletion_failed!(wrong_password) by user subject session",
            "account_deleted by user subject",
        ]
    );
}

#[tokio::test]
async fn every_act_of_an_operator_leaves_its_record() {
    let world = World::start().await;
    let home = world.home();
    let ada = world.member("ada@example.com").await.user.id;
    let (accounts, operator) = (&world.accounts, Actor::Operator);
    accounts.set_role("clerk", &["orders:read".to_owned()], operator, &home).await.unwrap();
    accounts.set_user_roles(ada, &["clerk".to_owned()], operator, &home).await.unwrap();
    accounts.delete_role("clerk", operator, &home).await.unwrap();
    accounts.disable_user(ada, operator, &home).await.unwrap();
    accounts.enable_user(ada, operator, &home).await.unwrap();
    accounts.revoke_sessions(ada, operator, &home).await.unwrap();
    accounts.offer_admin(&home).await.unwrap();
    accounts.delete_user(ada, operator, &home).await.unwrap();

    assert_eq!(
        world.trail().await,
        [
            "signed_up by user subject session",
            "role_set by operator",
            "roles_assigned by operator subject",
            "role_deleted by operator",
            "account_disabled by operator subject",
            "account_enabled by operator subject",
            "signed_out_everywhere(operator) by operator subject",
            "admin_claim_offered by system",
            "account_deleted by operator subject",
        ]
    );
}

/// Canaries: no password in any record, and no address of whoever has no account.
#[tokio::test]
async fn the_trail_holds_no_secret_and_no_unknown_address() {
    let world = World::start().await;
    let home = world.home();
    let ada = world.member("ada@example.com").await;
    for _ in 0..7 {
        world.sign_in("canary@stranger.example", "canary password").await;
    }
    world.advance(Lifetime::from_minutes(1));
    let identity = world.identity(&ada);
    world.accounts.step_up(&identity, &secret("canary password"), &home).await.unwrap();
    world.accounts.change_password(&identity, &secret(PASSWORD), &secret(OTHER), &home).await.unwrap();
    let link = world.accounts.offer_admin(&home).await.unwrap().unwrap();

    let mut tx = world.store.snapshot().await.unwrap();
    let page = tx.list_audit_records(&AuditFilter::default(), &PageRequest::first(200)).await.unwrap();
    assert!(page.items.len() > 8);
    let text = format!("{:?}", page.items);
    for canary in ["canary", "stranger", PASSWORD, OTHER, "argon2", link.expose(), "ada@", &ada.issued.access.token] {
        assert!(!text.contains(canary), "{canary}");
    }
    let unknown: Vec<_> = page.items.iter().filter_map(|r| r.record.account.as_ref()).collect();
    assert_eq!(unknown.len(), 6, "five tries at one unknown account, and the limit that then was full");
    assert!(unknown.iter().all(|hash| *hash == unknown[0] && hash.len() == 16), "can be seen to be at one");
}
