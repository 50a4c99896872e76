//! A slow database, and one that does not answer: what is late is not judged, and nobody is signed out by it.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign_kernel::{Lifetime, SessionId, Timestamp, UserId};
use countersign_session::{AttemptIds, Policy, RotateVerdict, Rotated, Sessions, TokenError};
use countersign_store::{
    Delivery, Error, Hot, Observer, PasswordHash, RefreshWrite, RevocationHead, Session, Store, Tx, User,
};
use countersign_store_sql::SqlStore;
use tokio::sync::Notify;

use crate::house::{Browser, HandClock, House, case, policy, seconds};

/// Passes everything on, after a while.
pub(crate) struct SlowStore {
    inner: Mutex<Arc<SqlStore>>,
    observers: Mutex<Vec<Arc<dyn Observer>>>,
    clock: Arc<HandClock>,
    read_takes: AtomicI64,
    pub(crate) begin_takes: AtomicI64,
    write_takes: AtomicI64,
    races_to_lose: AtomicU32,
    pub(crate) reads: AtomicU32,
    pub(crate) writes: AtomicU32,
    pub(crate) is_down: AtomicBool,
    /// The heads answer, and nothing that is read in a transaction.
    pub(crate) log_is_down: AtomicBool,
    /// Whoever holds it holds back the heads that were read meanwhile.
    pub(crate) held: tokio::sync::Mutex<()>,
    pub(crate) has_read_heads: Notify,
    pub(crate) has_looked_up: Notify,
}

impl SlowStore {
    pub(crate) fn new(house: &House) -> Arc<Self> {
        Arc::new(Self {
            inner: Mutex::new(Arc::clone(&house.store)),
            observers: Mutex::default(),
            clock: Arc::clone(&house.clock),
            read_takes: AtomicI64::new(0),
            begin_takes: AtomicI64::new(0),
            write_takes: AtomicI64::new(0),
            races_to_lose: AtomicU32::new(0),
            reads: AtomicU32::new(0),
            writes: AtomicU32::new(0),
            is_down: AtomicBool::new(false),
            log_is_down: AtomicBool::new(false),
            held: tokio::sync::Mutex::default(),
            has_read_heads: Notify::new(),
            has_looked_up: Notify::new(),
        })
    }

    /// Another database behind the same door: a failover.
    pub(crate) fn fail_over(&self, to: &Arc<SqlStore>) {
        for observer in self.observers.lock().unwrap().iter() {
            to.observe(Arc::clone(observer));
        }
        *self.inner.lock().unwrap() = Arc::clone(to);
    }

    fn inner(&self) -> Arc<SqlStore> {
        Arc::clone(&self.inner.lock().unwrap())
    }

    fn answers(&self) -> Result<(), Error> {
        if self.is_down.load(Ordering::SeqCst) { Err(Error::Unavailable("no answer".into())) } else { Ok(()) }
    }

    fn wait(&self, span: &AtomicI64) {
        self.clock.advance(Lifetime::from_micros(span.load(Ordering::SeqCst)));
    }
}

#[async_trait]
impl Hot for SlowStore {
    async fn find_session_and_user(&self, id: SessionId) -> Result<Option<(Session, User)>, Error> {
        self.answers()?;
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.wait(&self.read_takes);
        let found = self.inner().find_session_and_user(id).await;
        self.has_looked_up.notify_one();
        found
    }

    async fn write_refresh_and_find_user(&self, write: &RefreshWrite) -> Result<Option<User>, Error> {
        self.answers()?;
        self.writes.fetch_add(1, Ordering::SeqCst);
        if self.races_to_lose.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok() {
            return Ok(None);
        }
        let user = self.inner().write_refresh_and_find_user(write).await;
        self.wait(&self.write_takes);
        user
    }

    async fn find_user_now(&self, id: UserId) -> Result<Option<User>, Error> {
        self.inner().find_user_now(id).await
    }

    async fn find_user_and_password(&self, email_key: &str) -> Result<Option<(User, Option<PasswordHash>)>, Error> {
        self.inner().find_user_and_password(email_key).await
    }
}

#[async_trait]
impl Store for SlowStore {
    async fn begin(&self) -> Result<Box<dyn Tx>, Error> {
        self.answers()?;
        self.wait(&self.begin_takes);
        self.inner().begin().await
    }

    async fn snapshot(&self) -> Result<Box<dyn Tx>, Error> {
        if self.log_is_down.load(Ordering::SeqCst) {
            return Err(Error::Unavailable("no answer".into()));
        }
        self.inner().snapshot().await
    }

    fn now(&self) -> Timestamp {
        self.inner().now()
    }

    async fn heads(&self) -> Result<(RevocationHead, u64), Error> {
        self.answers()?;
        let heads = self.inner().heads().await;
        self.has_read_heads.notify_one();
        let _held = self.held.lock().await;
        heads
    }

    fn observe(&self, observer: Arc<dyn Observer>) {
        self.observers.lock().unwrap().push(Arc::clone(&observer));
        self.inner().observe(observer);
    }

