//! The API described by itself: the OpenAPI document, made from the handlers' own entries and from what holds for many of them
//! ([`complete`]).

mod complete;

use std::sync::OnceLock;

use axum::Extension;
use axum::response::Response;
use http::HeaderMap;
use serde_json::Value;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi as _};

use crate::api::revocations::{FeedRevocation, FeedSnapshot};
use crate::error::{FieldError, ProblemSchema};
use crate::page::{File, serve};

pub(crate) use complete::complete;

/// What the document says about the whole.
pub(crate) fn frame() -> OpenApi {
    #[derive(utoipa::OpenApi)]
    #[openapi(
        info(
            title = "Countersign",
            description = "Sign-up, sign-in, rotating refresh tokens, and access tokens that can be revoked.",
            license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT"),
        ),
        components(schemas(ProblemSchema, FieldError, FeedSnapshot, FeedRevocation)),
        modifiers(&Credentials),
        tags(
            (name = "Session", description = "Signing in and out, and staying signed in"),
            (name = "Account", description = "What a person can see and change of his own account"),
            (name = "E-mail", description = "What is asked for and done by mail"),
            (name = "Administration", description = "What administrators see and do: the role `admin` with a second factor, and a recent sign-in for whatever changes something"),
            (name = "Resource servers", description = "What services need that check access tokens by themselves"),
            (name = "Keys", description = "What access tokens are checked with"),
            (name = "Operations", description = "How the server is"),
            (name = "Pages", description = "What the server shows to people"),
        ),
    )]
    struct Frame;

    struct Credentials;

    impl Modify for Credentials {
        fn modify(&self, openapi: &mut OpenApi) {
            let components = openapi.components.get_or_insert_default();
            let bearer = HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format("JWT")
                .description(Some("The access token"))
                .build();
            components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
            let machine = HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .description(Some("A key made by `countersign machine create`: `countersign_machine_…`"))
                .build();
            components.add_security_scheme("machineKey", SecurityScheme::Http(machine));
            let cookie = ApiKeyValue::with_description(
                "__Secure-refreshToken",
                "The refresh token; `refreshToken` where the public URL is http on a loopback host. The CSRF rule holds.",
            );
            components.add_security_scheme("refreshCookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        }
    }

    Frame::openapi()
}

/// Makes the document: the routes know how, and what they serve does not know the routes.
#[derive(Clone, Copy)]
pub(crate) struct Described(pub(crate) fn() -> Value);

/// The document as it is served.
#[utoipa::path(
    get, path = "/openapi.json", tag = "Pages", operation_id = "openapi", security(()),
    responses(
        (status = 200, description = "The document, as OpenAPI 3.1", content_type = "application/json", body = Object),
        (status = 304, description = "The browser has it already"),
    )
)]
pub(crate) async fn document(Extension(Described(make)): Extension<Described>, headers: HeaderMap) -> Response {
    static FILE: OnceLock<File> = OnceLock::new();
    // It is made once and kept for the life of the process.
    let file = FILE.get_or_init(|| File::json(make().to_string().leak()));
    serve(file, &headers)
}

#[cfg(test)]
mod tests;
