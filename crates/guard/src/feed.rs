//! Follows the feed of revocations (docs/design/revocation-feed.md, normative).
//!
//! Promises: what was heard is forgotten only when the last token that it means has expired, whatever happens to the connection; the
//! connection is made again for ever, from the last id on; a feed that stands still, is played again or leaves something out is found
//! out by its signed heartbeats, and then asked for as a whole.

use std::sync::Arc;
use std::time::Duration;

use axum_core::body::Body;
use countersign_jose::json;
use countersign_kernel::{Env, Secret};
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::time::timeout;

use crate::address::Address;
use crate::heartbeat::Heartbeat;
use crate::jwks::Keys;
use crate::live::Revocation;
use crate::revocations::Revocations;
use crate::sse::{Event, Events};
use crate::transport::{Transport, get};

/// Reads one feed.
pub(crate) struct Follower {
    pub(crate) issuer: Arc<str>,
    pub(crate) address: Address,
    pub(crate) key: Secret<String>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) revocations: Arc<Revocations>,
    pub(crate) env: Env,
    pub(crate) place: Place,
}

/// How far the reader has come.
#[derive(Debug)]
pub(crate) struct Place {
    /// The last `id` whose event was dealt with.
    last: Option<String>,
    /// The hash that the next heartbeat must name; none where it may name any: nothing is known yet, or a snapshot was merged since.
    hash: Option<String>,
    /// What the server asked to wait before connecting again.
    retry: Duration,
    /// Connections that ended since the last good heartbeat.
    failures: u32,
}

impl Place {
    /// Of a reader that knows nothing yet.
    pub(crate) const fn unknown() -> Self {
        Self { last: None, hash: None, retry: USUAL_RETRY, failures: 0 }
    }
}

/// Why a connection ended.
#[derive(Debug)]
struct Trouble {
    why: String,
    /// The next connection begins without a place: the whole is asked for.
    forgets: bool,
    pause: Duration,
}

impl Trouble {
    fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), forgets: false, pause: Duration::ZERO }
    }

    fn forgetting(why: impl Into<String>) -> Self {
        Self { forgets: true, ..Self::new(why) }
    }
}

impl Follower {
    /// Follows, for ever.
    pub(crate) async fn follow(mut self) {
        loop {
            let Trouble { why, forgets, pause } = self.connect().await;
            tracing::warn!(why, "the revocation feed ended; connecting again");
            self.place.failures = self.place.failures.saturating_add(1);
            if forgets {
                self.place.last = None;
            }
            self.rest(pause).await;
        }
    }

    /// The first time after `retry`, then less and less often; never all readers at once.
    async fn rest(&self, pause: Duration) {
        let doublings = self.place.failures.saturating_sub(1).min(10);
        let whole = (self.place.retry * (1 << doublings)).min(LONGEST_PAUSE).max(pause);
        let share = 500 + self.env.entropy().below(1_000);
        let mut left = whole * u32::try_from(share).unwrap_or(1_000) / 1_000;
        while !left.is_zero() {
            let step = left.min(SILENCE);
            tokio::time::sleep(step).await;
            self.revocations.note_age(&self.env);
            left -= step;
        }
    }

    /// One connection, to its end.
    async fn connect(&mut self) -> Trouble {
        // A connection that goes on from an id must go on from its hash.
        self.place.hash = self.place.last.as_deref().and_then(hash_of);
        match self.read().await {
            Ok(never) => match never {},
            Err(trouble) => trouble,
        }
    }

    async fn read(&mut self) -> Result<std::convert::Infallible, Trouble> {
        let silent = |_| Trouble::new("nothing came for 5 s");
        let answer = timeout(SILENCE, self.transport.send(&self.address, self.request())).await.map_err(silent)?;
        let mut body = accepted(answer.map_err(Trouble::new)?)?;
        let mut events = Events::default();
        loop {
            let frame = timeout(SILENCE, body.frame()).await.map_err(silent)?;
            let frame = frame.ok_or_else(|| Trouble::new("ended by the server"))?;
            let frame = frame.map_err(|error| Trouble::new(format!("the connection broke: {error}")))?;
            let Ok(piece) = frame.into_data() else { continue };
            for event in events.push(&piece).map_err(Trouble::forgetting)? {
                self.take(event).await?;
            }
            self.revocations.note_age(&self.env);
        }
    }

