//! A service that reads the revocation feed, by the letter of docs/design/revocation-feed.md.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use countersign_jose::{KeySet, verify_jws};
use http::header::AUTHORIZATION;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

/// The stream as it comes: events, one by one.
pub struct FeedStream {
    /// The fields of the answer.
    pub headers: HeaderMap,
    body: Body,
    text: String,
    /// How many bytes still come before the connection is cut.
    left: usize,
    connection: Option<JoinHandle<()>>,
}

/// A server-sent event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedLine {
    /// `event`.
    pub kind: String,
    /// `id`.
    pub id: Option<String>,
    /// `data`.
    pub data: String,
}

impl FeedLine {
    /// The data as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_default()
    }
}

impl FeedStream {
    /// Asks this router for the feed.
    ///
    /// # Errors
    /// The status of a refusal.
    pub async fn of(router: &Router, key: &str, last: Option<&str>) -> Result<Self, StatusCode> {
        let answer = match router.clone().oneshot(request(key, last)).await {
            Ok(answer) => answer,
            Err(impossible) => match impossible {},
        };
        if answer.status() != StatusCode::OK {
            return Err(answer.status());
        }
        Ok(Self::from(answer))
    }

    /// Asks a server over a connection of its own.
    ///
    /// # Errors
    /// The connection failed, or the feed was refused.
    pub async fn over(address: SocketAddr, key: &str, last: Option<&str>) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
        let connection = tokio::spawn(async move {
            let _ = connection.await;
        });
        let answer = sender.send_request(request(key, last)).await.map_err(std::io::Error::other)?;
        if answer.status() != StatusCode::OK {
            return Err(std::io::Error::other(answer.status().to_string()));
        }
        let (head, body) = answer.into_parts();
        Ok(Self {
            headers: head.headers,
            body: Body::new(body),
            text: String::new(),
            left: usize::MAX,
            connection: Some(connection),
        })
    }

    /// The same, cut after so many bytes: in the middle of an event, as a rule.
    #[must_use]
    pub const fn cut_after(mut self, bytes: usize) -> Self {
        self.left = bytes;
        self
    }

    /// The next event; waits for it. None where the stream has ended.
    pub async fn next(&mut self) -> Option<FeedLine> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (read(event), rest.to_owned());
                self.text = rest;
                if let Some(event) = event {
                    return Some(event);
                }
            }
            if self.left == 0 {
                return None;
            }
            let frame = self.body.frame().await?.ok()?;
            if let Ok(bytes) = frame.into_data() {
                let some = bytes.get(..self.left).unwrap_or(&bytes);
                self.left -= some.len();
                self.text.push_str(&String::from_utf8_lossy(some));
            }
        }
    }

    /// The next event if it is there already; the second is whether the stream has ended.
    pub async fn now(&mut self) -> (Option<FeedLine>, bool) {
        tokio::select! {
            biased;
            // Its share of the thread is not asked about: nothing to read must mean that there is nothing.
            event = tokio::task::unconstrained(self.next()) => { let ended = event.is_none(); (event, ended) }
            () = std::future::ready(()) => (None, false),
        }
    }

    /// All events that are there already.
    pub async fn all(&mut self) -> Vec<FeedLine> {
        let mut events = Vec::new();
        while let (Some(event), _) = self.now().await {
            events.push(event);
        }
        events
    }
}

impl From<Response> for FeedStream {
    fn from(answer: Response) -> Self {
        let (head, body) = answer.into_parts();
        Self { headers: head.headers, body, text: String::new(), left: usize::MAX, connection: None }
    }
}

impl Drop for FeedStream {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection {
            connection.abort();
        }
    }
}

fn request(key: &str, last: Option<&str>) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = http::Uri::from_static("/api/revocations");
    let fields = [(AUTHORIZATION.as_str(), Some(format!("Bearer {key}"))), ("host", Some("localhost".to_owned()))];
    for (name, value) in fields.into_iter().chain([("last-event-id", last.map(str::to_owned))]) {
        if let Some(Ok(value)) = value.map(http::HeaderValue::try_from) {
            request.headers_mut().insert(http::HeaderName::from_static(name), value);
        }
    }
    request
}

