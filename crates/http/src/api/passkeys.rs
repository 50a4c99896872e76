//! `POST /api/user/passkeys/options`, `GET` and `POST /api/user/passkeys`, `PATCH` and `DELETE /api/user/passkeys/{id}`.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, State};
use axum::response::Response;
use countersign_account::RegisterPasskey;
use countersign_kernel::PasskeyId;
use http::StatusCode;
use http::request::Parts;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::answer::{json, no_content};
use crate::api::passkey_json::{CreationOptions, NewCredential};
use crate::api::view::{OnePasskeyView, PasskeyView, PasskeysView};
use crate::app::Auth;
use crate::error::{
    Code, Problem, delete_passkey_refusal, passkey_options_refusal, register_passkey_refusal, rename_passkey_refusal,
};
use crate::extract::CurrentUser;
use crate::json::{Call, Members, Nothing, Shape};
use crate::request::Source;

/// A new passkey.
#[derive(ToSchema)]
pub(crate) struct NewPasskeyBody {
    /// What the browser's `toJSON` makes of the new credential.
    #[schema(value_type = NewCredential)]
    credential: Value,
    /// What to call it, 1 to 100 characters; a name is found where none is given.
    #[schema(nullable = false)]
    name: Option<String>,
}

impl Shape for NewPasskeyBody {
    fn take(members: &mut Members) -> Self {
        Self { credential: members.object("credential"), name: members.optional_string("name") }
    }
}

/// Another name for a passkey.
#[derive(ToSchema)]
pub(crate) struct PasskeyNameBody {
    /// What to call it, 1 to 100 characters.
    name: String,
}

impl Shape for PasskeyNameBody {
    fn take(members: &mut Members) -> Self {
        Self { name: members.string("name") }
    }
}

/// The passkey that a path names; what is no id is nobody's.
pub(crate) struct PasskeyOfPath(PasskeyId);

impl FromRequestParts<Auth> for PasskeyOfPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, auth: &Auth) -> Result<Self, Problem> {
        let id: Result<Path<String>, PathRejection> = Path::from_request_parts(parts, auth).await;
        id.ok().and_then(|Path(text)| text.parse().ok()).map(Self).ok_or_else(|| Code::NotFound.into())
    }
}

/// Options for a new passkey, as `PublicKeyCredential.parseCreationOptionsFromJSON` takes them. The answer counts once, in this
/// session, for five minutes.
#[utoipa::path(
    post, path = "/api/user/passkeys/options", tag = "Account", operation_id = "newPasskeyOptions",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The options", body = CreationOptions),
        (status = 400, description = "VALIDATION_FAILED: the person has as many as there may be"),
        (status = 401, description = "STEP_UP_REQUIRED"),
        (status = 404, description = "NOT_FOUND: browsers have no passkeys for the address of this server"),
        (status = 415, description = "UNSUPPORTED_MEDIA_TYPE: it takes no body, and if one comes it must be JSON"),
        (status = 429, description = "RATE_LIMITED"),
    )
)]
pub(crate) async fn options(
    State(auth): State<Auth>,
    user: CurrentUser,
    call: Call<Nothing>,
) -> Result<Response, Problem> {
    call.body()?;
    let (verdict, readings) = auth.accounts().new_passkey_options(&user, &call.origin(&auth)).await?;
    let options = passkey_options_refusal(verdict, &auth).map_err(|problem| problem.readings(readings.clone()))?;
    Ok(json(StatusCode::OK, options.json, &readings))
}

/// Registers the passkey that a browser has made. From now on a password alone signs this person in no more.
///
/// Comes with recovery codes where there were none.
#[utoipa::path(
    post, path = "/api/user/passkeys", tag = "Account", operation_id = "registerPasskey",
    request_body = NewPasskeyBody, security(("bearer" = [])),
    responses(
        (status = 201, description = "The passkey", body = OnePasskeyView),
        (status = 400, description = "VALIDATION_FAILED"),
    )
)]
pub(crate) async fn register(
    State(auth): State<Auth>,
    user: CurrentUser,
    call: Call<NewPasskeyBody>,
) -> Result<Response, Problem> {
    let NewPasskeyBody { credential, name } = call.body()?;
    let request = RegisterPasskey { credential: credential.clone(), name: name.clone() };
    let verdict = auth.accounts().register_passkey(&user, &request, &call.origin(&auth)).await?;
    let registered = register_passkey_refusal(verdict)?;
    let recovery_codes = registered.recovery_codes.iter().map(|code| code.expose().as_str()).collect();
    let body = OnePasskeyView { passkey: PasskeyView::of(&registered.passkey), recovery_codes };
    Ok(json(StatusCode::CREATED, body, &[]))
}

/// The person's own passkeys, oldest first.
#[utoipa::path(
    get, path = "/api/user/passkeys", tag = "Account", operation_id = "passkeys", security(("bearer" = [])),
    responses((status = 200, description = "The passkeys", body = PasskeysView))
)]
pub(crate) async fn list(State(auth): State<Auth>, user: CurrentUser) -> Result<Response, Problem> {
    let found = auth.accounts().list_passkeys(user.user).await?;
    let passkeys = found.iter().map(PasskeyView::of).collect();
    Ok(json(StatusCode::OK, PasskeysView { passkeys }, &[]))
}

/// Gives one of the person's own passkeys another name. Anyone else's is not found.
#[utoipa::path(
    patch, path = "/api/user/passkeys/{id}", tag = "Account", operation_id = "renamePasskey",
    request_body = PasskeyNameBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "The passkey's id")),
    responses(
        (status = 200, description = "The passkey", body = OnePasskeyView),
        (status = 400, description = "VALIDATION_FAILED"),
        (status = 404, description = "NOT_FOUND"),
    )
)]
pub(crate) async fn rename(
    State(auth): State<Auth>,
    user: CurrentUser,
    PasskeyOfPath(id): PasskeyOfPath,
    call: Call<PasskeyNameBody>,
) -> Result<Response, Problem> {
    let verdict = auth.accounts().rename_passkey(&user, id, &call.body()?.name, &call.origin(&auth)).await?;
    let passkey = rename_passkey_refusal(verdict)?;
    Ok(json(StatusCode::OK, OnePasskeyView { passkey: PasskeyView::of(&passkey), recovery_codes: Vec::new() }, &[]))
}

/// Deletes one of the person's own passkeys, unless it is the last way to sign in. Every other session ends; this one goes on, after a
/// refresh. Anyone else's is not found.
#[utoipa::path(
    delete, path = "/api/user/passkeys/{id}", tag = "Account", operation_id = "deletePasskey", security(("bearer" = [])),
    params(("id" = String, Path, description = "The passkey's id")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "STEP_UP_REQUIRED"),
        (status = 404, description = "NOT_FOUND"),
        (status = 409, description = "LAST_METHOD"),
    )
)]
pub(crate) async fn delete(
    State(auth): State<Auth>,
    user: CurrentUser,
    Source(origin): Source,
    PasskeyOfPath(id): PasskeyOfPath,
) -> Result<Response, Problem> {
    delete_passkey_refusal(auth.accounts().delete_passkey(&user, id, &origin).await?, &auth)?;
    Ok(no_content(&[]))
}
