//! The engine with its janitor, as the HTTP floor knows them.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use countersign_http::{Check, Host, Refusal};
use countersign_store::Store as _;
use countersign_trail::Due;

use crate::engine::Engine;
use crate::janitor::Janitor;
use crate::valkey::Valkey;

/// What stands behind every clone of one [`Auth`](crate::Auth). With the last of them the janitor goes too.
#[derive(Clone)]
pub(crate) struct House(Arc<Inner>);

struct Inner {
    engine: Arc<Engine>,
    janitor: Mutex<Option<Janitor>>,
    draining: AtomicBool,
}

impl House {
    pub(crate) fn new(engine: Engine) -> Self {
        Self(Arc::new(Inner { engine: Arc::new(engine), janitor: Mutex::default(), draining: AtomicBool::new(false) }))
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn engine_shared(&self) -> &Arc<Engine> {
        &self.0.engine
    }

    /// Lets upkeep be done by itself from now on.
    pub(crate) fn start_janitor(&self) {
        let janitor = Janitor::start(&self.0.engine);
        self.0.janitor.lock().unwrap_or_else(PoisonError::into_inner).replace(janitor);
    }

    /// Is not ready from now on, whatever the database says, and ends what would never end by itself.
    pub(crate) fn drain(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
        self.0.engine.sessions.close_feed();
    }

    /// Stops the janitor, seals what waits, and closes the database.
    pub(crate) async fn shut_down(&self) {
        let janitor = self.0.janitor.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(janitor) = janitor {
            janitor.stop().await;
        }
        let engine = self.engine();
        engine.sessions.close_feed();
        let due = Due::After(engine.trail.checkpoint_every);
        if let Err(error) = engine.every_second().await.and(engine.checkpoint(due).await) {
            tracing::warn!(%error, "could not seal the end of the audit trail");
        }
        self.engine().write_forwarded();
        self.engine().store.close().await;
    }
}

#[async_trait]
impl Host for House {
    async fn checks(&self) -> Vec<Check> {
        let engine = self.engine();
        let database = tokio::time::timeout(PATIENCE, engine.store.ping()).await.is_ok_and(|answer| answer.is_ok());
        let check = |name, is_good| Check { name, is_good };
        let mut checks = vec![
            check("database", database),
            check("writes", database && engine.store.takes_writes()),
            check("revocations", engine.sessions.staleness().is_none()),
        ];
        if let Some(valkey) = engine.valkey.as_ref().and_then(Valkey::readings) {
            checks.push(check("valkey", valkey.is_up));
        }
        // Told only when it is so: it is on its way out.
        if self.0.draining.load(Ordering::Relaxed) {
            checks.push(check("serving", false));
        }
        checks
    }

    fn forwarded(&self, peer: IpAddr) {
        self.engine().forwarded(peer);
    }

    fn refused(&self, refusal: Refusal) {
        self.engine().refused(refusal);
    }
}

/// How long the database may take to answer whoever asks whether we are ready.
const PATIENCE: Duration = Duration::from_secs(2);
