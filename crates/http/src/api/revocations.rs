//! `GET /api/revocations`: the revocation feed as server-sent events, and the keys of its heartbeats.
//!
//! docs/design/revocation-feed.md is normative for what is sent.

use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use countersign_kernel::Bearer;
use countersign_session::{Effect, FeedEvent, Subscription, Target, Told};
use futures_util::stream::{self, Stream, StreamExt as _};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Auth;
use crate::error::{Code, Problem, subscribe_refusal};
use crate::extract::bearer;
use crate::json::{Members, Query, Shape};

static LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
static X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// How long a client waits before it connects again.
const RETRY: Duration = Duration::from_secs(1);

/// Where a client goes on that cannot set the header.
pub(crate) struct After(Option<String>);

impl Shape for After {
    fn take(members: &mut Members) -> Self {
        Self(members.optional_string("lastEventId"))
    }
}

/// Tells a service everything that is revoked, as it happens.
///
/// Server-sent events, for as long as the client listens: `reset` (`{}`), `snapshot` (a `FeedSnapshot`), `revoked` (a `FeedRevocation`,
/// with an `id`) and `heartbeat` (a compact JWS of `typ` `countersign-revocation-heartbeat+jwt` with the claims `iss`, `seq`, `hash` and
/// `time`, with an `id`; each second). A snapshot is merged into what is held. The client is up to date with the first heartbeat of
/// a connection.
#[utoipa::path(
    get, path = "/api/revocations", tag = "Resource servers", operation_id = "revocations", security(("machineKey" = [])),
    params(
        ("Last-Event-ID" = Option<String>, Header, description = "The last `id` that was seen: what came after it follows"),
        ("lastEventId" = Option<String>, Query, description = "The same, for clients that cannot set the header, which counts before it"),
    ),
    responses(
        (
            status = 200, description = "The feed", content_type = "text/event-stream", body = String,
            headers(("X-Accel-Buffering" = String, description = "`no`: proxies must pass events on as they come")),
        ),
        (status = 400, description = "VALIDATION_FAILED"),
        (status = 401, description = "TOKEN_MISSING, TOKEN_INVALID: the key of a machine is asked for"),
        (status = 503, description = "OVERLOADED: every place is taken, or the server is stopping"),
    )
)]
pub(crate) async fn feed(
    State(auth): State<Auth>,
    headers: HeaderMap,
    Query(After(asked)): Query<After>,
) -> Result<Response, Problem> {
    let key = match bearer(&headers) {
        Bearer::Absent => return Err(Code::TokenMissing.into()),
        Bearer::Malformed => return Err(Code::TokenInvalid.into()),
        Bearer::Token(key) => key,
    };
    // A value that is no text is an id that nobody knows.
    let last = headers.get(&LAST_EVENT_ID).map(|id| id.to_str().unwrap_or("?"));
    let verdict = auth.sessions().subscribe(key, last.or(asked.as_deref())).await?;
    let events = Sse::new(events(subscribe_refusal(verdict)?));
    let headers = [(CACHE_CONTROL, "no-store"), (X_ACCEL_BUFFERING.clone(), "no")];
    Ok((headers, events).into_response())
}

/// The public keys that heartbeats of the revocation feed are signed with.
///
/// No access token is ever signed with one of them.
#[utoipa::path(
    get, path = "/.well-known/revocations/jwks.json", tag = "Resource servers", operation_id = "revocationsJwks", security(()),
    responses((status = 200, description = "A JWK set", content_type = "application/jwk-set+json", body = Object))
)]
pub(crate) async fn jwks(State(auth): State<Auth>) -> Result<Response, Problem> {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json")),
        // Public. The next key is there for 90 days before it signs.
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
    ];
    Ok((headers, auth.sessions().feed_jwks()?.to_string()).into_response())
}

/// The stream: what is dropped with it gives up its place.
fn events(subscription: Box<Subscription>) -> impl Stream<Item = Result<Event, axum::Error>> + Send {
    let begun = stream::iter([Ok(Event::default().retry(RETRY))]);
    begun.chain(stream::unfold(subscription, |mut subscription| async move {
        let event = subscription.next().await?;
        Some((written(event), subscription))
    }))
}

fn written(event: FeedEvent) -> Result<Event, axum::Error> {
    match event {
        FeedEvent::Reset => Ok(Event::default().event("reset").data("{}")),
        FeedEvent::Snapshot(some) => {
            let revocations = some.iter().map(FeedRevocation::of).collect();
            Event::default().event("snapshot").json_data(FeedSnapshot { revocations })
        }
        FeedEvent::Revoked(place, told) => {
            Event::default().event("revoked").id(place.to_string()).json_data(FeedRevocation::of(&told))
        }
        FeedEvent::Heartbeat(place, signed) => {
            Ok(Event::default().event("heartbeat").id(place.to_string()).data(signed))
        }
    }
}

/// Some of what is live: at most 500 revocations.
#[derive(Serialize, ToSchema)]
pub(crate) struct FeedSnapshot<'a> {
    revocations: Vec<FeedRevocation<'a>>,
}

/// A revocation as services are told it: exactly one of `jti`, `sid`, `sub` and `kid` is there.
#[derive(Serialize, ToSchema)]
pub(crate) struct FeedRevocation<'a> {
    /// One access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    /// Every token of a session.
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    /// Every token of a person whose `ver` is below `below`.
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    /// With `sub`.
    #[serde(skip_serializing_if = "Option::is_none")]
    below: Option<u64>,
    /// With `sub`, at times: tokens of this session are superseded, whatever `effect` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    except: Option<String>,
    /// Every token with this header parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
    /// `ended`: answer `TOKEN_REVOKED`. `superseded`: answer `TOKEN_EXPIRED`.
    effect: &'static str,
    /// When the last token that it means has expired.
    #[schema(format = DateTime)]
    until: String,
    /// Why, as a stable word. Not in snapshots.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> FeedRevocation<'a> {
    fn of(told: &'a Told) -> Self {
        let effect = match told.effect {
            Effect::Ended => "ended",
            Effect::Superseded => "superseded",
        };
        let mut view = Self {
            jti: None,
            sid: None,
            sub: None,
            below: None,
            except: None,
            kid: told.kid.as_deref(),
            effect,
            until: told.until.to_rfc3339(),
            reason: told.reason.as_deref(),
        };
        match told.target {
            Target::Token(token) => view.jti = Some(token.to_string()),
            Target::Session(session) => view.sid = Some(session.to_string()),
            Target::Person { user, below, except } => {
                (view.sub, view.below) = (Some(user.to_string()), Some(below));
                view.except = except.map(|session| session.to_string());
            }
            // Its name stands there already.
            Target::Key(_) => {}
        }
        view
    }
}
