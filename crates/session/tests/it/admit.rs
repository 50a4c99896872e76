//! The first sight of a token: a good signature is not enough.

use countersign_kernel::{SessionId, UserId};
use countersign_session::TokenError;
use countersign_store::{Delivery, EndReason, Ended, Store, UserStatus};
use serde_json::Value;

use crate::house::{Browser, House};

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
