//! Builds an [`Auth`] from a handful of settings.

mod judge;

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use countersign_account::{Accounts, EmailPolicy, FactorPolicy, Parts, UserVerification};
use countersign_http::{Auth, HttpSettings, ShownSetting, TrustedProxies};
use countersign_jose::Algorithm;
use countersign_kernel::{Counter, Env, Lifetime, Secret};
use countersign_keys::{AuditKey, DataKeys, KeyPolicy, Keyring, Roots};
use countersign_limit::{Counted, Limiter, MemoryLimiter, Policies, Tunable, Unlimited};
use countersign_password::{Hasher, HasherConfig, Peppers, Policy as PasswordPolicy};
use countersign_session::{ClaimsHook, Policy as SessionPolicy, Sessions};
use countersign_store::{KeyState, Observer, Store, User};
use countersign_store_sql::SqlStore;
use serde_json::{Map, Value};

use crate::breached::read_breached_filter;
use crate::engine::{Engine, Trail, Waiting};
use crate::error::Error;
use crate::event_counts::EventCounts;
use crate::hook::{self, Hook};
use crate::house::House;
use crate::mail_room::Mailer;
use crate::pepper;
use crate::public_url::PublicUrl;
use crate::system::System;
use crate::valkey::Valkey;

pub use moving::{MovePlan, Moved};

mod database;
mod factors;
mod limits;
mod mail;
mod moving;
mod passwords;
mod sessions;

/// How many limits are counted at once; some 15 MB where strangers fill them.
const LIMIT_KEYS: usize = 100_000;

/// Wraps the database.
#[cfg(feature = "testing")]
type Between = Arc<dyn Fn(Arc<dyn Store>) -> Arc<dyn Store> + Send + Sync>;

/// Settings of an [`Auth`] to be. Only [`Builder::public_url`] and one of [`Builder::data_dir`], or
/// [`Builder::database`] with [`Builder::master_key`], are needed.
#[derive(Clone)]
#[must_use]
pub struct Builder {
    public_url: Option<String>,
    data_dir: Option<PathBuf>,
    database: Option<Secret<String>>,
    postgres_connections: Option<(u32, u32)>,
    store: Option<Arc<SqlStore>>,
    valkey: Option<Secret<String>>,
    #[cfg(feature = "testing")]
    between: Option<Between>,
    master_key: Option<Secret<String>>,
    audience: Option<String>,
    session: SessionPolicy,
    keys: KeyPolicy,
    keep_algorithm: bool,
    limits: Option<Policies>,
    #[cfg(feature = "geo")]
    geo: (Option<PathBuf>, Option<PathBuf>),
    challenge_difficulty: u32,
    user_verification: UserVerification,
    hashing: HasherConfig,
    weak_hashing: bool,
    passwords: PasswordPolicy,
    factors: FactorPolicy,
    breached_filter: Option<PathBuf>,
    peppers: Peppers,
    mailer: Option<Mailer>,
    verified_email: bool,
    trusted_proxies: TrustedProxies,
    allowed_origins: Vec<String>,
    claims: Option<Arc<dyn ClaimsHook>>,
    on_event: Option<Hook>,
    checkpoint_every: Lifetime,
    keep_audit: Option<Lifetime>,
    env: Option<Env>,
    janitor: bool,
    shown_settings: Vec<ShownSetting>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            public_url: None,
            data_dir: None,
            database: None,
            postgres_connections: None,
            store: None,
            valkey: None,
            #[cfg(feature = "testing")]
            between: None,
            master_key: None,
            audience: None,
            session: SessionPolicy::new(""),
            keys: KeyPolicy::default(),
            keep_algorithm: false,
            limits: Some(Policies::default()),
            #[cfg(feature = "geo")]
            geo: (None, None),
            challenge_difficulty: limits::CHALLENGE_DIFFICULTY,
            user_verification: UserVerification::default(),
            hashing: HasherConfig::default(),
            weak_hashing: false,
            passwords: PasswordPolicy::default(),
            factors: FactorPolicy::default(),
            breached_filter: None,
            peppers: Peppers::default(),
            mailer: None,
            verified_email: false,
            trusted_proxies: TrustedProxies::default(),
            allowed_origins: Vec::new(),
            claims: None,
            on_event: None,
            checkpoint_every: Lifetime::from_hours(1),
            keep_audit: Some(Lifetime::from_days(400)),
            env: None,
            janitor: true,
            shown_settings: Vec::new(),
        }
    }
}

impl Builder {
    /// The address that browsers use, for example `https://app.example.com`: the origin of cookies, CSRF checks and links, and
    /// the issuer of tokens. Plain http is for loopback hosts.
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// Puts something between the verbs and the database, which may delay calls and must pass each on.
    #[cfg(feature = "testing")]
    pub fn between(mut self, wrap: impl Fn(Arc<dyn Store>) -> Arc<dyn Store> + Send + Sync + 'static) -> Self {
        self.between = Some(Arc::new(wrap));
        self
    }

