//! How, and how lately, somebody must have proven who he is: as a type in a handler's signature.
//!
//! Promises: a refusal is 401 `STEP_UP_REQUIRED` with the methods that help and the challenge of RFC 9470, on which a client
//! calls `POST /api/auth/step-up` and repeats the call; what was proven elsewhere than where a session is used, under a policy
//! that asks for a proof there, satisfies neither.

use std::marker::PhantomData;
use std::ops::Deref;

use axum::extract::{FromRef, FromRequestParts};
use countersign_kernel::Lifetime;
use countersign_session::Identity;
use countersign_session::amr::MULTI_FACTOR;
use http::request::Parts;

use crate::app::Auth;
use crate::error::{Problem, Rejection};
use crate::extract::right::{BY_SECOND_FACTOR, has_second_factor};
use crate::extract::user::{CurrentUser, authenticate, reject};

/// Methods of proof, one of which is enough, named by a type.
pub trait Amr: Send + Sync {
    /// Their names in the `amr` claim (RFC 8176): `otp`, `hwk`, `mfa`.
    const NAMES: &'static [&'static str];
}

/// Two kinds of proof: a second factor beside the first, or a passkey that has verified its user.
#[derive(Debug, Clone, Copy)]
pub struct SecondFactor;

impl Amr for SecondFactor {
    const NAMES: &'static [&'static str] = &[MULTI_FACTOR];
}

/// Who is signed in and has proven it lately: at most `SECONDS` ago, or by what the policy calls recent where that is 0
/// (`step_up.max_age_seconds`).
///
/// # Examples
/// ```
/// use countersign_http::RequireRecent;
///
/// async fn send_money(user: RequireRecent) -> String {
///     format!("sent by {}", user.id())
/// }
///
/// async fn close_the_account(user: RequireRecent<60>) -> String {
///     format!("closed by {}, who proved it within the last minute", user.id())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct RequireRecent<const SECONDS: u32 = 0>(CurrentUser);

/// Who is signed in and has proven it by one of the methods of `M`, in this session and where it is used. Says nothing of how
/// lately: take [`RequireRecent`] beside it for what is dangerous.
///
/// # Examples
/// ```
/// use countersign_http::{Amr, RequireAmr, SecondFactor};
///
/// async fn payroll(user: RequireAmr<SecondFactor>) -> String {
///     format!("shown to {}", user.id())
/// }
///
/// struct Code;
/// impl Amr for Code {
///     const NAMES: &'static [&'static str] = &["otp"];
/// }
///
/// async fn by_code_alone(_: RequireAmr<Code>) {}
/// ```
#[derive(Debug, Clone)]
pub struct RequireAmr<M>(CurrentUser, PhantomData<M>);

impl<const SECONDS: u32> RequireRecent<SECONDS> {
    /// Who it is.
    #[must_use]
    pub fn into_user(self) -> CurrentUser {
        self.0
    }
}

impl<M> RequireAmr<M> {
    /// Who it is.
    #[must_use]
    pub fn into_user(self) -> CurrentUser {
        self.0
    }
}

impl<const SECONDS: u32> Deref for RequireRecent<SECONDS> {
    type Target = CurrentUser;

    fn deref(&self) -> &CurrentUser {
        &self.0
    }
}

impl<M> Deref for RequireAmr<M> {
    type Target = CurrentUser;

    fn deref(&self) -> &CurrentUser {
        &self.0
    }
}

impl<S, const SECONDS: u32> FromRequestParts<S> for RequireRecent<SECONDS>
where
    S: Send + Sync,
    Auth: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let auth = Auth::from_ref(state);
        let max_age = Some(Lifetime::from_seconds(SECONDS.into())).filter(|age| *age > Lifetime::ZERO);
        pass(&auth, parts, &Proof::Recent(max_age)).await.map(Self)
    }
}

impl<S, M> FromRequestParts<S> for RequireAmr<M>
where
    S: Send + Sync,
    Auth: FromRef<S>,
    M: Amr,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let auth = Auth::from_ref(state);
        let user = pass(&auth, parts, &Proof::Amr(M::NAMES.iter().map(|name| (*name).to_owned()).collect())).await?;
        Ok(Self(user, PhantomData))
    }
}

async fn pass(auth: &Auth, parts: &Parts, proof: &Proof) -> Result<CurrentUser, Rejection> {
    let user = authenticate(auth, parts).await.map_err(|problem| reject(auth, parts, problem))?;
    proof.judge(auth, &user).map_err(|problem| reject(auth, parts, problem))?;
    Ok(user)
}

/// What must have been proven.
#[derive(Debug, Clone)]
pub(crate) enum Proof {
    /// Anything, at most so long ago; none: by the policy.
    Recent(Option<Lifetime>),
    /// One of these methods, whenever.
    Amr(Vec<String>),
}

impl Proof {
    /// Whether it was.
    pub(crate) fn judge(&self, auth: &Auth, user: &Identity) -> Result<(), Problem> {
        let by_policy = auth.sessions().policy().step_up_max_age;
        match self {
            Self::Recent(max_age) => {
                let max_age = max_age.unwrap_or(by_policy);
                if auth.sessions().is_within(user, max_age) { Ok(()) } else { Err(Problem::step_up(max_age, ANY)) }
            }
            Self::Amr(names) => {
                let is_named =
                    |name: &String| user.amr.contains(name) || (name == MULTI_FACTOR && has_second_factor(user));
                let has = user.is_proven() && names.iter().any(is_named);
                if has { Ok(()) } else { Err(Problem::step_up(by_policy, methods(names))) }
            }
        }
    }
}

/// What helps where anything does.
const ANY: &[&str] = &["password"];

/// How the step-up call names the methods behind these names.
fn methods(names: &[String]) -> &'static [&'static str] {
    let wants = |wanted: &[&str]| names.iter().any(|name| wanted.contains(&name.as_str()));
    if wants(&[MULTI_FACTOR]) {
        return BY_SECOND_FACTOR;
    }
    match (wants(&["pwd"]), wants(&["otp"]), wants(&["hwk", "swk"])) {
        (true, _, _) => ANY,
        (_, true, true) => &["totp", "passkey"],
        (_, true, false) => &["totp"],
        (_, false, true) => &["passkey"],
        (false, false, false) => &[],
    }
}
