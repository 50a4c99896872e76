//! The public keys of an issuer: fetched, kept, fetched again before they are old, and sooner when a token names one that is unknown.
//!
//! Promises:
//!
//! 1. One fetch at a time, in a task of its own: whoever waits for it may go away.
//! 2. After a fetch, good or bad, none on account of an unknown key for the cool-down. Unknown names are not noted, so that
//!    made-up ones cost neither questions nor memory.
//! 3. While the issuer does not answer, the keys that are there go on for `stale_for`; then there are none.
//! 4. A set that cannot be believed as a whole replaces nothing.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use countersign_jose::KeySet;
use countersign_kernel::{Env, Lifetime, Timestamp};
use http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::address::Address;
use crate::transport::{Transport, get};

/// Where keys come from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// A document on the network.
    Address(Address),
    /// A file that somebody brought, and may bring anew.
    File(PathBuf),
}

/// How often keys are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// After a fetch, none on account of an unknown key for so long.
    pub(crate) cool_down: Lifetime,
    /// For how long keys go on when they are old and the issuer does not answer.
    pub(crate) stale_for: Lifetime,
    /// How long a fetch may take.
    pub(crate) timeout: Duration,
}

/// The keys of one document.
pub(crate) struct Keys {
    what: &'static str,
    source: Source,
    pace: Pace,
    env: Env,
    transport: Arc<dyn Transport>,
    runtime: Handle,
    kept: ArcSwapOption<Kept>,
    flight: Mutex<Flight>,
}

/// What was fetched last.
pub(crate) struct Kept {
    /// The keys.
    pub(crate) set: Arc<KeySet>,
    /// Another one for each set of other keys: what was verified by one set says nothing of the next.
    pub(crate) version: u64,
    text: Arc<str>,
    etag: Option<HeaderValue>,
    fetched_at: Timestamp,
    fresh_for: Lifetime,
}

#[derive(Default)]
struct Flight {
    /// Closed once the fetch that is under way is done.
    landing: Option<watch::Receiver<()>>,
    tried_at: Option<Timestamp>,
}

/// What a source said.
enum Said {
    Unchanged(Lifetime),
    Text { text: String, etag: Option<HeaderValue>, fresh_for: Lifetime },
}

impl Keys {
    /// Keys that are not fetched yet; `what` names them in the log.
    pub(crate) fn new(
        what: &'static str,
        source: Source,
        pace: Pace,
        env: &Env,
        transport: &Arc<dyn Transport>,
        runtime: &Handle,
    ) -> Arc<Self> {
        Arc::new(Self {
            what,
            source,
            pace,
            env: env.clone(),
            transport: Arc::clone(transport),
            runtime: runtime.clone(),
            kept: ArcSwapOption::empty(),
            flight: Mutex::default(),
        })
    }

    /// The keys that may be relied on now, from memory.
    pub(crate) fn believed(&self, now: Timestamp) -> Option<Arc<Kept>> {
        self.kept.load_full().filter(|kept| kept.is_within(kept.fresh_for + self.pace.stale_for, now))
    }

    /// The version of the keys that may be relied on now.
    pub(crate) fn version(&self, now: Timestamp) -> Option<u64> {
        let kept = self.kept.load();
        kept.as_ref().filter(|kept| kept.is_within(kept.fresh_for + self.pace.stale_for, now)).map(|kept| kept.version)
    }

    /// Fetches on account of a key that is unknown, unless that was done a moment ago; whether there was a fetch.
    pub(crate) async fn look_again(self: &Arc<Self>) -> bool {
        let Some(mut landing) = self.board(true) else { return false };
        // The sender never sends: it is dropped when the fetch is done.
        let _ = landing.changed().await;
        true
    }

    /// Fetches, or waits for the fetch that is under way.
    pub(crate) async fn fetch(self: &Arc<Self>) {
        if let Some(mut landing) = self.board(false) {
            let _ = landing.changed().await;
        }
    }

