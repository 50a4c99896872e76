//! Extractors and guard layers: who is it, may he, and how lately did he prove it.
//!
//! They work in any axum app whose state holds an [`Auth`](crate::Auth): the bound `Auth: FromRef<S>` makes an app without
//! one a compile error, not an open door. Each refusal is a complete problem document.

mod bearer;
mod guard;
mod right;
mod rights;
mod step_up;
mod user;

pub(crate) use bearer::bearer;
pub use guard::{RequirePermissionLayer, RequireRoleLayer, RequireService, RequireStepUpLayer};
pub(crate) use right::Right;
pub use rights::{AnyPermission, AnyRole, Permission, PermissionSet, RequirePermission, RequireRole, Role, RoleSet};
pub(crate) use step_up::Proof;
pub use step_up::{Amr, RequireAmr, RequireRecent, SecondFactor};
pub use user::CurrentUser;
pub(crate) use user::{authenticate, reject};
