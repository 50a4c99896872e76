//! The issuer itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use countersign_jose::{Algorithm, KeySet, SigningKey, base64url};
use countersign_kernel::{Clock as _, Env, KeyId, Lifetime, SystemEntropy};
use serde_json::{Map, Value, json};

use super::clock::TestClock;
use super::log::{Listening, Log};
use crate::revocations::Revocations;

/// The machine key that opens every test issuer's feed.
pub const MACHINE_KEY: &str =
    "countersign_machine_00000000000000000000000000_0000000000000000000000000000000000000000000";

/// An issuer that a test owns. Clones are the same issuer.
#[derive(Clone)]
pub struct TestIssuer(Arc<Shared>);

struct Shared {
    url: String,
    audience: String,
    is_on_network: bool,
    clock: TestClock,
    env: Env,
    feed_key: Arc<SigningKey>,
    state: Mutex<State>,
}

struct State {
    /// The last one signs.
    keys: Vec<Arc<SigningKey>>,
    log: Log,
    is_down: bool,
    key_fetches: usize,
    listeners: Vec<Weak<Revocations>>,
}

impl TestIssuer {
    /// An issuer in this process: `https://auth.test`, for the audience `https://api.test`.
    #[must_use]
    pub fn start() -> Self {
        Self::named("https://auth.test", "https://api.test", false)
    }

    pub(super) fn named(url: &str, audience: &str, is_on_network: bool) -> Self {
        let clock = TestClock::default();
        let env = Env::new(Arc::new(clock.clone()), Arc::new(SystemEntropy));
        let feed_key = new_key(&env);
        let state = State {
            keys: vec![new_key(&env)],
            log: Log::default(),
            is_down: false,
            key_fetches: 0,
            listeners: Vec::new(),
        };
        let (url, audience, state) = (url.to_owned(), audience.to_owned(), Mutex::new(state));
        Self(Arc::new(Shared { url, audience, is_on_network, clock, env, feed_key, state }))
    }

