//! What the pages of mailed links answer, for the OpenAPI document.

use utoipa::IntoResponses;

/// The page behind a mailed link.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "the shapes of answers for the OpenAPI document")]
pub(crate) enum LinkPage {
    /// A page
    #[response(
        status = 200,
        content_type = "text/html",
        headers(("Set-Cookie" = String, description = "The `csrf` cookie"))
    )]
    Shown(String),
    /// LINK_INVALID, as a page
    #[response(status = 400, content_type = "text/html")]
    Invalid(String),
}

/// Its button, pressed.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "the shapes of answers for the OpenAPI document")]
pub(crate) enum LinkPressed {
    /// Done
    #[response(status = 303, headers(("Location" = String, description = "A page that says so")))]
    Done,
    /// LINK_INVALID, as a page
    #[response(status = 400, content_type = "text/html")]
    Invalid(String),
    /// CSRF_INVALID, as a page
    #[response(status = 403, content_type = "text/html")]
    Foreign(String),
    /// RATE_LIMITED, as a page
    #[response(status = 429, content_type = "text/html")]
    Limited(String),
}
