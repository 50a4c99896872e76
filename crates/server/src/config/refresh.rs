//! Refresh tokens and sessions (DESIGN section 1).

use countersign_kernel::Lifetime;

use super::Section;
use super::found::Found;
use super::refusal::Refusal;
use super::setting::Setting;
use super::value::Seconds;

static WINDOW_SECONDS: Setting<Seconds> = Setting::new(
    "refresh.window_seconds",
    "W: how long a spent refresh token is taken for a late or repeated answer rather than for theft.",
)
.or("30")
.within(0, 3_600);

static IDLE_SECONDS: Setting<Seconds> =
    Setting::new("refresh.idle_seconds", "How long a session lives without a refresh.")
        .or("604800")
        .within(1, 34_560_000);

static ABSOLUTE_SECONDS: Setting<Seconds> =
    Setting::new("refresh.absolute_seconds", "How long a session lives at most.").or("2592000").within(1, 34_560_000);

static UNDELIVERED: Setting<String> = Setting::new(
    "refresh.undelivered",
    "What a spent token without its attempt id means while nothing newer was presented: `tolerate` keeps honest clients signed \
     in that lost their ids, `theft` finds a thief sooner.",
)
.or("tolerate")
.one_of(&["tolerate", "theft"]);

/// The section.
pub static SECTION: Section = Section {
    title: "Refresh tokens and sessions",
    settings: &[
        &WINDOW_SECONDS.definition,
        &IDLE_SECONDS.definition,
        &ABSOLUTE_SECONDS.definition,
        &UNDELIVERED.definition,
    ],
};

/// Refresh tokens and sessions.
#[derive(Debug)]
pub struct Refresh {
    /// W.
    pub window: Lifetime,
    /// Without a refresh.
    pub idle: Lifetime,
    /// At most.
    pub absolute: Lifetime,
    /// Whether an undelivered answer counts as theft.
    pub undelivered_is_theft: bool,
}

/// Reads the section.
///
/// # Errors
/// A value is not acceptable.
pub fn read(found: &Found) -> Result<Refresh, Refusal> {
    Ok(Refresh {
        window: found.read(&WINDOW_SECONDS)?.lifetime(),
        idle: found.read(&IDLE_SECONDS)?.lifetime(),
        absolute: found.read(&ABSOLUTE_SECONDS)?.lifetime(),
        undelivered_is_theft: found.read(&UNDELIVERED)? == "theft",
    })
}