    /// Its public URL: `iss`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// For whom its tokens are: `aud`.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.0.audience
    }

    /// Its clock, which is its verifiers' too.
    #[must_use]
    pub fn clock(&self) -> &TestClock {
        &self.0.clock
    }

    /// Its time and chance.
    #[must_use]
    pub fn env(&self) -> &Env {
        &self.0.env
    }

    /// The published keys.
    #[must_use]
    pub fn jwks(&self) -> String {
        published(&self.state().keys)
    }

    /// How often its keys were fetched.
    #[must_use]
    pub fn key_fetches(&self) -> usize {
        self.state().key_fetches
    }

    /// Signs with a new key from now on; the old ones stay published. Its `kid`.
    pub fn rotate(&self) -> String {
        let key = new_key(&self.0.env);
        let kid = key.kid().to_owned();
        self.state().keys.push(key);
        kid
    }

    /// Publishes this key no more.
    pub fn withdraw(&self, kid: &str) {
        self.state().keys.retain(|key| key.kid() != kid);
    }

    /// Answers 503 to everybody, and hangs up.
    pub fn go_down(&self) {
        let mut state = self.state();
        state.is_down = true;
        state.log.hang_up();
    }

    /// Answers again.
    pub fn come_back(&self) {
        self.state().is_down = false;
    }

    /// Moves time on, and waits until its verifiers have heard so.
    pub async fn advance(&self, span: Duration) {
        self.0.clock.advance(Lifetime::from(span));
        self.beat();
        self.settle().await;
    }

    /// Ends the session of this token.
    pub async fn sign_out(&self, token: &str) {
        self.revoke(json!({"sid": claim(token, "sid"), "effect": "ended", "reason": "signed_out"})).await;
    }

    /// Takes this one token back.
    pub async fn revoke_token(&self, token: &str) {
        self.revoke(json!({"jti": claim(token, "jti"), "effect": "ended", "reason": "revoked"})).await;
    }

    /// Changes the rights of this token's person: it is superseded, and its session lives.
    pub async fn change_rights(&self, token: &str) {
        let below = claim(token, "ver").as_u64().unwrap_or_default() + 1;
        self.revoke(json!({"sub": claim(token, "sub"), "below": below, "effect": "superseded"})).await;
    }

    /// Disables this token's person.
    pub async fn disable(&self, token: &str) {
        let below = claim(token, "ver").as_u64().unwrap_or_default() + 1;
        self.revoke(json!({"sub": claim(token, "sub"), "below": below, "effect": "ended"})).await;
    }

    /// Takes something back, as the feed says it (docs/design/revocation-feed.md), and waits until its verifiers have heard so. Without
    /// `until` it counts for an hour.
    pub async fn revoke(&self, revocation: Value) {
        let Value::Object(mut members) = revocation else { return };
        let until = self.0.clock.now() + Lifetime::from_hours(1);
        members.entry("until").or_insert_with(|| until.to_rfc3339().into());
        self.state().log.add(Value::Object(members).to_string());
        self.beat();
        self.settle().await;
    }

    /// Signs how far the log goes, and tells whoever listens.
    fn beat(&self) {
        let mut state = self.state();
        let place = state.log.place();
        let event = format!("event: heartbeat\nid: {place}\ndata: {}\n\n", self.signed(&place));
        state.log.say(&event);
    }

    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    fn signed(&self, place: &str) -> String {
        let (seq, hash) = place.split_once('-').unwrap_or_default();
        let seq: u64 = seq.parse().unwrap_or_default();
        let claims = json!({"iss": self.0.url, "seq": seq, "hash": hash, "time": self.0.clock.now().as_seconds()});
        self.0.feed_key.sign("countersign-revocation-heartbeat+jwt", &claims).expect("claims are signed")
    }

    /// Waits until each verifier knows everything.
    async fn settle(&self) {
        let (listeners, place) = {
            let mut state = self.state();
            let listeners: Vec<_> = state.listeners.iter().filter_map(Weak::upgrade).collect();
            state.listeners.retain(|listener| listener.strong_count() > 0);
            if state.is_down {
                return;
            }
            (listeners, state.log.place())
        };
        let time = self.0.clock.now().as_seconds();
        for revocations in listeners {
            let is_told = |heard: &Option<String>| {
                let last = revocations.last_heard().map(|time| time.as_seconds());
                heard.as_deref() == Some(&place) && last >= Some(time)
            };
            let _ = revocations.progress().wait_for(is_told).await;
        }
    }

    /// Waits for these from now on, whenever there is something to hear.
    pub(super) fn wait_for(&self, revocations: Option<&Arc<Revocations>>) {
        self.state().listeners.extend(revocations.map(Arc::downgrade));
    }

    pub(super) fn is_on_network(&self) -> bool {
        self.0.is_on_network
    }

    pub(super) fn subscribe(&self, last: Option<&str>) -> Listening {
        let listening = self.state().log.subscribe(last);
        self.beat();
        let issuer = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                if !issuer.state().log.is_heard() {
                    break;
                }
                issuer.beat();
            }
        });
        listening
    }

    pub(super) fn feed_jwks(&self) -> String {
        published(std::slice::from_ref(&self.0.feed_key))
    }

    pub(super) fn is_down(&self) -> bool {
        self.state().is_down
    }

    pub(super) fn count_fetch(&self) {
        self.state().key_fetches += 1;
    }

    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    pub(super) fn signer(&self) -> Arc<SigningKey> {
        self.state().keys.last().cloned().expect("an issuer has a key")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for TestIssuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestIssuer").field("url", &self.0.url).finish_non_exhaustive()
    }
}

#[expect(clippy::expect_used, reason = "a test harness fails its test")]
fn new_key(env: &Env) -> Arc<SigningKey> {
    let fill = |target: &mut [u8]| env.entropy().fill(target);
    let key = SigningKey::generate(Algorithm::EdDSA, Some(&KeyId::new(env).to_string()), fill);
    Arc::new(key.expect("a key is made"))
}

fn published(keys: &[Arc<SigningKey>]) -> String {
    KeySet::new(keys.iter().map(|key| key.verifying_key()).collect()).unwrap_or_default().to_jwks_json()
}

/// A claim of a token, unchecked.
fn claim(token: &str, name: &str) -> Value {
    let payload = token.split('.').nth(1).and_then(|part| base64url::decode(part).ok()).unwrap_or_default();
    let claims: Map<String, Value> = serde_json::from_slice(&payload).unwrap_or_default();
    claims.get(name).cloned().unwrap_or_default()
}
