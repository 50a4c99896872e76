//! Extractors and guard layers: who is it, and may he.
//!
//! They work in any axum app whose state holds an [`Auth`](crate::Auth): the bound `Auth: FromRef<S>` makes an app without
//! one a compile error, not an open door. Each refusal is a complete problem document.

mod bearer;
mod guard;
mod rights;
mod user;

pub(crate) use bearer::{Bearer, bearer};
pub use guard::{RequirePermissionLayer, RequireRoleLayer, RequireService};
pub use rights::{AnyPermission, AnyRole, Permission, PermissionSet, RequirePermission, RequireRole, Role, RoleSet};
pub use user::CurrentUser;
