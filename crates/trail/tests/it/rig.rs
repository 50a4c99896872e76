//! A database whose time and chance belong to the test.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use countersign_audit::{Actor, Event, Record, Report, Trust};
use countersign_kernel::{Clock, Entropy, Env, Lifetime, Origin, RequestId, Timestamp};
use countersign_keys::{AuditKey, MasterKey};
use countersign_store::{SignedCheckpoint, Store};
use countersign_store_sql::SqlStore;
use countersign_store_sql::testing::Temporary;
use countersign_trail::{Due, Sealed, checkpoint, seal};

pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn advance(&self, span: Lifetime) {
        self.0.fetch_add(span.as_micros(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, target: &mut [u8]) {
        for chunk in target.chunks_mut(8) {
            let n = self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes();
            chunk.copy_from_slice(&n[..chunk.len()]);
        }
    }
}

pub(crate) struct Rig {
    pub(crate) clock: Arc<TestClock>,
    pub(crate) env: Env,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) database: Temporary,
    pub(crate) key: AuditKey,
}

impl Rig {
    pub(crate) async fn new() -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(1_800_000_000_000_000)));
        let env = Env::new(Arc::clone(&clock) as Arc<dyn Clock>, Arc::new(Counting(AtomicU64::new(1))));
        let (store, database) = SqlStore::temporary(env.clone()).await.unwrap();
        let master = MasterKey::generate(&env);
        let key = AuditKey::load_or_make(store.as_ref(), &master, &env).await.unwrap();
        Self { clock, env, store, database, key }
    }

    pub(crate) fn record(&self, n: usize) -> Record {
        let origin = Origin::local(RequestId::new(&self.env));
        Record::new(Event::SignedIn, Actor::Operator, &origin, self.env.now(), &self.env).with("n", n.to_string())
    }

    /// Checks all that the database keeps.
    pub(crate) async fn check(&self) -> Report {
        self.check_against(&Trust::default()).await
    }

    /// The same, by what is known from elsewhere.
    pub(crate) async fn check_against(&self, trust: &Trust) -> Report {
        let verifier =
            countersign_trail::verifier(self.store.as_ref(), &self.key.verifying_key(), trust).await.unwrap();
        countersign_trail::check(self.store.as_ref(), verifier).await.unwrap()
    }

    /// Somebody with access to the file, past the program.
    pub(crate) fn tamper(&self, sql: &str) {
        let file = rusqlite::Connection::open(self.database.path()).unwrap();
        file.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
        file.execute_batch(sql).unwrap();
    }

    /// Seals what waits, and signs the end.
    pub(crate) async fn sign(&self) -> SignedCheckpoint {
        while let Sealed::Batch { .. } = seal(self.store.as_ref(), 1_000).await.unwrap() {}
        checkpoint(self.store.as_ref(), &self.key, &self.env, Due::Now).await.unwrap().unwrap()
    }

    pub(crate) async fn write(&self, records: Vec<Record>) {
        let mut tx = self.store.begin().await.unwrap();
        records.into_iter().for_each(|record| tx.audit(record));
        tx.commit().await.unwrap();
    }

    /// Writes `count` records, a millisecond apart.
    pub(crate) async fn happen(&self, count: usize) {
        let records = (0..count).map(|n| {
            self.clock.advance(Lifetime::from_millis(1));
            self.record(n)
        });
        self.write(records.collect()).await;
    }
}
