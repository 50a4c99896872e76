//! Signing keys (DESIGN section 3).

use countersign_kernel::Lifetime;

use super::Section;
use super::found::Found;
use super::refusal::Refusal;
use super::setting::Setting;

static ROTATE_AFTER_DAYS: Setting<i64> =
    Setting::new("keys.rotate_after_days", "How long a key signs before the next one takes over.")
        .or("90")
        .within(1, 730);

static PUBLISH_BEFORE_HOURS: Setting<i64> = Setting::new(
    "keys.publish_before_hours",
    "How long a new key is published before the schedule lets it sign, so that every consumer has fetched it.",
)
.or("24")
.within(1, 720);

/// The section.
pub static SECTION: Section =
    Section { title: "Signing keys", settings: &[&ROTATE_AFTER_DAYS.definition, &PUBLISH_BEFORE_HOURS.definition] };

/// Signing keys.
#[derive(Debug)]
pub struct Keys {
    /// How long a key signs.
    pub rotate_after: Lifetime,
    /// How long it is published before.
    pub publish_before: Lifetime,
}

/// Reads the section.
///
/// # Errors
/// A value is not acceptable.
pub fn read(found: &Found) -> Result<Keys, Refusal> {
    Ok(Keys {
        rotate_after: Lifetime::from_days(found.read(&ROTATE_AFTER_DAYS)?),
        publish_before: Lifetime::from_hours(found.read(&PUBLISH_BEFORE_HOURS)?),
    })
}
