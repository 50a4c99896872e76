//! The handle that everything on this floor works with.

use std::any::Any;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::{ArcSwap, Guard};
use async_trait::async_trait;
use countersign_account::Accounts;
use countersign_audit::Event;
use countersign_kernel::{Env, Origin, RequestId, SessionId, Timestamp, UserId};
use countersign_session::Sessions;
use countersign_trail::Reader;
use http::{HeaderMap, HeaderValue};

use crate::client_address::TrustedProxies;
use crate::layer::cors::Cors;
use crate::layer::headers::usual;
use crate::settings::{HttpSettings, SettingsError, ShownSetting};
use crate::site::{Site, check_cors_origins};
use crate::tally::{Readings, Tally};

/// The authentication system as an axum app holds it: put it into the state, and the extractors of this crate work.
///
/// Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    sessions: Sessions,
    accounts: Accounts,
    env: Env,
    host: Arc<dyn Host>,
    public_url: Arc<str>,
    is_https: bool,
    trusted_proxies: ArcSwap<TrustedProxies>,
    cors: ArcSwap<Cors>,
    trail: Reader,
    shown: ArcSwap<Vec<ShownSetting>>,
    usual_headers: HeaderMap,
    request_ids: RequestIds,
    tally: Tally,
}

/// What the floor above does for this one.
#[async_trait]
pub trait Host: Any + Send + Sync {
    /// What serving needs and how each is, in the order in which it is shown. Ready is who has no failing check. Must answer
    /// within a few seconds, whatever hangs.
    async fn checks(&self) -> Vec<Check>;

    /// A request came with a forwarding header from `peer`, which is near enough to be a proxy and is not trusted. Must not wait.
    fn forwarded(&self, _peer: IpAddr) {}

    /// A request was refused here, before any verb saw it. Must not wait; may forget under a flood.
    fn refused(&self, refusal: Refusal);
}

/// One of the things that serving needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// What it is: a stable word that names no internals, such as `database`.
    pub name: &'static str,
    /// Whether it is as it must be.
    pub is_good: bool,
}

/// A request that was refused on this floor: something to audit.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// [`Event::CsrfRefused`] or [`Event::AccessDenied`].
    pub event: Event,
    /// Why, as a stable word: the role or permission that was missing.
    pub reason: Option<String>,
    /// Where the request came from.
    pub origin: Origin,
    /// Who is signed in, where that is known.
    pub user: Option<UserId>,
    /// In which session.
    pub session: Option<SessionId>,
}

impl Auth {
    /// Joins the verbs with the settings of this floor.
    ///
    /// # Errors
    /// [`SettingsError`] for a public URL or an allowed origin that cannot be served by.
    pub fn new(
        sessions: Sessions,
        accounts: Accounts,
        trail: Reader,
        settings: HttpSettings,
        env: Env,
        host: Arc<dyn Host>,
    ) -> Result<Self, SettingsError> {
        let site = Site::parse(&settings.public_url)?;
        check_cors_origins(&settings.public_url, &settings.cors_allowed_origins)?;
        let hsts =
            if settings.hsts_include_subdomains { "max-age=31536000; includeSubDomains" } else { "max-age=31536000" };
        Ok(Self(Arc::new(Inner {
            sessions,
            accounts,
            host,
            public_url: Arc::clone(site.origin()),
            is_https: site.is_https(),
            trusted_proxies: ArcSwap::from_pointee(settings.trusted_proxies),
            cors: ArcSwap::from_pointee(Cors::new(&settings.cors_allowed_origins)),
            trail,
            shown: ArcSwap::from_pointee(settings.shown),
            usual_headers: usual(site.is_https().then(|| HeaderValue::from_static(hsts))),
            request_ids: RequestIds::new(&env),
            tally: Tally::new(),
            env,
        })))
    }

