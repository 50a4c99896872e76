//! The handle, and what its verbs share.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use countersign_audit::{Actor, Event, Record};
use countersign_kernel::{Env, Lifetime, Origin, Secret, Timestamp, UserId};
use countersign_keys::DataKeys;
use countersign_limit::{Challenges, Limiter, Policies, Reading, Refused};
use countersign_password::{Hasher, Policy};
use countersign_session::{Issued, Sessions};
use countersign_store::{PasswordHash, Store, Tx, User};

use crate::account_key::AccountKeys;
use crate::buckets::Buckets;
use crate::error::Error;
use crate::factor::FactorPolicy;
use crate::import_keys::ImportKeys;
use crate::mail_keys::MailKeys;
use crate::passkey::{RelyingParty, UserVerification};
use crate::recovery_keys::RecoveryKeys;
use crate::tally::Tally;

/// A verdict, and how full the buckets are that were charged for it.
pub type Told<V> = (V, Vec<Reading>);

/// Everything that can be done with accounts. Cheap to clone.
#[derive(Clone)]
pub struct Accounts(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    env: Env,
    sessions: Sessions,
    hasher: Arc<Hasher>,
    limiter: Arc<dyn Limiter>,
    policies: Policies,
    password_policy: Policy,
    factor_policy: FactorPolicy,
    keys: AccountKeys,
    import_keys: ImportKeys,
    recovery_keys: RecoveryKeys,
    data_keys: DataKeys,
    mail_keys: Arc<MailKeys>,
    email: EmailPolicy,
    challenges: Challenges,
    challenge_difficulty: u32,
    relying_party: Option<RelyingParty>,
    tally: Tally,
    /// When an overload was last written down, in microseconds since the epoch.
    overload_told: AtomicI64,
}

/// How often an overload is written down. Refusing must cost less than hashing, and a record is a write to the disk.
const OVERLOAD_NEWS: Lifetime = Lifetime::from_seconds(10);

/// What [`Accounts`] is made of.
pub struct Parts {
    /// Where accounts are kept.
    pub store: Arc<dyn Store>,
    /// Time and chance.
    pub env: Env,
    /// Opens and ends sessions. Kept on the same store.
    pub sessions: Sessions,
    /// Hashes passwords.
    pub hasher: Arc<Hasher>,
    /// Counts.
    pub limiter: Arc<dyn Limiter>,
    /// What is counted.
    pub policies: Policies,
    /// The greatest number of a first challenge; later ones are up to sixteen times as hard.
    pub challenge_difficulty: u32,
    /// What new passwords must be.
    pub password_policy: Policy,
    /// Who needs a second factor, and for how long a device stands in for one.
    pub factor_policy: FactorPolicy,
    /// Seal the secrets of authenticator apps.
    pub data_keys: DataKeys,
    /// Whether passkeys must check who holds them.
    pub user_verification: UserVerification,
    /// The root `lookup`: addresses are counted and audited under a MAC with a key derived from it, and challenges are signed.
    pub lookup_root: Secret<[u8; 32]>,
    /// What is done by mail.
    pub email: EmailPolicy,
}

/// What is done by mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EmailPolicy {
    /// Whether mail is sent. Where it is not, nothing is put into the outbox.
    pub is_sent: bool,
    /// Whether an account may be used only after its address was confirmed.
    pub must_be_verified: bool,
}

/// Somebody who has just signed in.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Who.
    pub user: User,
    /// The session, and what belongs to it.
    pub issued: Issued,
}

