//! The first sight of a token: a good signature is not enough.

use countersign_kernel::{SessionId, UserId};
use countersign_session::TokenError;
use countersign_store::{Delivery, Effect, EndReason, Ended, NewRevocation, Store, Target, UserStatus};
use serde_json::Value;

use crate::house::{Browser, House, minutes};
use crate::late::slow;

/// The browser's access token with one claim replaced, signed by our key: what a copy of the key can make.
fn forged(house: &House, browser: &Browser, claim: &str, value: impl Into<Value>) -> String {
    let mut claims = house.verify(&browser.access).unwrap().claims();
    claims.insert(claim.to_owned(), value.into());
    house.keyring.signer().sign("at+jwt", &claims).unwrap()
}

#[tokio::test]
async fn a_token_is_admitted_for_its_own_session_person_and_rights_only() {
    let house = House::new().await;
    let (user, stranger) = (house.user("ada").await, house.user("eve").await);
    let ada = house.sign_in(&user, Delivery::Cookie).await;
    let unborn = SessionId::new(&house.env).to_string();
    let nobody = UserId::new(&house.env).to_string();

    for (claim, value) in [
        ("sub", Value::from(stranger.id.to_string())),
        ("sub", Value::from(nobody)),
        ("sid", Value::from(unborn)),
        ("ver", Value::from(user.ver + 1)),
    ] {
        let token = forged(&house, &ada, claim, value);
        assert!(house.verify(&token).is_ok(), "{claim}: our key signed it");
        assert_eq!(house.sessions.admit(&token).await.unwrap_err(), TokenError::Invalid, "{claim}");
    }
    assert_eq!(house.sessions.admit(&ada.access).await.unwrap().user, user.id);
}

#[tokio::test]
async fn at_first_sight_the_database_says_what_became_of_a_session() {
    let house = House::new().await;
    let users = [house.user("ada").await, house.user("ben").await, house.user("eve").await];
    let mut browsers = Vec::new();
    for user in &users {
        browsers.push(house.sign_in(user, Delivery::Cookie).await);
    }

    // As another node would write it, and this one has not heard.
    let mut tx = house.store.begin().await.unwrap();
    let ended = Ended { at: tx.now(), reason: EndReason::SignedOut };
    assert!(tx.end_session(browsers[0].session, ended).await.unwrap().is_some());
    tx.set_user_status(users[1].id, UserStatus::Disabled).await.unwrap().unwrap();
    tx.set_user_roles(users[2].id, &["admin".to_owned()]).await.unwrap().unwrap();
    tx.commit().await.unwrap();

    for (browser, refusal) in browsers.iter().zip([TokenError::Revoked, TokenError::Revoked, TokenError::Expired]) {
        assert!(house.verify(&browser.access).is_ok(), "from memory alone");
        assert_eq!(house.sessions.admit(&browser.access).await.unwrap_err(), refusal);
    }
}

#[tokio::test]
async fn somebody_deleted_while_a_round_was_under_way_is_signed_out_and_no_forger() {
    let (house, store, sessions) = slow().await;
    let user = house.user("ada").await;
    let ada = house.sign_in(&user, Delivery::Cookie).await;
    let other = house.another_node().await;
    let held = store.held.lock().await;
    let round = sessions.tick();
    tokio::pin!(round);
    tokio::select! {
        biased;
        _ = &mut round => panic!("the round is held back"),
        () = store.has_read_heads.notified() => {}
    }

    // By another node, after this one's round had read the head of the log.
    let mut tx = other.store.begin().await.unwrap();
    tx.revoke(NewRevocation {
        target: Target::Session(ada.session),
        effect: Effect::Ended,
        at: tx.now(),
        until: tx.now() + minutes(20),
        reason: "deleted".to_owned(),
    });
    assert!(tx.delete_user(user.id).await.unwrap());
    tx.commit().await.unwrap();
    let admitted = sessions.admit(&ada.access);
    tokio::pin!(admitted);
    let answer = tokio::select! {
        biased;
        answer = &mut admitted => answer,
        () = store.has_looked_up.notified() => {
            drop(held);
            tokio::join!(admitted, round).0
        }
    };

    assert_eq!(answer.unwrap_err(), TokenError::Revoked);
}
