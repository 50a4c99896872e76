//! What the tests stand on: documents and feeds that say what a test wants, and a word for each verdict.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use countersign_guard::Verifier;
use countersign_guard::testing::TestIssuer;
use countersign_jose::{Algorithm, KeySet, SigningKey};
use countersign_kernel::Clock as _;
use http_body_util::channel::{Channel, Sender};
use serde_json::{Value, json};

/// The code of the verdict on a token, or `ok`, or `flagged`.
pub(crate) async fn code(verifier: &Verifier, token: &str) -> &'static str {
    match verifier.verify(token).await {
        Ok(identity) if identity.is_stale() => "flagged",
        Ok(_) => "ok",
        Err(refusal) => refusal.code().as_str(),
    }
}

/// Lets what can happen happen, until it has.
pub(crate) async fn until(what: &str, mut has: impl FnMut() -> bool) {
    let waited = async {
        while !has() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(600), waited).await.is_err() {
        panic!("it did not happen: {what}");
    }
}

/// An answer that a test has made up.
#[derive(Clone)]
pub(crate) struct Said {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: String,
    /// Says it so much later.
    pub(crate) after: Duration,
}

impl Said {
    pub(crate) fn keys(body: String) -> Self {
        Self { status: StatusCode::OK, headers: Vec::new(), body, after: Duration::ZERO }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// A document whose answers a test makes up, one for each question; the last one for ever.
#[derive(Clone)]
pub(crate) struct Document(Arc<Mutex<(VecDeque<Said>, Vec<HeaderMap>)>>);

impl Document {
    pub(crate) fn saying(said: impl IntoIterator<Item = Said>) -> Self {
        Self(Arc::new(Mutex::new((said.into_iter().collect(), Vec::new()))))
    }

    pub(crate) fn say(&self, said: Said) {
        self.0.lock().unwrap().0 = VecDeque::from([said]);
    }

    /// What it was asked with.
    pub(crate) fn asked(&self) -> Vec<HeaderMap> {
        self.0.lock().unwrap().1.clone()
    }

    pub(crate) fn router(&self) -> Router {
        Router::new().route("/.well-known/jwks.json", get(Self::answer)).with_state(self.clone())
    }

    async fn answer(State(document): State<Self>, headers: HeaderMap) -> Response {
        let said = {
            let mut state = document.0.lock().unwrap();
            state.1.push(headers);
            let said = state.0.front().cloned().unwrap();
            if state.0.len() > 1 {
                state.0.pop_front();
            }
            said
        };
        tokio::time::sleep(said.after).await;
        let mut response = (said.status, said.body).into_response();
        for (name, value) in said.headers {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        response
    }
}

/// A feed that says what a test wants, in whatever order, true or not.
#[derive(Clone)]
pub(crate) struct Stage {
    pub(crate) issuer: TestIssuer,
    pub(crate) key: Arc<SigningKey>,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    connections: Vec<Connection>,
    refusal: Option<Said>,
    keys: Vec<String>,
    key_fetches: usize,
}

struct Connection {
    last: Option<String>,
    key: Option<String>,
    sender: Option<Sender<Bytes>>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let issuer = TestIssuer::start();
        let key = key(&issuer, Algorithm::EdDSA);
        let shared = Shared { keys: vec![jwks(&key)], ..Shared::default() };
        Self { issuer, key: Arc::new(key), shared: Arc::new(Mutex::new(shared)) }
    }

    pub(crate) fn router(&self) -> Router {
        let feed = Router::new()
            .route("/api/revocations", get(Self::feed))
            .route("/.well-known/revocations/jwks.json", get(Self::keys))
            .with_state(self.clone());
        let keys = self.issuer.router();
        feed.fallback(move |request: Request<Body>| {
            let keys = keys.clone();
            async move { tower::ServiceExt::oneshot(keys, request).await }
        })
    }

    async fn keys(State(stage): State<Self>) -> String {
        let mut shared = stage.shared.lock().unwrap();
        shared.key_fetches += 1;
        if shared.keys.len() > 1 { shared.keys.remove(0) } else { shared.keys[0].clone() }
    }

    async fn feed(State(stage): State<Self>, headers: HeaderMap) -> Response {
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let (sender, body) = Channel::<Bytes>::new(1_024);
        let mut shared = stage.shared.lock().unwrap();
        let refusal = shared.refusal.clone();
        let sender = refusal.is_none().then_some(sender);
        shared.connections.push(Connection { last: text("last-event-id"), key: text("authorization"), sender });
        let Some(refusal) = refusal else {
            return ([(header::CONTENT_TYPE, "text/event-stream; charset=utf-8")], Body::new(body)).into_response();
        };
        let mut response = (refusal.status, refusal.body).into_response();
        for (name, value) in refusal.headers {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        response
    }

    /// Answers the feed like this from now on; None opens it again.
    pub(crate) fn refuse(&self, said: Option<Said>) {
        self.shared.lock().unwrap().refusal = said;
    }

    /// The answers for the feed's keys, one for each question; the last one for ever.
    pub(crate) fn publish(&self, documents: Vec<String>) {
        self.shared.lock().unwrap().keys = documents;
    }

    pub(crate) fn key_fetches(&self) -> usize {
        self.shared.lock().unwrap().key_fetches
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.lock().unwrap().connections.len()
    }

    /// The `Last-Event-ID` of the newest connection.
    pub(crate) fn last_id(&self) -> Option<String> {
        self.shared.lock().unwrap().connections.last().unwrap().last.clone()
    }

    /// The `Authorization` of the newest connection.
    pub(crate) fn key_sent(&self) -> Option<String> {
        self.shared.lock().unwrap().connections.last().unwrap().key.clone()
    }

    /// Sends a text as it is, on the newest connection; whether anybody took it.
    pub(crate) async fn send(&self, text: &str) -> bool {
        let sender = self.shared.lock().unwrap().connections.last_mut().unwrap().sender.take();
        let Some(mut sender) = sender else { return false };
        let is_taken = sender.send_data(Bytes::from(text.to_owned())).await.is_ok();
        if is_taken {
            self.shared.lock().unwrap().connections.last_mut().unwrap().sender = Some(sender);
        }
        is_taken
    }

    pub(crate) async fn event(&self, kind: &str, id: Option<&str>, data: &Value) -> bool {
        let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
        let data = data.as_str().map_or_else(|| data.to_string(), str::to_owned);
        self.send(&format!("event: {kind}\n{id}data: {data}\n\n")).await
    }

    /// A heartbeat for `place`, of now.
    pub(crate) fn signed(&self, place: &str) -> String {
        let (seq, hash) = place.split_once('-').unwrap();
        let time = self.issuer.clock().now().as_seconds();
        self.sign(&json!({"iss": self.issuer.url(), "seq": seq.parse::<u64>().unwrap(), "hash": hash, "time": time}))
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.key.sign("countersign-revocation-heartbeat+jwt", claims).unwrap()
    }

    pub(crate) async fn beat(&self, place: &str) -> bool {
        self.event("heartbeat", Some(place), &self.signed(place).into()).await
    }

    /// Ends the newest connection.
    pub(crate) fn hang_up(&self) {
        self.shared.lock().unwrap().connections.last_mut().unwrap().sender = None;
    }
}

pub(crate) fn key(issuer: &TestIssuer, algorithm: Algorithm) -> SigningKey {
    let kid = countersign_kernel::KeyId::new(issuer.env()).to_string();
    SigningKey::generate(algorithm, Some(&kid), |target| issuer.env().entropy().fill(target)).unwrap()
}

pub(crate) fn jwks(key: &SigningKey) -> String {
    KeySet::new(vec![key.verifying_key()]).unwrap().to_jwks_json()
}
