//! `/api/admin/v1/users`: people's accounts.

use axum::response::Response;
use countersign_account::{Page, PageRequest, SecondFactors, User, UserStatus};
use countersign_kernel::UserId;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::desk::{Administrator, Named};
use super::view::{EndedView, page};
use crate::api::answer::{json, no_content};
use crate::api::view::MessageView;
use crate::error::{Code, Problem, managed_refusal, start_reset_refusal};
use crate::json::{Call, Members, Query, Shape};

/// Which accounts are wanted.
pub(crate) struct Wanted {
    prefix: Option<String>,
    email: Option<String>,
    page: PageRequest,
}

impl Shape for Wanted {
    fn take(members: &mut Members) -> Self {
        if members.has("prefix") && members.has("email") {
            members.refuse("", "TOO_MANY", "Ask by prefix or by email, not both.");
        }
        Self {
            prefix: members.optional_string("prefix"),
            email: members.optional_string("email"),
            page: members.page(),
        }
    }
}

/// The roles that an account is to have.
#[derive(ToSchema)]
pub(crate) struct UserRolesBody {
    /// Names of roles that exist; the first is shown as `role`. Empty takes every role away.
    roles: Vec<String>,
}

impl Shape for UserRolesBody {
    fn take(members: &mut Members) -> Self {
        Self { roles: members.strings("roles") }
    }
}

/// Lists accounts, oldest first: all, those whose address begins with `prefix`, or the one whose address is `email`.
#[utoipa::path(
    get, path = "/api/admin/v1/users", tag = "Administration", operation_id = "adminUsers", security(("bearer" = [])),
    params(
        ("prefix" = Option<String>, Query, description = "What the address begins with, whatever its case"),
        ("email" = Option<String>, Query, description = "The whole address"),
        ("limit" = Option<u32>, Query, description = "How many at most, 1 to 200; 50 without it"),
        ("cursor" = Option<String>, Query, description = "`nextCursor` of the page before"),
    ),
    responses((status = 200, description = "A page of accounts", body = AdminUsersView), (status = 400, description = "VALIDATION_FAILED"))
)]
pub(crate) async fn list(admin: Administrator, Query(wanted): Query<Wanted>) -> Result<Response, Problem> {
    let page = match &wanted.email {
        Some(email) => Page { items: admin.accounts().find_user(email).await?.into_iter().collect(), next: None },
        None => admin.accounts().list_users(wanted.prefix.as_deref().unwrap_or_default(), &wanted.page).await?,
    };
    let view = AdminUsersView {
        data: page.items.iter().map(AdminUserView::of).collect(),
        next_cursor: page.next.map(|cursor| cursor.0),
    };
    Ok(json(StatusCode::OK, view, &[]))
}

/// Shows an account.
#[utoipa::path(
    get, path = "/api/admin/v1/users/{id}", tag = "Administration", operation_id = "adminUser", security(("bearer" = [])),
    params(("id" = String, Path, description = "The person's id: `usr_…`")),
    responses((status = 200, description = "The account", body = AdminUserView), (status = 404, description = "NOT_FOUND"))
)]
pub(crate) async fn show(admin: Administrator, Named(id): Named<UserId>) -> Result<Response, Problem> {
    let user = admin.accounts().profile(id).await?.ok_or(Code::NotFound)?;
    let factors = admin.accounts().second_factors(id).await?.ok_or(Code::NotFound)?;
    let view = AdminUserView { second_factors: Some(FactorsView::of(&factors)), ..AdminUserView::of(&user) };
    Ok(json(StatusCode::OK, view, &[]))
}