    /// Everything that can be done with sessions.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// Everything that can be done with accounts.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.0.accounts
    }

    /// Takes up other trusted proxies and other allowed origins: the next request is judged by them.
    ///
    /// # Errors
    /// [`SettingsError`] for an origin that cannot be allowed; nothing has changed then.
    pub fn reload(&self, proxies: TrustedProxies, origins: &[String]) -> Result<(), SettingsError> {
        check_cors_origins(&self.0.public_url, origins)?;
        self.0.trusted_proxies.store(Arc::new(proxies));
        self.0.cors.store(Arc::new(Cors::new(origins)));
        Ok(())
    }

    /// Shows administrators these settings from now on.
    pub fn show_settings(&self, shown: Vec<ShownSetting>) {
        self.0.shown.store(Arc::new(shown));
    }

    /// The floor above, if it is a `T`.
    #[must_use]
    pub fn host<T: Host>(&self) -> Option<&T> {
        let host: &dyn Any = self.0.host.as_ref();
        host.downcast_ref()
    }

    /// The origin that browsers use, without a slash at its end.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.0.public_url
    }

    /// What was answered, for metrics.
    #[must_use]
    pub fn readings(&self) -> Readings {
        self.0.tally.read()
    }

    pub(crate) fn trail(&self) -> &Reader {
        &self.0.trail
    }

    pub(crate) fn shown_settings(&self) -> Guard<Arc<Vec<ShownSetting>>> {
        self.0.shown.load()
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.0.tally
    }

    pub(crate) fn public_url_shared(&self) -> Arc<str> {
        Arc::clone(&self.0.public_url)
    }

    pub(crate) fn is_https(&self) -> bool {
        self.0.is_https
    }

    pub(crate) fn is_own_origin(&self, origin: &[u8]) -> bool {
        origin == self.0.public_url.as_bytes() || self.0.cors.load().allows(origin)
    }

    pub(crate) fn cors(&self) -> Guard<Arc<Cors>> {
        self.0.cors.load()
    }

    pub(crate) fn usual_headers(&self) -> &HeaderMap {
        &self.0.usual_headers
    }

    pub(crate) fn trusted_proxies(&self) -> Guard<Arc<TrustedProxies>> {
        self.0.trusted_proxies.load()
    }

    pub(crate) fn env(&self) -> &Env {
        &self.0.env
    }

    pub(crate) fn ready(&self) -> &dyn Host {
        self.0.host.as_ref()
    }

    pub(crate) fn new_request_id(&self, now: Timestamp) -> RequestId {
        self.0.request_ids.next(now)
    }
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth").field("public_url", &self.0.public_url).finish_non_exhaustive()
    }
}

/// Numbers requests. A request id is a name, not a secret: 32 random bits of this process and a counter are enough, and
/// spare each request a call to the operating system's generator.
#[derive(Debug)]
struct RequestIds {
    process: [u8; 4],
    count: AtomicU64,
}

impl RequestIds {
    fn new(env: &Env) -> Self {
        Self { process: env.entropy().bytes(), count: AtomicU64::new(0) }
    }

    /// An id in the form of RFC 9562 section 5.7 (version 7): milliseconds, then the process, then the count.
    fn next(&self, now: Timestamp) -> RequestId {
        let [_, _, time @ ..] = u64::try_from(now.as_millis()).unwrap_or(0).to_be_bytes();
        let [t0, t1, t2, t3, t4, t5] = time;
        let [p0, p1, p2, p3] = self.process;
        let [_, _, _, c3, c4, c5, c6, c7] = self.count.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let (version, variant) = (0x70 | (p0 & 0x0f), 0x80 | (p2 & 0x3f));
        RequestId::from_bytes([t0, t1, t2, t3, t4, t5, version, p1, variant, p3, p0, c3, c4, c5, c6, c7])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn request_ids_are_distinct_and_in_order() {
        let ids = RequestIds::new(&Env::system());
        let now = Timestamp::from_seconds(1_700_000_000);

        let made: Vec<_> = (0..1_000).map(|_| ids.next(now)).collect();

        assert_eq!(made.iter().collect::<HashSet<_>>().len(), 1_000);
        assert!(made.is_sorted());
        assert_eq!(made[0].as_uuid().get_version_num(), 7);
    }
}
