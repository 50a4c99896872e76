//! The administrators' listener.

use std::net::SocketAddr;

use super::Section;
use super::found::Found;
use super::refusal::Refusal;
use super::setting::Setting;

static LISTEN: Setting<Option<SocketAddr>> = Setting::new(
    "admin.listen",
    "Address of a listener for metrics and health alone. Metrics are served nowhere else. Keep it off the public network.",
);

/// The section.
pub static SECTION: Section = Section { title: "Administrators' listener", settings: &[&LISTEN.definition] };

/// The administrators' listener.
#[derive(Debug)]
pub struct Admin {
    /// Its address; none where there is no such listener.
    pub listen: Option<SocketAddr>,
}

/// Reads the section.
///
/// # Errors
/// A value is not acceptable.
pub fn read(found: &Found) -> Result<Admin, Refusal> {
    Ok(Admin { listen: found.find(&LISTEN)? })
}
