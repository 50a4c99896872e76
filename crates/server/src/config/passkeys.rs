//! Passkeys (DESIGN section 6). Relying party and origin follow from `public_url`.

use countersign::UserVerification;

use super::Section;
use super::found::Found;
use super::refusal::Refusal;
use super::setting::Setting;

const USER_VERIFICATION_WORDS: &[&str] = &["required", "preferred"];

static USER_VERIFICATION: Setting<String> = Setting::new(
    "passkeys.user_verification",
    "Whether a passkey must check who holds it, by a PIN, a fingerprint or a face. `required`: always. `preferred`: as a second factor \
     where it can; a passkey that is the only proof must in any case, and is then two factors by itself.",
)
.or("required")
.one_of(USER_VERIFICATION_WORDS);

/// The section.
pub static SECTION: Section = Section { title: "Passkeys", settings: &[&USER_VERIFICATION.definition] };

/// Passkeys.
#[derive(Debug)]
pub struct Passkeys {
    /// Whether they must check who holds them.
    pub user_verification: UserVerification,
}

/// Reads the section.
///
/// # Errors
/// A value is not acceptable.
pub fn read(found: &Found) -> Result<Passkeys, Refusal> {
    let user_verification = match found.read(&USER_VERIFICATION)?.as_str() {
        "preferred" => UserVerification::Preferred,
        _ => UserVerification::Required,
    };
    Ok(Passkeys { user_verification })
}