    /// Keeps the keys fresh, for ever.
    pub(crate) async fn keep_fresh(self: Arc<Self>) {
        let mut failures = 0;
        loop {
            // In steps, each by the clock: a timer stands still while a machine sleeps.
            tokio::time::sleep(self.pause(failures).min(STEP)).await;
            if self.due_in(self.env.now()) > Lifetime::ZERO {
                failures = 0;
                continue;
            }
            self.fetch().await;
            failures = if self.due_in(self.env.now()) > Lifetime::ZERO { 0 } else { failures + 1 };
        }
    }

    /// How long until the next routine fetch. After failures it comes soon, and then less and less often.
    fn pause(&self, failures: u32) -> Duration {
        let due = self.due_in(self.env.now());
        if due > Lifetime::ZERO {
            return due.to_duration();
        }
        let whole = (1_u64 << failures.min(5)).min(LONGEST_PAUSE_SECONDS) * 1000;
        // Never all guards of a house at once.
        Duration::from_millis(whole / 2 + self.env.entropy().below(whole))
    }

    /// Keys are asked for again when four fifths of the time are over in which they are fresh.
    fn due_in(&self, now: Timestamp) -> Lifetime {
        let kept = self.kept.load();
        let Some(kept) = kept.as_ref().filter(|kept| now >= kept.fetched_at) else { return Lifetime::ZERO };
        let due = kept.fetched_at + Lifetime::from_micros(kept.fresh_for.as_micros() / 5 * 4);
        due.since(now)
    }

    /// Joins the fetch that is under way, or begins one. None within the cool-down, for whoever minds it.
    fn board(self: &Arc<Self>, minds_cool_down: bool) -> Option<watch::Receiver<()>> {
        let mut flight = self.flight.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(landing) = flight.landing.as_ref().filter(|landing| landing.has_changed().is_ok()) {
            return Some(landing.clone());
        }
        let now = self.env.now();
        let is_cooling = flight.tried_at.is_some_and(|at| now >= at && now < at + self.pace.cool_down);
        if minds_cool_down && is_cooling {
            return None;
        }
        let (aloft, landing) = watch::channel(());
        flight.tried_at = Some(now);
        flight.landing = Some(landing.clone());
        let keys = Arc::clone(self);
        self.runtime.spawn(async move {
            keys.load(now).await;
            drop(aloft);
        });
        Some(landing)
    }

    /// Fetches once. What is there serves on where that fails.
    async fn load(&self, now: Timestamp) {
        let before = self.kept.load_full();
        let asked = tokio::time::timeout(self.pace.timeout, self.ask(before.as_deref())).await;
        let said = asked.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        match said.and_then(|said| Kept::next(before.as_deref(), said, now)) {
            Ok(kept) => self.kept.store(Some(Arc::new(kept))),
            Err(why) => tracing::warn!(why, "could not fetch {}", self.what),
        }
    }

    async fn ask(&self, before: Option<&Kept>) -> Result<Said, String> {
        match &self.source {
            Source::Address(address) => self.ask_network(address, before.and_then(|kept| kept.etag.clone())).await,
            Source::File(path) => {
                let read = tokio::fs::read_to_string(path).await;
                let text = read.map_err(|error| format!("{}: {error}", path.display()))?;
                if text.len() > MOST_BYTES {
                    return Err(format!("{}: too long", path.display()));
                }
                Ok(Said::Text { text, etag: None, fresh_for: LEAST_FRESH })
            }
        }
    }

    async fn ask_network(&self, address: &Address, etag: Option<HeaderValue>) -> Result<Said, String> {
        let mut request = get(address, "application/jwk-set+json, application/json");
        let asks_for_change = etag.is_some();
        if let Some(etag) = etag {
            request.headers_mut().insert(IF_NONE_MATCH, etag);
        }
        let answer = self.transport.send(address, request).await?;
        let fresh_for = freshness(answer.headers());
        match answer.status() {
            StatusCode::NOT_MODIFIED if asks_for_change => Ok(Said::Unchanged(fresh_for)),
            StatusCode::OK => {
                let etag = answer.headers().get(ETAG).cloned();
                let body = Limited::new(answer.into_body(), MOST_BYTES).collect().await;
                let body = body.map_err(|error| format!("the document could not be read: {error}"))?.to_bytes();
                let text = String::from_utf8(body.into()).map_err(|_| "the document is not UTF-8".to_owned())?;
                Ok(Said::Text { text, etag, fresh_for })
            }
            // A redirect too: it would let somebody else name the keys.
            status => Err(format!("answered {status}")),
        }
    }
}

