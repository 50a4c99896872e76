//! Front ends on other hosts of the same site.

use super::Section;
use super::found::Found;
use super::refusal::Refusal;
use super::setting::Setting;

static ALLOWED_ORIGINS: Setting<Vec<String>> = Setting::new(
    "cors.allowed_origins",
    "Exact origins, like `https://app.example.com`, whose pages may call the API with cookies. Each must be of the public \
     URL's site.",
)
.or("")
.reloads();

/// The section.
pub static SECTION: Section = Section { title: "CORS", settings: &[&ALLOWED_ORIGINS.definition] };

/// Front ends on other hosts.
#[derive(Debug)]
pub struct Cors {
    /// Their exact origins.
    pub allowed_origins: Vec<String>,
}

/// Reads the section.
///
/// # Errors
/// A value is not acceptable.
pub fn read(found: &Found) -> Result<Cors, Refusal> {
    Ok(Cors { allowed_origins: found.read(&ALLOWED_ORIGINS)? })
}
