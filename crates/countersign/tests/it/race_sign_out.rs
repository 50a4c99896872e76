//! Sign-out is final: a refresh races each way in which a session can end, in each order of their writes, and afterwards no
//! token of the session, old or new, is accepted anywhere: not here, not by another process, not after a restart.
//!
//! The orders are forced by gates between the system and its database. Random orders are `race_at_random.rs`; the writes
//! alone, on both engines, are promises of `countersign-store-contract`.

use countersign::Builder;
use countersign_testkit::{Event, Loot, Reply, Stop, TestApp, hours};

use crate::aftermath::{copy, is_in, is_out, is_refused, is_worthless};
use crate::ending::{Ending, Scene};

/// Which of the two writes comes first, and how far the refresh has got then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// The refresh has judged a living session, and writes after the end.
    EndThenWrite,
    /// The refresh has read a living session and needs no write: it repeats what was answered.
    EndThenRepeat,
    /// The refresh is committed; its access token is signed after the end.
    WriteThenEnd,
    /// The ending has been admitted and waits for its turn, and the refresh is answered meanwhile.
    AnswerThenEnd,
}

const ORDERS: [Order; 4] = [Order::EndThenWrite, Order::EndThenRepeat, Order::WriteThenEnd, Order::AnswerThenEnd];

/// What there is of the session after the race: all that anybody holds of it.
async fn race(app: &TestApp, ending: Ending, order: Order, is_browser: bool) -> Vec<Loot> {
    let reason = format!("{ending:?}, {order:?}, browser: {is_browser}");
    let name = format!("ada-{order:?}-{is_browser}").to_lowercase();
    let scene = Scene::set(app, &name, is_browser).await;
    let tab = copy(app, &scene.browser);
    if order == Order::EndThenRepeat {
        let _ = scene.browser.refresh().await.expect(200);
    }

    let reply = match order {
        Order::AnswerThenEnd => {
            let gate = app.gates.catch(Stop::Begin);
            let refresh = async {
                gate.reached_by(1).await;
                let reply = tab.refresh().await;
                gate.open();
                reply
            };
            tokio::join!(scene.end(app, ending), refresh).1
        }
        Order::EndThenWrite | Order::EndThenRepeat | Order::WriteThenEnd => {
            let gate = app.gates.catch(match order {
                Order::EndThenWrite => Stop::Write,
                Order::EndThenRepeat => Stop::Read,
                _ => Stop::Written,
            });
            let end = async {
                gate.reached_by(1).await;
                scene.end(app, ending).await;
                gate.open();
            };
            tokio::join!(tab.refresh(), end).0
        }
    };

    says_the_truth(&reply, order, &reason);
    let mut held = vec![scene.browser.loot(), tab.loot()];
    for loot in &held {
        is_out(app, loot, &reason).await;
    }
    is_worthless(app, &scene.stolen, &format!("{reason}: an old token")).await;
    if ending.ends_the_person() {
        is_out(app, &scene.desk_held, &format!("{reason}: the other session")).await;
        held.push(scene.desk_held);
    } else {
        let _ = scene.desk.refresh().await.expect(200);
        is_in(&scene.desk, &format!("{reason}: the other session")).await;
        let list = scene.desk.get("/api/user/sessions").await.expect(200).text();
        assert!(!list.contains(&scene.browser.session_id()), "{reason}: it is on the list no more");
    }
    held
}

fn says_the_truth(reply: &Reply, order: Order, reason: &str) {
    match order {
        Order::AnswerThenEnd => assert_eq!(reply.status(), 200, "{reason}: it was answered before the end: {reply}"),
        _ => is_refused(reply, reason),
    }
}

/// Every order, for a browser and for a program; then another process, then the next one, from the same data.
async fn leaves_nothing(ending: Ending) {
    let long = |builder: Builder| builder.access_lifetime(hours(4)).step_up_max_age(hours(4));
    let settings = || TestApp::builder().with(long).without_limits();
    let app = settings().start().await;
    let bystander = app.member("bystander").await;
    let mut held = Vec::new();
    for is_browser in [true, false] {
        for order in ORDERS {
            if is_browser || !ending.is_for_browsers() {
                held.extend(race(&app, ending, order, is_browser).await);
            }
        }
    }
    let thefts = app.audit_records().await.iter().filter(|record| record.event == Event::RefreshReused).count();
    assert_eq!(thefts, if ending == Ending::Theft { 2 * ORDERS.len() } else { 0 }, "nobody else was called a thief");

    let beside = settings().beside(&app).start().await;
    for loot in &held {
        is_worthless(&beside, loot, &format!("{ending:?}: in another process")).await;
    }
    let next = settings().beside(&beside);
    drop((app, beside));
    let next = next.start().await;
    for loot in &held {
        is_worthless(&next, loot, &format!("{ending:?}: after a restart")).await;
    }
    is_in(&next.meet_again(&bystander), "somebody else, all the while").await;
}

// race 6
// attack 41
#[tokio::test]
async fn a_refresh_that_races_a_sign_out_leaves_nothing() {
    leaves_nothing(Ending::SignOut).await;
}

// race 6
// attack 41
#[tokio::test]
async fn a_refresh_that_races_a_sign_out_by_the_cookie_alone_leaves_nothing() {
    leaves_nothing(Ending::SignOutByCookie).await;
}

// race 6
// attack 41
#[tokio::test]
async fn a_refresh_that_races_a_sign_out_everywhere_leaves_nothing() {
    leaves_nothing(Ending::SignOutEverywhere).await;
}

// race 6
#[tokio::test]
async fn a_refresh_that_races_an_end_from_the_list_of_sessions_leaves_nothing() {
    leaves_nothing(Ending::EndFromList).await;
}

// attack 41, 46
#[tokio::test]
async fn a_refresh_that_races_a_password_change_leaves_nothing() {
    leaves_nothing(Ending::PasswordChange).await;
}

// attack 41, 47
#[tokio::test]
async fn a_refresh_that_races_a_disabling_leaves_nothing() {
    leaves_nothing(Ending::Disable).await;
}

// attack 41, 47
#[tokio::test]
async fn a_refresh_that_races_its_owners_deletion_of_the_account_leaves_nothing() {
    leaves_nothing(Ending::DeleteByOwner).await;
}

// attack 41, 47
#[tokio::test]
async fn a_refresh_that_races_an_operators_deletion_of_the_account_leaves_nothing() {
    leaves_nothing(Ending::DeleteByOperator).await;
}

// attack 41
#[tokio::test]
async fn a_refresh_that_races_an_operators_end_of_the_session_leaves_nothing() {
    leaves_nothing(Ending::EndByOperator).await;
}

// attack 41
#[tokio::test]
async fn a_refresh_that_races_an_operators_end_of_all_sessions_leaves_nothing() {
    leaves_nothing(Ending::EndAllByOperator).await;
}

// race 7
// attack 39, 41
#[tokio::test]
async fn a_refresh_that_races_a_verdict_of_theft_leaves_nothing() {
    leaves_nothing(Ending::Theft).await;
}

// race 6
// attack 41
#[tokio::test]
async fn a_refresh_that_races_a_new_sign_in_in_its_place_leaves_nothing() {
    leaves_nothing(Ending::Replace).await;
}
