//! What the whole system says of itself at one moment: for metrics, the server's own or an app's.
//!
//! Promises: reading disturbs nobody and needs nothing global; names in it come from closed lists, so that they are fit to be
//! labels; nothing in it is about one person.

use std::time::Duration;

use countersign_audit::Event;
use countersign_kernel::{Lifetime, Timestamp};
use countersign_keys::RingKey;
use countersign_limit::Limiter as _;
use countersign_store::Store as _;

use crate::engine::Engine;
use crate::mail_room::MailReading;
use crate::valkey::Valkey;

pub use countersign_account::Readings as AccountReadings;
pub use countersign_http::tally::{Answered, Readings as HttpReadings};
pub use countersign_kernel::Distribution;
pub use countersign_limit::Occupancy;
pub use countersign_session::{FeedReadings, Readings as SessionReadings};
pub use countersign_store_sql::{PoolReading, Readings as DatabaseReadings, StepReading};
pub use countersign_valkey::Readings as ValkeyReadings;

/// What the whole system says of itself.
#[derive(Debug, Clone)]
pub struct Readings {
    /// When it was read, by the database's clock.
    pub at: Timestamp,
    /// Answers and refusals.
    pub http: HttpReadings,
    /// Sign-ins, registrations, hashing.
    pub accounts: AccountReadings,
    /// Refreshes, checks of access tokens, revocations.
    pub sessions: SessionReadings,
    /// What the limiter holds.
    pub limits: Occupancy,
    /// Refusals by the name of the limit; only limits that have refused anything.
    pub limits_refused: Vec<(&'static str, u64)>,
    /// How often PostgreSQL said that something was revoked, by whichever node; none on SQLite.
    pub heard: Option<u64>,
    /// Valkey; none where it is not used.
    pub valkey: Option<ValkeyReadings>,
    /// Steps, groups and pools.
    pub database: DatabaseReadings,
    /// The signing keys, oldest first.
    pub keys: Vec<RingKey>,
    /// How long until the schedule lets the next key sign; none where no key could follow.
    pub key_activates_in: Option<Lifetime>,
    /// Audit records of this process by event; every event.
    pub events: Vec<(Event, u64)>,
    /// Refusals that came too fast to be audited one by one.
    pub refusals_unaudited: u64,
    /// Events that the embedder's hook was too slow for.
    pub events_dropped: u64,
    /// Audit records that wait to be sealed; none where the database did not answer.
    pub unsealed: Option<Unsealed>,
    /// The outbox; none where no mail is sent, or the database did not answer.
    pub mail: Option<MailReading>,
}

/// The end of the audit trail that is not sealed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsealed {
    /// How many records, counted up to [`MOST_UNSEALED`].
    pub records: u64,
    /// How long the oldest has waited.
    pub age: Lifetime,
}

/// Beyond this many unsealed records nobody counts.
pub const MOST_UNSEALED: u32 = 10_000;

/// How long a reading waits for a database that does not answer.
const PATIENCE: Duration = Duration::from_secs(1);

impl Engine {
    /// Reads everything.
    pub(crate) async fn readings(&self, http: HttpReadings) -> Readings {
        let unsealed = tokio::time::timeout(PATIENCE, self.unsealed()).await.ok().flatten();
        let mail = tokio::time::timeout(PATIENCE, self.mail_reading()).await.ok().flatten();
        Readings {
            at: self.store.now(),
            http,
            accounts: self.accounts.readings(),
            sessions: self.sessions.readings(),
            limits: self.limiter.occupancy(),
            limits_refused: self.limiter.refused(),
            heard: self.store.file().is_none().then(|| self.heard.count()),
            valkey: self.valkey.as_ref().and_then(Valkey::readings),
            database: self.store.readings(),
            keys: self.keyring.list(),
            key_activates_in: self.keyring.activates_in(),
            events: self.events.read(),
            refusals_unaudited: self.refusals_unaudited(),
            events_dropped: self.events_dropped.count(),
            unsealed,
            mail,
        }
    }

    async fn unsealed(&self) -> Option<Unsealed> {
        let mut tx = self.store.snapshot().await.ok()?;
        let (records, oldest) = tx.unsealed_audit_tail(MOST_UNSEALED).await.ok()?;
        Some(Unsealed { records, age: oldest.map_or(Lifetime::ZERO, |oldest| self.store.now().since(oldest)) })
    }
}
