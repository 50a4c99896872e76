//! `GET /healthz`: the process is up. `GET /readyz`: it can serve.

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
    /// `ok` or `ready`.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Says that the process is up.
#[utoipa::path(
    get, path = "/healthz", tag = "Operations", operation_id = "health", security(()),
    responses((status = 200, description = "The process is up", body = Health))
)]
pub(crate) async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Says whether the server can serve: its database answers and what was revoked is known.
#[utoipa::path(
    get, path = "/readyz", tag = "Operations", operation_id = "readiness", security(()),
    responses((status = 200, description = "It can", body = Health), (status = 503, description = "OVERLOADED: not yet, or not now"))
)]
pub(crate) async fn readyz(State(auth): State<Auth>) -> Result<Json<Health>, Problem> {
    if auth.ready().is_ready().await {
        Ok(Json(Health { status: "ready" }))
    } else {
        Err(Problem::busy(Lifetime::from_seconds(1)).detail("The service is not ready."))
    }
}
