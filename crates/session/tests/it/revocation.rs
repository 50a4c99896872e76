//! What a revocation means, by its target and its effect.

use countersign_audit::Actor;
use countersign_kernel::Lifetime;
use countersign_session::{Named, Policy, TokenError};
use countersign_store::{Delivery, Effect, EndReason, NewRevocation, Store, Target};

use crate::house::{House, minutes, policy, seconds};

// attack 43, 44
// bug S34, S36, S38
#[tokio::test]
async fn a_sign_out_ends_one_session_and_a_repetition_changes_nothing() {
    let house = House::new().await;
    let user = house.user("ada").await;
    let (mut ada, mut phone) =
        (house.sign_in(&user, Delivery::Cookie).await, house.sign_in(&user, Delivery::Cookie).await);

    assert!(house.sign_out(&ada).await);
    assert!(!house.sign_out(&ada).await);

    assert_eq!(house.verify(&ada.access).unwrap_err(), TokenError::Revoked);
    assert_eq!(ada.refresh(&house).await, "2-ended");
    assert!(house.verify(&phone.access).is_ok());
    assert_eq!(phone.refresh(&house).await, "5-rotated");
    assert_eq!(house.events().await, ["signed_out"]);
}

// attack 45
// bug S41
#[tokio::test]
async fn after_signing_out_everywhere_a_sign_in_of_the_same_moment_lives() {
    let house = House::new().await;
    let user = house.user("ada").await;
    let old = [house.sign_in(&user, Delivery::Cookie).await, house.sign_in(&user, Delivery::Body).await];

    let reason = EndReason::SignedOutElsewhere;
    let ended = house.sessions.end_all(user.id, reason, Actor::User(user.id), &house.origin()).await.unwrap();
    let mut new = house.sign_in(&user, Delivery::Cookie).await;

    assert_eq!(ended, 2);
    for mut browser in old {
        assert_eq!(house.verify(&browser.access).unwrap_err(), TokenError::Revoked);
        assert_eq!(browser.refresh(&house).await, "2-ended");
    }
    assert!(house.verify(&new.access).is_ok());
    assert_eq!(new.refresh(&house).await, "5-rotated");
    let record = house.records().await.pop().unwrap();
    assert_eq!((record.event.as_str(), &*record.detail["sessions"]), ("signed_out_everywhere", "2"));
}

// attack 46
#[tokio::test]
async fn a_password_change_ends_every_other_session_and_supersedes_this_ones_tokens() {
    let house = House::new().await;
    let user = house.user("ada").await;
    let (mut this, mut other) =
        (house.sign_in(&user, Delivery::Cookie).await, house.sign_in(&user, Delivery::Cookie).await);

    let mut tx = house.store.begin().await.unwrap();
    let reason = EndReason::PasswordChanged;
    let ended = house.sessions.end_all_in(tx.as_mut(), user.id, Some(this.session), reason).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(ended, 1);
    assert_eq!(house.verify(&other.access).unwrap_err(), TokenError::Revoked);
    assert_eq!(other.refresh(&house).await, "2-ended");
    assert_eq!(house.verify(&this.access).unwrap_err(), TokenError::Expired, "superseded: refresh and go on");
    assert_eq!(this.refresh(&house).await, "5-rotated");
    assert!(house.verify(&this.access).is_ok());
}

#[tokio::test]
async fn a_change_of_rights_counts_at_the_next_request_and_signs_nobody_out() {
    let house = House::new().await;
    let user = house.user("ada").await;
    let bystander = house.sign_in(&house.user("ben").await, Delivery::Cookie).await;
    let mut ada = house.sign_in(&user, Delivery::Cookie).await;
    assert!(!house.verify(&ada.access).unwrap().has_role("admin"));

    let mut tx = house.store.begin().await.unwrap();
    let ver = tx.set_user_roles(user.id, &["admin".to_owned()]).await.unwrap().unwrap();
    house.sessions.supersede_in(tx.as_mut(), &[(user.id, ver)], "roles_assigned").await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(house.verify(&ada.access).unwrap_err(), TokenError::Expired);
    assert_eq!(ada.refresh(&house).await, "5-rotated");
    let identity = house.verify(&ada.access).unwrap();
    assert!(identity.has_role("admin") && identity.ver == ver);
    assert!(house.verify(&bystander.access).is_ok());
}

#[tokio::test]
async fn a_disabled_person_is_out_at_once_and_stays_out() {
    let house = House::new().await;
    let user = house.user("ada").await;
    let mut ada = house.sign_in(&user, Delivery::Cookie).await;

    house.disable(user.id).await;

    assert_eq!(house.verify(&ada.access).unwrap_err(), TokenError::Revoked);
    assert_eq!(ada.refresh(&house).await, "2-ended");
}

// attack 47
// bug S33
#[tokio::test]
async fn a_disabled_person_is_refused_even_where_a_session_was_forgotten() {
    let house = House::new().await;
    let user = house.user("ada").await;
    let mut ada = house.sign_in(&user, Delivery::Cookie).await;
    let mut tx = house.store.begin().await.unwrap();
    tx.set_user_status(user.id, countersign_store::UserStatus::Disabled).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(ada.refresh(&house).await, "2-ended");
}