    /// How access tokens are signed; `EdDSA` without it.
    pub const fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.keys.algorithm = algorithm;
        self
    }

    /// Keeps to the algorithm of the key that signs, where there is one, whatever [`Builder::algorithm`] says. For commands
    /// beside a server whose settings they may not share: keys must not be replaced for that.
    pub const fn keep_algorithm(mut self) -> Self {
        self.keep_algorithm = true;
        self
    }

    /// The `aud` of access tokens; the public URL without it.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// How long a signing key signs, and how long it is published before; 90 days and one without it.
    pub const fn key_schedule(mut self, rotate_after: Lifetime, publish_before: Lifetime) -> Self {
        self.keys.rotate_after = rotate_after;
        self.keys.publish_before = publish_before;
        self
    }

    /// The proxies whose forwarding headers are believed. None without it.
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.trusted_proxies = proxies;
        self
    }

    /// Further origins whose pages may call with cookies; each of the public URL's site.
    pub fn allowed_origins(mut self, origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.allowed_origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// Claims of your own in each access token. Registered names, names of secrets and more than 1 KiB are refused.
    pub fn claims(mut self, hook: impl Fn(&User) -> Map<String, Value> + Send + Sync + 'static) -> Self {
        self.claims = Some(Arc::new(hook));
        self
    }

    /// Called for each audit event of this process, in order, after it was committed. A hook that falls 4,096 events behind
    /// misses some; what must not be missed is in the audit trail.
    pub fn on_event<F, Fut>(mut self, hook: F) -> Self
    where
        F: Fn(countersign_audit::Record) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.on_event = Some(Arc::new(move |record| Box::pin(hook(record))));
        self
    }

    /// How often the end of the audit trail is signed, and for how long a record of it is kept: an hour and 400 days without
    /// it; none keeps records for ever.
    pub const fn audit_trail(mut self, checkpoint_every: Lifetime, keep: Option<Lifetime>) -> Self {
        self.checkpoint_every = checkpoint_every;
        self.keep_audit = keep;
        self
    }

    /// The settings that administrators are shown, each with where it came from. None without it: what an app is configured by is
    /// its own.
    pub fn shown_settings(mut self, settings: Vec<ShownSetting>) -> Self {
        self.shown_settings = settings;
        self
    }

    /// Time and chance; the machine's without it.
    pub fn env(mut self, env: Env) -> Self {
        self.env = Some(env);
        self
    }

    /// Leaves upkeep to calls of [`System::upkeep`]. For tests, and for commands that live for a moment.
    pub const fn without_janitor(mut self) -> Self {
        self.janitor = false;
        self
    }

    /// Opens everything and starts the janitor. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// Any unsafe or missing setting, and whatever cannot be opened; the text says what to do.
    pub async fn build(self) -> Result<Auth, Error> {
        Ok(self.build_system().await?.auth().clone())
    }

    /// The same, for whoever operates the system.
    ///
    /// # Errors
    /// Those of [`Builder::build`].
    pub async fn build_system(self) -> Result<System, Error> {
        let env = self.env.clone().unwrap_or_else(Env::system);
        self.warn_of_dangers();
        let public_url = self.checked_public_url()?;
        let hasher = self.hasher(&env)?;
        let password_policy = self.password_policy_with_filter()?;
        let mail = self.mail_room(&public_url)?;
        let (store, custody) = self.open(&env).await?;
        let port: Arc<dyn Store> = Arc::clone(&store) as Arc<dyn Store>;
        #[cfg(feature = "testing")]
        let port = self.between.as_ref().map_or_else(|| Arc::clone(&port), |wrap| wrap(Arc::clone(&port)));

        pepper::check(port.as_ref(), hasher.peppers(), self.janitor).await?;
        let events_dropped = Arc::new(Counter::new());
        if let Some(hook) = &self.on_event {
            store.observe(hook::start(Arc::clone(hook), Arc::clone(&events_dropped)));
        }
        let events = Arc::new(EventCounts::new());
        store.observe(Arc::clone(&events) as Arc<dyn Observer>);
        let roots = Roots::load_or_make(port.as_ref(), &custody.master, &env).await?;
        let data_keys = DataKeys::load_or_make(Arc::clone(&port), custody.master.clone(), env.clone()).await?;
        let trail = Trail {
            key: AuditKey::load_or_make(port.as_ref(), &custody.master, &env).await?,
            checkpoint_every: self.checkpoint_every,
            keep: self.keep_audit,
        };
        let keys = self.key_policy(port.as_ref()).await?;
        let keyring = Keyring::start(Arc::clone(&port), custody.master.clone(), env.clone(), keys).await?;
        let valkey = match &self.valkey {
            // A command that lives for a moment counts nothing and listens to nobody.
            Some(url) => Some(Valkey::open(url, &roots, self.janitor).await?),
            None => None,
        };
        let limits = self.limits.as_ref().map(|policies| {
            let own = MemoryLimiter::new(LIMIT_KEYS, &env);
            let counted = match &valkey {
                Some(valkey) => valkey.share(own),
                None => Arc::new(own),
            };
            Arc::new(Tunable::new(counted, policies.clone()))
        });
        let limiter: Arc<dyn Limiter> = match &limits {
            Some(limits) => Arc::clone(limits) as Arc<dyn Limiter>,
            None => Arc::new(Unlimited),
        };
        let limiter = Arc::new(Counted::new(limiter));
        let policy = SessionPolicy {
            issuer: public_url.as_str().to_owned(),
            audience: self.audience.clone().unwrap_or_else(|| public_url.as_str().to_owned()),
            ..self.session.clone()
        };
        let sessions = Sessions::start(
            Arc::clone(&port),
            env.clone(),
            keyring.clone(),
            &roots,
            Arc::clone(&limiter) as Arc<dyn Limiter>,
            policy,
            self.claims.clone(),
        )
        .await?;
        if let Some(fan_out) = valkey.as_ref().and_then(|valkey| valkey.fan_out(&sessions, &env)) {
            store.observe(fan_out);
        }
        if let Some(table) = self.table()? {
            sessions.locate_by(table);
        }
        let accounts = Accounts::new(Parts {
            store: Arc::clone(&port),
            env: env.clone(),
            sessions: sessions.clone(),
            hasher,
            limiter: Arc::clone(&limiter) as Arc<dyn Limiter>,
            policies: self.limits.clone().unwrap_or_default(),
            challenge_difficulty: self.challenge_difficulty,
            user_verification: self.user_verification,
            password_policy,
            factor_policy: self.factors.clone(),
            data_keys,
            lookup_root: roots.lookup.clone(),
            email: EmailPolicy { is_sent: mail.is_some(), must_be_verified: self.verified_email },
        });
        if accounts.sends_mail() {
            store.write_notices(accounts.notices());
        }
        let http = self.http(&public_url);
        let house = House::new(Engine {
            env: env.clone(),
            store,
            keyring,
            trail,
            sessions: sessions.clone(),
            accounts: accounts.clone(),
            custody,
            limits,
            limiter,
            valkey,
            heard: Arc::default(),
            events,
            events_dropped,
            waiting: Waiting::default(),
            mail,
        });
        let reader = countersign_trail::Reader::new(port);
        let auth = Auth::new(sessions, accounts, reader, http, env, Arc::new(house.clone()))?;
        if self.janitor {
            house.start_janitor();
        }
        Ok(System::new(auth, house))
    }

    fn warn_of_dangers(&self) {
        if self.limits.is_none() {
            tracing::warn!("limits are switched off: passwords can be guessed at full speed");
        }
        if self.weak_hashing {
            tracing::warn!("passwords are hashed for tests: a stolen database gives them away");
        }
    }

    fn checked_public_url(&self) -> Result<PublicUrl, Error> {
        let text = self.public_url.as_deref().ok_or(Error::Missing(
            "the public URL",
            "call public_url with the address that browsers use, for example https://app.example.com",
        ))?;
        PublicUrl::parse(text).map_err(|reason| Error::PublicUrl(text.to_owned(), reason))
    }

    async fn key_policy(&self, store: &dyn Store) -> Result<KeyPolicy, Error> {
        let mut policy = self.keys;
        if self.keep_algorithm {
            let rows = store.snapshot().await?.list_signing_keys().await?;
            let signing = rows.iter().find(|key| key.state == KeyState::Active);
            policy.algorithm = signing.and_then(|key| key.algorithm.parse().ok()).unwrap_or(policy.algorithm);
        }
        Ok(policy)
    }

    fn http(&self, public_url: &PublicUrl) -> HttpSettings {
        let mut settings = HttpSettings::new(public_url.as_str());
        settings.trusted_proxies = self.trusted_proxies.clone();
        settings.cors_allowed_origins = self.allowed_origins.clone();
        settings.shown.clone_from(&self.shown_settings);
        settings
    }

    fn hasher(&self, env: &Env) -> Result<Arc<Hasher>, Error> {
        if !self.weak_hashing && !self.hashing.params.is_at_least_floor() {
            return Err(Error::Passwords("hashes must cost at least 19 MiB of memory and two passes".to_owned()));
        }
        let hasher = Hasher::new(&self.hashing, env.clone()).and_then(|h| h.with_peppers(self.peppers.clone()));
        Ok(Arc::new(hasher.map_err(|e| Error::Passwords(e.to_string()))?))
    }

    fn password_policy_with_filter(&self) -> Result<PasswordPolicy, Error> {
        let mut policy = self.passwords.clone();
        if let Some(path) = &self.breached_filter {
            policy.breached = Some(read_breached_filter(path)?);
        }
        Ok(policy)
    }
}
