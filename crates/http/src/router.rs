//! All routes on one page.
//!
//! Paths are exact: no trailing slash, no doubled one, no other case, and no header changes the method. What every request
//! passes is one layer, the edge (`layer/edge.rs`); CSRF is a demand inside the handlers that a cookie authorises or that set
//! one.

mod table;

use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use http::{Method, StatusCode};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;

use crate::admin::desk::Desk;
use crate::admin::{self, desk};
use crate::api::{
    admin_claim, csrf_token, devices, jwks, mail, mfa, passkey, passkeys, password, profile, refresh, revocations,
    second_factors, sessions, sign_in, sign_out, sign_up, status_list, step_up, verify,
};
use crate::app::Auth;
use crate::error::{Code, Problem};
use crate::layer::edge::EdgeLayer;
use crate::openapi::Described;
use crate::router::table::{Entry, describe, entry, serve};
use crate::{docs, health, page};

/// The API.
const API: &[Entry<Auth>] = &[
    // Signing in and out, and staying signed in.
    entry!(sign_up: register),
    entry!(sign_in: login),
    entry!(mfa: verify),
    entry!(passkey: options),
    entry!(passkey: sign_in),
    entry!(step_up: step_up),
    entry!(refresh: refresh),
    entry!(sign_out: logout),
    entry!(sign_out: logout_all),
    entry!(verify: verify),
    entry!(csrf_token: csrf_token),
    entry!(csrf_token: auth_csrf_token),
    entry!(admin_claim: claim_admin),
    // One's own account.
    entry!(profile: show, profile: change, profile: change_by_post),
    entry!(password: change),
    entry!(profile: delete),
    entry!(sessions: list),
    entry!(sessions: end),
    entry!(second_factors: show),
    entry!(second_factors: begin_totp, second_factors: remove_totp),
    entry!(second_factors: confirm_totp),
    entry!(second_factors: renew_recovery_codes),
    entry!(devices: list),
    entry!(devices: forget),
    entry!(passkeys: options),
    entry!(passkeys: list, passkeys: register),
    entry!(passkeys: rename, passkeys: delete),
    // By mail.
    entry!(mail: resend),
    entry!(mail: verify),
    entry!(mail: undo),
    entry!(mail: waiting),
    entry!(mail: forgot),
    entry!(mail: reset),
    entry!(mail: link),
    entry!(mail: sign_in),
    entry!(mail: change),
    // Keys.
    entry!(jwks: jwks),
    // For services that check tokens by themselves.
    entry!(revocations: feed),
    entry!(revocations: jwks),
    entry!(status_list: show),
];

/// The administrators' API. No route here can be without the check of its desk (`admin/desk.rs`).
const ADMINISTRATION: &[Entry<Desk>] = &[
    entry!(admin::users: list),
    entry!(admin::users: show, admin::users: delete),
    entry!(admin::users: disable),
    entry!(admin::users: enable),
    entry!(admin::users: set_roles),
    entry!(admin::users: sign_out),
    entry!(admin::users: reset_factors),
    entry!(admin::users: reset_password),
    entry!(admin::sessions: list),
    entry!(admin::sessions: end),
    entry!(admin::revocations: list, admin::revocations: revoke),
    entry!(admin::roles: list),
    entry!(admin::roles: set, admin::roles: delete),
    entry!(admin::audit: list),
    entry!(admin::keys: list),
    entry!(admin::keys: rotate),
    entry!(admin::limits: list),
    entry!(admin::settings: list),
];

/// How the server is.
const OPERATIONS: &[Entry<Auth>] = &[entry!(health: healthz), entry!(health: readyz)];

/// The pages of the server itself.
const PAGES: &[Entry<Auth>] = &[entry!(page: index), entry!(page: asset), entry!(page: claim)];

/// The routes, described.
const DESCRIPTIONS: &[Entry<Auth>] = &[entry!(docs: reference), entry!(crate::openapi: document)];

/// The pages that mails lead to.
const MAIL_PAGES: &[Entry<Auth>] = &[
    entry!(page::mail: verify_page, page::mail: verify),
    entry!(page::mail: email_page, page::mail: email),
    entry!(page::mail: undo_page, page::mail: undo),
    entry!(page::mail: reset_page, page::mail: reset),
    entry!(page::link: page, page::link: press),
    entry!(page::link: step),
    entry!(page::waiting: forgot_page, page::waiting: forgot),
    entry!(page::waiting: wait_page, page::waiting: code),
    entry!(page::mail: done),
];

/// Where the `type` of a problem leads.
const ERROR_PAGES: &[Entry<Auth>] = &[entry!(page: error)];

impl Auth {
    /// The API, to be merged into an app of one's own: every path of API.md below `/api` and `/.well-known`, and the pages
    /// `/errors/{code}`; where mail is sent, the pages that its links lead to as well (`/verify/…`, `/email/…`, `/undo/…`, `/reset/…`,
    /// `/link…`, `/forgot`, `/wait`, `/done/…`). Sets no fallback and takes nothing else.
    ///
    /// Serve the app with `into_make_service_with_connect_info::<SocketAddr>()`: without the peer's address, limits count all
    /// clients as one.
    pub fn router(&self) -> Router {
        embedded(self)
    }

    /// The whole site, as the server serves it: the API, the page, `/docs`, health, and an answer for every other path.
    pub fn site(&self) -> Router {
        standalone(self)
    }
}

/// The API alone, for an app of somebody else's.
fn embedded(auth: &Auth) -> Router {
    let api = serve(API).merge(desk::guard(serve(ADMINISTRATION), auth)).merge(serve(ERROR_PAGES));
    // Where nothing is mailed, their paths are the app's own.
    let api = if auth.accounts().sends_mail() { api.merge(serve(MAIL_PAGES)) } else { api };
    api.method_not_allowed_fallback(method_not_allowed).layer(EdgeLayer::new(auth)).with_state(auth.clone())
}

/// The whole site.
fn standalone(auth: &Auth) -> Router {
    let public = PUBLIC.iter().fold(Router::new(), |site, table| site.merge(serve(table)));
    let descriptions = serve(DESCRIPTIONS).layer(Extension(Described(openapi)));
    let site = public.merge(descriptions).merge(desk::guard(serve(ADMINISTRATION), auth));
    site.method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .layer(EdgeLayer::new(auth))
        .with_state(auth.clone())
}

/// What is there for everybody.
const PUBLIC: [&[Entry<Auth>]; 5] = [API, MAIL_PAGES, OPERATIONS, ERROR_PAGES, PAGES];

/// Every route described by itself: the OpenAPI document. Made anew on each call; the server keeps its text alone.
#[must_use]
pub fn openapi() -> Value {
    // A document made of texts and numbers always serialises.
    let frame = OpenApiRouter::with_openapi(crate::openapi::frame());
    let public = PUBLIC.iter().chain([&DESCRIPTIONS]).fold(frame, |router, table| describe(router, table));
    let administration = describe(OpenApiRouter::default(), ADMINISTRATION);
    let described = public.into_openapi().merge_from(administration.into_openapi());
    let mut document = serde_json::to_value(described).unwrap_or_default();
    crate::openapi::complete(&mut document);
    document
}

/// RFC 9110 section 9.3.7: `OPTIONS` lists the methods; to any other that a path lacks the answer is 405. Axum adds `Allow`
/// to both.
async fn method_not_allowed(method: Method) -> Response {
    if method == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        Problem::new(Code::MethodNotAllowed).into_response()
    }
}

async fn not_found() -> Problem {
    Problem::new(Code::NotFound)
}
