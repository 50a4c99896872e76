//! Many at once with one token.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_session::RotateVerdict;
use countersign_store::{Delivery, Hot};

use crate::house::{House, case, seconds, token};

/// How fifty presentations of one token carry their ids.
#[derive(Debug, Clone, Copy)]
enum Crowd {
    /// The tabs of one browser.
    OneId,
    /// Clients without ids.
    NoIds,
    /// Clients that lost their storage, or strangers.
    OwnIds,
}

/// Presents one token fifty times at once; the cases, and the refresh tokens that were handed out.
async fn present(house: &Arc<House>, delivery: Delivery, crowd: Crowd) -> (Vec<&'static str>, BTreeSet<String>) {
    let ada = house.sign_in(&house.user(&format!("{delivery:?}{crowd:?}")).await, delivery).await;
    let shared = house.attempt();
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (house, refresh) = (Arc::clone(house), ada.refresh.clone());
            let id = match crowd {
                Crowd::OneId => Some(shared.clone()),
                Crowd::NoIds => None,
                Crowd::OwnIds => Some(house.attempt()),
            };
            tokio::spawn(async move { house.rotate(&refresh, delivery, (id.as_deref(), None)).await })
        })
        .collect();
    let (mut cases, mut tokens) = (vec![], BTreeSet::new());
    for task in tasks {
        let answer = task.await.unwrap();
        assert!(
            matches!(answer.verdict, RotateVerdict::Full(_) | RotateVerdict::Thin(_)),
            "none is refused: {:?}",
            answer.verdict
        );
        cases.push(case(&answer));
        tokens.extend(token(&answer).map(str::to_owned));
    }
    let row = house.store.find_session_and_user(ada.session).await.unwrap().unwrap().0.row;
    assert_eq!(row.generation, 1, "one successor was made");
    (cases, tokens)
}

// attack 40
// bug S24, S27, S28
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_presentations_one_rotates_and_there_is_one_successor() {
    let house = Arc::new(House::new().await);
    for delivery in [Delivery::Cookie, Delivery::Body] {
        for crowd in [Crowd::OneId, Crowd::NoIds, Crowd::OwnIds] {
            let (cases, tokens) = present(&house, delivery, crowd).await;

            assert_eq!(cases.iter().filter(|case| **case == "5-rotated").count(), 1, "{crowd:?}: {cases:?}");
            assert_eq!(tokens.len(), 1, "{crowd:?}: one successor, byte for byte");
            let rest = match crowd {
                Crowd::OneId => "6-repeated",
                Crowd::NoIds => "7-no-ids",
                Crowd::OwnIds => "7-late",
            };
            assert_eq!(cases.iter().filter(|case| **case == rest).count(), 49, "{crowd:?}: {cases:?}");
        }
    }
    assert!(house.events().await.is_empty(), "nobody was taken for a thief");
}

// attack 40
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_generations_of_eight_presentations_make_ten_successors() {
    let house = Arc::new(House::new().await);
    let mut ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    for generation in 1..=10 {
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let (house, tab) = (Arc::clone(&house), ada.clone());
                tokio::spawn(async move { tab.send(&house).await })
            })
            .collect();
        let mut tokens = BTreeSet::new();
        for task in tasks {
            let answer = task.await.unwrap();
            tokens.extend(token(&answer).map(str::to_owned));
            ada.receive(&house, &answer);
        }
        assert_eq!(tokens.len(), 1, "generation {generation}");
        house.clock.advance(seconds(31));
    }
}
