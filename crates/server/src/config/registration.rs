//! Registration: a name that is taken, for a policy that is not built yet.

use super::Section;
use super::setting::Setting;

static REQUIRE_VERIFIED_EMAIL: Setting<bool> = Setting::new(
    "registration.require_verified_email",
    "Whether an account may be used only after its address was confirmed.",
)
.or("false")
.unbuilt("confirming addresses is");

/// The section.
pub static SECTION: Section = Section { title: "Registration", settings: &[&REQUIRE_VERIFIED_EMAIL.definition] };
