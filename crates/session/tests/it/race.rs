//! Refreshes that race an ending: nothing born in the race survives.

use std::sync::Arc;

use countersign_session::{RotateVerdict, TokenError};
use countersign_store::Delivery;

use crate::house::{Browser, House, case};

#[derive(Debug, Clone, Copy)]
enum Ending {
    SignOut,
    SignOutEverywhere,
    Disable,
    Delete,
}

// attack 41
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_that_is_born_while_a_session_ends_survives_it() {
    let house = Arc::new(House::new().await);
    for ending in [Ending::SignOut, Ending::SignOutEverywhere, Ending::Disable, Ending::Delete] {
        for round in 0..12 {
            let user = house.user(&format!("{ending:?}{round}")).await;
            let ada = house.sign_in(&user, Delivery::Cookie).await;

            let racers: Vec<_> = (0..6).map(|_| tokio::spawn(run(Arc::clone(&house), ada.clone()))).collect();
            tokio::task::yield_now().await;
            match ending {
                Ending::SignOut => assert!(house.sign_out(&ada).await),
                Ending::SignOutEverywhere => {
                    let (actor, origin) = (countersign_audit::Actor::User(user.id), house.origin());
                    let reason = countersign_store::EndReason::SignedOutElsewhere;
                    assert_eq!(house.sessions.end_all(user.id, reason, actor, &origin).await.unwrap(), 1);
                }
                Ending::Disable => house.disable(user.id).await,
                Ending::Delete => house.delete(user.id).await,
            }
            for racer in racers {
                let ran = racer.await.unwrap();
                assert_eq!(house.verify(&ran.access).unwrap_err(), TokenError::Revoked, "{ending:?}");
                let last = ran.send(&house).await;
                let refused = matches!(last.verdict, RotateVerdict::Revoked | RotateVerdict::Invalid);
                assert!(refused, "{ending:?}: {}", case(&last));
            }
        }
    }
    assert!(!house.events().await.contains(&"refresh_reused"), "and nobody was taken for a thief");
}

/// Refreshes until it is refused; what it held last.
async fn run(house: Arc<House>, mut browser: Browser) -> Browser {
    loop {
        let answer = browser.send(&house).await;
        if !matches!(answer.verdict, RotateVerdict::Full(_) | RotateVerdict::Thin(_)) {
            return browser;
        }
        browser.receive(&house, &answer);
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_racing_sign_outs_one_ends_the_session() {
    let house = Arc::new(House::new().await);
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    let racers: Vec<_> = (0..8)
        .map(|_| {
            let (house, ada) = (Arc::clone(&house), ada.clone());
            tokio::spawn(async move { house.sign_out(&ada).await })
        })
        .collect();

    let mut ended = 0;
    for racer in racers {
        ended += usize::from(racer.await.unwrap());
    }

    assert_eq!(ended, 1);
    assert_eq!(house.events().await, ["signed_out"]);
}
