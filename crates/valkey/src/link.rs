//! The connection: there, or not, and nobody waits long to learn which.
//!
//! Promises: an answer that does not come in time ([`PATIENCE`]) counts as none, and from then on nobody asks until a try in the
//! background has been answered, so that an outage costs each request in flight a tenth of a second, once, and later ones
//! nothing; each change of state is logged once. Nothing of the address but host, port and number is ever logged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use countersign_kernel::{Counter, Lifetime, Secret, Timestamp, hex};
use countersign_limit::{Key, KeyMaker, Quota};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisResult};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::address::{AddressError, ValkeyAddress};
use crate::script::Scripts;

/// By what one installation tells its keys from another's on the same server: the same on all of its nodes.
pub struct Names {
    prefix: String,
    keys: KeyMaker,
}

/// A connection that is kept up in the background for as long as this value lives.
pub struct Link {
    pub(crate) inner: Arc<Inner>,
    keeper: JoinHandle<()>,
}

/// How the connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readings {
    /// Whether it answers, as far as is known: it is asked each second.
    pub is_up: bool,
    /// Questions of limits that it answered.
    pub answered: u64,
    /// Questions of limits that this node answered alone.
    pub alone: u64,
    /// How often other nodes said that something was revoked.
    pub woken: u64,
}

pub(crate) struct Inner {
    pub(crate) client: redis::Client,
    pub(crate) names: Names,
    pub(crate) scripts: Scripts,
    pub(crate) answered: Counter,
    pub(crate) alone: Counter,
    pub(crate) woken: Counter,
    shown: String,
    /// None while it does not answer.
    connection: ArcSwapOption<MultiplexedConnection>,
    patience: Duration,
    failed: Notify,
    /// Whether the log says that it does not answer.
    is_told: AtomicBool,
}

impl Names {
    /// From 64 bits that name the installation and a secret that only it has.
    #[must_use]
    pub fn new(tag: [u8; 8], secret: &Secret<[u8; 32]>) -> Self {
        // Braces: in a cluster all of these keys are in one slot.
        Self { prefix: format!("countersign:{{{}}}", hex::encode(&tag)), keys: KeyMaker::new(secret) }
    }

    /// The key of what these parts name together.
    #[must_use]
    pub fn key(&self, parts: &[&[u8]]) -> Key {
        self.keys.key(parts)
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }
}

impl Link {
    /// Connects, and goes on trying in the background where that takes longer than a second. Requests wait for an answer for
    /// as long as `patience`, which is [`PATIENCE`] in a server. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`AddressError`] where the address can never be connected to. A server that does not answer is none.
    pub async fn start(address: &ValkeyAddress, names: Names, patience: Duration) -> Result<Self, AddressError> {
        let inner = Arc::new(Inner {
            client: address.client().map_err(|_| AddressError::unusable())?,
            names,
            scripts: Scripts::new(),
            answered: Counter::new(),
            alone: Counter::new(),
            woken: Counter::new(),
            shown: address.to_string(),
            connection: ArcSwapOption::empty(),
            patience,
            failed: Notify::new(),
            is_told: AtomicBool::new(false),
        });
        // The first requests are counted together with those of other nodes, where that is possible.
        inner.try_connect().await;
        let keeper = tokio::spawn(keep(Arc::clone(&inner)));
        Ok(Self { inner, keeper })
    }

    /// Whether a server at this address lets us count. Changes nothing but a key of its own, which goes after a minute.
    ///
    /// # Errors
    /// What it says, or that it says nothing within a second.
    pub async fn check(address: &ValkeyAddress, names: Names) -> Result<(), String> {
        let client = address.client().map_err(|error| error.to_string())?;
        let tried = timeout(PATIENT, connect(&client, &Scripts::new(), names.prefix())).await;
        tried.map_err(|_| NO_ANSWER.to_owned())?.map(drop).map_err(|error| error.to_string())
    }

