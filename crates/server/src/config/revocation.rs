//! What becomes of access tokens while the database does not say what was revoked, and who else is told (DESIGN section 2).

use countersign_kernel::Lifetime;

use super::Section;
use super::found::Found;
use super::refusal::Refusal;
use super::setting::Setting;
use super::value::Seconds;

static MAX_STALENESS_SECONDS: Setting<Seconds> = Setting::new(
    "revocation.max_staleness_seconds",
    "For how long the database may be silent until what this server knows of revocations counts as stale. `/readyz` fails then.",
)
.or("60")
.within(5, 3_600);

static WHEN_STALE: Setting<String> = Setting::new(
    "revocation.when_stale",
    "What becomes of access tokens then: `flag` accepts them and says so (`X-Auth-Stale`), `refuse` answers 503, which signs \
     nobody out.",
)
.or("flag")
.one_of(&["flag", "refuse"]);

static MAX_SUBSCRIBERS: Setting<i64> = Setting::new(
    "revocation.max_subscribers",
    "How many services may read the revocation feed of this server at once; one more is answered 503. Each holds a connection.",
)
.or("256")
.within(1, 100_000);

static STATUS_LIST: Setting<bool> = Setting::new(
    "revocation.status_list",
    "Whether access tokens have an index in a signed Token Status List at `/.well-known/status-list`, for verifiers of other makes. \
     Each token then costs a write.",
)
.or("false");

/// The section.
pub static SECTION: Section = Section {
    title: "Revocation",
    settings: &[
        &MAX_STALENESS_SECONDS.definition,
        &WHEN_STALE.definition,
        &MAX_SUBSCRIBERS.definition,
        &STATUS_LIST.definition,
    ],
};

/// How revocations are told, and how old what is known of them may be.
#[derive(Debug)]
pub struct Revocation {
    /// How old it may be.
    pub max_staleness: Lifetime,
    /// Whether tokens are refused from then on.
    pub is_refused_when_stale: bool,
    /// How many may read the feed at once.
    pub max_subscribers: usize,
    /// Whether access tokens have an index in a status list.
    pub has_status_list: bool,
}

/// Reads the section.
///
/// # Errors
/// A value is not acceptable.
pub fn read(found: &Found) -> Result<Revocation, Refusal> {
    Ok(Revocation {
        max_staleness: found.read(&MAX_STALENESS_SECONDS)?.lifetime(),
        is_refused_when_stale: found.read(&WHEN_STALE)? == "refuse",
        max_subscribers: usize::try_from(found.read(&MAX_SUBSCRIBERS)?).unwrap_or(1),
        has_status_list: found.read(&STATUS_LIST)?,
    })
}
