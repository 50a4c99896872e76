//! What is known of one request while it is answered.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Once, OnceLock};

use axum::extract::{ConnectInfo, FromRequestParts};
use countersign_kernel::{Languages, Origin, RequestId, SessionId, UserId};
use http::header::{ACCEPT_LANGUAGE, USER_AGENT};
use http::request::Parts;
use http::{Extensions, HeaderMap};

use crate::app::Auth;
use crate::client_address::{client_address, is_unheeded};
use crate::cookie::Jar;

/// The request's name, and who turned out to speak: the edge layer puts it among the request's extensions and reads it for
/// the access log.
#[derive(Debug, Clone)]
pub(crate) struct RequestInfo(Arc<Info>);

#[derive(Debug)]
struct Info {
    id: RequestId,
    speaker: OnceLock<Speaker>,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Speaker {
    /// The person.
    pub(crate) user: Option<UserId>,
    /// The session.
    pub(crate) session: Option<SessionId>,
}

impl RequestInfo {
    pub(crate) fn new(id: RequestId) -> Self {
        Self(Arc::new(Info { id, speaker: OnceLock::new() }))
    }

    /// The id that `X-Request-Id` and every log line name.
    pub(crate) fn id(&self) -> RequestId {
        self.0.id
    }

    /// Notes who speaks; the first to find out decides.
    pub(crate) fn note(&self, user: Option<UserId>, session: Option<SessionId>) {
        let _ = self.0.speaker.set(Speaker { user, session });
    }

    /// Who speaks, as far as anyone found out.
    pub(crate) fn speaker(&self) -> Speaker {
        self.0.speaker.get().copied().unwrap_or_default()
    }

    /// The one of this request; a new one in an app whose router lies outside our edge.
    pub(crate) fn of(extensions: &Extensions, auth: &Auth) -> Self {
        extensions.get::<Self>().cloned().unwrap_or_else(|| Self::new(auth.new_request_id(auth.env().now())))
    }
}

/// Where a request came from, as an extractor.
pub(crate) struct Source(pub(crate) Origin);

impl FromRequestParts<Auth> for Source {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, auth: &Auth) -> Result<Self, Infallible> {
        Ok(Self(origin_of(parts, auth)))
    }
}

/// Where a request came from, for limits and the audit trail.
pub(crate) fn origin_of(parts: &Parts, auth: &Auth) -> Origin {
    let address = address_of(&parts.extensions, &parts.headers, auth);
    Origin {
        request: RequestInfo::of(&parts.extensions, auth).id(),
        address,
        user_agent: user_agent_of(&parts.headers),
        device: Jar::new(&parts.headers, auth.is_https())
            .device()
            .and_then(|cookie| auth.sessions().devices().id_of(cookie)),
        location: auth.sessions().locate(address),
    }
}

/// The languages that the browser asks for.
pub(crate) fn languages_of(headers: &HeaderMap) -> Languages {
    let field = headers.get(ACCEPT_LANGUAGE).and_then(|field| field.to_str().ok());
    field.map(Languages::of_field).unwrap_or_default()
}

/// The address that the request counts by; none where the listener did not say who the peer is.
fn address_of(extensions: &Extensions, headers: &HeaderMap, auth: &Auth) -> Option<IpAddr> {
    let Some(ConnectInfo(peer)) = extensions.get::<ConnectInfo<SocketAddr>>() else {
        static SAID: Once = Once::new();
        SAID.call_once(|| {
            tracing::warn!(
                "the listener does not say who the peer is, so that limits count all clients as one address; \
                 serve the app with into_make_service_with_connect_info"
            );
        });
        return None;
    };
    let trusted = auth.trusted_proxies();
    if is_unheeded(peer.ip(), headers, &trusted) {
        auth.ready().forwarded(peer.ip().to_canonical());
    }
    Some(client_address(peer.ip(), headers, &trusted))
}

/// The `User-Agent` field, at most 512 bytes, without control characters.
fn user_agent_of(headers: &HeaderMap) -> Option<String> {
    let raw = headers.get(USER_AGENT)?;
    let text = String::from_utf8_lossy(raw.as_bytes());
    let mut clean: String = text.chars().filter(|c| !c.is_control()).collect();
    let mut end = clean.len().min(LONGEST_USER_AGENT);
    while !clean.is_char_boundary(end) {
        end -= 1;
    }
    clean.truncate(end);
    (!clean.is_empty()).then_some(clean)
}

const LONGEST_USER_AGENT: usize = 512;

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn cleaned(raw: &[u8]) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_bytes(raw).unwrap());
        user_agent_of(&headers)
    }

    #[test]
    fn a_user_agent_is_short_and_has_no_control_characters() {
        assert_eq!(cleaned(b"curl/8"), Some("curl/8".to_owned()));
        assert_eq!(cleaned("a\tb\u{85}c".as_bytes()), Some("abc".to_owned()));
        assert_eq!(cleaned(&[b'x'; 5_000]).map(|ua| ua.len()), Some(512));
        assert_eq!(cleaned("é".repeat(400).as_bytes()).map(|ua| ua.len()), Some(512));
        assert_eq!(cleaned(b""), None);
        assert_eq!(user_agent_of(&HeaderMap::new()), None);
    }
}