impl Accounts {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            keys: AccountKeys::new(&parts.lookup_root),
            import_keys: ImportKeys::new(&parts.lookup_root),
            recovery_keys: RecoveryKeys::new(&parts.lookup_root),
            data_keys: parts.data_keys,
            mail_keys: Arc::new(MailKeys::new(&parts.lookup_root)),
            email: parts.email,
            challenges: Challenges::new(&parts.lookup_root),
            challenge_difficulty: parts.challenge_difficulty,
            relying_party: RelyingParty::new(&parts.sessions.policy().issuer, parts.user_verification),
            store: parts.store,
            env: parts.env,
            sessions: parts.sessions,
            hasher: parts.hasher,
            limiter: parts.limiter,
            policies: parts.policies,
            password_policy: parts.password_policy,
            factor_policy: parts.factor_policy,
            tally: Tally::new(),
            overload_told: AtomicI64::new(0),
        }))
    }

    /// What new passwords must be.
    #[must_use]
    pub fn password_policy(&self) -> &Policy {
        &self.0.password_policy
    }

    /// Who needs a second factor, and for how long a device stands in for one.
    #[must_use]
    pub fn factor_policy(&self) -> &FactorPolicy {
        &self.0.factor_policy
    }

    /// What the hasher has done: for metrics.
    #[must_use]
    pub fn hashing(&self) -> countersign_password::Work {
        self.0.hasher.work()
    }

    pub(crate) fn store(&self) -> &dyn Store {
        self.0.store.as_ref()
    }

    pub(crate) fn env(&self) -> &Env {
        &self.0.env
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    pub(crate) fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }

    pub(crate) fn limiter(&self) -> &dyn Limiter {
        self.0.limiter.as_ref()
    }

    pub(crate) fn policies(&self) -> &Policies {
        &self.0.policies
    }

    pub(crate) fn buckets(&self) -> Buckets<'_> {
        Buckets { limiter: self.limiter(), policies: self.policies() }
    }

    pub(crate) fn challenges(&self) -> &Challenges {
        &self.0.challenges
    }

    pub(crate) fn challenge_difficulty(&self) -> u32 {
        self.0.challenge_difficulty
    }

    /// What this site is to authenticators; none where browsers would not know it.
    pub(crate) fn relying_party(&self) -> Option<&RelyingParty> {
        self.0.relying_party.as_ref()
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.0.tally
    }

    pub(crate) fn keys(&self) -> &AccountKeys {
        &self.0.keys
    }

    pub(crate) fn import_keys(&self) -> &ImportKeys {
        &self.0.import_keys
    }

    pub(crate) fn recovery_keys(&self) -> &RecoveryKeys {
        &self.0.recovery_keys
    }

    /// What secrets in rows are sealed under.
    pub(crate) fn data_keys(&self) -> &DataKeys {
        &self.0.data_keys
    }

    /// What this place is called: the public URL without its scheme.
    pub(crate) fn host(&self) -> &str {
        let issuer = self.0.sessions.policy().issuer.as_str();
        issuer.split_once("://").map_or(issuer, |(_, rest)| rest)
    }

    pub(crate) fn mail_keys(&self) -> &MailKeys {
        &self.0.mail_keys
    }

    pub(crate) fn mail_keys_shared(&self) -> Arc<MailKeys> {
        Arc::clone(&self.0.mail_keys)
    }

    /// Whether mail is sent.
    #[must_use]
    pub fn sends_mail(&self) -> bool {
        self.0.email.is_sent
    }

    /// Whether an account may be used only after its address was confirmed.
    #[must_use]
    pub fn wants_verified_email(&self) -> bool {
        self.0.email.must_be_verified
    }

    /// Where links lead: the configured public URL, whatever a request says.
    pub(crate) fn public_url(&self) -> &str {
        &self.0.sessions.policy().issuer
    }

    /// What everybody knows of a person and this place: no password may be hardly more than that.
    pub(crate) fn context<'a>(&'a self, email: &'a str, name: &'a str) -> [&'a str; 3] {
        [email, name, self.host()]
    }

    /// A record of this moment, by the clock of `tx`.
    pub(crate) fn record(&self, tx: &dyn Tx, event: Event, actor: Actor, origin: &Origin) -> Record {
        Record::new(event, actor, origin, tx.now(), &self.0.env)
    }

    /// Writes one record in a transaction of its own: of a refusal that changes nothing else.
    pub(crate) async fn audit_alone(
        &self,
        event: Event,
        actor: Actor,
        origin: &Origin,
        shape: impl Fn(Record) -> Record,
    ) -> Result<(), Error> {
        retrying(|| async {
            let mut tx = self.store().begin().await?;
            let record = self.record(tx.as_ref(), event, actor, origin);
            tx.audit(shape(record));
            Ok(tx.commit().await?)
        })
        .await
    }

    /// Whether an overload is to be written down now.
    pub(crate) fn overload_is_news(&self) -> bool {
        let now = self.store().now();
        let told = &self.0.overload_told;
        let last = told.load(Ordering::Relaxed);
        now.since(Timestamp::from_micros(last)) >= OVERLOAD_NEWS
            && told.compare_exchange(last, now.as_micros(), Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Writes that a limit was reached, if this refusal is the first of its window.
    pub(crate) async fn audit_limit(
        &self,
        refused: &Refused,
        actor: Actor,
        subject: Option<UserId>,
        origin: &Origin,
        act: &str,
    ) -> Result<(), Error> {
        self.audit_limit_as(refused, actor, origin, act, |record| match subject {
            Some(subject) => record.of(subject),
            None => record,
        })
        .await
    }

    /// The same, with a record of the caller's shape.
    pub(crate) async fn audit_limit_as(
        &self,
        refused: &Refused,
        actor: Actor,
        origin: &Origin,
        act: &str,
        shape: impl Fn(Record) -> Record,
    ) -> Result<(), Error> {
        if !refused.first_in_window {
            return Ok(());
        }
        let shape = |record: Record| shape(record.refused(refused.name).with("act", act));
        self.audit_alone(Event::LimitReached, actor, origin, shape).await
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").field("hasher", &self.0.hasher).finish_non_exhaustive()
    }
}

/// How often a verb is tried again that lost against another transaction.
const RETRIES: u32 = 4;

/// Runs the whole of a transaction again as long as it loses against others.
pub(crate) async fn retrying<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let mut left = RETRIES;
    loop {
        match attempt().await {
            Err(error) if error.is_conflict() && left > 0 => left -= 1,
            done => return done,
        }
    }
}

/// Whether two stored hashes are the same text.
pub(crate) fn same_hash(a: Option<&PasswordHash>, b: Option<&PasswordHash>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => a.0.matches(b.0.expose().as_bytes()),
        _ => false,
    }
}

/// Whether both are there and the same; takes the same time wherever they differ.
pub(crate) fn same_bytes(a: Option<&[u8; 32]>, b: Option<&[u8; 32]>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Secret::new(*a).matches(b),
        _ => false,
    }
}
