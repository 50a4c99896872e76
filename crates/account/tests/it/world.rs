//! One server's worth of rooms below HTTP, and people in front of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use countersign_account::{
    Accounts, EmailPolicy, FactorPolicy, Opened, Parts, SignIn, SignInDoor, SignInVerdict, SignUp, SignUpVerdict,
    UserVerification,
};
use countersign_audit::{Actor, Outcome, Record};
use countersign_kernel::{Clock, Entropy, Env, Languages, Lifetime, Location, Origin, RequestId, Secret, Timestamp};
use countersign_keys::{DataKeys, KeyPolicy, Keyring, MasterKey, Roots};
use countersign_limit::{Limiter, MemoryLimiter, Policies};
use countersign_password::{Hasher, HasherConfig, Params, Policy};
use countersign_session::{Identity, Sessions, TokenError};
use countersign_store::{AuditFilter, Delivery, PageRequest, Store};
use countersign_store_sql::SqlStore;
use countersign_store_sql::testing::Temporary;

use crate::server;

pub(crate) const PASSWORD: &str = "kuzm tevx qafo";
pub(crate) const OTHER: &str = "lint borq waxe";

pub(crate) struct ManualClock(AtomicI64);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// Different bytes at each call, the same in each run.
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, target: &mut [u8]) {
        for chunk in target.chunks_mut(32) {
            let n = self.0.fetch_add(1, Ordering::Relaxed);
            let block = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &n.to_be_bytes());
            chunk.copy_from_slice(&block.as_ref()[..chunk.len()]);
        }
    }
}

pub(crate) struct World {
    pub(crate) accounts: Accounts,
    pub(crate) sessions: Sessions,
    pub(crate) store: Arc<SqlStore>,
    pub(crate) env: Env,
    clock: Arc<ManualClock>,
    roots: Roots,
    data_keys: DataKeys,
    keyring: Keyring,
    _files: Option<Temporary>,
}

impl World {
    pub(crate) async fn start() -> Self {
        let (clock, env) = time_and_chance();
        let (store, files) = SqlStore::temporary(env.clone()).await.unwrap();
        Self::start_on(store, Some(files), clock, env).await
    }

    /// One world an engine: SQLite, and PostgreSQL where a server is given.
    pub(crate) async fn start_each() -> Vec<Arc<Self>> {
        let mut worlds = vec![Arc::new(Self::start().await)];
        if let Some(url) = server::make_schema().await {
            let (clock, env) = time_and_chance();
            let store = SqlStore::on_test_clock(url, env.clone()).await.unwrap();
            worlds.push(Arc::new(Self::start_on(store, None, clock, env).await));
        }
        worlds
    }

    async fn start_on(store: Arc<SqlStore>, files: Option<Temporary>, clock: Arc<ManualClock>, env: Env) -> Self {
        let master = MasterKey::generate(&env);
        let roots = Roots::load_or_make(store.as_ref(), &master, &env).await.unwrap();
        let port = Arc::clone(&store) as Arc<dyn Store>;
        let data_keys = DataKeys::load_or_make(port, master.clone(), env.clone()).await.unwrap();
        let keyring = Keyring::start(Arc::clone(&store) as Arc<dyn Store>, master, env.clone(), KeyPolicy::default())
            .await
            .unwrap();
        let (accounts, sessions) =
            Self::assemble(&store, &env, &keyring, (&roots, &data_keys), cheap(Params::CHEAPEST)).await;
        Self { accounts, sessions, store, env, clock, roots, data_keys, keyring, _files: files }
    }

    /// The same server after a restart with other hashing parameters.
    pub(crate) async fn restart_with(&mut self, params: Params) {
        self.restart(cheap(params)).await;
    }

    /// The same server after a restart.
    pub(crate) async fn restart(&mut self, hashing: HasherConfig) {
        (self.accounts, self.sessions) =
            Self::assemble(&self.store, &self.env, &self.keyring, (&self.roots, &self.data_keys), hashing).await;
    }

    async fn assemble(
        store: &Arc<SqlStore>,
        env: &Env,
        keyring: &Keyring,
        (roots, data_keys): (&Roots, &DataKeys),
        hashing: HasherConfig,
    ) -> (Accounts, Sessions) {
        let store = Arc::clone(store) as Arc<dyn Store>;
        let limiter = Arc::new(MemoryLimiter::new(10_000, env)) as Arc<dyn Limiter>;
        let sessions = Sessions::start(
            Arc::clone(&store),
            env.clone(),
            keyring.clone(),
            roots,
            Arc::clone(&limiter),
            countersign_session::Policy::new("https://auth.example.com"),
            None,
        )
        .await
        .unwrap();
        let accounts = Accounts::new(Parts {
            store,
            env: env.clone(),
            sessions: sessions.clone(),
            hasher: Arc::new(Hasher::new(&hashing, env.clone()).unwrap()),
            limiter,
            policies: Policies::default(),
            challenge_difficulty: 1_000,
            user_verification: UserVerification::Required,
            password_policy: Policy::default(),
            factor_policy: FactorPolicy::default(),
            data_keys: data_keys.clone(),
            lookup_root: roots.lookup.clone(),
            email: EmailPolicy::default(),
        });
        (accounts, sessions)
    }

