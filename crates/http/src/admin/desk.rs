//! Who may sit at the administrators' desk.
//!
//! Promises, in the order in which they are judged: nobody is answered without an access token in the `Authorization` field, whatever
//! cookies he has; whoever is not an administrator hears the same 403 whatever he asks for, before anything of his request is read;
//! an administrator has proven a second factor in this session; what changes something asks for a recent sign-in; calls are counted
//! by account.
//!
//! No route can be without this. The routes of the desk have the state [`Desk`], which only [`guard`] can make, and `guard` puts the
//! check around them. A handler reaches the verbs through [`Administrator`] alone, which only the check hands out: `State<Auth>` and
//! `CurrentUser` do not compile there.

use std::str::FromStr;

use axum::Router;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use countersign_account::Accounts;
use countersign_account::role::ADMIN;
use countersign_audit::{Actor, Event};
use countersign_kernel::{Origin, UserId};
use countersign_limit::Reading;
use countersign_session::Sessions;
use countersign_trail::Reader;
use http::request::Parts;

use crate::app::{Auth, Refusal};
use crate::error::{Code, Problem, Rejection};
use crate::extract::{CurrentUser, Proof, Right, authenticate, reject};
use crate::layer::limits;
use crate::request::origin_of;

/// The state of the desk's routes. It holds nothing: what a handler needs comes with the [`Administrator`].
#[derive(Clone)]
pub(crate) struct Desk(());

/// Puts the check around the desk's routes, so that they can be merged with others.
pub(crate) fn guard(routes: Router<Desk>, auth: &Auth) -> Router<Auth> {
    routes.route_layer(from_fn_with_state(auth.clone(), admit)).with_state(Desk(()))
}

async fn admit(State(auth): State<Auth>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let (administrator, readings) = match seat(&auth, &parts).await {
        Ok(seated) => seated,
        Err(rejection) => return rejection.into_response(),
    };
    parts.extensions.insert(administrator);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    limits::write(&readings, response.headers_mut());
    response
}

async fn seat(auth: &Auth, parts: &Parts) -> Result<(Administrator, Vec<Reading>), Box<Rejection>> {
    let refuse = |problem: Problem| Box::new(reject(auth, parts, problem));
    let user = authenticate(auth, parts).await.map_err(refuse)?;
    // What this role grants needs a second factor, whatever the policy says of others.
    let right = Right::of_roles(auth, &user, [ADMIN].into_iter());
    right.demand(auth, parts, &user, || format!("role {ADMIN}"))?;
    // RFC 9110 section 9.2.1: whatever is not safe changes something.
    if !parts.method.is_safe() {
        Proof::Recent(None).judge(auth, &user).map_err(refuse)?;
    }
    let origin = origin_of(parts, auth);
    let counted = auth.accounts().count_admin(&user, &origin).await.map_err(|error| refuse(error.into()))?;
    let readings = counted.map_err(|refused| refuse(refused.into()))?;
    Ok((Administrator { auth: auth.clone(), user, origin }, readings))
}

/// An administrator who may do what he asks for, and what he can do it with.
#[derive(Clone)]
pub(crate) struct Administrator {
    auth: Auth,
    user: CurrentUser,
    origin: Origin,
}

impl Administrator {
    /// Who it is.
    pub(crate) fn id(&self) -> UserId {
        self.user.user
    }

    /// Who it is, as the audit trail names him.
    pub(crate) fn actor(&self) -> Actor {
        Actor::User(self.id())
    }

    /// Where the request came from.
    pub(crate) const fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(crate) fn accounts(&self) -> &Accounts {
        self.auth.accounts()
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        self.auth.sessions()
    }

    pub(crate) fn trail(&self) -> &Reader {
        self.auth.trail()
    }

    pub(crate) const fn auth(&self) -> &Auth {
        &self.auth
    }

    /// Refuses what not even an administrator may do, with a sentence for him, and has that audited. `reason` is a stable word.
    pub(crate) fn refused(&self, reason: &str, detail: &'static str) -> Problem {
        self.auth.ready().refused(Refusal {
            event: Event::AccessDenied,
            reason: Some(reason.to_owned()),
            origin: self.origin.clone(),
            user: Some(self.user.user),
            session: Some(self.user.session),
        });
        Problem::new(Code::Forbidden).detail(detail)
    }
}

impl FromRequestParts<Desk> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _desk: &Desk) -> Result<Self, Problem> {
        // The check has put it there. Without it nobody is let in.
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Code::Forbidden.into())
    }
}

/// What the last part of the path names. A name that is none is not found.
pub(crate) struct Named<T>(pub(crate) T);

impl<T: FromStr + Send> FromRequestParts<Desk> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Problem> {
        let text = Path::<String>::from_request_parts(parts, desk).await.ok();
        text.and_then(|Path(text)| text.parse().ok()).map(Self).ok_or_else(|| Code::NotFound.into())
    }
}
