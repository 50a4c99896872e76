//! Translation between HTTP and the verbs; decides nothing.
//!
//! [`Auth`] is the handle: [`Auth::router`] is the API for an axum app of one's own, [`Auth::site`] the whole site as the
//! server serves it. An app that keeps an `Auth` in its state uses the extractors ([`CurrentUser`], [`RequireRole`], …) in its
//! handlers and the guard layers ([`Auth::require_role`], …) around its routers. The contract is API.md; the routes are on one
//! page, `router.rs`; the statuses are in one room, `error.rs`.

mod admin;
mod api;
mod app;
mod client_address;
mod cookie;
mod current;
mod docs;
mod error;
mod extract;
mod form;
mod health;
mod html;
mod json;
mod layer;
mod openapi;
mod page;
mod request;
mod router;
mod settings;
mod site;
pub mod tally;

pub use app::{Auth, Check, Host, Refusal};
pub use client_address::{NotANetwork, TrustedProxies};
pub use current::current_request;
pub use error::{Code, FieldError, Rejection};
pub use extract::{
    Amr, AnyPermission, AnyRole, CurrentUser, Permission, PermissionSet, RequireAmr, RequirePermission,
    RequirePermissionLayer, RequireRecent, RequireRole, RequireRoleLayer, RequireService, RequireStepUpLayer, Role,
    RoleSet, SecondFactor,
};
pub use router::openapi;
pub use settings::{HttpSettings, SettingsError, ShownSetting};
pub use site::check_cors_origins;