    pub(crate) fn advance(&self, span: Lifetime) {
        self.clock.0.fetch_add(span.as_micros(), Ordering::SeqCst);
    }

    /// A request from this address.
    pub(crate) fn from(&self, address: &str) -> Origin {
        Origin {
            request: RequestId::new(&self.env),
            address: Some(address.parse().unwrap()),
            user_agent: Some("test".to_owned()),
            device: None,
            location: Location::default(),
        }
    }

    pub(crate) fn home(&self) -> Origin {
        self.from("192.0.2.1")
    }

    pub(crate) async fn sign_up(&self, email: &str, password: &str) -> SignUpVerdict {
        self.accounts.sign_up(sign_up(email, password), &self.home()).await.unwrap().0
    }

    /// Somebody with an account and an open session, whose sign-up is not counted against later ones.
    pub(crate) async fn member(&self, email: &str) -> Opened {
        match self.sign_up(email, PASSWORD).await {
            SignUpVerdict::Opened(opened) => *opened,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> SignInVerdict {
        self.sign_in_from(email, password, &self.home()).await
    }

    pub(crate) async fn sign_in_from(&self, email: &str, password: &str, origin: &Origin) -> SignInVerdict {
        self.accounts.sign_in(sign_in(email, password), origin).await.unwrap().0
    }

    /// Signs in and must succeed.
    pub(crate) async fn signed_in(&self, email: &str, password: &str) -> Opened {
        match self.sign_in(email, password).await {
            SignInVerdict::SignedIn(opened) => *opened,
            other => panic!("{other:?}"),
        }
    }

    /// What an access token says now.
    pub(crate) fn check(&self, opened: &Opened) -> Result<Arc<Identity>, TokenError> {
        self.sessions.verify(&opened.issued.access.token)
    }

    pub(crate) fn identity(&self, opened: &Opened) -> Arc<Identity> {
        self.check(opened).unwrap()
    }

    /// Every record of the trail, oldest first.
    pub(crate) async fn all_records(&self) -> Vec<Record> {
        let mut request = PageRequest::first(200);
        let mut records = Vec::new();
        loop {
            let mut tx = self.store.snapshot().await.unwrap();
            let page = tx.list_audit_records(&AuditFilter::default(), &request).await.unwrap();
            records.extend(page.items.into_iter().map(|sealed| sealed.record));
            let Some(cursor) = page.next else { break };
            request = PageRequest::after(cursor, 200);
        }
        records.reverse();
        records
    }

    /// The records of the trail, oldest first, save those of keys, which another floor makes.
    pub(crate) async fn records(&self) -> Vec<Record> {
        let mut tx = self.store.snapshot().await.unwrap();
        let page = tx.list_audit_records(&AuditFilter::default(), &PageRequest::first(200)).await.unwrap();
        let records = page.items.into_iter().rev().map(|sealed| sealed.record);
        records.filter(|record| !record.event.as_str().starts_with("signing_key")).collect()
    }

    /// The audit trail, oldest first: event, reason, who, detail.
    pub(crate) async fn trail(&self) -> Vec<String> {
        let line = |record: &Record| {
            let refused = if record.outcome == Outcome::Refused { "!" } else { "" };
            let reason = record.reason.as_ref().map(|r| format!("({r})")).unwrap_or_default();
            let actor = match record.actor {
                Actor::Anonymous => "anonymous",
                Actor::User(_) => "user",
                Actor::Operator => "operator",
                Actor::System => "system",
            };
            let about = [record.subject.map(|_| " subject"), record.session.map(|_| " session")];
            let about: String = about.into_iter().flatten().collect();
            format!("{}{refused}{reason} by {actor}{about}", record.event.as_str())
        };
        self.records().await.iter().map(line).collect()
    }

    /// How many hashes the hasher has computed.
    pub(crate) fn hashes(&self) -> u64 {
        self.accounts.hashing().done
    }
}

fn time_and_chance() -> (Arc<ManualClock>, Env) {
    let clock = Arc::new(ManualClock(AtomicI64::new(1_800_000_000_000_000)));
    let env = Env::new(Arc::clone(&clock) as Arc<dyn Clock>, Arc::new(Counting(AtomicU64::new(0))));
    (clock, env)
}

/// Nobody is refused for want of room.
fn cheap(params: Params) -> HasherConfig {
    HasherConfig { params, queue_deadline: Lifetime::from_minutes(60), ..HasherConfig::default() }
}

pub(crate) fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

pub(crate) fn sign_up(email: &str, password: &str) -> SignUp {
    SignUp {
        email: email.to_owned(),
        password: secret(password),
        name: "Somebody".to_owned(),
        door: door(),
        languages: Languages::default(),
    }
}

/// A browser that brings nothing.
pub(crate) fn door() -> SignInDoor {
    SignInDoor::new(Delivery::Cookie, true)
}

pub(crate) fn sign_in(email: &str, password: &str) -> SignIn {
    SignIn {
        email: email.to_owned(),
        password: secret(password),
        door: door(),
        challenge_response: None,
        languages: Languages::default(),
    }
}