// attack 47
// bug S33
#[tokio::test]
async fn a_deleted_persons_tokens_are_refused_and_never_an_error() {
    let house = House::new().await;
    let user = house.user("ada").await;
    let mut ada = house.sign_in(&user, Delivery::Cookie).await;

    house.delete(user.id).await;

    assert_eq!(house.verify(&ada.access).unwrap_err(), TokenError::Revoked);
    assert_eq!(ada.refresh(&house).await, "2-unknown");
}

#[tokio::test]
async fn one_token_can_be_revoked_alone() {
    let house = House::new().await;
    let mut ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    let first = ada.access.clone();
    ada.refresh(&house).await;

    let token = house.verify(&first).unwrap().token;
    house.sessions.revoke(&Named::Token(token), None, Actor::Operator, &house.origin()).await.unwrap();

    assert_eq!(house.verify(&first).unwrap_err(), TokenError::Revoked);
    assert!(house.verify(&ada.access).is_ok());
    assert_eq!(house.events().await, ["token_revoked"]);
}

#[tokio::test]
async fn a_withdrawn_keys_tokens_are_superseded_and_nobody_is_signed_out() {
    let house = House::new().await;
    let mut ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    assert!(house.verify(&ada.access).is_ok(), "and remembered");
    let kid = house.keyring.signer().kid().to_owned();

    house.keyring.withdraw(&kid, None, Actor::Operator, &house.origin()).await.unwrap();

    assert_eq!(house.verify(&ada.access).unwrap_err(), TokenError::Expired);
    assert_eq!(ada.refresh(&house).await, "5-rotated");
    assert!(house.verify(&ada.access).is_ok());
    let house = house.restart().await;
    assert!(house.verify(&ada.access).is_ok());
}

// race 16
#[tokio::test]
async fn a_rotated_keys_tokens_live_to_their_end() {
    let house = House::new().await;
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;

    house.keyring.rotate(Actor::Operator, &house.origin()).await.unwrap();

    assert!(house.verify(&ada.access).is_ok());
}

#[tokio::test]
async fn ones_own_sessions_can_be_ended_and_nobody_elses() {
    let house = House::new().await;
    let (user, stranger) = (house.user("ada").await, house.user("eve").await);
    let ada = house.sign_in(&user, Delivery::Cookie).await;

    assert!(!house.end_from_list(stranger.id, ada.session).await);
    assert!(house.verify(&ada.access).is_ok(), "nothing has happened");
    assert_eq!(house.events().await, ["access_denied"]);

    assert!(house.end_from_list(user.id, ada.session).await);
    assert_eq!(house.verify(&ada.access).unwrap_err(), TokenError::Revoked);
    let record = house.records().await.pop().unwrap();
    assert_eq!((record.event.as_str(), record.reason.as_deref()), ("session_ended", Some("signed_out_elsewhere")));
    assert!(!house.end_from_list(user.id, ada.session).await);
}

// bug S42
#[tokio::test]
async fn a_revocation_outlives_every_token_that_it_means_and_then_goes() {
    let house = House::new().await;
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    house.sign_out(&ada).await;

    // 15 minutes × 1.05 + 150 s.
    house.clock.advance(seconds(900 + 45 + 149));
    house.sessions.tick().await.unwrap();
    assert_eq!(house.sessions.revocations().len(), 1);
    house.clock.advance(minutes(1));
    house.sessions.tick().await.unwrap();

    assert!(house.sessions.revocations().is_empty());
    assert_eq!(house.verify(&ada.access).unwrap_err(), TokenError::Expired);
}

// bug S42
#[tokio::test]
async fn a_shorter_life_by_setting_does_not_let_longer_tokens_rise_again() {
    let house = House::with(Policy { access: Lifetime::from_hours(12), ..policy() }).await;
    let user = house.user("ada").await;
    let ada = house.sign_in(&user, Delivery::Cookie).await;

    let house = house.under(Policy { access: minutes(1), ..policy() });
    let house = house.restart().await;
    house.sign_out(&ada).await;
    house.clock.advance(Lifetime::from_hours(11));
    house.sessions.tick().await.unwrap();

    assert_eq!(house.verify(&ada.access).unwrap_err(), TokenError::Revoked);
}

#[tokio::test]
async fn nothing_is_signed_for_a_session_that_this_node_knows_to_have_ended() {
    let house = House::new().await;
    let mut ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;

    // As when the row was read before a sign-out, and the answer is signed after it.
    let mut tx = house.store.begin().await.unwrap();
    let at = tx.now();
    tx.revoke(NewRevocation {
        target: Target::Session(ada.session),
        effect: Effect::Ended,
        at,
        until: at + minutes(20),
        reason: "signed_out".to_owned(),
    });
    tx.commit().await.unwrap();

    assert_eq!(ada.refresh(&house).await, "2-ended");
}
