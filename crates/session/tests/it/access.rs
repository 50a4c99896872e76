//! Access tokens: what they say, how long they live, what is refused.

use countersign_kernel::Lifetime;
use countersign_session::{Identity, Policy, TokenError};
use countersign_store::{Delivery, Store, User};

use crate::house::{House, minutes, policy, seconds};

#[tokio::test]
async fn a_token_speaks_for_its_person_and_session() {
    let house = House::new().await;
    let user = house.user("ada").await;
    let ada = house.sign_in(&user, Delivery::Cookie).await;

    let identity = house.verify(&ada.access).unwrap();

    assert_eq!((identity.user, identity.session, identity.ver), (user.id, ada.session, user.ver));
    assert_eq!(identity.email.as_deref(), Some("ada@example.org"));
    assert_eq!((identity.amr.as_slice(), identity.acr.as_str()), (["pwd".to_owned()].as_slice(), "aal1"));
    assert_eq!(identity.claim::<String>("iss").as_deref(), Some("https://id.example"));
    assert_eq!(identity.claims()["sid"], ada.session.to_string());
}

#[tokio::test]
async fn an_identity_has_what_it_was_given_and_nothing_that_resembles_it() {
    let house = House::new().await;
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let mut identity: Identity = house.verify(&ada.access).unwrap().as_ref().clone();
    identity.roles = names(&["editor", "viewer"]);
    identity.permissions = names(&["orders:read", "orders:write"]);

    assert!(identity.has_role("viewer") && identity.has_permission("orders:write"));
    for other in ["", "view", "orders", "orders:read:all", "ORDERS:READ"] {
        assert!(!identity.has_role(other) && !identity.has_permission(other), "{other}");
    }
    assert!(!identity.has_role("orders:read") && !identity.has_permission("viewer"));
}

#[tokio::test]
async fn a_token_seen_before_is_the_same_identity_until_its_last_second() {
    let house = House::new().await;
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    let first = house.verify(&ada.access).unwrap();
    let again = house.verify(&ada.access).unwrap();
    assert!(std::sync::Arc::ptr_eq(&first, &again), "remembered");

    let life = first.expires_at.since(house.sessions.now());
    house.clock.advance(life);

    assert_eq!(house.verify(&ada.access).unwrap_err(), TokenError::Expired, "at exp, remembered or not");
    house.clock.advance(Lifetime::from_hours(1));
    assert_eq!(house.verify(&ada.access).unwrap_err(), TokenError::Expired);
}

#[tokio::test]
async fn a_session_that_was_found_vouches_for_its_next_tokens_for_one_life_and_for_the_same_rights() {
    let house = House::new().await;
    let people = [house.user("ada").await, house.user("bob").await];
    let mut ada = house.sign_in(&people[0], Delivery::Cookie).await;
    let bob = house.sign_in(&people[1], Delivery::Cookie).await;
    let session = house.sessions.find(ada.session).await.unwrap().unwrap();
    house.sessions.admit(&ada.access).await.unwrap();
    ada.refresh(&house).await;
    let promoted = User { ver: people[0].ver + 1, ..people[0].clone() };

    // Gone without a word, as no verb of ours leaves anyone: only a look-up can tell.
    let mut tx = house.store.begin().await.unwrap();
    for person in &people {
        assert!(tx.delete_user(person.id).await.unwrap());
    }
    tx.commit().await.unwrap();

    let fresh = async |user: &User| house.sessions.access_for(&session, user).await.unwrap().token;
    let vouched = house.sessions.admit(&ada.access).await.expect("not looked up");
    assert_eq!(house.sessions.admit(&bob.access).await.unwrap_err(), TokenError::Invalid, "never found before");
    assert_eq!(house.sessions.admit(&fresh(&promoted).await).await.unwrap_err(), TokenError::Invalid, "other rights");
    house.clock.advance(vouched.expires_at.since(house.sessions.now()).min(minutes(15)));
    assert_eq!(
        house.sessions.admit(&fresh(&people[0]).await).await.unwrap_err(),
        TokenError::Invalid,
        "found too long ago"
    );
}

#[tokio::test]
async fn lives_differ_by_five_percent_at_most() {
    let house = House::new().await;
    let user = house.user("ada").await;
    let mut lives = vec![];
    for _ in 0..40 {
        let ada = house.sign_in(&user, Delivery::Cookie).await;
        lives.push(house.verify(&ada.access).unwrap().expires_at.since(house.sessions.now()));
    }

    assert!(lives.iter().all(|life| (seconds(855)..=seconds(945)).contains(life)));
    lives.dedup();
    assert!(lives.len() > 20, "they differ");
}