    async fn ping(&self) -> Result<(), Error> {
        self.inner().ping().await
    }

    async fn close(&self) {
        self.inner().close().await;
    }
}

pub(crate) async fn slow() -> (House, Arc<SlowStore>, Sessions) {
    slow_with(policy()).await
}

pub(crate) async fn slow_with(policy: Policy) -> (House, Arc<SlowStore>, Sessions) {
    let house = House::with(policy).await;
    let store = SlowStore::new(&house);
    let sessions = house.floor_on(Arc::clone(&store) as Arc<dyn Store>).await;
    house.clock.advance(Lifetime::from_minutes(10));
    (house, store, sessions)
}

async fn rotate(house: &House, sessions: &Sessions, browser: &Browser) -> Rotated {
    sessions.rotate(&browser.refresh, Delivery::Cookie, AttemptIds::default(), &house.origin()).await.unwrap()
}

#[tokio::test]
async fn a_request_that_waited_ten_seconds_is_judged_and_one_that_waited_longer_is_not() {
    let (house, store, sessions) = slow().await;
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;

    store.read_takes.store(seconds(11).as_micros(), Ordering::SeqCst);
    let late = rotate(&house, &sessions, &ada).await;
    assert!(matches!(late.verdict, RotateVerdict::Busy));
    assert_eq!((late.case, store.writes.load(Ordering::SeqCst)), (None, 0), "nothing was written");

    store.read_takes.store(seconds(10).as_micros(), Ordering::SeqCst);
    assert_eq!(case(&rotate(&house, &sessions, &ada).await), "5-rotated");
}

#[tokio::test]
async fn theft_is_never_written_by_a_late_request() {
    let (house, store, sessions) = slow().await;
    let mut ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    let stolen = ada.clone();
    for _ in 0..2 {
        ada.refresh(&house).await;
        house.clock.advance(seconds(60));
    }

    store.begin_takes.store(seconds(11).as_micros(), Ordering::SeqCst);
    assert!(matches!(rotate(&house, &sessions, &stolen).await.verdict, RotateVerdict::Busy));
    assert!(house.events().await.is_empty());
    assert_eq!(ada.refresh(&house).await, "5-rotated", "the session lives");

    store.begin_takes.store(0, Ordering::SeqCst);
    assert_eq!(case(&rotate(&house, &sessions, &stolen).await), "9-theft");
}

#[tokio::test]
async fn a_lost_race_is_judged_again_eight_times_at_most() {
    let (house, store, sessions) = slow().await;
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;

    store.races_to_lose.store(8, Ordering::SeqCst);
    assert!(matches!(rotate(&house, &sessions, &ada).await.verdict, RotateVerdict::Busy));
    assert_eq!(store.writes.load(Ordering::SeqCst), 8);

    store.races_to_lose.store(7, Ordering::SeqCst);
    assert_eq!(case(&rotate(&house, &sessions, &ada).await), "5-rotated");
}

#[tokio::test]
async fn no_access_token_is_signed_long_after_it_was_decided() {
    let (house, store, sessions) = slow().await;
    let ben = house.sign_in(&house.user("ben").await, Delivery::Cookie).await;
    store.write_takes.store(seconds(60).as_micros(), Ordering::SeqCst);
    assert_eq!(case(&rotate(&house, &sessions, &ben).await), "5-rotated", "a minute is soon enough");

    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await.without_ids();

    store.write_takes.store(seconds(61).as_micros(), Ordering::SeqCst);
    assert!(matches!(rotate(&house, &sessions, &ada).await.verdict, RotateVerdict::Busy));

    store.write_takes.store(0, Ordering::SeqCst);
    let again = rotate(&house, &sessions, &ada).await;
    assert!(matches!(again.verdict, RotateVerdict::Thin(_)), "the session lives: {}", case(&again));
}

// bug S43, S46
#[tokio::test]
async fn an_outage_is_an_error_that_passes_and_signs_nobody_out() {
    let (house, store, sessions) = slow().await;
    let ada = house.sign_in(&house.user("ada").await, Delivery::Cookie).await;
    let gone = house.sign_in(&house.user("ben").await, Delivery::Cookie).await;
    house.sign_out(&gone).await;
    sessions.tick().await.unwrap();

    store.is_down.store(true, Ordering::SeqCst);
    let refused = sessions.rotate(&ada.refresh, Delivery::Cookie, AttemptIds::default(), &house.origin()).await;
    assert!(refused.unwrap_err().is_transient());
    assert!(sessions.tick().await.is_err());
    house.clock.advance(seconds(61));
    assert!(sessions.silent_for() >= seconds(61), "it knows that it is cut off");
    assert!(sessions.verify(&ada.access).is_ok(), "what is known goes on");
    assert_eq!(sessions.verify(&gone.access).unwrap_err(), TokenError::Revoked);

    store.is_down.store(false, Ordering::SeqCst);
    assert_eq!(case(&rotate(&house, &sessions, &ada).await), "5-rotated");
}
