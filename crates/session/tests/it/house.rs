//! A database, a floor of sessions on it, and browsers that use them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use countersign_audit::{Actor, Record};
use countersign_kernel::{Clock, Entropy, Env, Lifetime, Location, Origin, RequestId, SessionId, Timestamp, UserId};
use countersign_keys::{KeyPolicy, Keyring, MasterKey, Roots};
use countersign_limit::{Limiter, MemoryLimiter, Unlimited};
use countersign_session::{
    AttemptIds, Identity, Issued, NewSession, Policy, RotateVerdict, Rotated, Sessions, TokenError,
};
use countersign_store::{AuditFilter, Delivery, EndReason, NewUser, PageRequest, Store, User, UserStatus};
use countersign_store_sql::testing::Temporary;
use countersign_store_sql::{Database, Options, SqlStore};

/// A clock that moves when it is told to.
pub(crate) struct HandClock(AtomicI64);

impl HandClock {
    pub(crate) fn advance(&self, span: Lifetime) {
        self.0.fetch_add(span.as_micros(), Ordering::SeqCst);
    }

    pub(crate) fn step_back(&self, span: Lifetime) {
        self.0.fetch_sub(span.as_micros(), Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// SplitMix64: never the same bytes twice, and the same ones in each run.
struct SeededEntropy(AtomicU64);

impl Entropy for SeededEntropy {
    fn fill(&self, target: &mut [u8]) {
        for chunk in target.chunks_mut(8) {
            let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

pub(crate) struct House {
    pub(crate) clock: Arc<HandClock>,
    pub(crate) env: Env,
    pub(crate) store: Arc<SqlStore>,
    pub(crate) keyring: Keyring,
    pub(crate) sessions: Sessions,
    pub(crate) policy: Policy,
    master: String,
    guard: Arc<Temporary>,
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(policy()).await
    }

    pub(crate) async fn with(policy: Policy) -> Self {
        let clock = Arc::new(HandClock(AtomicI64::new(1_800_000_000_000_000)));
        let env = Env::new(Arc::clone(&clock) as Arc<dyn Clock>, Arc::new(SeededEntropy(AtomicU64::new(1))));
        let guard = Arc::new(Temporary::new().unwrap());
        let master = MasterKey::generate(&env).to_text().expose().clone();
        let house = Self::open(clock, env, policy, master, guard).await;
        // Past the first window after the start, in which nothing ages out.
        house.clock.advance(Lifetime::from_minutes(10));
        house
    }

    async fn open(clock: Arc<HandClock>, env: Env, policy: Policy, master: String, guard: Arc<Temporary>) -> Self {
        let database = Database::Sqlite { path: guard.path() };
        let store = SqlStore::open(database, env.clone(), Options::default()).await.unwrap();
        let (keyring, sessions) = start(Arc::clone(&store) as Arc<dyn Store>, &env, &policy, &master).await;
        Self { clock, env, store, keyring, sessions, policy, master, guard }
    }

    /// The same database in a new process.
    pub(crate) async fn restart(self) -> Self {
        self.store.close().await;
        self.another_node().await
    }

    /// The same house under other settings, from the next start on.
    pub(crate) fn under(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// Another process on the same database.
    pub(crate) async fn another_node(&self) -> Self {
        let (clock, env) = (Arc::clone(&self.clock), self.env.clone());
        Self::open(clock, env, self.policy.clone(), self.master.clone(), Arc::clone(&self.guard)).await
    }

    /// A floor of sessions on this store, by this house's keys.
    pub(crate) async fn floor_on(&self, store: Arc<dyn Store>) -> Sessions {
        start(store, &self.env, &self.policy, &self.master).await.1
    }

    /// Stops, and gives a copy of the database to go back to.
    pub(crate) async fn backup(self) -> (Self, Vec<u8>) {
        self.store.close().await;
        let copy = std::fs::read(self.guard.path()).unwrap();
        let again = self.another_node().await;
        again.clock.advance(Lifetime::from_minutes(10));
        (again, copy)
    }

    /// Stops, goes back to the copy, and starts.
    pub(crate) async fn restore(self, copy: &[u8]) -> Self {
        self.store.close().await;
        self.put_back(copy);
        self.another_node().await
    }

    pub(crate) fn put_back(&self, copy: &[u8]) {
        for beside in ["-wal", "-shm"] {
            let mut path = self.guard.path().into_os_string();
            path.push(beside);
            let _ = std::fs::remove_file(path);
        }
        std::fs::write(self.guard.path(), copy).unwrap();
    }

    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.guard.path()
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin {
            request: RequestId::new(&self.env),
            address: Some("192.0.2.1".parse().unwrap()),
            user_agent: Some("a browser".to_owned()),
            device: None,
            location: Location::default(),
        }
    }

    pub(crate) async fn user(&self, name: &str) -> User {
        let mut tx = self.store.begin().await.unwrap();
        let new = NewUser {
            id: UserId::new(&self.env),
            email: format!("{name}@example.org"),
            email_key: format!("{name}@example.org"),
            email_verified: true,
            name: name.to_owned(),
            created_at: self.env.now(),
        };
        assert!(tx.insert_user(&new).await.unwrap());
        let user = tx.find_user(new.id).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        user
    }

    pub(crate) async fn sign_in(&self, user: &User, delivery: Delivery) -> Browser {
        let issued = self.try_sign_in(user, delivery).await;
        Browser {
            session: issued.session.id,
            delivery,
            refresh: issued.refresh.unwrap().expose().to_owned(),
            access: issued.access.token,
            ids: true,
            pending: self.attempt(),
            last: None,
        }
    }

    async fn try_sign_in(&self, user: &User, delivery: Delivery) -> Issued {
        let new = NewSession {
            delivery,
            remember: true,
            amr: vec!["pwd".to_owned()],
            device: None,
            origin: self.origin(),
            auth_time: self.env.now(),
        };
        let mut tx = self.store.begin().await.unwrap();
        let user = tx.find_user(user.id).await.unwrap().unwrap();
        let session = self.sessions.open(tx.as_mut(), &user, new).await.unwrap();
        tx.commit().await.unwrap();
        self.sessions.issue(&session, &user, None).await.unwrap()
    }

    /// 22 characters that nobody has used yet.
    pub(crate) fn attempt(&self) -> String {
        SessionId::new(&self.env).to_string()[8..].to_owned()
    }

    pub(crate) async fn rotate(&self, token: &str, delivery: Delivery, ids: Ids<'_>) -> Rotated {
        let parse = |id: Option<&str>| id.map(|id| id.parse().unwrap());
        let ids = AttemptIds { attempt: parse(ids.0), last: parse(ids.1) };
        self.sessions.rotate(token, delivery, ids, &self.origin()).await.unwrap()
    }

    pub(crate) fn verify(&self, access: &str) -> Result<Arc<Identity>, TokenError> {
        self.sessions.verify(access)
    }

    pub(crate) async fn sign_out(&self, browser: &Browser) -> bool {
        self.sessions.end(browser.session, EndReason::SignedOut, Actor::Anonymous, &self.origin()).await.unwrap()
    }

    /// Ends a session from the list of `user`'s own.
    pub(crate) async fn end_from_list(&self, user: UserId, session: SessionId) -> bool {
        self.sessions.end_one_of(user, session, Actor::User(user), &self.origin()).await.unwrap()
    }

    pub(crate) async fn disable(&self, user: UserId) {
        let mut tx = self.store.begin().await.unwrap();
        tx.set_user_status(user, UserStatus::Disabled).await.unwrap().unwrap();
        self.sessions.end_all_in(tx.as_mut(), user, None, EndReason::Disabled).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn delete(&self, user: UserId) {
        let mut tx = self.store.begin().await.unwrap();
        self.sessions.end_all_in(tx.as_mut(), user, None, EndReason::Operator).await.unwrap();
        assert!(tx.delete_user(user).await.unwrap());
        tx.commit().await.unwrap();
    }

    /// The audit records, oldest first.
    pub(crate) async fn records(&self) -> Vec<Record> {
        let mut tx = self.store.snapshot().await.unwrap();
        let page = tx.list_audit_records(&AuditFilter::default(), &PageRequest::first(200)).await.unwrap();
        page.items.into_iter().map(|sealed| sealed.record).rev().collect()
    }

    /// The events of the sessions' own records, oldest first.
    pub(crate) async fn events(&self) -> Vec<&'static str> {
        let records = self.records().await.into_iter().map(|record| record.event.as_str());
        records.filter(|event| !event.starts_with("signing_key")).collect()
    }
}

/// `attemptId` and `lastAttemptId`.
pub(crate) type Ids<'a> = (Option<&'a str>, Option<&'a str>);

async fn start(store: Arc<dyn Store>, env: &Env, policy: &Policy, master: &str) -> (Keyring, Sessions) {
    let master = || MasterKey::from_text(master).unwrap();
    let keyring = Keyring::start(Arc::clone(&store), master(), env.clone(), KeyPolicy::default()).await.unwrap();
    let roots = Roots::load_or_make(store.as_ref(), &master(), env).await.unwrap();
    let limiter: Arc<dyn Limiter> = Arc::new(Unlimited);
    let sessions =
        Sessions::start(store, env.clone(), keyring.clone(), &roots, limiter, policy.clone(), None).await.unwrap();
    (keyring, sessions)
}

/// The same with limits.
pub(crate) async fn limited(house: &House) -> Sessions {
    let store = Arc::clone(&house.store) as Arc<dyn Store>;
    let master = MasterKey::from_text(&house.master).unwrap();
    let roots = Roots::load_or_make(store.as_ref(), &master, &house.env).await.unwrap();
    let limiter = Arc::new(MemoryLimiter::new(1_000, &house.env));
    let (keyring, policy) = (house.keyring.clone(), house.policy.clone());
    Sessions::start(store, house.env.clone(), keyring, &roots, limiter, policy, None).await.unwrap()
}

pub(crate) fn policy() -> Policy {
    Policy::new("https://id.example")
}

/// A client that does what our SDK does: one pending id, stored before it is sent and replaced after a full answer only.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    pub(crate) session: SessionId,
    pub(crate) delivery: Delivery,
    pub(crate) refresh: String,
    pub(crate) access: String,
    pub(crate) ids: bool,
    pending: String,
    last: Option<String>,
}

impl Browser {
    /// One that sends no ids.
    pub(crate) fn without_ids(self) -> Self {
        Self { ids: false, ..self }
    }

    /// Sends the token it has; the answer may still be lost.
    pub(crate) async fn send(&self, house: &House) -> Rotated {
        let ids = if self.ids { (Some(self.pending.as_str()), self.last.as_deref()) } else { (None, None) };
        house.rotate(&self.refresh, self.delivery, ids).await
    }

    /// Takes an answer up.
    pub(crate) fn receive(&mut self, house: &House, answer: &Rotated) {
        if let RotateVerdict::Full(issued) | RotateVerdict::Thin(issued) = &answer.verdict {
            self.access.clone_from(&issued.access.token);
            if let Some(refresh) = &issued.refresh {
                refresh.expose().clone_into(&mut self.refresh);
                self.last = Some(std::mem::replace(&mut self.pending, house.attempt()));
            }
        }
    }

    /// Refreshes; the text of the case.
    pub(crate) async fn refresh(&mut self, house: &House) -> &'static str {
        let answer = self.send(house).await;
        self.receive(house, &answer);
        case(&answer)
    }

    /// Loses the answer.
    pub(crate) async fn refresh_in_vain(&self, house: &House) -> &'static str {
        case(&self.send(house).await)
    }
}

pub(crate) fn case(answer: &Rotated) -> &'static str {
    answer.case.map_or("none", countersign_session::RefreshCase::as_str)
}

/// The refresh token of a full answer.
pub(crate) fn token(answer: &Rotated) -> Option<&str> {
    match &answer.verdict {
        RotateVerdict::Full(issued) => issued.refresh.as_ref().map(countersign_session::RefreshText::expose),
        _ => None,
    }
}

pub(crate) fn minutes(count: i64) -> Lifetime {
    Lifetime::from_minutes(count)
}

pub(crate) fn seconds(count: i64) -> Lifetime {
    Lifetime::from_seconds(count)
}
