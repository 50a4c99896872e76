//! `/api/admin/v1/settings`: what the server was told, and by whom. It can be read here and not changed.

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::desk::Administrator;
use super::view::page;
use crate::api::answer::json;
use crate::error::Problem;
use crate::settings::ShownSetting;

/// Lists every setting with its value and where that came from. A secret shows whether there is one, and nothing else. There is one
/// page.
#[utoipa::path(
    get, path = "/api/admin/v1/settings", tag = "Administration", operation_id = "adminSettings", security(("bearer" = [])),
    responses((status = 200, description = "The settings", body = SettingsView))
)]
pub(crate) async fn list(admin: Administrator) -> Result<Response, Problem> {
    let shown = admin.auth().shown_settings();
    let view = SettingsView { data: shown.iter().map(SettingView::of).collect(), next_cursor: None };
    Ok(json(StatusCode::OK, view, &[]))
}

page! {
    /// The settings.
    SettingsView as Settings of SettingView<'a>
}

/// A setting.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Setting)]
struct SettingView<'a> {
    /// The name.
    #[schema(example = "tokens.access_seconds")]
    key: &'a str,
    /// The value; null where there is none, and for a secret always.
    value: Option<&'a str>,
    /// Where the value came from: `default`, a file and its line, a variable, a flag.
    origin: &'a str,
    /// Whether the value is never shown.
    secret: bool,
    /// Whether there is a value.
    is_set: bool,
    /// Whether a running server takes up a new value when it is told to reload.
    reloads: bool,
}

impl<'a> SettingView<'a> {
    fn of(setting: &'a ShownSetting) -> Self {
        Self {
            key: &setting.key,
            value: setting.value(),
            origin: &setting.origin,
            secret: setting.is_secret,
            is_set: setting.is_set,
            reloads: setting.reloads,
        }
    }
}
