//! What is tested, with its clock, and the little that all promises need.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use countersign_audit::{Actor, Event, Record};
use countersign_kernel::{
    Clock, DeviceId, Env, Lifetime, Origin, RequestId, SessionId, SystemEntropy, Timestamp, UserId,
};
use countersign_store::{Delivery, Error, NewUser, RefreshRow, RefreshWrite, Session, Store, Tx, User};
use tokio::sync::Barrier;

/// A promise that was kept, or what the store said instead.
pub type Kept = Result<(), Error>;

/// A clock that moves when it is told to.
#[derive(Debug)]
pub struct SteppedClock(AtomicI64);

impl SteppedClock {
    /// Moves on.
    pub fn advance(&self, span: Lifetime) {
        self.0.fetch_add(span.as_micros(), Ordering::Relaxed);
    }
}

impl Clock for SteppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// An empty store, the environment that it was opened with, and the clock therein.
#[derive(Clone)]
pub struct Subject {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Its environment.
    pub env: Env,
    /// Its clock.
    pub clock: Arc<SteppedClock>,
}

impl Subject {
    /// An environment to open a store with, and its clock: some moment in 2026.
    #[must_use]
    pub fn environment() -> (Env, Arc<SteppedClock>) {
        let clock = Arc::new(SteppedClock(AtomicI64::new(1_790_000_000_000_000)));
        (Env::new(Arc::clone(&clock) as Arc<dyn Clock>, Arc::new(SystemEntropy)), clock)
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.env.now()
    }

    /// An account to be made.
    #[must_use]
    pub fn new_user(&self, name: &str) -> NewUser {
        NewUser {
            id: UserId::new(&self.env),
            email: format!("{name}@Example.org"),
            email_key: format!("{name}@example.org"),
            email_verified: false,
            name: name.to_owned(),
            created_at: self.now(),
        }
    }

    /// An account.
    pub async fn user(&self, name: &str) -> Result<UserId, Error> {
        let user = self.new_user(name);
        let mut tx = self.store.begin().await?;
        assert!(tx.insert_user(&user).await?, "{name} is new");
        tx.commit().await?;
        Ok(user.id)
    }

    /// An account with these roles, which exist.
    pub async fn user_with_roles(&self, name: &str, roles: &[&str]) -> Result<UserId, Error> {
        let id = self.user(name).await?;
        let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
        let mut tx = self.store.begin().await?;
        assert_eq!(tx.set_user_roles(id, &roles).await?, Some(2));
        tx.commit().await?;
        Ok(id)
    }

    /// A session that has just begun; it is not in the store.
    #[must_use]
    pub fn new_session(&self, user: UserId) -> Session {
        let now = self.now();
        Session {
            id: SessionId::new(&self.env),
            user,
            delivery: Delivery::Cookie,
            remember: true,
            row: RefreshRow::opened(now, 7, now + Lifetime::from_days(7), now + Lifetime::from_days(30)),
            amr: vec!["pwd".to_owned()],
            auth_time: now,
            device: Some(DeviceId::new(&self.env)),
            user_agent: Some("contract/1".to_owned()),
            address: Some("192.0.2.1".to_owned()),
            first_address: Some("192.0.2.1".to_owned()),
            noticed: vec![],
            created_at: now,
            last_seen_at: now,
        }
    }

    /// A session in the store.
    pub async fn session(&self, user: UserId) -> Result<Session, Error> {
        let session = self.new_session(user);
        let mut tx = self.store.begin().await?;
        tx.insert_session(&session).await?;
        tx.commit().await?;
        Ok(session)
    }

    /// The write of a rotation of this session as it stands.
    #[must_use]
    pub fn rotation(&self, session: &Session) -> RefreshWrite {
        let row = RefreshRow {
            generation: session.row.generation + 1,
            made_at: self.now(),
            delivered: Some(session.row.generation),
            seen_at: self.now(),
            version: session.row.version + 1,
            ..session.row.clone()
        };
        RefreshWrite { id: session.id, judged: session.row.state(), row, last_seen_at: self.now(), address: None }
    }

    /// A record of some event.
    #[must_use]
    pub fn record(&self, event: Event) -> Record {
        Record::new(event, Actor::System, &Origin::local(RequestId::new(&self.env)), self.now(), &self.env)
    }

    /// The person as a snapshot shows him.
    pub async fn find_user(&self, id: UserId) -> Result<Option<User>, Error> {
        self.store.snapshot().await?.find_user(id).await
    }

    /// The session as a snapshot shows it.
    pub async fn find_session(&self, id: SessionId) -> Result<Option<Session>, Error> {
        self.store.snapshot().await?.find_session(id).await
    }

    /// Runs `act` in `count` tasks that start together, and gives all results. An act that lost its transaction against
    /// another one is run again, as callers are told to.
    pub async fn race<T, F>(&self, count: usize, act: impl Fn(Self, usize) -> F) -> Result<Vec<T>, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let start = Arc::new(Barrier::new(count));
        let racer = |number| {
            let (start, act) = (Arc::clone(&start), act(self.clone(), number));
            tokio::spawn(async move {
                start.wait().await;
                act.await
            })
        };
        let racers: Vec<_> = (0..count).map(racer).collect();
        let mut results = Vec::with_capacity(count);
        for (number, racer) in racers.into_iter().enumerate() {
            let mut result = racer.await.expect("a racer does not panic");
            while matches!(result, Err(Error::Conflict(_))) {
                result = act(self.clone(), number).await;
            }
            results.push(result?);
        }
        Ok(results)
    }

    /// Begins a transaction: short for promises that begin many.
    pub async fn begin(&self) -> Result<Box<dyn Tx>, Error> {
        self.store.begin().await
    }
}

/// How many of these are true.
pub(crate) fn winners(results: &[bool]) -> usize {
    results.iter().filter(|won| **won).count()
}
