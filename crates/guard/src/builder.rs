//! What a verifier is built from. Whatever cannot be meant is an error here, and never at a request.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use countersign_kernel::{Env, Lifetime, Secret, SystemEntropy, WallClock};
use http::HeaderValue;
use quick_cache::sync::Cache;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::address::Address;
use crate::error::Error;
use crate::feed::{Follower, Place};
use crate::file::Carried;
use crate::identity::Policy;
use crate::jwks::{self, Keys, Pace, Source};
use crate::network::Network;
use crate::revocations::{Bound, Revocations, WhenStale};
use crate::transport::Transport;
use crate::verifier::{Inner, Verifier};

impl Verifier {
    /// Begins a verifier of the tokens of `issuer`: the server's public URL, as it stands in `iss`.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn start() -> Result<(), countersign_guard::Error> {
    /// use countersign_guard::{Feed, Verifier};
    ///
    /// let verifier = Verifier::discover("https://auth.example.com")
    ///     .audience("https://orders.example.com")
    ///     .feed(Feed::key_file("/run/secrets/countersign.key"))
    ///     .build()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn discover(issuer: impl Into<String>) -> Discovery {
        Discovery { issuer: issuer.into() }
    }
}

/// A verifier that does not know yet who it is.
#[derive(Debug, Clone)]
#[must_use]
pub struct Discovery {
    issuer: String,
}

impl Discovery {
    /// Who this service is, as it stands in `aud`: the server's `tokens.audience`. There is no default: a token that was made for
    /// another service must not open this one.
    pub fn audience(self, audience: impl Into<String>) -> Builder {
        Builder {
            issuer: self.issuer,
            audience: audience.into(),
            keys: Documents::Usual,
            feed: None,
            revocations_file: None,
            leeway: Duration::from_secs(30),
            second_factor_roles: vec!["admin".to_owned()],
            remembered: 8_192,
            cool_down: Duration::from_secs(30),
            stale_for: Duration::from_secs(86_400),
            timeout: Duration::from_secs(5),
            roots: Vec::new(),
            transport: None,
            env: None,
        }
    }
}

/// Where the keys of access tokens are.
#[derive(Debug, Clone)]
enum Documents {
    Usual,
    Url(String),
    File(PathBuf),
}

/// Settings of a [`Verifier`].
#[must_use]
pub struct Builder {
    issuer: String,
    audience: String,
    keys: Documents,
    feed: Option<Feed>,
    revocations_file: Option<PathBuf>,
    leeway: Duration,
    second_factor_roles: Vec<String>,
    remembered: usize,
    cool_down: Duration,
    stale_for: Duration,
    timeout: Duration,
    roots: Vec<Vec<u8>>,
    transport: Option<Arc<dyn Transport>>,
    env: Option<Env>,
}

/// The feed of revocations: which key opens it, and what happens when it is silent.
#[derive(Debug, Clone)]
#[must_use]
pub struct Feed {
    key: Key,
    url: Option<String>,
    keys_url: Option<String>,
    max_staleness: Duration,
    when_stale: WhenStale,
}

#[derive(Debug, Clone)]
enum Key {
    Text(Secret<String>),
    File(PathBuf),
}

impl Feed {
    /// Opened by this machine key: `countersign machine create NAME` makes one.
    pub fn key(key: impl Into<String>) -> Self {
        Self::of(Key::Text(Secret::new(key.into())))
    }

    /// Opened by the machine key in this file, which is read when the verifier is built.
    pub fn key_file(path: impl Into<PathBuf>) -> Self {
        Self::of(Key::File(path.into()))
    }

    const fn of(key: Key) -> Self {
        let max_staleness = Duration::from_secs(60);
        Self { key, url: None, keys_url: None, max_staleness, when_stale: WhenStale::Refuse }
    }

    /// Where the feed is, or a mirror of it; `/api/revocations` of the issuer without this.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// Where the feed's own keys are; `/.well-known/revocations/jwks.json` of the issuer without this.
    pub fn keys_url(mut self, url: impl Into<String>) -> Self {
        self.keys_url = Some(url.into());
        self
    }

    /// How old what the server last signed may be: 60 s without this, 2 s at least (it signs each second).
    pub const fn max_staleness(mut self, span: Duration) -> Self {
        self.max_staleness = span;
        self
    }

