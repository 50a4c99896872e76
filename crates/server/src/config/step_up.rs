//! What "recent sign-in" means.

use countersign_kernel::Lifetime;

use super::Section;
use super::found::Found;
use super::refusal::Refusal;
use super::setting::Setting;
use super::value::Seconds;

static MAX_AGE_SECONDS: Setting<Seconds> = Setting::new(
    "step_up.max_age_seconds",
    "How long after a sign-in or step-up dangerous things may be done without another proof.",
)
.or("600")
.within(1, 86_400);

/// The section.
pub static SECTION: Section = Section { title: "Step-up", settings: &[&MAX_AGE_SECONDS.definition] };

/// Recent sign-in.
#[derive(Debug)]
pub struct StepUp {
    /// How old a proof may be.
    pub max_age: Lifetime,
}

/// Reads the section.
///
/// # Errors
/// A value is not acceptable.
pub fn read(found: &Found) -> Result<StepUp, Refusal> {
    Ok(StepUp { max_age: found.read(&MAX_AGE_SECONDS)?.lifetime() })
}