impl Kept {
    /// What is kept after this answer.
    fn next(before: Option<&Self>, said: Said, now: Timestamp) -> Result<Self, String> {
        let version = before.map_or(0, |kept| kept.version);
        let same = |kept: &Self, etag, fresh_for| {
            let (set, text) = (Arc::clone(&kept.set), Arc::clone(&kept.text));
            Self { set, text, etag, version, fetched_at: now, fresh_for }
        };
        match (said, before) {
            (Said::Unchanged(fresh_for), Some(kept)) => Ok(same(kept, kept.etag.clone(), fresh_for)),
            (Said::Text { text, etag, fresh_for }, Some(kept)) if *text == *kept.text => {
                Ok(same(kept, etag, fresh_for))
            }
            (Said::Text { text, etag, fresh_for }, _) => {
                let set = read(&text)?;
                Ok(Self {
                    set: Arc::new(set),
                    text: text.into(),
                    etag,
                    version: version + 1,
                    fetched_at: now,
                    fresh_for,
                })
            }
            (Said::Unchanged(_), None) => Err("answered 304 to whoever had nothing".to_owned()),
        }
    }

    /// Whether it was fetched at most `span` ago. A clock that was set back makes nothing young.
    fn is_within(&self, span: Lifetime, now: Timestamp) -> bool {
        now >= self.fetched_at && now < self.fetched_at + span
    }
}

/// Reads a published set that can be believed.
pub(crate) fn read(text: &str) -> Result<KeySet, String> {
    let set = KeySet::from_jwks(text).map_err(|error| error.to_string())?;
    if set.is_empty() {
        return Err("no key in it can be used".to_owned());
    }
    Ok(set)
}

/// RFC 9111 section 5.2.2: how long the document says that it is fresh, within a minute and an hour.
fn freshness(headers: &HeaderMap) -> Lifetime {
    let fields = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut fresh_for = USUALLY_FRESH;
    for directive in fields.flat_map(|field| field.split(',')).map(str::trim) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => return LEAST_FRESH,
            "max-age" => {
                let seconds: Option<i64> = value.trim_matches('"').parse().ok();
                fresh_for = seconds.map_or(LEAST_FRESH, Lifetime::from_seconds);
            }
            _ => {}
        }
    }
    fresh_for.clamp(LEAST_FRESH, MOST_FRESH)
}

const USUALLY_FRESH: Lifetime = Lifetime::from_minutes(5);
const LEAST_FRESH: Lifetime = Lifetime::from_minutes(1);
const MOST_FRESH: Lifetime = Lifetime::from_hours(1);
const STEP: Duration = Duration::from_secs(15);
const LONGEST_PAUSE_SECONDS: u64 = 30;
/// 64 keys of 4096 bits take less.
const MOST_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_keys_are_fresh_is_the_issuers_word_within_a_minute_and_an_hour() {
        for (field, seconds) in [
            ("public, max-age=300", 300),
            ("MAX-AGE=600", 600),
            ("max-age=\"120\"", 120),
            ("max-age=0", 60),
            ("max-age=31536000", 3_600),
            ("max-age=-1", 60),
            ("max-age=99999999999999999999", 60),
            ("max-age=600, no-cache", 60),
            ("no-store", 60),
            ("public", 300),
            ("x-max-age=7", 300),
        ] {
            let headers = HeaderMap::from_iter([(CACHE_CONTROL, HeaderValue::from_static(field))]);
            assert_eq!(freshness(&headers), Lifetime::from_seconds(seconds), "{field}");
        }
        assert_eq!(freshness(&HeaderMap::new()), USUALLY_FRESH);
    }
}
