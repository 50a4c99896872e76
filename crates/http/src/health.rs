//! `GET /healthz`: the process is up. `GET /readyz`: it can serve, and if not, what fails.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use countersign_kernel::Lifetime;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Auth;
use crate::error::Problem;

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`.
    #[schema(example = "ok")]
    status: &'static str,
}

/// What the server can do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ready {
    /// `ready`.
    #[schema(example = "ready")]
    status: &'static str,
    /// Each thing that serving needs: `ok`.
    #[schema(value_type = BTreeMap<String, String>, example = json!({"database": "ok", "revocations": "ok", "writes": "ok"}))]
    checks: BTreeMap<&'static str, &'static str>,
}

/// Says that the process is up.
#[utoipa::path(
    get, path = "/healthz", tag = "Operations", operation_id = "health", security(()),
    responses((status = 200, description = "The process is up", body = Health))
)]
pub(crate) async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Says whether the server can serve: its database answers and takes writes, and what was revoked is known.
///
/// Where something fails, `checks` names it. Access tokens are verified from memory all the same.
#[utoipa::path(
    get, path = "/readyz", tag = "Operations", operation_id = "readiness", security(()),
    responses((status = 200, description = "It can", body = Ready), (status = 503, description = "OVERLOADED: not yet, or not now"))
)]
pub(crate) async fn readyz(State(auth): State<Auth>) -> Result<Json<Ready>, Problem> {
    let checks = auth.ready().checks().await;
    let shown = checks.iter().map(|check| (check.name, if check.is_good { "ok" } else { "failing" })).collect();
    if checks.iter().all(|check| check.is_good) {
        Ok(Json(Ready { status: "ready", checks: shown }))
    } else {
        Err(Problem::busy(Lifetime::from_seconds(1)).detail("The service is not ready.").checks(shown))
    }
}
