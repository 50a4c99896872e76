//! Opens a session.

use countersign_kernel::{DeviceId, Origin, Timestamp};
use countersign_store::Delivery;

/// A session to be opened.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// How its refresh token travels, for life.
    pub delivery: Delivery,
    /// Whether its cookies outlive the browser.
    pub remember: bool,
    /// How the person was authenticated (RFC 8176 names).
    pub amr: Vec<String>,
    /// The device it begins on.
    pub device: Option<DeviceId>,
    /// Where the sign-in came from.
    pub origin: Origin,
    /// When the person was authenticated.
    pub auth_time: Timestamp,
}
