//! `/api/admin/v1/roles`: what people may be allowed.

use axum::response::Response;
use countersign_account::Role;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::desk::{Administrator, Named};
use super::view::page;
use crate::api::answer::{json, no_content};
use crate::error::{Problem, role_refusal};
use crate::json::{Call, JustAPage, Members, Query, Shape};

/// What a role permits.
#[derive(ToSchema)]
pub(crate) struct RoleBody {
    /// All that it permits, each like `orders:read`; at most 64, each of 1 to 128 characters of `a-z 0-9 _ - : .`.
    permissions: Vec<String>,
}

impl Shape for RoleBody {
    fn take(members: &mut Members) -> Self {
        Self { permissions: members.strings("permissions") }
    }
}

/// Lists roles by name.
#[utoipa::path(
    get, path = "/api/admin/v1/roles", tag = "Administration", operation_id = "adminRoles", security(("bearer" = [])),
    params(
        ("limit" = Option<u32>, Query, description = "How many at most, 1 to 200; 50 without it"),
        ("cursor" = Option<String>, Query, description = "`nextCursor` of the page before"),
    ),
    responses((status = 200, description = "A page of roles", body = RolesView), (status = 400, description = "VALIDATION_FAILED"))
)]
pub(crate) async fn list(admin: Administrator, Query(JustAPage(page)): Query<JustAPage>) -> Result<Response, Problem> {
    let page = admin.accounts().page_roles(&page).await?;
    let data = page.items.iter().map(RoleView::of).collect();
    Ok(json(StatusCode::OK, RolesView { data, next_cursor: page.next.map(|cursor| cursor.0) }, &[]))
}

/// Makes a role, or replaces what it permits. It takes effect with the next request of everyone who has it.
#[utoipa::path(
    put, path = "/api/admin/v1/roles/{name}", tag = "Administration", operation_id = "adminSetRole",
    request_body = RoleBody, security(("bearer" = [])),
    params(("name" = String, Path, description = "The name: 1 to 64 characters of `a-z 0-9 _ - : .`")),
    responses((status = 200, description = "Done", body = RoleSetView))
)]
pub(crate) async fn set(
    admin: Administrator,
    Named(name): Named<String>,
    call: Call<RoleBody>,
) -> Result<Response, Problem> {
    let verdict = admin.accounts().set_role(&name, &call.body()?.permissions, admin.actor(), admin.origin()).await?;
    let affected = role_refusal(verdict, |why, detail| admin.refused(why, detail))?;
    Ok(json(StatusCode::OK, RoleSetView { name: &name, affected }, &[]))
}

/// Deletes a role and takes it from everyone.
#[utoipa::path(
    delete, path = "/api/admin/v1/roles/{name}", tag = "Administration", operation_id = "adminDeleteRole",
    security(("bearer" = [])),
    params(("name" = String, Path, description = "The name")),
    responses(
        (status = 204, description = "The role is gone"),
        (status = 403, description = "FORBIDDEN: also for the role `admin`"),
        (status = 404, description = "NOT_FOUND"),
    )
)]
pub(crate) async fn delete(admin: Administrator, Named(name): Named<String>) -> Result<Response, Problem> {
    let verdict = admin.accounts().delete_role(&name, admin.actor(), admin.origin()).await?;
    role_refusal(verdict, |why, detail| admin.refused(why, detail))?;
    Ok(no_content(&[]))
}

page! {
    /// Some roles.
    RolesView as Roles of RoleView<'a>
}

/// A role.
#[derive(Serialize, ToSchema)]
#[schema(as = Role)]
struct RoleView<'a> {
    /// The name.
    name: &'a str,
    /// What it permits, sorted.
    permissions: &'a [String],
}

impl<'a> RoleView<'a> {
    fn of(role: &'a Role) -> Self {
        Self { name: &role.name, permissions: &role.permissions }
    }
}

/// That a role was made or changed.
#[derive(Serialize, ToSchema)]
#[schema(as = RoleSet)]
struct RoleSetView<'a> {
    /// The role.
    name: &'a str,
    /// How many people have it, and have other rights from now on.
    affected: u64,
}
