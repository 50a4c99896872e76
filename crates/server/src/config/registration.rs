//! Registration.

use super::Section;
use super::found::Found;
use super::refusal::Refusal;
use super::setting::Setting;

static REQUIRE_VERIFIED_EMAIL: Setting<bool> = Setting::new(
    "registration.require_verified_email",
    "Whether an account may be used only after its address was confirmed. Registration then answers the same for a new and a known \
     address, and roles are given to confirmed addresses alone. Needs mail; `dev` has it.",
)
.or("false");

/// The section.
pub static SECTION: Section = Section { title: "Registration", settings: &[&REQUIRE_VERIFIED_EMAIL.definition] };

/// Registration.
#[derive(Debug)]
pub struct Registration {
    /// Whether an address must be confirmed first.
    pub require_verified_email: bool,
}

/// Reads the section.
///
/// # Errors
/// A value is not acceptable.
pub fn read(found: &Found) -> Result<Registration, Refusal> {
    Ok(Registration { require_verified_email: found.read(&REQUIRE_VERIFIED_EMAIL)? })
}
