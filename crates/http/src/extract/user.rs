//! Who is signed in.

use std::convert::Infallible;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use countersign_audit::Event;
use countersign_kernel::{Bearer, UserId};
use countersign_session::{Identity, TokenError};
use http::HeaderMap;
use http::request::Parts;

use crate::app::{Auth, Refusal};
use crate::error::{Code, Problem, Rejection};
use crate::extract::bearer::bearer;
use crate::request::{RequestInfo, origin_of};

/// Who is signed in, by the access token of the request.
///
/// As an extractor it refuses a request without a valid token. `Option<CurrentUser>` is `None` where there is no credential
/// at all; a token that is not accepted is refused there too, so that nobody is silently taken for a stranger.
///
/// # Examples
/// ```
/// use countersign_http::CurrentUser;
///
/// async fn hello(user: CurrentUser) -> String {
///     format!("you are {}", user.id())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct CurrentUser(Arc<Identity>);

impl CurrentUser {
    /// The person's id.
    #[must_use]
    pub fn id(&self) -> UserId {
        self.0.user
    }

    /// What the access token says.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.0
    }
}

impl Deref for CurrentUser {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.0
    }
}

impl<S> FromRequestParts<S> for CurrentUser
where
    S: Send + Sync,
    Auth: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let auth = Auth::from_ref(state);
        authenticate(&auth, parts).await.map_err(|problem| reject(&auth, parts, problem))
    }
}

impl<S> OptionalFromRequestParts<S> for CurrentUser
where
    S: Send + Sync,
    Auth: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        if bearer(&parts.headers) == Bearer::Absent {
            return Ok(None);
        }
        let auth = Auth::from_ref(state);
        authenticate(&auth, parts).await.map(Some).map_err(|problem| reject(&auth, parts, problem))
    }
}

/// The handle itself, for handlers of an embedding app.
impl<S> FromRequestParts<S> for Auth
where
    S: Send + Sync,
    Self: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(_parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Self::from_ref(state))
    }
}

/// Who speaks by the access token of this request. One place for every door: extractors, layers and our own handlers.
pub(crate) async fn authenticate(auth: &Auth, parts: &Parts) -> Result<CurrentUser, Problem> {
    let identity = admit(auth, &parts.headers).await?;
    if let Some(info) = parts.extensions.get::<RequestInfo>() {
        info.note(Some(identity.user), Some(identity.session));
    }
    Ok(CurrentUser(identity))
}

async fn admit(auth: &Auth, headers: &HeaderMap) -> Result<Arc<Identity>, Problem> {
    match bearer(headers) {
        Bearer::Absent => Err(Code::TokenMissing.into()),
        Bearer::Malformed => Err(TokenError::Invalid.into()),
        Bearer::Token(token) => auth.sessions().admit(token).await.map_err(Into::into),
    }
}

/// Completes a refusal, for answers that may leave by a router without our edge.
pub(crate) fn reject(auth: &Auth, parts: &Parts, problem: Problem) -> Rejection {
    Rejection::new(problem, auth.public_url_shared(), RequestInfo::of(&parts.extensions, auth).id())
}

/// Someone signed in may not do this: says so and has it audited. `missing` names what he lacks.
pub(crate) fn denied(auth: &Auth, parts: &Parts, user: &Identity, missing: &str) -> Rejection {
    auth.ready().refused(Refusal {
        event: Event::AccessDenied,
        reason: Some(missing.to_owned()),
        origin: origin_of(parts, auth),
        user: Some(user.user),
        session: Some(user.session),
    });
    reject(auth, parts, Code::Forbidden.into())
}
