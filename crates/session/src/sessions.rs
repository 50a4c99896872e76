//! The handle: everything that the verbs of this floor share.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use countersign_jose as jose;
use countersign_kernel::{Env, Lifetime, Locate, Location, SessionId, Timestamp};
use countersign_keys::{FeedKeys, Keyring, Roots};
use countersign_limit::Limiter;
use countersign_store::{Delivery, Session, Store};
use quick_cache::sync::Cache;

use crate::attempt::AttemptKeys;
use crate::claims::ClaimsHook;
use crate::csrf::CsrfKeys;
use crate::device::DeviceKeys;
use crate::error::Error;
use crate::feed::Feed;
use crate::page_session::PageKeys;
use crate::policy::{Policy, WhenStale};
use crate::recall::Recalls;
use crate::refresh_token::{RefreshKeys, RefreshToken};
use crate::revocations::LiveSet;
use crate::rounds::Rounds;
use crate::seen::{Found, Seen};
use crate::status_list::StatusList;
use crate::tally::Tally;

/// Everything that can be done with sessions. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Sessions(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) env: Env,
    pub(crate) keyring: Keyring,
    pub(crate) limiter: Arc<dyn Limiter>,
    pub(crate) policy: Policy,
    pub(crate) claims: Option<Arc<dyn ClaimsHook>>,
    pub(crate) refresh: RefreshKeys,
    pub(crate) attempts: AttemptKeys,
    pub(crate) pages: PageKeys,
    pub(crate) csrf: CsrfKeys,
    pub(crate) devices: DeviceKeys,
    pub(crate) live: Arc<LiveSet>,
    pub(crate) feed: Arc<Feed>,
    /// None where the policy has none.
    pub(crate) status: Option<StatusList>,
    /// Verified tokens, the whole text as the key. Revocation is checked all the same.
    pub(crate) remembered: Cache<Arc<str>, Arc<Seen>>,
    /// Sessions that were found in the database, so that their next token needs no look-up.
    pub(crate) found: Cache<SessionId, Found>,
    /// Sessions as this process wrote them last.
    pub(crate) recalls: Recalls,
    /// Where addresses are.
    pub(crate) table: OnceLock<Arc<dyn Locate>>,
    /// When this process began to judge.
    pub(crate) started_at: Timestamp,
    /// Up to when the log has been read: when the last catch-up that came to its end began, in microseconds since the epoch.
    pub(crate) heard_at: AtomicI64,
    /// Whether a token named a key that we do not know.
    pub(crate) key_missed: AtomicBool,
    pub(crate) rounds: tokio::sync::Mutex<Rounds>,
    pub(crate) tally: Tally,
}

impl Sessions {
    /// Loads the live revocations and notes how long access tokens live from now on. From the return on, every commit of
    /// this process that revokes something counts at once.
    ///
    /// # Errors
    /// [`Error::Policy`] if the policy cannot be served by; [`Error::Store`] if the database does not answer.
    pub async fn start(
        store: Arc<dyn Store>,
        env: Env,
        keyring: Keyring,
        roots: &Roots,
        limiter: Arc<dyn Limiter>,
        policy: Policy,
        claims: Option<Arc<dyn ClaimsHook>>,
    ) -> Result<Self, Error> {
        policy.check()?;
        let live = Arc::new(LiveSet::new());
        let started_at = store.now();
        let feed_keys = FeedKeys::new(roots.feed.clone());
        let feed = Arc::new(Feed::new(feed_keys, &policy.issuer, policy.max_subscribers, started_at));
        let sessions = Self(Arc::new(Inner {
            keyring,
            limiter,
            claims,
            refresh: RefreshKeys::new(roots.refresh.clone()),
            attempts: AttemptKeys::new(&roots.lookup),
            pages: PageKeys::new(&roots.cookies),
            csrf: CsrfKeys::new(&roots.cookies, env.clone()),
            devices: DeviceKeys::new(&roots.cookies),
            live: Arc::clone(&live),
            feed: Arc::clone(&feed),
            status: policy.status_list.then(|| StatusList::new(&policy.issuer)),
            remembered: Cache::new(policy.remembered_tokens),
            found: Cache::new(policy.remembered_tokens),
            recalls: Recalls::new(policy.remembered_sessions),
            table: OnceLock::new(),
            started_at,
            heard_at: AtomicI64::new(started_at.as_micros()),
            key_missed: AtomicBool::new(false),
            rounds: tokio::sync::Mutex::new(Rounds::new(started_at)),
            tally: Tally::new(),
            store,
            env,
            policy,
        }));
        // Subscribe, then load: what is committed in between comes twice, which is harmless, and never not at all.
        sessions.0.store.observe(live);
        sessions.0.store.observe(feed);
        sessions.note_access_lifetime().await?;
        sessions.load_revocations().await?;
        sessions.fit_status_list().await?;
        Ok(sessions)
    }

