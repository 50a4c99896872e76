//! One audit record.

use std::collections::BTreeMap;

use countersign_kernel::{AuditId, Env, Origin, RequestId, SessionId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::event::{Event, Outcome};

/// Who acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "id")]
pub enum Actor {
    /// Somebody who has not proven who he is.
    Anonymous,
    /// A person who is signed in, or is proving it in this very act.
    User(UserId),
    /// Whoever may run commands on the server's own machine.
    Operator,
    /// The system by itself: a schedule, a sweep.
    System,
}

/// One thing that happened. Holds no secret: no token, code or password, nor any part of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The record's own id.
    pub id: AuditId,
    /// When it happened, by the database's clock.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, as a stable word in lower case (`wrong_password`); none where the event says it all.
    pub reason: Option<String>,
    /// Who did it.
    pub actor: Actor,
    /// Whom it was done to.
    pub subject: Option<UserId>,
    /// The session it concerns.
    pub session: Option<SessionId>,
    /// The network address it came from.
    pub address: Option<String>,
    /// The user agent it came from.
    pub user_agent: Option<String>,
    /// The request it was part of.
    pub request: Option<RequestId>,
    /// A few further facts by name, for example `role` or `refresh_case`. Never personal data beyond the fields above.
    pub detail: BTreeMap<String, String>,
}

impl Record {
    /// A successful act of `actor` at this moment, from `origin`. The rest is set with the `with_` methods.
    #[must_use]
    pub fn new(event: Event, actor: Actor, origin: &Origin, at: Timestamp, env: &Env) -> Self {
        Self {
            id: AuditId::new(env),
            at,
            event,
            outcome: Outcome::Success,
            reason: None,
            actor,
            subject: None,
            session: None,
            address: origin.address.map(|a| a.to_string()),
            user_agent: origin.user_agent.clone(),
            request: Some(origin.request),
            detail: BTreeMap::new(),
        }
    }

    /// Marks the act as refused, with a stable word for the reason.
    #[must_use]
    pub fn refused(mut self, reason: &str) -> Self {
        self.outcome = Outcome::Refused;
        self.reason = Some(reason.to_owned());
        self
    }

    /// Gives the reason of a successful act.
    #[must_use]
    pub fn because(mut self, reason: &str) -> Self {
        self.reason = Some(reason.to_owned());
        self
    }

    /// Names the person it was done to.
    #[must_use]
    pub const fn of(mut self, subject: UserId) -> Self {
        self.subject = Some(subject);
        self
    }

    /// Names the session it concerns.
    #[must_use]
    pub const fn in_session(mut self, session: SessionId) -> Self {
        self.session = Some(session);
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.detail.insert(name.to_owned(), value.into());
        self
    }
}
