//! The administrators' listener.

use std::net::SocketAddr;

use super::found::Found;
use super::refusal::Refusal;
use super::setting::Setting;
use super::{Section, Use};

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
/// A value is not acceptable, here or for this use.
pub fn read(found: &Found, purpose: Use) -> Result<Admin, Refusal> {
    let listen = found.find(&LISTEN)?;
    if let Some(address) = listen.filter(|address| purpose == Use::Dev && !address.ip().is_loopback()) {
        let reason = format!("`dev` is open to this machine only and does not listen on {address}");
        return Err(Refusal::because(&LISTEN.definition, &found.origin(&LISTEN.definition), reason));
    }
    Ok(Admin { listen })
}
