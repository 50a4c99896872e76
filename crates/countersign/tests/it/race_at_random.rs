//! Refreshes that race the end of their session at random, on several threads: whatever comes of it, nothing that anybody
//! was ever given for the session is accepted afterwards. Every order by name is `race_sign_out.rs`.

use std::sync::Arc;

use countersign::Builder;
use countersign_kernel::Entropy;
use countersign_testkit::{Actor, Event, Loot, SeededEntropy, TestApp, hours};

use crate::aftermath::{copy, is_refused, is_worthless};
use crate::ending::{Ending, Scene};

const ROUNDS: u64 = 36;
const TABS: usize = 4;
/// How often a tab refreshes at most.
const MOST: usize = 12;

/// Chance of a test's own: the same in each run, while the order of threads is not.
struct Dice(SeededEntropy);

impl Dice {
    fn below(&self, bound: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes) % bound
    }
}

/// Refreshes until it is refused, or has done so often enough; all that it ever held.
async fn refresh_to_the_end(tab: Actor, is_sdk: bool) -> Vec<Loot> {
    let mut held = vec![tab.loot()];
    for _ in 0..MOST {
        let reply = if is_sdk { tab.refresh_as_sdk().await } else { tab.refresh().await };
        if reply.status() == 503 {
            // It lost every race: nothing was written, trying again helps.
            continue;
        }
        if reply.status() != 200 {
            is_refused(&reply, "at random");
            break;
        }
        held.push(tab.loot());
    }
    held
}

// race 6
// attack 41
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_all_that_tabs_are_given_while_their_session_ends_nothing_is_accepted() {
    let long = |builder: Builder| builder.access_lifetime(hours(12)).step_up_max_age(hours(12));
    let settings = || TestApp::builder().with(long).without_limits();
    let app = Arc::new(settings().start().await);
    let dice = Dice(SeededEntropy::new(41));
    let mut last = Vec::new();
    let mut answered = 0;

    for round in 0..ROUNDS {
        let ending = Ending::ALL[usize::try_from(round).unwrap() % Ending::ALL.len()];
        let is_browser = ending.is_for_browsers() || dice.below(2) == 0;
        let scene = Scene::set(&app, &format!("ada{round}"), is_browser).await;
        let tabs: Vec<_> = (0..TABS)
            .map(|_| tokio::spawn(refresh_to_the_end(copy(&app, &scene.browser), dice.below(2) == 0)))
            .collect();
        for _ in 0..dice.below(60) {
            tokio::task::yield_now().await;
        }

        scene.end(&app, ending).await;

        let mut held = Vec::new();
        for tab in tabs {
            held.extend(tab.await.unwrap());
        }
        answered += held.len() - TABS;
        let reason = format!("round {round}: {ending:?}");
        for loot in &held {
            is_worthless(&app, loot, &reason).await;
        }
        last.extend(held.pop());
    }

    assert!(answered > 0, "some refreshes came before the end of their session");
    let thefts = app.audit_records().await.iter().filter(|record| record.event == Event::RefreshReused).count();
    assert_eq!(thefts, usize::try_from(ROUNDS).unwrap() / Ending::ALL.len(), "those that were played, and no other");
    let next = settings().beside(&app);
    drop(app);
    let next = next.start().await;
    for loot in &last {
        is_worthless(&next, loot, "after a restart").await;
    }
}
