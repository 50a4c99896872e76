//! What somebody learns who reads the database.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_store::Delivery;

use crate::house::{House, seconds};

// bug S30
#[tokio::test]
async fn nothing_in_the_database_is_a_token_or_makes_one() {
    let house = House::new().await;
    let user = house.user("ada").await;
    let attempt = house.attempt();
    let mut seen = vec![attempt.clone().into_bytes()];
    let (mut ada, body) = (house.sign_in(&user, Delivery::Cookie).await, house.sign_in(&user, Delivery::Body).await);
    house.rotate(&body.refresh, Delivery::Body, (Some(&attempt), None)).await;
    for browser in [&ada, &body] {
        let bytes = URL_SAFE_NO_PAD.decode(&browser.refresh).unwrap();
        let mac = bytes[bytes.len() - 32..].to_vec();
        let signature = browser.access.rsplit_once('.').unwrap().1.as_bytes().to_vec();
        seen.extend([browser.refresh.clone().into_bytes(), mac, signature]);
    }
    house.clock.advance(seconds(31));
    ada.refresh(&house).await;
    house.sign_out(&ada).await;

    let (house, database) = house.backup().await;

    let holds = |needle: &[u8]| database.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"ada@example.org"), "this is the database");
    for secret in &seen {
        assert!(!holds(secret), "{secret:?}");
    }
    assert_eq!(body.refresh_in_vain(&house).await, "7-late");
}