    /// What becomes of good tokens when it is older: they are refused without this.
    pub const fn when_stale(mut self, when_stale: WhenStale) -> Self {
        self.when_stale = when_stale;
        self
    }
}

impl Builder {
    /// Hears of revocations. Without a feed a token that was taken back is good here until it expires.
    pub fn feed(mut self, feed: Feed) -> Self {
        self.feed = Some(feed);
        self
    }

    /// Where the keys of access tokens are; `/.well-known/jwks.json` of the issuer without this.
    pub fn keys_url(mut self, url: impl Into<String>) -> Self {
        self.keys = Documents::Url(url.into());
        self
    }

    /// Takes the keys from a file, for a service that reaches no issuer: what `/.well-known/jwks.json` said. It is read again each
    /// minute, so that a new one can be put in its place.
    pub fn keys_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.keys = Documents::File(path.into());
        self
    }

    /// Takes revocations from a file, for a service that reaches no feed: the data of a `snapshot` event. It is read again each minute
    /// and merged. Nobody signs it: how old it is is the carrier's to know.
    pub fn revocations_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.revocations_file = Some(path.into());
        self
    }

    /// How far this machine's clock and the issuer's may differ: 30 s without this, and at most.
    pub const fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Further roles that count only with a second factor, beside `admin`: the server's `second_factor.required_roles`.
    pub fn second_factor_roles(mut self, roles: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.second_factor_roles.extend(roles.into_iter().map(Into::into));
        self
    }

    /// How many verified tokens are kept in memory: 8192 without this. Expiry and revocations are asked each time.
    pub const fn remembered(mut self, count: usize) -> Self {
        self.remembered = count;
        self
    }

    /// After a fetch of the keys, none on account of an unknown key for so long: 30 s without this, 10 s at least.
    pub const fn cool_down(mut self, span: Duration) -> Self {
        self.cool_down = span;
        self
    }

    /// For how long old keys serve while the issuer does not answer: a day without this. Then every token is answered 503.
    pub const fn stale_for(mut self, span: Duration) -> Self {
        self.stale_for = span;
        self
    }

    /// How long the issuer may take to give its keys: 5 s without this.
    pub const fn timeout(mut self, span: Duration) -> Self {
        self.timeout = span;
        self
    }

    /// Trusts these PEM certificates too when it speaks TLS: of a private authority.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots.push(pem.into());
        self
    }

    /// Goes by this clock and this chance, for tests.
    pub fn env(mut self, env: Env) -> Self {
        self.env = Some(env);
        self
    }

    /// Asks by this instead of the network.
    #[cfg(feature = "testing")]
    pub(crate) fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Builds it: checks the settings, and gives the issuer a few seconds to say its keys and how far the feed goes.
    ///
    /// An issuer that does not answer is no error: services start in any order. Until it does, every token is answered 503, and
    /// [`Verifier::status`] says so.
    ///
    /// # Errors
    /// A setting that cannot be meant, or a file that cannot be read.
    pub async fn build(self) -> Result<Verifier, Error> {
        let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
        self.check()?;
        let env = self.env.clone().unwrap_or_else(|| Env::new(Arc::new(WallClock), Arc::new(SystemEntropy)));
        let transport = match &self.transport {
            Some(transport) => Arc::clone(transport),
            None => Arc::new(Network::new(&self.roots)?),
        };
        let pace = Pace { cool_down: self.cool_down.into(), stale_for: self.stale_for.into(), timeout: self.timeout };
        let keys_of = |what, source, pace| Keys::new(what, source, pace, &env, &transport, &runtime);
        let keys = keys_of("the issuer's keys", self.key_source()?, pace);
        let mut tasks = vec![runtime.spawn(Arc::clone(&keys).keep_fresh()).abort_handle()];
        let issuer: Arc<str> = self.issuer.as_str().into();

        let mut revocations = None;
        if let Some(feed) = &self.feed {
            let bound = Bound { max_staleness: feed.max_staleness.into(), when_stale: feed.when_stale };
            let held = Arc::new(Revocations::new(Some(bound)));
            let source = Source::Address(self.address(feed.keys_url.as_ref(), FEED_KEYS, "the feed's keys_url")?);
            // At most once a minute, says the page of the feed.
            let pace = Pace { cool_down: pace.cool_down.max(Lifetime::from_minutes(1)), ..pace };
            let follower = Follower {
                issuer: Arc::clone(&issuer),
                address: self.address(feed.url.as_ref(), FEED, "the feed's url")?,
                key: feed.read_key()?,
                keys: keys_of("the feed's keys", source, pace),
                transport: Arc::clone(&transport),
                revocations: Arc::clone(&held),
                env: env.clone(),
                place: Place::unknown(),
            };
            let feed_keys = Arc::clone(&follower.keys);
            follower_begins(&runtime, &mut tasks, follower, feed_keys);
            revocations = Some(held);
        }
        if let Some(path) = self.revocations_file {
            let held = revocations.get_or_insert_with(|| Arc::new(Revocations::new(None)));
            let carried = Carried::read(path, Arc::clone(held), env.clone())?;
            tasks.push(runtime.spawn(carried.keep_fresh()).abort_handle());
        }
        if revocations.is_none() {
            tracing::warn!("no revocation feed: a token that is taken back is good here until it expires");
        }
        let policy = Policy {
            issuer,
            audience: self.audience,
            leeway_seconds: Lifetime::from(self.leeway).as_seconds(),
            second_factor_roles: self.second_factor_roles,
            env,
        };
        let verifier = Verifier::new(Inner {
            policy: Arc::new(policy),
            keys: Arc::clone(&keys),
            revocations: revocations.clone(),
            remembered: Cache::new(self.remembered),
            tasks,
        });
        keys.fetch().await;
        if let (Some(revocations), true) = (revocations, self.feed.is_some()) {
            let mut progress = revocations.progress();
            let _ = tokio::time::timeout(self.timeout, progress.wait_for(Option::is_some)).await;
        }
        Ok(verifier)
    }

    fn check(&self) -> Result<(), Error> {
        let wrong = |what, why| Err(Error::Setting { what, why });
        Address::issuer(&self.issuer)?;
        if self.audience.is_empty() {
            return wrong("audience", "it is empty");
        }
        if self.leeway > Duration::from_secs(30) {
            return wrong("leeway", "it is 30 s at most");
        }
        if self.cool_down < Duration::from_secs(10) {
            return wrong("cool_down", "it is 10 s at least");
        }
        if self.timeout.is_zero() || self.timeout > Duration::from_secs(60) {
            return wrong("timeout", "it is a minute at most, and not nothing");
        }
        if self.feed.as_ref().is_some_and(|feed| feed.max_staleness < Duration::from_secs(2)) {
            return wrong("max_staleness", "it is 2 s at least: the server signs each second");
        }
        Ok(())
    }

    fn key_source(&self) -> Result<Source, Error> {
        match &self.keys {
            Documents::Usual => self.address(None, KEYS, "keys_url").map(Source::Address),
            Documents::Url(url) => self.address(Some(url), KEYS, "keys_url").map(Source::Address),
            Documents::File(path) => {
                // A wrong file is a mistake of whoever starts this, not of the hour.
                let why = |why| Error::Content { path: path.clone(), why };
                jwks::read(&read(path)?).map_err(why)?;
                Ok(Source::File(path.clone()))
            }
        }
    }

    fn address(&self, said: Option<&String>, usual: &str, what: &'static str) -> Result<Address, Error> {
        match said {
            Some(url) => Address::parse(url, what),
            None => Address::parse(&format!("{}{usual}", self.issuer), what),
        }
    }
}

impl Feed {
    fn read_key(&self) -> Result<Secret<String>, Error> {
        let key = match &self.key {
            Key::Text(key) => key.clone(),
            Key::File(path) => Secret::new(read(path)?),
        };
        let key = Secret::new(key.expose().trim().to_owned());
        if key.expose().is_empty() || HeaderValue::try_from(key.expose()).is_err() || key.expose().contains(' ') {
            return Err(Error::Setting { what: "the feed's key", why: "it is not a machine key" });
        }
        Ok(key)
    }
}

fn follower_begins(runtime: &Handle, tasks: &mut Vec<AbortHandle>, follower: Follower, keys: Arc<Keys>) {
    tasks.push(runtime.spawn(keys.keep_fresh()).abort_handle());
    tasks.push(runtime.spawn(follower.follow()).abort_handle());
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::File { path: path.to_owned(), source })
}

const KEYS: &str = "/.well-known/jwks.json";
const FEED: &str = "/api/revocations";
const FEED_KEYS: &str = "/.well-known/revocations/jwks.json";
