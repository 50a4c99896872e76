//! What a handler takes as an argument. An app without a [`Verifier`] in its state does not compile.

use axum_core::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::identity::Identity;
use crate::refusal::{Code, Refusal};
use crate::verifier::Verifier;

/// The claims of the token as a type of your own: for those that your server adds.
///
/// Refuses as [`Identity`] does, and with 403 `FORBIDDEN` where the token is good and its claims are of another shape: no refreshing
/// would help.
///
/// # Examples
/// ```
/// use countersign_guard::Claims;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Tenancy {
///     tenant: String,
/// }
///
/// async fn orders(Claims(tenancy): Claims<Tenancy>) -> String {
///     format!("the orders of {}", tenancy.tenant)
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Claims<T>(
    /// What they say.
    pub T,
);

impl<S> FromRequestParts<S> for Identity
where
    S: Send + Sync,
    Verifier: FromRef<S>,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let verifier = Verifier::from_ref(state);
        identify(&verifier, parts).await?.ok_or_else(|| verifier.missing())
    }
}

impl<S> OptionalFromRequestParts<S> for Identity
where
    S: Send + Sync,
    Verifier: FromRef<S>,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Refusal> {
        identify(&Verifier::from_ref(state), parts).await
    }
}

impl<S, T> FromRequestParts<S> for Claims<T>
where
    S: Send + Sync,
    Verifier: FromRef<S>,
    T: DeserializeOwned,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let verifier = Verifier::from_ref(state);
        let identity = identify(&verifier, parts).await?.ok_or_else(|| verifier.missing())?;
        let claims = identity.claims().map(Self);
        claims.ok_or_else(|| verifier.refusal(Code::Forbidden, "the token lacks claims that are asked for here"))
    }
}

/// A layer of the same verifier may have found out already.
async fn identify(verifier: &Verifier, parts: &Parts) -> Result<Option<Identity>, Refusal> {
    match parts.extensions.get::<Identity>() {
        Some(identity) if verifier.vouches_for(identity) => Ok(Some(identity.clone())),
        _ => verifier.identify(&parts.headers).await,
    }
}
