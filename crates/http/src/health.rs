//! `GET /healthz`: the process is up. `GET /readyz`: it can serve, and if not, what fails.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{RawQuery, State};
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
/// Where something fails, `checks` names it. Access tokens are verified from memory all the same. With `exclude=valkey` an outage of
/// Valkey is named and is no reason to be unready: for balancers that would otherwise take out every node at once.
#[utoipa::path(
    get, path = "/readyz", tag = "Operations", operation_id = "readiness", security(()),
    params(("exclude" = Option<String>, Query, description = "`valkey`: serve without it")),
    responses((status = 200, description = "It can", body = Ready), (status = 503, description = "OVERLOADED: not yet, or not now"))
)]
pub(crate) async fn readyz(State(auth): State<Auth>, RawQuery(query): RawQuery) -> Result<Json<Ready>, Problem> {
    // Other parameters are passed over, because probes have a habit of adding some.
    let query = query.unwrap_or_default();
    let excludes_valkey =
        url::form_urlencoded::parse(query.as_bytes()).any(|pair| pair == ("exclude".into(), VALKEY.into()));
    let checks = auth.ready().checks().await;
    let shown = checks.iter().map(|check| (check.name, if check.is_good { "ok" } else { "failing" })).collect();
    if checks.iter().all(|check| check.is_good || excludes_valkey && check.name == VALKEY) {
        Ok(Json(Ready { status: "ready", checks: shown }))
    } else {
        Err(Problem::busy(Lifetime::from_seconds(1)).detail("The service is not ready.").checks(shown))
    }
}

/// The only thing that a node serves without: it holds nothing that cannot be lost.
const VALKEY: &str = "valkey";
