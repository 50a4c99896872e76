//! All routes on one page.
//!
//! Paths are exact: no trailing slash, no doubled one, no other case, and no header changes the method. What every request
//! passes is one layer, the edge (`layer/edge.rs`); CSRF is a demand inside the handlers that a cookie authorises or that set
//! one.

use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use http::{Method, StatusCode};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admin::desk::Desk;
use crate::admin::{self, desk};
use crate::api::{
    admin_claim, csrf_token, devices, jwks, mail, mfa, passkey, passkeys, password, profile, refresh, second_factors,
    sessions, sign_in, sign_out, sign_up, step_up, verify,
};
use crate::app::Auth;
use crate::error::{Code, Problem};
use crate::layer::edge::EdgeLayer;
use crate::openapi::Described;
use crate::{docs, health, page};

/// The API.
fn api() -> OpenApiRouter<Auth> {
    OpenApiRouter::with_openapi(crate::openapi::frame())
        // Signing in and out, and staying signed in.
        .routes(routes!(sign_up::register))
        .routes(routes!(sign_in::login))
        .routes(routes!(mfa::verify))
        .routes(routes!(passkey::options))
        .routes(routes!(passkey::sign_in))
        .routes(routes!(step_up::step_up))
        .routes(routes!(refresh::refresh))
        .routes(routes!(sign_out::logout))
        .routes(routes!(sign_out::logout_all))
        .routes(routes!(verify::verify))
        .routes(routes!(csrf_token::csrf_token))
        .routes(routes!(csrf_token::auth_csrf_token))
        .routes(routes!(admin_claim::claim_admin))
        // One's own account.
        .routes(routes!(profile::show, profile::change, profile::change_by_post))
        .routes(routes!(password::change))
        .routes(routes!(profile::delete))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::end))
        .routes(routes!(second_factors::show))
        .routes(routes!(second_factors::begin_totp, second_factors::remove_totp))
        .routes(routes!(second_factors::confirm_totp))
        .routes(routes!(second_factors::renew_recovery_codes))
        .routes(routes!(devices::list))
        .routes(routes!(devices::forget))
        .routes(routes!(passkeys::options))
        .routes(routes!(passkeys::list, passkeys::register))
        .routes(routes!(passkeys::rename, passkeys::delete))
        // By mail.
        .routes(routes!(mail::resend))
        .routes(routes!(mail::verify))
        .routes(routes!(mail::undo))
        .routes(routes!(mail::waiting))
        .routes(routes!(mail::forgot))
        .routes(routes!(mail::reset))
        .routes(routes!(mail::link))
        .routes(routes!(mail::sign_in))
        .routes(routes!(mail::change))
        // Keys.
        .routes(routes!(jwks::jwks))
}

/// The administrators' API. No route here can be without the check of its desk (`admin/desk.rs`).
fn administration() -> OpenApiRouter<Desk> {
    OpenApiRouter::default()
        .routes(routes!(admin::users::list))
        .routes(routes!(admin::users::show, admin::users::delete))
        .routes(routes!(admin::users::disable))
        .routes(routes!(admin::users::enable))
        .routes(routes!(admin::users::set_roles))
        .routes(routes!(admin::users::sign_out))
        .routes(routes!(admin::users::reset_factors))
        .routes(routes!(admin::users::reset_password))
        .routes(routes!(admin::sessions::list))
        .routes(routes!(admin::sessions::end))
        .routes(routes!(admin::revocations::list, admin::revocations::revoke))
        .routes(routes!(admin::roles::list))
        .routes(routes!(admin::roles::set, admin::roles::delete))
        .routes(routes!(admin::audit::list))
        .routes(routes!(admin::keys::list))
        .routes(routes!(admin::keys::rotate))
        .routes(routes!(admin::limits::list))
        .routes(routes!(admin::settings::list))
}

/// How the server is.
fn operations() -> OpenApiRouter<Auth> {
    OpenApiRouter::default().routes(routes!(health::healthz)).routes(routes!(health::readyz))
}

/// The pages of the server itself.
fn pages() -> OpenApiRouter<Auth> {
    OpenApiRouter::default()
        .routes(routes!(page::index))
        .routes(routes!(page::asset))
        .routes(routes!(page::claim))
        .routes(routes!(docs::reference))
        .routes(routes!(crate::openapi::document))
}

/// The pages that mails lead to.
fn mail_pages() -> OpenApiRouter<Auth> {
    use page::{link, mail, waiting};
    OpenApiRouter::default()
        .routes(routes!(mail::verify_page, mail::verify))
        .routes(routes!(mail::email_page, mail::email))
        .routes(routes!(mail::undo_page, mail::undo))
        .routes(routes!(mail::reset_page, mail::reset))
        .routes(routes!(link::page, link::press))
        .routes(routes!(link::step))
        .routes(routes!(waiting::forgot_page, waiting::forgot))
        .routes(routes!(waiting::wait_page, waiting::code))
        .routes(routes!(mail::done))
}

/// Where the `type` of a problem leads.
fn error_pages() -> OpenApiRouter<Auth> {
    OpenApiRouter::default().routes(routes!(page::error))
}

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
    let routes = api().merge(desk::guard(administration(), auth)).merge(error_pages());
    // Where nothing is mailed, their paths are the app's own.
    let routes = if auth.accounts().sends_mail() { routes.merge(mail_pages()) } else { routes };
    let (api, _) = routes.split_for_parts();
    api.method_not_allowed_fallback(method_not_allowed).layer(EdgeLayer::new(auth)).with_state(auth.clone())
}

/// The whole site.
fn standalone(auth: &Auth) -> Router {
    let (site, _) = public().merge(desk::guard(administration(), auth)).split_for_parts();
    site.method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .layer(Extension(Described(openapi)))
        .layer(EdgeLayer::new(auth))
        .with_state(auth.clone())
}

fn public() -> OpenApiRouter<Auth> {
    api().merge(mail_pages()).merge(operations()).merge(error_pages()).merge(pages())
}

/// Every route described by itself: the OpenAPI document. Made anew on each call; the server keeps its text alone.
#[must_use]
pub fn openapi() -> Value {
    // A document made of texts and numbers always serialises.
    let described = public().to_openapi().merge_from(administration().to_openapi());
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
