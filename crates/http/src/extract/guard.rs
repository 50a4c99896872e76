//! The same demands as layers, for whole routers.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use countersign_kernel::Lifetime;
use tower::{Layer, Service};

use crate::app::Auth;
use crate::error::Rejection;
use crate::extract::right::Right;
use crate::extract::step_up::Proof;
use crate::extract::user::{authenticate, reject};

/// Lets pass only who has one of some roles. Made by [`Auth::require_role`] and [`Auth::require_any_role`].
#[derive(Debug, Clone)]
pub struct RequireRoleLayer(Demand);

/// Lets pass only who has proven lately, or by some method, who he is. Made by [`Auth::require_recent`],
/// [`Auth::require_within`] and [`Auth::require_amr`].
#[derive(Debug, Clone)]
pub struct RequireStepUpLayer(Demand);

/// Lets pass only whose roles permit one of some things. Made by [`Auth::require_permission`] and
/// [`Auth::require_any_permission`].
#[derive(Debug, Clone)]
pub struct RequirePermissionLayer(Demand);

impl Auth {
    /// A layer that lets pass only who has this role.
    #[must_use]
    pub fn require_role(&self, role: impl Into<String>) -> RequireRoleLayer {
        self.require_any_role([role])
    }

    /// A layer that lets pass only who has one of these roles.
    #[must_use]
    pub fn require_any_role(&self, roles: impl IntoIterator<Item = impl Into<String>>) -> RequireRoleLayer {
        RequireRoleLayer::new(self.clone(), roles.into_iter().map(Into::into).collect())
    }

    /// A layer that lets pass only whose roles permit this.
    #[must_use]
    pub fn require_permission(&self, permission: impl Into<String>) -> RequirePermissionLayer {
        self.require_any_permission([permission])
    }

    /// A layer that lets pass only whose roles permit one of these.
    #[must_use]
    pub fn require_any_permission(
        &self,
        permissions: impl IntoIterator<Item = impl Into<String>>,
    ) -> RequirePermissionLayer {
        RequirePermissionLayer::new(self.clone(), permissions.into_iter().map(Into::into).collect())
    }

    /// A layer that lets pass only whose sign-in is recent by the policy; the others are told to step up.
    #[must_use]
    pub fn require_recent(&self) -> RequireStepUpLayer {
        RequireStepUpLayer::new(self.clone(), Proof::Recent(None))
    }

    /// A layer that lets pass only whose sign-in is at most `max_age` old; the others are told to step up.
    #[must_use]
    pub fn require_within(&self, max_age: Lifetime) -> RequireStepUpLayer {
        RequireStepUpLayer::new(self.clone(), Proof::Recent(Some(max_age)))
    }

    /// A layer that lets pass only who has proven by one of these methods (RFC 8176 names) who he is; the others are told to step
    /// up.
    #[must_use]
    pub fn require_amr(&self, names: impl IntoIterator<Item = impl Into<String>>) -> RequireStepUpLayer {
        RequireStepUpLayer::new(self.clone(), Proof::Amr(names.into_iter().map(Into::into).collect()))
    }
}

#[derive(Debug, Clone)]
struct Demand {
    auth: Auth,
    wanted: Arc<Wanted>,
}

#[derive(Debug)]
enum Wanted {
    Role(Vec<String>),
    Permission(Vec<String>),
    Proof(Proof),
}

impl RequireRoleLayer {
    pub(crate) fn new(auth: Auth, names: Vec<String>) -> Self {
        Self(Demand { auth, wanted: Arc::new(Wanted::Role(names)) })
    }
}

impl RequirePermissionLayer {
    pub(crate) fn new(auth: Auth, names: Vec<String>) -> Self {
        Self(Demand { auth, wanted: Arc::new(Wanted::Permission(names)) })
    }
}

impl RequireStepUpLayer {
    pub(crate) fn new(auth: Auth, proof: Proof) -> Self {
        Self(Demand { auth, wanted: Arc::new(Wanted::Proof(proof)) })
    }
}

impl Demand {
    /// Lets the request pass, or says why not.
    async fn judge(&self, request: Request) -> Result<Request, Box<Rejection>> {
        let (parts, body) = request.into_parts();
        let user = authenticate(&self.auth, &parts).await.map_err(|problem| reject(&self.auth, &parts, problem))?;
        let auth = &self.auth;
        match self.wanted.as_ref() {
            Wanted::Proof(proof) => proof.judge(auth, &user).map_err(|problem| reject(auth, &parts, problem))?,
            Wanted::Role(names) => {
                let right = Right::of_roles(auth, &user, names.iter().map(String::as_str));
                right.demand(auth, &parts, &user, || format!("role {}", names.join("|")))?;
            }
            Wanted::Permission(names) => {
                let right = Right::of_permissions(auth, &user, names.iter().map(String::as_str));
                right.demand(auth, &parts, &user, || format!("permission {}", names.join("|")))?;
            }
        }
        Ok(Request::from_parts(parts, body))
    }
}

impl<S> Layer<S> for RequireRoleLayer {
    type Service = RequireService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireService { inner, demand: self.0.clone() }
    }
}

impl<S> Layer<S> for RequireStepUpLayer {
    type Service = RequireService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireService { inner, demand: self.0.clone() }
    }
}

impl<S> Layer<S> for RequirePermissionLayer {
    type Service = RequireService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireService { inner, demand: self.0.clone() }
    }
}

/// A service behind a demand.
#[derive(Debug, Clone)]
pub struct RequireService<S> {
    inner: S,
    demand: Demand,
}

impl<S> Service<Request> for RequireService<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // The clone takes the place of the one that `poll_ready` has made ready.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let demand = self.demand.clone();
        Box::pin(async move {
            match demand.judge(request).await {
                Ok(request) => inner.call(request).await,
                Err(rejection) => Ok(rejection.into_response()),
            }
        })
    }
}
