//! The audit trail (DESIGN section 7).

use countersign_kernel::Lifetime;

use super::Section;
use super::found::Found;
use super::refusal::Refusal;
use super::setting::Setting;

static CHECKPOINT_MINUTES: Setting<i64> = Setting::new(
    "audit.checkpoint_minutes",
    "How often the end of the audit trail is signed, if anything came. What was written since the last checkpoint could be \
     made anew by whoever can write the whole database.",
)
.or("60")
.within(1, 1_440);

static RETENTION_DAYS: Setting<i64> = Setting::new(
    "audit.retention_days",
    "How long a record of the audit trail is kept; 0 keeps it for ever. Older records are given up behind a signed base, and \
     the rest stays checkable.",
)
.or("400")
.within(0, 36_500);

/// The section.
pub static SECTION: Section =
    Section { title: "Audit trail", settings: &[&CHECKPOINT_MINUTES.definition, &RETENTION_DAYS.definition] };

/// The audit trail.
#[derive(Debug)]
pub struct Audit {
    /// How often its end is signed.
    pub checkpoint_every: Lifetime,
    /// For how long a record is kept; none for ever.
    pub keep: Option<Lifetime>,
}

/// Reads the section.
///
/// # Errors
/// A value is not acceptable.
pub fn read(found: &Found) -> Result<Audit, Refusal> {
    let days = found.read(&RETENTION_DAYS)?;
    Ok(Audit {
        checkpoint_every: Lifetime::from_minutes(found.read(&CHECKPOINT_MINUTES)?),
        keep: (days > 0).then(|| Lifetime::from_days(days)),
    })
}
