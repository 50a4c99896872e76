//! Sign-out is final: a refresh races each way in which a session can end, in each order of their writes, and afterwards no
//! token of the session, old or new, is accepted anywhere: not here, not by another process, not after a restart.
//!
//! The orders are forced by gates between the system and its database. Random orders are `race_at_random.rs`; the writes
//! alone, on both engines, are promises of `countersign-store-contract`.

use countersign::{Builder, SessionId, UserId};
use countersign_account::Managed;
use countersign_audit::Actor::Operator;
use countersign_session::EndReason;
use countersign_testkit::{Actor, Event, Loot, Method, Reply, Stop, TestApp, hours, json, minutes};

use crate::aftermath::{NEW_PASSWORD, another, copy, is_in, is_out, is_refused, is_worthless};

/// A way in which a session can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    SignOut,
    SignOutByCookie,
    SignOutEverywhere,
    EndFromList,
    PasswordChange,
    Disable,
    DeleteByOwner,
    DeleteByOperator,
    EndByOperator,
    EndAllByOperator,
    Theft,
    Replace,
}

impl Ending {
    pub(crate) const ALL: [Self; 12] = [
        Self::SignOut,
        Self::SignOutByCookie,
        Self::SignOutEverywhere,
        Self::EndFromList,
        Self::PasswordChange,
        Self::Disable,
        Self::DeleteByOwner,
        Self::DeleteByOperator,
        Self::EndByOperator,
        Self::EndAllByOperator,
        Self::Theft,
        Self::Replace,
    ];

    /// Whether it needs the browser's cookies.
    pub(crate) const fn is_for_browsers(self) -> bool {
        matches!(self, Self::SignOutByCookie | Self::Replace)
    }

    /// Whether the person's other session ends too, other than the one that asks for it.
    const fn ends_the_person(self) -> bool {
        use Ending::{DeleteByOperator, DeleteByOwner, Disable, EndAllByOperator, SignOutEverywhere};
        matches!(self, Disable | DeleteByOwner | DeleteByOperator | EndAllByOperator | SignOutEverywhere)
    }
}

/// Somebody with two sessions, one of which is to end, and a thief who copied that one two generations ago.
pub(crate) struct Scene {
    pub(crate) browser: Actor,
    desk: Actor,
    desk_held: Loot,
    stolen: Loot,
}

impl Scene {
    pub(crate) async fn set(app: &TestApp, name: &str, is_browser: bool) -> Self {
        let actor = app.stranger(name);
        let browser = if is_browser { actor } else { actor.into_program() };
        let _ = browser.register().await.expect(201);
        let desk = another(&browser).await;
        let (stolen, desk_held) = (browser.loot(), desk.loot());
        for _ in 0..2 {
            let _ = browser.refresh().await.expect(200);
            app.clock.advance(minutes(1));
        }
        Self { browser, desk, desk_held, stolen }
    }

    /// Ends the session, as somebody does who knows nothing of any refresh under way.
    pub(crate) async fn end(&self, app: &TestApp, ending: Ending) {
        let (auth, origin) = (app.system.auth(), app.local());
        let (accounts, user) = (auth.accounts(), self.browser.user_id().parse::<UserId>().unwrap());
        let session = self.browser.session_id().parse::<SessionId>().unwrap();
        let tab = copy(app, &self.browser);
        match ending {
            Ending::SignOut => drop(tab.sign_out().await.expect(200)),
            Ending::SignOutByCookie => {
                let _ = tab.call(Method::POST, "/api/auth/logout").anonymous().send().await.expect(200);
            }
            Ending::SignOutEverywhere => drop(self.desk.sign_out_everywhere().await.expect(200)),
            Ending::EndFromList => {
                let _ = self.desk.delete(&format!("/api/user/sessions/{session}")).await.expect(204);
            }
            Ending::PasswordChange => {
                let body = json!({"currentPassword": self.desk.password, "newPassword": NEW_PASSWORD});
                let _ = self.desk.post("/api/user/password", body).await.expect(200);
            }
            Ending::Disable => is_done(accounts.disable_user(user, Operator, &origin).await.unwrap()),
            Ending::DeleteByOwner => {
                let body = json!({"currentPassword": self.desk.password});
                let _ = self.desk.call(Method::DELETE, "/api/user").json(body).send().await.expect(204);
            }
            Ending::DeleteByOperator => is_done(accounts.delete_user(user, Operator, &origin).await.unwrap()),
            Ending::EndByOperator => {
                assert!(auth.sessions().end(session, EndReason::Operator, Operator, &origin).await.unwrap());
            }
            Ending::EndAllByOperator => {
                assert_eq!(accounts.revoke_sessions(user, Operator, &origin).await.unwrap(), Some(2));
            }
            Ending::Theft => {
                let mut caught = app.visitor().redeem(&self.stolen).await;
                // Where many tabs write he may lose every race, and tries again.
                while caught.status() == 503 {
                    caught = app.visitor().redeem(&self.stolen).await;
                }
                assert_eq!(caught.to_string(), "401 TOKEN_REUSED");
            }
            Ending::Replace => {
                // As a browser does: the jar with the old session's cookies goes along.
                let again = self.browser.elsewhere();
                again.take(&self.browser.loot());
                let _ = again.sign_in().await.expect(200);
                is_in(&again, "the session that came in its place").await;
            }
        }
    }
}

fn is_done(managed: Managed) {
    assert!(matches!(managed, Managed::Done(_)), "{managed:?}");
}

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
