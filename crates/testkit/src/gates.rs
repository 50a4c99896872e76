//! Gates between the system and its database: a test holds calls there, and so decides which of two acts comes first.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use countersign_kernel::{SessionId, Timestamp, UserId};
use countersign_store::{Error, Hot, Observer, PasswordHash, RefreshWrite, RevocationHead, Session, Store, Tx, User};
use tokio::sync::watch;

/// Where a call can be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// A refresh that has read its session, and is about to judge it.
    Read,
    /// A refresh that has judged, and is about to write.
    Write,
    /// A refresh whose write is committed, and which does not know it yet.
    Written,
    /// Anything else that is about to open a transaction in order to write.
    Begin,
}

/// All gates of one system. Open until one is closed. Clones are the same ones.
#[derive(Debug, Clone, Default)]
pub struct Gates(Arc<[Gate; 4]>);

#[derive(Debug)]
struct Gate {
    is_open: watch::Sender<bool>,
    /// How many have come since it was closed.
    came: watch::Sender<usize>,
    /// How many more it holds; none while it is open.
    room: Mutex<Option<usize>>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { is_open: watch::Sender::new(true), came: watch::Sender::new(0), room: Mutex::new(None) }
    }
}

impl Gates {
    /// Holds whoever comes to this place from now on, until the answer is dropped.
    ///
    /// # Panics
    /// It is closed already.
    pub fn close(&self, stop: Stop) -> Closed {
        self.hold(stop, usize::MAX)
    }

    /// Holds the first who comes to this place, until the answer is dropped. Others pass.
    ///
    /// # Panics
    /// It is closed already.
    pub fn catch(&self, stop: Stop) -> Closed {
        self.hold(stop, 1)
    }

    #[expect(clippy::panic, reason = "a test harness fails its test")]
    fn hold(&self, stop: Stop, most: usize) -> Closed {
        let gate = self.gate(stop);
        let is_closed = lock(&gate.room).replace(most).is_some();
        if is_closed {
            panic!("{stop:?} is closed already");
        }
        gate.came.send_replace(0);
        gate.is_open.send_replace(false);
        Closed { gates: self.clone(), stop }
    }

    async fn pass(&self, stop: Stop) {
        let gate = self.gate(stop);
        let mut is_open = gate.is_open.subscribe();
        {
            let mut room = lock(&gate.room);
            match room.as_mut().and_then(|left| left.checked_sub(1).map(|less| (left, less))) {
                Some((left, less)) => *left = less,
                None => return,
            }
        }
        gate.came.send_modify(|came| *came += 1);
        // It fails only where the gate is gone, and with it whoever could wait.
        let _ = is_open.wait_for(|is_open| *is_open).await;
    }

    fn gate(&self, stop: Stop) -> &Gate {
        let [read, write, written, begin] = &*self.0;
        match stop {
            Stop::Read => read,
            Stop::Write => write,
            Stop::Written => written,
            Stop::Begin => begin,
        }
    }
}

/// A closed gate. Dropped, it opens, and everybody goes on.
#[derive(Debug)]
#[must_use = "dropped at once it holds nobody"]
pub struct Closed {
    gates: Gates,
    stop: Stop,
}

impl Closed {
    /// Waits until so many have come to the gate since it was closed.
    pub async fn reached_by(&self, count: usize) {
        let mut came = self.gates.gate(self.stop).came.subscribe();
        // As above.
        let _ = came.wait_for(|came| *came >= count).await;
    }

    /// Lets everybody go on.
    pub fn open(self) {
        drop(self);
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        let gate = self.gates.gate(self.stop);
        *lock(&gate.room) = None;
        gate.is_open.send_replace(true);
    }
}

fn lock(room: &Mutex<Option<usize>>) -> MutexGuard<'_, Option<usize>> {
    room.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A store behind gates.
pub(crate) struct GatedStore {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) gates: Gates,
}

#[async_trait]
impl Hot for GatedStore {
    async fn find_session_and_user(&self, id: SessionId) -> Result<Option<(Session, User)>, Error> {
        let found = self.inner.find_session_and_user(id).await;
        self.gates.pass(Stop::Read).await;
        found
    }

    async fn write_refresh_and_find_user(&self, write: &RefreshWrite) -> Result<Option<User>, Error> {
        self.gates.pass(Stop::Write).await;
        let written = self.inner.write_refresh_and_find_user(write).await;
        self.gates.pass(Stop::Written).await;
        written
    }

    async fn find_user_now(&self, id: UserId) -> Result<Option<User>, Error> {
        self.inner.find_user_now(id).await
    }

    async fn find_user_and_password(&self, email_key: &str) -> Result<Option<(User, Option<PasswordHash>)>, Error> {
        self.inner.find_user_and_password(email_key).await
    }
}

#[async_trait]
impl Store for GatedStore {
    async fn begin(&self) -> Result<Box<dyn Tx>, Error> {
        self.gates.pass(Stop::Begin).await;
        self.inner.begin().await
    }

    async fn snapshot(&self) -> Result<Box<dyn Tx>, Error> {
        self.inner.snapshot().await
    }

    fn now(&self) -> Timestamp {
        self.inner.now()
    }

    async fn heads(&self) -> Result<(RevocationHead, u64), Error> {
        self.inner.heads().await
    }

    fn observe(&self, observer: Arc<dyn Observer>) {
        self.inner.observe(observer);
    }

    async fn ping(&self) -> Result<(), Error> {
        self.inner.ping().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
