//! Who needs a second factor, and which devices stand in for one (DESIGN section 6).

use countersign_kernel::Lifetime;

use super::Section;
use super::found::Found;
use super::refusal::Refusal;
use super::setting::Setting;

static REQUIRED_ROLES: Setting<Vec<String>> = Setting::new(
    "second_factor.required_roles",
    "Roles whose rights need a second factor, besides `admin`, whose always do. Whoever has such a role and no second factor can sign \
     in and set one up.",
)
.or("");

static REMEMBER_DEVICE_DAYS: Setting<i64> = Setting::new(
    "second_factor.remember_device_days",
    "For how long a device is not asked for a second factor again, where its owner asks for that when he gives one. 0: it always is. \
     Never where a role needs one.",
)
.or("30")
.within(0, 365);

/// The section.
pub static SECTION: Section =
    Section { title: "Second factors", settings: &[&REQUIRED_ROLES.definition, &REMEMBER_DEVICE_DAYS.definition] };

/// Second factors.
#[derive(Debug)]
pub struct SecondFactor {
    /// Roles that need one.
    pub required_roles: Vec<String>,
    /// For how long a device may be remembered.
    pub remember_device: Lifetime,
}

/// Reads the section.
///
/// # Errors
/// A value is not acceptable.
pub fn read(found: &Found) -> Result<SecondFactor, Refusal> {
    Ok(SecondFactor {
        required_roles: found.read(&REQUIRED_ROLES)?,
        remember_device: Lifetime::from_days(found.read(&REMEMBER_DEVICE_DAYS)?),
    })
}