/// Switches an account off. Its sessions end and its tokens are refused from the answer on. Repeating it is not an error.
#[utoipa::path(
    post, path = "/api/admin/v1/users/{id}/disable", tag = "Administration", operation_id = "adminDisableUser",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The person's id: `usr_…`")),
    responses(
        (status = 200, description = "The account", body = AdminUserView),
        (status = 403, description = "FORBIDDEN: also for the last administrator"),
        (status = 404, description = "NOT_FOUND"),
    )
)]
pub(crate) async fn disable(admin: Administrator, Named(id): Named<UserId>) -> Result<Response, Problem> {
    let verdict = admin.accounts().disable_user(id, admin.actor(), admin.origin()).await?;
    let user = managed_refusal(verdict, |why, detail| admin.refused(why, detail))?;
    Ok(json(StatusCode::OK, AdminUserView::of(&user), &[]))
}

/// Switches an account on again. Its old sessions stay ended. Repeating it is not an error.
#[utoipa::path(
    post, path = "/api/admin/v1/users/{id}/enable", tag = "Administration", operation_id = "adminEnableUser",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The person's id: `usr_…`")),
    responses((status = 200, description = "The account", body = AdminUserView), (status = 404, description = "NOT_FOUND"))
)]
pub(crate) async fn enable(admin: Administrator, Named(id): Named<UserId>) -> Result<Response, Problem> {
    let verdict = admin.accounts().enable_user(id, admin.actor(), admin.origin()).await?;
    let user = managed_refusal(verdict, |why, detail| admin.refused(why, detail))?;
    Ok(json(StatusCode::OK, AdminUserView::of(&user), &[]))
}

/// Replaces an account's roles. It takes effect with the next request, and nobody is signed out.
#[utoipa::path(
    put, path = "/api/admin/v1/users/{id}/roles", tag = "Administration", operation_id = "adminSetUserRoles",
    request_body = UserRolesBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "The person's id: `usr_…`")),
    responses(
        (status = 200, description = "The account", body = AdminUserView),
        (status = 403, description = "FORBIDDEN: also to take the role from the last administrator"),
        (status = 404, description = "NOT_FOUND"),
    )
)]
pub(crate) async fn set_roles(
    admin: Administrator,
    Named(id): Named<UserId>,
    call: Call<UserRolesBody>,
) -> Result<Response, Problem> {
    let verdict = admin.accounts().set_user_roles(id, &call.body()?.roles, admin.actor(), admin.origin()).await?;
    let user = managed_refusal(verdict, |why, detail| admin.refused(why, detail))?;
    Ok(json(StatusCode::OK, AdminUserView::of(&user), &[]))
}

/// Signs a person out everywhere.
#[utoipa::path(
    post, path = "/api/admin/v1/users/{id}/sign-out", tag = "Administration", operation_id = "adminSignOutUser",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The person's id: `usr_…`")),
    responses((status = 200, description = "Signed out everywhere", body = EndedView), (status = 404, description = "NOT_FOUND"))
)]
pub(crate) async fn sign_out(admin: Administrator, Named(id): Named<UserId>) -> Result<Response, Problem> {
    let revoked = admin.accounts().revoke_sessions(id, admin.actor(), admin.origin()).await?.ok_or(Code::NotFound)?;
    Ok(json(StatusCode::OK, EndedView { revoked }, &[]))
}

/// Takes every second factor, recovery code and remembered device of a person who has lost them. Sessions end; the password is still
/// needed. Make sure who is asking. Repeating it is not an error.
#[utoipa::path(
    post, path = "/api/admin/v1/users/{id}/reset-factors", tag = "Administration", operation_id = "adminResetFactors",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The person's id: `usr_…`")),
    responses((status = 200, description = "The account", body = AdminUserView), (status = 404, description = "NOT_FOUND"))
)]
pub(crate) async fn reset_factors(admin: Administrator, Named(id): Named<UserId>) -> Result<Response, Problem> {
    let verdict = admin.accounts().reset_factors(id, admin.actor(), admin.origin()).await?;
    let user = managed_refusal(verdict, |why, detail| admin.refused(why, detail))?;
    Ok(json(StatusCode::OK, AdminUserView::of(&user), &[]))
}

