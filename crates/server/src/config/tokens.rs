//! Access tokens (DESIGN section 2).

use countersign_kernel::Lifetime;

use super::Section;
use super::found::Found;
use super::refusal::Refusal;
use super::setting::Setting;
use super::value::Seconds;

static ACCESS_SECONDS: Setting<Seconds> =
    Setting::new("tokens.access_seconds", "How long an access token lives, give or take a twentieth.")
        .or("900")
        .within(1, 86_400);

static ALGORITHM: Setting<String> = Setting::new(
    "tokens.algorithm",
    "How access tokens are signed. A change makes a new key at the next start; tokens under the old one stay good. HS256 \
     serves old consumers only: whoever can check a token can then make one.",
)
.or("EdDSA")
.one_of(&["EdDSA", "ES256", "RS256", "PS256", "HS256"]);

static AUDIENCE: Setting<Option<String>> =
    Setting::new("tokens.audience", "The `aud` of access tokens; the public URL where it is not set.");

static EMAIL_CLAIM: Setting<bool> =
    Setting::new("tokens.email_claim", "Whether access tokens carry the person's address as `email`.").or("true");

/// The section.
pub static SECTION: Section = Section {
    title: "Access tokens",
    settings: &[&ACCESS_SECONDS.definition, &ALGORITHM.definition, &AUDIENCE.definition, &EMAIL_CLAIM.definition],
};

/// Access tokens.
#[derive(Debug)]
pub struct Tokens {
    /// How long one lives.
    pub access: Lifetime,
    /// The JOSE name of the algorithm.
    pub algorithm: String,
    /// Whether the operator chose it: a command keeps to the algorithm of the active key otherwise.
    pub algorithm_is_chosen: bool,
    /// The audience; the public URL where it is none.
    pub audience: Option<String>,
    /// Whether `email` is a claim.
    pub email_claim: bool,
}

/// Reads the section.
///
/// # Errors
/// A value is not acceptable.
pub fn read(found: &Found) -> Result<Tokens, Refusal> {
    Ok(Tokens {
        access: found.read(&ACCESS_SECONDS)?.lifetime(),
        algorithm: found.read(&ALGORITHM)?,
        algorithm_is_chosen: found.is_set(&ALGORITHM.definition),
        audience: found.find(&AUDIENCE)?,
        email_claim: found.read(&EMAIL_CLAIM)?,
    })
}
