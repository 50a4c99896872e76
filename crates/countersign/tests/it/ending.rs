//! The ways in which a session can end, and a scene in which each of them can be played.

use countersign::{SessionId, UserId};
use countersign_account::Managed;
use countersign_audit::Actor::Operator;
use countersign_session::EndReason;
use countersign_testkit::{Actor, Loot, Method, TestApp, json, minutes};

use crate::aftermath::{NEW_PASSWORD, another, copy, is_in};

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
    pub(crate) const fn ends_the_person(self) -> bool {
        use Ending::{DeleteByOperator, DeleteByOwner, Disable, EndAllByOperator, SignOutEverywhere};
        matches!(self, Disable | DeleteByOwner | DeleteByOperator | EndAllByOperator | SignOutEverywhere)
    }
}

/// Somebody with two sessions, one of which is to end, and a thief who copied that one two generations ago.
pub(crate) struct Scene {
    pub(crate) browser: Actor,
    pub(crate) desk: Actor,
    pub(crate) desk_held: Loot,
    pub(crate) stolen: Loot,
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
