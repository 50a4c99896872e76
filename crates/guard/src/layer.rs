//! Demands as layers, for whole routers and for whatever else tower drives.
//!
//! Promises: the inner service is reached by whoever meets the demand, and everyone else is answered; who it is stands among the
//! request's extensions, so that an [`Identity`] behind a layer is not verified again.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_core::response::{IntoResponse as _, Response};
use http::{HeaderMap, Request};
use tower::{Layer, Service};

use crate::demand::Demand;
use crate::identity::Identity;
use crate::refusal::Refusal;
use crate::verifier::Verifier;

macro_rules! layers {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name(Gate);

        impl<S> Layer<S> for $name {
            type Service = Guarded<S>;

            fn layer(&self, inner: S) -> Guarded<S> {
                Guarded { inner, gate: self.0.clone() }
            }
        }
    )*};
}

layers! {
    /// Lets pass only who is signed in. Made by [`Verifier::require_auth`].
    RequireAuth;
    /// Lets pass only who has one of some roles. Made by [`Verifier::require_role`] and [`Verifier::require_any_role`].
    RequireRole;
    /// Lets pass only who has one of some permissions. Made by [`Verifier::require_permission`].
    RequirePermission;
    /// Lets pass only who has one of some scopes. Made by [`Verifier::require_scope`].
    RequireScope;
    /// Lets pass only who meets a [`Demand`]. Made by [`Verifier::require`].
    Require;
    /// Lets strangers pass, and says who the others are. Made by [`Verifier::optional_auth`].
    OptionalAuth;
}

impl Verifier {
    /// A layer that lets pass only who is signed in.
    #[must_use]
    pub fn require_auth(&self) -> RequireAuth {
        RequireAuth(Gate::new(self, Door::SignedIn))
    }

    /// A layer that lets pass only who has this role.
    #[must_use]
    pub fn require_role(&self, role: impl Into<String>) -> RequireRole {
        RequireRole(Gate::new(self, Door::Meets(Demand::role(role))))
    }

    /// A layer that lets pass only who has one of these roles.
    #[must_use]
    pub fn require_any_role(&self, roles: impl IntoIterator<Item = impl Into<String>>) -> RequireRole {
        RequireRole(Gate::new(self, Door::Meets(Demand::any_role(roles))))
    }

    /// A layer that lets pass only whose roles permit this.
    #[must_use]
    pub fn require_permission(&self, permission: impl Into<String>) -> RequirePermission {
        RequirePermission(Gate::new(self, Door::Meets(Demand::permission(permission))))
    }

    /// A layer that lets pass only who has this scope ([`Demand::scope`]).
    #[must_use]
    pub fn require_scope(&self, scope: impl Into<String>) -> RequireScope {
        RequireScope(Gate::new(self, Door::Meets(Demand::scope(scope))))
    }

    /// A layer that lets pass only who meets this.
    #[must_use]
    pub fn require(&self, demand: Demand) -> Require {
        Require(Gate::new(self, Door::Meets(demand)))
    }

    /// A layer that lets strangers pass, and says who the others are. A bad token is refused all the same.
    #[must_use]
    pub fn optional_auth(&self) -> OptionalAuth {
        OptionalAuth(Gate::new(self, Door::Open))
    }
}

#[derive(Debug, Clone)]
struct Gate {
    verifier: Verifier,
    door: Arc<Door>,
}

#[derive(Debug)]
enum Door {
    Open,
    SignedIn,
    Meets(Demand),
}

impl Gate {
    fn new(verifier: &Verifier, door: Door) -> Self {
        Self { verifier: verifier.clone(), door: Arc::new(door) }
    }

    async fn judge(&self, headers: &HeaderMap, known: Option<Identity>) -> Result<Option<Identity>, Refusal> {
        let identity = match known {
            Some(identity) => Some(identity),
            None => self.verifier.identify(headers).await?,
        };
        match (&*self.door, &identity) {
            (Door::Open, _) | (Door::SignedIn, Some(_)) => {}
            (Door::Meets(demand), Some(identity)) => identity.demand(demand)?,
            (Door::SignedIn | Door::Meets(_), None) => return Err(self.verifier.missing()),
        }
        Ok(identity)
    }
}

/// A service behind a demand.
#[derive(Debug, Clone)]
pub struct Guarded<S> {
    inner: S,
    gate: Gate,
}

impl<S, B> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // The clone takes the place of the one that `poll_ready` has made ready.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let gate = self.gate.clone();
        Box::pin(async move {
            let known =
                request.extensions().get::<Identity>().filter(|known| gate.verifier.vouches_for(known)).cloned();
            match gate.judge(request.headers(), known).await {
                Ok(identity) => {
                    if let Some(identity) = identity {
                        request.extensions_mut().insert(identity);
                    }
                    inner.call(request).await
                }
                Err(refusal) => {
                    tracing::debug!(reason = refusal.reason(), code = refusal.code().as_str(), "refused");
                    Ok(refusal.into_response())
                }
            }
        })
    }
}
