//! How sessions and their access tokens are kept.

#[cfg(feature = "geo")]
use std::path::PathBuf;
use std::sync::Arc;

use countersign_account::UserVerification;
use countersign_kernel::{Lifetime, Locate};
use countersign_session::{BindPolicy, Undelivered, WhenStale};

use super::Builder;
use crate::error::Error;

impl Builder {
    /// How long an access token lives; 15 minutes without it.
    pub const fn access_lifetime(mut self, lifetime: Lifetime) -> Self {
        self.session.access = lifetime;
        self.keys.access = lifetime;
        self
    }

    /// Whether access tokens carry the person's address.
    pub const fn email_claim(mut self, is_carried: bool) -> Self {
        self.session.email_claim = is_carried;
        self
    }

    /// How long a session lives without a refresh, and at most; 7 and 30 days without it.
    pub const fn session_lifetime(mut self, idle: Lifetime, absolute: Lifetime) -> Self {
        self.session.idle = idle;
        self.session.absolute = absolute;
        self
    }

    /// W of the refresh table, and what a spent token means whose successor nobody has presented.
    pub const fn refresh_policy(mut self, window: Lifetime, undelivered: Undelivered) -> Self {
        self.session.window = window;
        self.session.undelivered = undelivered;
        self
    }

    /// For how long the database may be silent until what is known of revocations counts as stale (60 s without it), and what
    /// becomes of access tokens then: accepted and flagged, without it.
    pub const fn staleness_policy(mut self, max_staleness: Lifetime, when_stale: WhenStale) -> Self {
        self.session.max_staleness = max_staleness;
        self.session.when_stale = when_stale;
        self
    }

    /// How many services may read the revocation feed at once; 256 without it.
    pub const fn max_feed_subscribers(mut self, count: usize) -> Self {
        self.session.max_subscribers = count;
        self
    }

    /// Whether access tokens have an index in a signed status list at `/.well-known/status-list`, for verifiers of other makes; not
    /// without it, because each token then costs a write.
    pub const fn status_list(mut self, is_on: bool) -> Self {
        self.session.status_list = is_on;
        self
    }

    /// What a recent sign-in is; 10 minutes without it.
    pub const fn step_up_max_age(mut self, age: Lifetime) -> Self {
        self.session.step_up_max_age = age;
        self
    }

    /// What it means that a session is used with another family of user agents, or from another network, than it began with;
    /// both are audited without it.
    pub const fn bind_sessions(mut self, policy: BindPolicy) -> Self {
        self.session.bind = policy;
        self
    }

    /// How many sessions of one person live at most, 1 to 10,000; 100 without it. A sign-in beyond that ends the one that was used
    /// longest ago.
    pub const fn max_sessions_per_user(mut self, count: u32) -> Self {
        self.session.max_per_user = count;
        self
    }

    /// Whether a passkey must check who holds it, by a PIN, a fingerprint or a face; it must, without this call.
    pub const fn passkey_user_verification(mut self, verification: UserVerification) -> Self {
        self.user_verification = verification;
        self
    }

    /// MaxMind-format files that say in which country, and in whose network, an address is: read into memory, and again when
    /// they change. They may be one file.
    #[cfg(feature = "geo")]
    pub fn geo(mut self, country_file: Option<PathBuf>, asn_file: Option<PathBuf>) -> Self {
        self.geo = (country_file, asn_file);
        self
    }

    /// The table of addresses, if there is one.
    #[cfg(feature = "geo")]
    pub(super) fn table(&self) -> Result<Option<Arc<dyn Locate>>, Error> {
        let (country, asn) = &self.geo;
        if country.is_none() && asn.is_none() {
            return Ok(None);
        }
        Ok(Some(Arc::new(countersign_geo::Table::open(country.as_deref(), asn.as_deref())?)))
    }

    #[cfg(not(feature = "geo"))]
    pub(super) fn table(&self) -> Result<Option<Arc<dyn Locate>>, Error> {
        Ok(None)
    }
}