    /// How it is.
    #[must_use]
    pub fn readings(&self) -> Readings {
        let inner = &self.inner;
        Readings {
            is_up: inner.is_up(),
            answered: inner.answered.count(),
            alone: inner.alone.count(),
            woken: inner.woken.count(),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Inner {
    pub(crate) fn is_up(&self) -> bool {
        self.connection.load().is_some()
    }

    /// Asks, where there is somebody to ask; none where no answer came.
    pub(crate) async fn ask<T, F>(&self, question: impl FnOnce(MultiplexedConnection) -> F + Send) -> Option<T>
    where
        F: Future<Output = RedisResult<T>> + Send,
    {
        let connection = self.connection.load_full()?;
        let failure = match timeout(self.patience, question(connection.as_ref().clone())).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => error.to_string(),
            Err(_) => NO_ANSWER.to_owned(),
        };
        self.fail(&connection, &failure);
        None
    }

    /// Nobody asks any more over this connection.
    fn fail(&self, failed: &Arc<MultiplexedConnection>, failure: &str) {
        let before = self.connection.compare_and_swap(failed, None);
        // A late failure of an earlier connection says nothing about this one.
        if before.as_ref().is_some_and(|connection| Arc::ptr_eq(connection, failed)) {
            self.tell_down(failure);
            self.failed.notify_one();
        }
    }

    async fn try_connect(&self) {
        let tried = timeout(PATIENT, connect(&self.client, &self.scripts, self.names.prefix())).await;
        match tried {
            Ok(Ok(connection)) => {
                self.connection.store(Some(Arc::new(connection)));
                if self.is_told.swap(false, Ordering::Relaxed) {
                    tracing::info!(valkey = self.shown, "Valkey answers again: limits are shared between nodes");
                }
            }
            Ok(Err(error)) => self.tell_down(&error.to_string()),
            Err(_) => self.tell_down(NO_ANSWER),
        }
    }

    fn tell_down(&self, failure: &str) {
        if !self.is_told.swap(true, Ordering::Relaxed) {
            let valkey = &self.shown;
            tracing::warn!(valkey, failure, "Valkey does not answer: each node counts limits for itself until it does");
        }
    }
}

/// Connects whenever there is no connection, and asks each second whether there still is one.
async fn keep(inner: Arc<Inner>) {
    loop {
        if inner.is_up() {
            let _ = timeout(PULSE, inner.failed.notified()).await;
            let _: Option<()> = inner.ask(|mut c| async move { redis::cmd("PING").exec_async(&mut c).await }).await;
        } else {
            sleep(RETRY).await;
            inner.try_connect().await;
        }
    }
}

/// A connection that has counted: one over which nothing may be written is of no use.
async fn connect(client: &redis::Client, scripts: &Scripts, prefix: &str) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new().set_connection_timeout(Some(PATIENT)).set_response_timeout(Some(PATIENT));
    let connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    let (charge, now) = ([(PROBE, Key::from_bytes([0; 16]))], Timestamp::EPOCH);
    scripts.take(connection.clone(), prefix, &charge, now).await?;
    // Both scripts are there from now on.
    scripts.give_back_and_read(connection.clone(), prefix, &[], &charge, now).await?;
    Ok(connection)
}

/// A bucket of its own: a window of a second at the beginning of time, which nobody else counts in.
const PROBE: Quota = Quota { name: "probe", limit: u32::MAX, window: Lifetime::from_seconds(1) };

/// How long a request of a server waits for an answer.
pub const PATIENCE: Duration = Duration::from_millis(100);

/// How long a try in the background waits.
const PATIENT: Duration = Duration::from_secs(1);

/// How often it is asked whether it is there.
const PULSE: Duration = Duration::from_secs(1);

/// How long until it is tried again.
pub(crate) const RETRY: Duration = Duration::from_millis(500);

const NO_ANSWER: &str = "no answer in time";
