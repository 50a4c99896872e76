//! One audit record.

use std::collections::BTreeMap;
use std::fmt;

use countersign_kernel::{AuditId, Env, Location, Origin, RequestId, SessionId, Timestamp, UserId};
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::blinding::{Blinding, Salt};
use crate::event::{Event, Outcome};
use crate::redact;

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
#[serde(rename_all = "camelCase", deny_unknown_fields)]
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
    /// The network address it came from. Personal: destroyed with the account.
    pub address: Option<String>,
    /// The user agent it came from. Personal: destroyed with the account.
    pub user_agent: Option<String>,
    /// A keyed hash of the e-mail address that was given, where no account has it: tries at one unknown account can be told
    /// from tries at many. Personal: destroyed when an account with that address is deleted.
    pub account: Option<String>,
    /// The request it was part of.
    pub request: Option<RequestId>,
    /// A few further facts by name, for example `role` or `refresh_case`. Never personal data beyond the fields above.
    #[serde(deserialize_with = "without_doubles")]
    pub detail: BTreeMap<String, String>,
    /// What the chain holds in place of the personal fields.
    pub blinding: Blinding,
}

impl Record {
    /// A successful act of `actor` at this moment, from `origin`. The rest is set with the `with_` methods. Where the country
    /// and the network of the address are known, they are the facts `country` and `asn`.
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
            address: origin.address.map(|a| a.to_canonical().to_string()),
            user_agent: origin.user_agent.as_deref().map(|agent| redact::name(agent, MAX_USER_AGENT)),
            account: None,
            request: Some(origin.request),
            detail: facts_of(origin.location),
            blinding: Blinding::Salt(Salt::new(env)),
        }
    }

    /// Marks the act as refused, with a stable word for the reason.
    #[must_use]
    pub fn refused(mut self, reason: &str) -> Self {
        self.outcome = Outcome::Refused;
        self.because(reason)
    }

    /// Gives the reason of a successful act.
    #[must_use]
    pub fn because(mut self, reason: &str) -> Self {
        self.reason = Some(redact::name(reason, redact::MAX_NAME));
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

    /// Names the unknown account by a keyed hash of the address that was given for it.
    #[must_use]
    pub fn of_unknown(mut self, account: &str) -> Self {
        self.account = Some(redact::name(account, redact::MAX_NAME));
        self
    }

    /// Adds a fact. What looks like a secret or a mail address in `value` is taken out ([`redact::fact`]).
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.detail.insert(redact::name(name, redact::MAX_NAME), redact::fact(value.as_ref()));
        self
    }

    /// Adds a public name that may look like a secret to a machine, such as a `kid`; nothing is taken out of it.
    #[must_use]
    pub fn with_name(mut self, name: &str, value: &str) -> Self {
        self.detail.insert(redact::name(name, redact::MAX_NAME), redact::name(value, redact::MAX_FACT));
        self
    }
}

fn facts_of(location: Location) -> BTreeMap<String, String> {
    let country = location.country.map(|country| ("country".to_owned(), country.to_string()));
    let asn = location.asn.map(|asn| ("asn".to_owned(), asn.to_string()));
    country.into_iter().chain(asn).collect()
}

/// The longest user agent that is kept, in bytes.
const MAX_USER_AGENT: usize = 512;

/// Reads the facts and refuses a name that is there twice: a reader might see the one and the chain hash the other.
fn without_doubles<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    struct Facts;

    impl<'de> Visitor<'de> for Facts {
        type Value = BTreeMap<String, String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of texts")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut facts = BTreeMap::new();
            while let Some((name, value)) = map.next_entry::<String, String>()? {
                if facts.insert(name, value).is_some() {
                    return Err(de::Error::custom("a fact is given twice"));
                }
            }
            Ok(facts)
        }
    }

    deserializer.deserialize_map(Facts)
}

#[cfg(test)]
mod tests {
    use countersign_kernel::Country;

    use super::*;
    use crate::testing::{env, origin};

    // attack 100
    // bug S88, S89
    #[test]
    fn what_a_caller_hands_in_is_made_harmless() {
        let mut origin = origin();
        origin.user_agent = Some("evil\u{1b}[2Jagent".to_owned());
        origin.address = "::ffff:192.0.2.9".parse().ok();

        let record = Record::new(Event::SignedIn, Actor::Anonymous, &origin, env().now(), &env())
            .because("a\nb")
            .with("to", "ada@example.org")
            .with_name("kid", "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");

        assert_eq!(record.user_agent.as_deref(), Some(r"evil\u{1b}[2Jagent"));
        assert_eq!(record.address.as_deref(), Some("192.0.2.9"));
        assert_eq!(record.reason.as_deref(), Some(r"a\u{a}b"));
        assert_eq!(record.detail["to"], "[redacted]");
        assert_eq!(record.detail["kid"], "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn country_and_network_are_facts_where_they_are_known() {
        let mut origin = origin();
        let record = |origin: &Origin| Record::new(Event::SignedIn, Actor::Anonymous, origin, env().now(), &env());
        assert!(record(&origin).detail.is_empty());

        origin.location = Location { country: Country::parse("de"), asn: Some(64_500) };

        let detail = record(&origin).detail;
        assert_eq!((detail["country"].as_str(), detail["asn"].as_str(), detail.len()), ("DE", "64500", 2));
    }
}