// attack 54
// bug S11
#[tokio::test]
async fn two_sign_ins_of_one_second_share_nothing() {
    let house = House::new().await;
    let user = house.user("ada").await;
    let (one, two) = (house.sign_in(&user, Delivery::Cookie).await, house.sign_in(&user, Delivery::Cookie).await);

    let (a, b) = (house.verify(&one.access).unwrap(), house.verify(&two.access).unwrap());
    assert!(a.token != b.token && a.session != b.session);
    assert!(one.access != two.access && one.refresh != two.refresh);
}

#[tokio::test]
async fn whatever_is_not_an_access_token_of_ours_is_invalid() {
    let house = House::new().await;
    let other = House::with(Policy::new("https://other.example")).await;
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    let foreign = other.sign_in(&other.user("ada").await, Delivery::Cookie).await;
    let (signed, signature) = ada.access.rsplit_once('.').unwrap();
    let swapped = format!("{signed}.{}", signature.chars().rev().collect::<String>());

    for token in ["", ".", "a.b.c", &ada.refresh, &foreign.access, &swapped, signed, &"a".repeat(10_000)] {
        assert_eq!(house.verify(token).unwrap_err(), TokenError::Invalid, "{token:.30}");
    }
    assert!(house.verify(&ada.access).is_ok());
}

#[tokio::test]
async fn a_token_for_another_audience_is_invalid() {
    let house = House::new().await;
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    let house = house.under(Policy { audience: "https://elsewhere.example".to_owned(), ..policy() });

    let house = house.restart().await;

    assert_eq!(house.verify(&ada.access).unwrap_err(), TokenError::Invalid);
}

#[tokio::test]
async fn a_step_up_keeps_the_session_and_adds_to_what_was_proven() {
    let house = House::new().await;
    let user = house.user("ada").await;
    let mut ada = house.sign_in(&user, Delivery::Cookie).await;
    house.clock.advance(minutes(11));
    assert!(!house.sessions.is_recent(&house.verify(&ada.access).unwrap()));

    let mut tx = house.store.begin().await.unwrap();
    let now = tx.now();
    let session = house
        .sessions
        .step_up_in(tx.as_mut(), ada.session, &["otp", "pwd"], now, &house.origin())
        .await
        .unwrap()
        .unwrap();
    tx.commit().await.unwrap();
    let access = house.sessions.access_for(&session, &user).await.unwrap();

    let identity = house.verify(&access.token).unwrap();
    assert!(house.sessions.is_recent(&identity));
    assert_eq!((identity.session, identity.acr.as_str()), (ada.session, "aal2"));
    assert_eq!(ada.refresh(&house).await, "5-rotated");
    assert_eq!(house.verify(&ada.access).unwrap().amr, ["mfa", "otp", "pwd"], "the next refresh says so too");
}

#[tokio::test]
async fn a_session_is_found_by_its_id_whether_it_lives_or_not() {
    let house = House::new().await;
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    let find = async |id| house.sessions.find(id).await.unwrap();

    assert_eq!(find(ada.session).await.map(|session| session.row.ended.is_some()), Some(false));
    house.sign_out(&ada).await;
    assert_eq!(find(ada.session).await.map(|session| session.row.ended.is_some()), Some(true));
    assert_eq!(find(countersign_kernel::SessionId::new(&house.env)).await, None);
}

#[tokio::test]
async fn an_ended_session_cannot_step_up() {
    let house = House::new().await;
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    house.sign_out(&ada).await;

    let mut tx = house.store.begin().await.unwrap();
    let now = tx.now();

    assert_eq!(
        house.sessions.step_up_in(tx.as_mut(), ada.session, &["otp"], now, &house.origin()).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn nothing_that_prints_shows_a_token_or_a_person() {
    let house = House::new().await;
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;

    let answer = ada.send(&house).await;
    let identity = house.verify(&ada.access).unwrap();
    let printed = format!("{answer:?} {identity:?} {:?}", house.sessions);

    assert!(
        !printed.contains("eyJ") && !printed.contains("example.org\"") && !printed.contains(&ada.refresh[..20]),
        "{printed}"
    );
    assert!(printed.contains(&ada.session.to_string()));
}
