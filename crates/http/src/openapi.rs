//! The API described by itself: the OpenAPI document, made from the handlers' own entries.

use std::sync::OnceLock;

use axum::response::Response;
use http::HeaderMap;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi as _};

use crate::error::{FieldError, ProblemSchema};
use crate::page::{File, serve};

/// What the document says about the whole.
pub(crate) fn frame() -> OpenApi {
    #[derive(utoipa::OpenApi)]
    #[openapi(
        info(
            title = "Countersign",
            description = "Sign-up, sign-in, rotating refresh tokens, and access tokens that can be revoked.",
            license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT"),
        ),
        components(schemas(ProblemSchema, FieldError)),
        modifiers(&Credentials),
        tags(
            (name = "Session", description = "Signing in and out, and staying signed in"),
            (name = "Account", description = "What a person can see and change of his own account"),
            (name = "Keys", description = "What access tokens are checked with"),
            (name = "Operations", description = "How the server is"),
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
            let cookie = ApiKeyValue::with_description(
                "__Secure-refreshToken",
                "The refresh token; `refreshToken` where the public URL is http on a loopback host. The CSRF rule holds.",
            );
            components.add_security_scheme("refreshCookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        }
    }

    Frame::openapi()
}

/// Says of each operation what every refusal looks like, so that no handler has to.
pub(crate) fn describe_refusals(openapi: &mut OpenApi) {
    let problem = || ContentBuilder::new().schema(Some(RefOr::Ref(Ref::from_schema_name("Problem")))).build();
    let refusal = ResponseBuilder::new()
        .description("A problem document; `code` says which")
        .content("application/problem+json", problem())
        .build();
    for path in openapi.paths.paths.values_mut() {
        let operations = [&mut path.get, &mut path.post, &mut path.patch, &mut path.delete];
        for operation in operations.into_iter().flatten() {
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response
                    && status.starts_with(['4', '5'])
                {
                    response.content.insert("application/problem+json".to_owned(), RefOr::T(problem()));
                }
            }
            operation.responses.responses.insert("default".to_owned(), RefOr::T(refusal.clone()));
        }
    }
}

/// `GET /openapi.json`
pub(crate) fn document(make: fn() -> OpenApi, headers: &HeaderMap) -> Response {
    static FILE: OnceLock<File> = OnceLock::new();
    // A document made of texts and numbers always serialises. It is made once and kept for the life of the process.
    let file = FILE.get_or_init(|| File::json(make().to_json().unwrap_or_default().leak()));
    serve(file, headers)
}

#[cfg(test)]
mod tests;
