//! An installation whose time and chance belong to the test.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use countersign_audit::Event;
use countersign_jose::verify_jws;
use countersign_kernel::{Clock, Entropy, Env, Lifetime, Origin, RequestId, Timestamp};
use countersign_keys::{Error, KeyPolicy, Keyring, MasterKey, RingKey, Standing};
use countersign_store::{AuditFilter, PageRequest, Revocation, Store};
use countersign_store_sql::SqlStore;
use countersign_store_sql::testing::Temporary;

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

/// Different bytes at each call (splitmix64), the same in each run.
struct Seeded(AtomicU64);

impl Entropy for Seeded {
    fn fill(&self, target: &mut [u8]) {
        for chunk in target.chunks_mut(8) {
            let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            chunk.copy_from_slice(&z.to_le_bytes()[..chunk.len()]);
        }
    }
}

pub(crate) struct Rig {
    pub(crate) clock: Arc<TestClock>,
    pub(crate) env: Env,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) master: MasterKey,
    _database: Temporary,
}

impl Rig {
    pub(crate) async fn new() -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(1_800_000_000_000_000)));
        let env = Env::new(Arc::clone(&clock) as Arc<dyn Clock>, Arc::new(Seeded(AtomicU64::new(7))));
        let (store, database) = SqlStore::temporary(env.clone()).await.unwrap();
        let master = MasterKey::generate(&env);
        Self { clock, env, store, master, _database: database }
    }

    /// Another node, or the same one started again.
    pub(crate) async fn node(&self) -> Keyring {
        self.node_with(KeyPolicy::default()).await.unwrap()
    }

    pub(crate) async fn node_with(&self, policy: KeyPolicy) -> Result<Keyring, Error> {
        Keyring::start(Arc::clone(&self.store), self.master.clone(), self.env.clone(), policy).await
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin::local(RequestId::new(&self.env))
    }

    /// Events of the trail, oldest first, each with its reason.
    pub(crate) async fn trail(&self) -> Vec<(Event, String)> {
        let mut tx = self.store.snapshot().await.unwrap();
        let page = tx.list_audit_records(&AuditFilter::default(), &PageRequest::first(200)).await.unwrap();
        page.items.into_iter().rev().map(|s| (s.record.event, s.record.reason.unwrap_or_default())).collect()
    }

    pub(crate) async fn revocations(&self) -> Vec<Revocation> {
        self.store.snapshot().await.unwrap().list_revocations(0, 100).await.unwrap()
    }
}

pub(crate) fn sign(node: &Keyring) -> String {
    node.signer().sign_payload("at+jwt", b"{}").unwrap()
}

pub(crate) fn accepts(node: &Keyring, token: &str) -> bool {
    verify_jws(token, &node.key_set(), Some("at+jwt")).is_ok()
}

pub(crate) fn only(node: &Keyring, standing: Standing) -> RingKey {
    let found: Vec<RingKey> = node.list().into_iter().filter(|key| key.standing == standing).collect();
    assert_eq!(found.len(), 1, "{standing:?} among {node:?}");
    found[0].clone()
}

/// The published names, in order.
pub(crate) fn published(node: &Keyring) -> Vec<String> {
    let jwks: serde_json::Value = serde_json::from_str(&node.jwks_json()).unwrap();
    jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}
