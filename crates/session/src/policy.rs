//! The numbers that sessions are kept by (API.md, "Starting it").

use countersign_kernel::Lifetime;
use countersign_limit::{Policies, Quota};

use crate::bind::BindPolicy;
use crate::error::Error;
use crate::judge::{JudgePolicy, RING, Undelivered};

/// How sessions are kept. Checked once by [`Policy::check`], which [`crate::Sessions::start`] calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The `iss` claim: the public URL.
    pub issuer: String,
    /// The `aud` claim (`TOKENS__AUDIENCE`).
    pub audience: String,
    /// How long an access token lives, before a jitter of ±5 % (`TOKENS__ACCESS_SECONDS`); 1 s to 24 h.
    pub access: Lifetime,
    /// W of the refresh table (`REFRESH__WINDOW_SECONDS`); at most an hour.
    pub window: Lifetime,
    /// How long an unused session lives (`REFRESH__IDLE_SECONDS`).
    pub idle: Lifetime,
    /// How long a session lives at most (`REFRESH__ABSOLUTE_SECONDS`); at most 400 days, as browsers keep cookies.
    pub absolute: Lifetime,
    /// What a spent token means whose successor nobody has presented (`REFRESH__UNDELIVERED`).
    pub undelivered: Undelivered,
    /// Whether access tokens carry `email` (`TOKENS__EMAIL_CLAIM`).
    pub email_claim: bool,
    /// What a recent sign-in is (`STEP_UP__MAX_AGE_SECONDS`).
    pub step_up_max_age: Lifetime,
    /// What a change of user agent or network means (`SESSION__BIND_USER_AGENT`, `SESSION__BIND_NETWORK`).
    pub bind: BindPolicy,
    /// How many sessions of one person live at most (`SESSION__MAX_PER_USER`); 1 to 10,000.
    pub max_per_user: u32,
    /// How often one session may refresh.
    pub refresh_limit: Quota,
    /// How many verified access tokens are remembered; about 1.3 KB each.
    pub remembered_tokens: usize,
    /// How many sessions are remembered as they were written last, so that their next refresh is one statement; about 1.2 KB each.
    /// With zero every refresh reads first.
    pub remembered_sessions: usize,
    /// For how long the revocation log may be silent until what this process knows of it counts as stale
    /// (`REVOCATION__MAX_STALENESS_SECONDS`); at least a second.
    pub max_staleness: Lifetime,
    /// What becomes of access tokens from then on (`REVOCATION__WHEN_STALE`).
    pub when_stale: WhenStale,
    /// How many may read the revocation feed of this process at once (`REVOCATION__MAX_SUBSCRIBERS`).
    pub max_subscribers: usize,
    /// Whether access tokens have an index in a status list (`REVOCATION__STATUS_LIST`): a write for each.
    pub status_list: bool,
}

/// What a process does with access tokens that are good as far as it knows, when it has not heard of revocations for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenStale {
    /// Accepts them, and says so: the services behind it go on while the database is away.
    #[default]
    Flag,
    /// Refuses them, which is said to be nobody's sign-out.
    Refuse,
}

impl Policy {
    /// The defaults of API.md for this issuer, which is the audience as well.
    #[must_use]
    pub fn new(issuer: impl Into<String>) -> Self {
        let issuer = issuer.into();
        let judge = JudgePolicy::default();
        Self {
            audience: issuer.clone(),
            issuer,
            access: Lifetime::from_minutes(15),
            window: judge.window,
            idle: judge.idle,
            absolute: Lifetime::from_days(30),
            undelivered: judge.undelivered,
            email_claim: true,
            step_up_max_age: Lifetime::from_minutes(10),
            bind: BindPolicy::default(),
            max_per_user: 100,
            refresh_limit: Policies::default().refresh_session,
            remembered_tokens: 2_048,
            remembered_sessions: 1_024,
            max_staleness: Lifetime::from_seconds(60),
            when_stale: WhenStale::default(),
            max_subscribers: 256,
            status_list: false,
        }
    }

    /// Refuses numbers that break a promise.
    ///
    /// # Errors
    /// [`Error::Policy`] with the setting and its bounds.
    pub fn check(&self) -> Result<(), Error> {
        let second = Lifetime::from_seconds(1);
        let checks = [
            (!self.issuer.is_empty(), "the issuer must not be empty"),
            (!self.audience.is_empty(), "the audience must not be empty"),
            (self.access >= second && self.access <= MOST_ACCESS, "access tokens must live 1 second to 24 hours"),
            (self.window <= MOST_WINDOW, "the refresh window must be at most an hour"),
            (self.idle >= second, "the idle limit must be at least a second"),
            (self.absolute >= second && self.absolute <= MOST_ABSOLUTE, "sessions must live 1 second to 400 days"),
            ((1..=MOST_SESSIONS).contains(&self.max_per_user), "a person must have room for 1 to 10,000 sessions"),
            (self.remembered_tokens > 0, "at least one verified token must be remembered"),
            (self.max_staleness >= second, "the revocation log must be let be silent for at least a second"),
        ];
        match checks.into_iter().find(|(holds, _)| !holds) {
            Some((_, problem)) => Err(Error::Policy(problem)),
            None => Ok(()),
        }
    }

    /// What the refresh table is judged with.
    #[must_use]
    pub const fn judge(&self) -> JudgePolicy {
        JudgePolicy { window: self.window, idle: self.idle, undelivered: self.undelivered, ring: RING }
    }
}

/// What ends beyond the bound is one transaction: it must stay one that can be waited for.
const MOST_SESSIONS: u32 = 10_000;
/// Longer-lived access tokens would make the live set of revocations grow without need.
const MOST_ACCESS: Lifetime = Lifetime::from_hours(24);
/// A wider window would hide thieves.
const MOST_WINDOW: Lifetime = Lifetime::from_hours(1);
/// RFC 6265bis section 5.5: browsers cap a cookie's life at 400 days.
pub(crate) const MOST_ABSOLUTE: Lifetime = Lifetime::from_days(400);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_hold_and_each_bound_is_kept() {
        let good = Policy::new("https://id.example");
        assert!(good.check().is_ok());

        let (zero, day) = (Lifetime::ZERO, Lifetime::from_days(1));
        let bad = [
            Policy { issuer: String::new(), ..good.clone() },
            Policy { audience: String::new(), ..good.clone() },
            Policy { access: zero, ..good.clone() },
            Policy { access: day + Lifetime::from_micros(1), ..good.clone() },
            Policy { window: day, ..good.clone() },
            Policy { idle: zero, ..good.clone() },
            Policy { absolute: zero, ..good.clone() },
            Policy { absolute: Lifetime::from_days(401), ..good.clone() },
            Policy { remembered_tokens: 0, ..good.clone() },
            Policy { max_per_user: 0, ..good.clone() },
            Policy { max_per_user: 10_001, ..good.clone() },
            Policy { max_staleness: zero, ..good.clone() },
        ];
        for policy in bad {
            assert!(policy.check().is_err(), "{policy:?}");
        }
    }
}
