//! `GET /api/user/devices`, `DELETE /api/user/devices/{id}`: devices that are not asked for a second factor.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use countersign_account::RememberedDevice;
use countersign_kernel::DeviceId;
use countersign_session::AgentFamily;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::answer::{json, no_content};
use crate::app::Auth;
use crate::error::{Code, Problem};
use crate::extract::CurrentUser;
use crate::request::Source;

/// A device on which its owner has proven a second factor, and is not asked for one again for a while.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RememberedDevice)]
pub(crate) struct DeviceView<'a> {
    /// The id: the `did` claim of its sessions.
    id: String,
    /// Whether the session that asks began on it.
    current: bool,
    /// The user agent that it was remembered with.
    user_agent: Option<&'a str>,
    /// The same for people: `Firefox on Linux`; null where nothing is known.
    #[schema(example = "Firefox on Linux")]
    label: Option<String>,
    /// The address that it was remembered at.
    ip_address: Option<&'a str>,
    /// When it was remembered.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it last stood in for a second factor.
    #[schema(format = DateTime)]
    last_used_at: String,
    /// When it will be asked again.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// A person's remembered devices, last used first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RememberedDevices)]
pub(crate) struct DevicesView<'a> {
    devices: Vec<DeviceView<'a>>,
}

/// The person's remembered devices, last used first.
#[utoipa::path(
    get, path = "/api/user/devices", tag = "Account", operation_id = "rememberedDevices", security(("bearer" = [])),
    responses((status = 200, description = "The devices", body = DevicesView))
)]
pub(crate) async fn list(State(auth): State<Auth>, user: CurrentUser) -> Result<Response, Problem> {
    let found = auth.accounts().list_remembered_devices(&user).await?;
    let devices = found.iter().map(|device| DeviceView::of(device, user.device)).collect();
    Ok(json(StatusCode::OK, DevicesView { devices }, &[]))
}

/// Forgets a device: the next sign-in there asks for a second factor. Anyone else's is not found.
#[utoipa::path(
    delete, path = "/api/user/devices/{id}", tag = "Account", operation_id = "forgetDevice", security(("bearer" = [])),
    params(("id" = String, Path, description = "The device's id")),
    responses(
        (status = 204, description = "It is forgotten"),
        (status = 404, description = "NOT_FOUND"),
    )
)]
pub(crate) async fn forget(
    State(auth): State<Auth>,
    user: CurrentUser,
    Source(origin): Source,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let id: DeviceId = id.ok().and_then(|Path(text)| text.parse().ok()).ok_or(Code::NotFound)?;
    if auth.accounts().forget_device(&user, id, &origin).await? {
        Ok(no_content(&[]))
    } else {
        Err(Code::NotFound.into())
    }
}

impl<'a> DeviceView<'a> {
    fn of(device: &'a RememberedDevice, current: Option<DeviceId>) -> Self {
        Self {
            id: device.device.to_string(),
            current: current == Some(device.device),
            user_agent: device.user_agent.as_deref(),
            label: AgentFamily::of(device.user_agent.as_deref()).label(),
            ip_address: device.address.as_deref(),
            created_at: device.created_at.to_rfc3339(),
            last_used_at: device.last_used_at.to_rfc3339(),
            expires_at: device.expires_at.to_rfc3339(),
        }
    }
}