    /// The session of a refresh token that came this way, by its MAC alone: it may have ended, and the token may be spent.
    #[must_use]
    pub fn read_refresh(&self, text: &str, delivery: Delivery) -> Option<SessionId> {
        self.open_refresh(text, delivery).map(|token| token.session)
    }

    /// The session of a `pageSession` cookie, by its MAC alone: it may have ended.
    #[must_use]
    pub fn page_session(&self, text: &str) -> Option<SessionId> {
        self.0.pages.open(text)
    }

    /// The session with this id, ended or not: for pages that show who is signed in, and for commands.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn find(&self, session: SessionId) -> Result<Option<Session>, Error> {
        Ok(self.0.store.snapshot().await?.find_session(session).await?)
    }

    /// Takes the table that says where addresses are: once, before the first request. A second one is left aside.
    pub fn locate_by(&self, table: Arc<dyn Locate>) {
        let _ = self.0.table.set(table);
    }

    /// The table that says where addresses are, if there is one.
    #[must_use]
    pub fn table(&self) -> Option<&Arc<dyn Locate>> {
        self.0.table.get()
    }

    /// Where this address is; unknown without a table.
    #[must_use]
    pub fn locate(&self, address: Option<IpAddr>) -> Location {
        self.table().zip(address).map_or_else(Location::default, |(table, address)| table.locate(address))
    }

    /// CSRF tokens.
    #[must_use]
    pub fn csrf(&self) -> &CsrfKeys {
        &self.0.csrf
    }

    /// Device cookies.
    #[must_use]
    pub fn devices(&self) -> &DeviceKeys {
        &self.0.devices
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// The ring of signing keys: what is published, and what the commands for keys act on.
    #[must_use]
    pub fn keyring(&self) -> &Keyring {
        &self.0.keyring
    }

    /// The live set of revocations.
    #[must_use]
    pub fn revocations(&self) -> &LiveSet {
        &self.0.live
    }

    /// The database's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.store.now()
    }

    /// For how long the revocation log has not answered: a node cut off for a minute is not ready.
    #[must_use]
    pub fn silent_for(&self) -> Lifetime {
        self.silent_at(self.now())
    }

    /// For how long the revocation log has not answered, where that is longer than the policy allows: what was revoked elsewhere
    /// since then is not known here (DESIGN section 2). Whoever accepts a token all the same should say so.
    #[must_use]
    pub fn staleness(&self) -> Option<Lifetime> {
        let silent = self.silent_for();
        (silent > self.0.policy.max_staleness).then_some(silent)
    }

    /// Whether the policy refuses tokens at this moment, because what is known of revocations is too old.
    pub(crate) fn refuses_as_stale(&self, now: Timestamp) -> bool {
        self.0.policy.when_stale == WhenStale::Refuse && self.silent_at(now) > self.0.policy.max_staleness
    }

    fn silent_at(&self, now: Timestamp) -> Lifetime {
        now.since(Timestamp::from_micros(self.0.heard_at.load(Ordering::Relaxed)))
    }

    pub(crate) fn open_refresh(&self, text: &str, delivery: Delivery) -> Option<RefreshToken> {
        self.0.refresh.open(text, self.now()).filter(|token| token.delivery == delivery)
    }

    pub(crate) fn signer(&self) -> Arc<jose::SigningKey> {
        self.0.keyring.signer()
    }
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").field("policy", &self.0.policy).field("live", &self.0.live).finish_non_exhaustive()
    }
}
