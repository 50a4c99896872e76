//! `/api/admin/v1/limits`: the named limits, and how full they are.

use axum::response::Response;
use countersign_account::LimitReading;
use countersign_kernel::UserId;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::desk::Administrator;
use super::view::page;
use crate::api::answer::json;
use crate::error::{Code, Problem};
use crate::json::{Members, Query, Shape};

/// Whose buckets are wanted.
pub(crate) struct Wanted {
    user: Option<UserId>,
}

impl Shape for Wanted {
    fn take(members: &mut Members) -> Self {
        Self { user: members.optional_parsed("user", "This must be a person's id: usr_…") }
    }
}

/// Lists every named limit as it holds at present, and how often it has refused; with `user`, how full this account's own buckets
/// are. They are few: there is one page.
#[utoipa::path(
    get, path = "/api/admin/v1/limits", tag = "Administration", operation_id = "adminLimits", security(("bearer" = [])),
    params(("user" = Option<String>, Query, description = "Whose buckets to read: `usr_…`")),
    responses(
        (status = 200, description = "The limits", body = LimitsView),
        (status = 400, description = "VALIDATION_FAILED"),
        (status = 404, description = "NOT_FOUND: no such account"),
    )
)]
pub(crate) async fn list(admin: Administrator, Query(wanted): Query<Wanted>) -> Result<Response, Problem> {
    let limits = admin.accounts().limit_readings(wanted.user).await?.ok_or(Code::NotFound)?;
    let view = LimitsView { data: limits.iter().map(LimitView::of).collect(), next_cursor: None };
    Ok(json(StatusCode::OK, view, &[]))
}

page! {
    /// The limits.
    LimitsView as Limits of LimitView<'a>
}

/// A named limit.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Limit)]
struct LimitView<'a> {
    /// The name, as settings and `RateLimit` spell it.
    #[schema(example = "sign_in_address")]
    name: &'a str,
    /// How many acts.
    limit: u32,
    /// In how long a span, in seconds.
    window_seconds: i64,
    /// Whether it holds.
    holds: bool,
    /// What happens beyond it: `refuses`, `challenges`, `hardens`, `refuses_unrecorded`.
    effect: &'static str,
    /// How often this process has refused by it.
    refused: u64,
    /// How many acts are still free in the bucket of the account that was asked about; null where the limit has none for it.
    remaining: Option<u32>,
    /// How many seconds until more is free there.
    reset_seconds: Option<i64>,
}

impl<'a> LimitView<'a> {
    fn of(limit: &'a LimitReading) -> Self {
        Self {
            name: limit.quota.name,
            limit: limit.quota.limit,
            window_seconds: limit.quota.window.as_seconds(),
            holds: limit.holds,
            effect: limit.effect.as_str(),
            refused: limit.refused,
            remaining: limit.account.map(|reading| reading.remaining),
            reset_seconds: limit.account.map(|reading| reading.reset.as_seconds_ceil()),
        }
    }
}