    fn request(&self) -> Request<Body> {
        let mut request = get(&self.address, "text/event-stream");
        // Both were checked to be lawful fields.
        if let Ok(mut key) = HeaderValue::try_from(format!("Bearer {}", self.key.expose())) {
            key.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, key);
        }
        if let Some(Ok(last)) = self.place.last.as_deref().map(HeaderValue::try_from) {
            request.headers_mut().insert(LAST_EVENT_ID.clone(), last);
        }
        request
    }

    /// Takes up one event. Kinds that are not known are passed over.
    async fn take(&mut self, event: Event) -> Result<(), Trouble> {
        if let Some(millis) = event.retry {
            self.place.retry = Duration::from_millis(millis).clamp(LEAST_RETRY, LONGEST_PAUSE);
        }
        let Some(data) = event.data else { return Ok(()) };
        match event.kind.as_str() {
            "reset" => self.place.hash = None,
            "snapshot" => {
                let some = snapshot(&data).ok_or_else(|| Trouble::forgetting("a snapshot that is none"))?;
                self.revocations.live.add(some);
                self.place.hash = None;
            }
            "revoked" => {
                let unreadable = |_| Trouble::forgetting("a revocation that cannot be read");
                let one = json::object(data.as_bytes()).map_err(unreadable)?;
                self.revocations.live.add(Revocation::read(&one));
                self.place.hash = event.id.as_deref().and_then(hash_of);
            }
            "heartbeat" => return self.listen(&data, event.id).await,
            _ => return Ok(()),
        }
        // A snapshot has no id: one that is cut off is sent again.
        if event.id.is_some() {
            self.place.last = event.id;
        }
        Ok(())
    }

    async fn listen(&mut self, data: &str, id: Option<String>) -> Result<(), Trouble> {
        let beat = Heartbeat::read(data, &self.keys, &self.issuer, &self.env).await.map_err(Trouble::new)?;
        if id.is_some_and(|id| id != beat.place) {
            return Err(Trouble::forgetting("a heartbeat under another id than its own"));
        }
        if self.place.hash.as_ref().is_some_and(|hash| *hash != beat.hash) {
            return Err(Trouble::forgetting("something was left out on the way"));
        }
        // From here on only a revocation, a snapshot or a reset moves it.
        self.place.hash = Some(beat.hash);
        self.place.failures = 0;
        self.revocations.heard(&beat.place, beat.time);
        self.place.last = Some(beat.place);
        Ok(())
    }
}

/// The revocations of a snapshot; none where it is no snapshot.
pub(crate) fn snapshot(data: &str) -> Option<Vec<Revocation>> {
    let members = json::object(data.as_bytes()).ok()?;
    let list = members.get("revocations")?.as_array()?;
    Some(list.iter().filter_map(Value::as_object).filter_map(Revocation::read).collect())
}

fn accepted(answer: Response<Body>) -> Result<Body, Trouble> {
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if answer.status() == StatusCode::OK && kind.starts_with("text/event-stream") {
        return Ok(answer.into_body());
    }
    let seconds = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let pause = seconds.map_or(Duration::ZERO, Duration::from_secs).min(LONGEST_PAUSE);
    Err(Trouble { pause, ..Trouble::new(format!("answered {}", answer.status())) })
}

fn hash_of(id: &str) -> Option<String> {
    id.split_once('-').map(|(_, hash)| hash.to_owned())
}

static LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const SILENCE: Duration = Duration::from_secs(5);
const USUAL_RETRY: Duration = Duration::from_secs(1);
const LEAST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