/// An event with data; others count for nothing.
fn read(text: &str) -> Option<FeedLine> {
    let (mut kind, mut id, mut data) = ("message", None, None);
    for line in text.lines() {
        match line.split_once(": ") {
            Some(("event", value)) => kind = value,
            Some(("id", value)) => id = Some(value.to_owned()),
            Some(("data", value)) => data = Some(value.to_owned()),
            _ => {}
        }
    }
    Some(FeedLine { kind: kind.to_owned(), id, data: data? })
}

/// What a reader knows: the live set, and how far it has come.
pub struct FeedReader {
    issuer: String,
    keys: KeySet,
    /// The last `id`.
    pub last: Option<String>,
    /// The greatest `time` of a heartbeat.
    pub heard: i64,
    /// What is revoked, as JSON without `until` and `reason`, and until when.
    pub held: BTreeMap<String, String>,
    /// Whether this connection has had a heartbeat.
    pub is_current: bool,
    hash: Option<String>,
}

impl FeedReader {
    /// A reader that trusts these keys to speak for this issuer.
    ///
    /// # Panics
    /// They are no JWKS.
    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    pub fn new(issuer: &str, jwks: &str) -> Self {
        let keys = KeySet::from_jwks(jwks).expect("the feed's keys are a JWKS");
        let issuer = issuer.to_owned();
        Self { issuer, keys, last: None, heard: 0, held: BTreeMap::new(), is_current: false, hash: None }
    }

    /// Begins another connection, from the last id on.
    pub fn connect_again(&mut self) {
        self.is_current = false;
        self.hash = self.last.as_deref().and_then(|id| Some(id.split_once('-')?.1.to_owned()));
    }

    /// Takes up an event.
    ///
    /// # Errors
    /// Why the stream is not to be trusted.
    pub fn take(&mut self, event: &FeedLine) -> Result<(), String> {
        match event.kind.as_str() {
            "reset" => self.hash = None,
            "snapshot" => {
                self.hash = None;
                let json = event.json();
                let some = json.get("revocations").and_then(Value::as_array);
                some.into_iter().flatten().for_each(|one| self.hold(one.clone()));
            }
            "revoked" => {
                self.hold(event.json());
                self.hash = event.id.as_deref().and_then(|id| Some(id.split_once('-')?.1.to_owned()));
            }
            "heartbeat" => self.beat(event)?,
            _ => {}
        }
        if event.id.is_some() {
            self.last.clone_from(&event.id);
        }
        Ok(())
    }

    fn hold(&mut self, mut one: Value) {
        let until = one.get("until").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(members) = one.as_object_mut() {
            members.remove("until");
            members.remove("reason");
        }
        let held = self.held.entry(one.to_string()).or_default();
        // Of one length, so that text order is time order.
        if *held < until {
            *held = until;
        }
    }

    fn beat(&mut self, event: &FeedLine) -> Result<(), String> {
        let payload = verify_jws(&event.data, &self.keys, Some("countersign-revocation-heartbeat+jwt"));
        let payload = payload.map_err(|error| format!("the heartbeat is not signed: {error}"))?;
        let claims: Value = serde_json::from_slice(&payload).map_err(|error| error.to_string())?;
        if claims.get("iss").and_then(Value::as_str) != Some(&self.issuer) {
            return Err(format!("the heartbeat is another's: {claims}"));
        }
        let number = |name: &str| claims.get(name).and_then(Value::as_i64);
        let hash = claims.get("hash").and_then(Value::as_str);
        let (Some(seq), Some(hash), Some(time)) = (number("seq"), hash, number("time")) else {
            return Err(format!("the heartbeat says {claims}"));
        };
        if event.id.as_deref() != Some(&format!("{seq}-{hash}")) {
            return Err(format!("the heartbeat's id is {:?}", event.id));
        }
        if self.hash.as_deref().is_some_and(|last| last != hash) {
            return Err("something was left out".to_owned());
        }
        self.hash = Some(hash.to_owned());
        self.heard = self.heard.max(time);
        self.is_current = true;
        Ok(())
    }
}
