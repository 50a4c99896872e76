//! Bounds of the HTTP listener.

use countersign_kernel::Lifetime;

use super::Section;
use super::found::Found;
use super::refusal::Refusal;
use super::setting::Setting;
use super::value::Seconds;

static MAX_CONNECTIONS: Setting<i64> =
    Setting::new("http.max_connections", "Connections at once. One more is answered 503 and closed.")
        .or("4096")
        .within(1, 1_000_000);

static HEADER_SECONDS: Setting<Seconds> =
    Setting::new("http.header_seconds", "How long a client may take to send the head of a request.")
        .or("10")
        .within(1, 60);

static BODY_SECONDS: Setting<Seconds> = Setting::new(
    "http.body_seconds",
    "How long a client may take to send the body of a request, once it is waited for.",
)
.or("10")
.within(1, 60);

static WRITE_SECONDS: Setting<Seconds> =
    Setting::new("http.write_seconds", "For how long a client may take nothing of its answer.").or("30").within(1, 300);

static IDLE_SECONDS: Setting<Seconds> =
    Setting::new("http.idle_seconds", "How long a connection may wait for its next request.").or("75").within(1, 3600);

/// The section.
pub static SECTION: Section = Section {
    title: "HTTP listener",
    settings: &[
        &MAX_CONNECTIONS.definition,
        &HEADER_SECONDS.definition,
        &BODY_SECONDS.definition,
        &WRITE_SECONDS.definition,
        &IDLE_SECONDS.definition,
    ],
};

/// Bounds of the HTTP listener.
#[derive(Debug, Clone, Copy)]
pub struct Http {
    /// Connections at once.
    pub max_connections: usize,
    /// For the head of a request.
    pub header: Lifetime,
    /// For the body of a request, once it is waited for.
    pub body: Lifetime,
    /// Without a byte of the answer taken.
    pub write: Lifetime,
    /// Between two requests.
    pub idle: Lifetime,
}

/// Reads the section.
///
/// # Errors
/// A value is not acceptable.
pub fn read(found: &Found) -> Result<Http, Refusal> {
    Ok(Http {
        max_connections: usize::try_from(found.read(&MAX_CONNECTIONS)?).unwrap_or(1),
        header: found.read(&HEADER_SECONDS)?.lifetime(),
        body: found.read(&BODY_SECONDS)?.lifetime(),
        write: found.read(&WRITE_SECONDS)?.lifetime(),
        idle: found.read(&IDLE_SECONDS)?.lifetime(),
    })
}