/// Mails a link to the account's own address, with which its owner sets a new password. Nobody else can choose it; a second factor
/// is still asked for.
#[utoipa::path(
    post, path = "/api/admin/v1/users/{id}/reset-password", tag = "Administration", operation_id = "adminResetPassword",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The person's id: `usr_…`")),
    responses(
        (status = 202, description = "The mail is on its way", body = MessageView),
        (status = 403, description = "FORBIDDEN: also where this server sends no mail"),
        (status = 404, description = "NOT_FOUND: no such account, or it is disabled"),
    )
)]
pub(crate) async fn reset_password(admin: Administrator, Named(id): Named<UserId>) -> Result<Response, Problem> {
    let verdict = admin.accounts().start_password_reset(id, admin.actor(), admin.origin()).await?;
    start_reset_refusal(verdict, |why, detail| admin.refused(why, detail))?;
    Ok(json(StatusCode::ACCEPTED, MessageView { message: "A mail is on its way to the account's own address." }, &[]))
}

/// Deletes an account and everything that is its own. The audit trail keeps its id.
#[utoipa::path(
    delete, path = "/api/admin/v1/users/{id}", tag = "Administration", operation_id = "adminDeleteUser",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The person's id: `usr_…`")),
    responses(
        (status = 204, description = "The account is gone"),
        (status = 403, description = "FORBIDDEN: also for the last administrator"),
        (status = 404, description = "NOT_FOUND"),
    )
)]
pub(crate) async fn delete(admin: Administrator, Named(id): Named<UserId>) -> Result<Response, Problem> {
    let verdict = admin.accounts().delete_user(id, admin.actor(), admin.origin()).await?;
    managed_refusal(verdict, |why, detail| admin.refused(why, detail))?;
    Ok(no_content(&[]))
}

page! {
    /// Some accounts.
    AdminUsersView as AdminUsers of AdminUserView<'a>
}

/// An account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminUser)]
struct AdminUserView<'a> {
    /// The person's id: the `sub` claim.
    #[schema(example = "usr_01k2zq3c5v8e7m4t9x6w1r0ybh")]
    id: String,
    /// The address as its owner wrote it, domain in lower case.
    email: &'a str,
    /// Whether the owner has proven that he reads mail there.
    email_verified: bool,
    /// The name, verbatim: encode it where you show it.
    name: &'a str,
    /// `active` or `disabled`.
    status: &'static str,
    /// The first of `roles`; null where there is none.
    role: Option<&'a str>,
    /// The roles.
    roles: &'a [String],
    /// What the roles permit.
    permissions: &'a [String],
    /// When the account was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// What is set up, where one account is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    second_factors: Option<FactorsView>,
}

/// What a person has set up.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminSecondFactors)]
struct FactorsView {
    /// Whether an authenticator app is on.
    totp: bool,
    /// How many passkeys there are.
    passkeys: u64,
    /// How many recovery codes are left.
    recovery_codes_left: u64,
    /// Whether a role of this person's grants nothing without a second factor.
    required: bool,
}

impl FactorsView {
    const fn of(factors: &SecondFactors) -> Self {
        let enrolled = factors.enrolled;
        Self {
            totp: enrolled.totp,
            passkeys: enrolled.passkeys,
            recovery_codes_left: enrolled.recovery_codes,
            required: factors.is_required,
        }
    }
}

impl<'a> AdminUserView<'a> {
    fn of(user: &'a User) -> Self {
        Self {
            id: user.id.to_string(),
            email: &user.email,
            email_verified: user.email_verified,
            name: &user.name,
            status: match user.status {
                UserStatus::Active => "active",
                UserStatus::Disabled => "disabled",
            },
            role: user.roles.first().map(String::as_str),
            roles: &user.roles,
            permissions: &user.permissions,
            created_at: user.created_at.to_rfc3339(),
            second_factors: None,
        }
    }
}
