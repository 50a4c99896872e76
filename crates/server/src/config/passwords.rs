//! Passwords (DESIGN section 4).

use countersign_kernel::Lifetime;

use super::Section;
use super::found::Found;
use super::refusal::Refusal;
use super::setting::Setting;
use super::value::Seconds;

static MEMORY_KIB: Setting<i64> =
    Setting::new("passwords.memory_kib", "Memory of one Argon2id hash.").or("19456").within(19_456, 1_048_576);

static ITERATIONS: Setting<i64> =
    Setting::new("passwords.iterations", "Passes over that memory.").or("2").within(2, 16);

static PARALLELISM: Setting<i64> = Setting::new("passwords.parallelism", "Lanes of one hash.").or("1").within(1, 4);

static WORKERS: Setting<i64> =
    Setting::new("passwords.workers", "Hashes at once; 0 means one for each core.").or("0").within(0, 256);

static MEMORY_BUDGET_MIB: Setting<i64> = Setting::new(
    "passwords.memory_budget_mib",
    "Memory of all hashes together; as many run at once as fit, and one always.",
)
.or("256")
.within(19, 1_048_576);

static QUEUE_SECONDS: Setting<Seconds> = Setting::new(
    "passwords.queue_seconds",
    "How long a sign-in may wait for its hash. Where the queue is longer, the answer is 503 at once.",
)
.or("3")
.within(1, 60);

static MIN_LENGTH: Setting<i64> =
    Setting::new("passwords.min_length", "Shortest new password, in code points.").or("8").within(8, 64);

static MAX_LENGTH: Setting<i64> =
    Setting::new("passwords.max_length", "Longest password, in code points.").or("256").within(64, 256);

/// The section.
pub static SECTION: Section = Section {
    title: "Passwords",
    settings: &[
        &MEMORY_KIB.definition,
        &ITERATIONS.definition,
        &PARALLELISM.definition,
        &WORKERS.definition,
        &MEMORY_BUDGET_MIB.definition,
        &QUEUE_SECONDS.definition,
        &MIN_LENGTH.definition,
        &MAX_LENGTH.definition,
    ],
};

/// Passwords.
#[derive(Debug)]
pub struct Passwords {
    /// Memory of one hash.
    pub memory_kib: u32,
    /// Passes.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
    /// Hashes at once; none for one each core.
    pub workers: Option<usize>,
    /// Memory of all hashes together.
    pub memory_budget_kib: u32,
    /// How long a hash may wait.
    pub queue: Lifetime,
    /// Shortest new password.
    pub min_length: usize,
    /// Longest password.
    pub max_length: usize,
}

/// Reads the section.
///
/// # Errors
/// A value is not acceptable.
pub fn read(found: &Found) -> Result<Passwords, Refusal> {
    let number = |setting| found.read(setting).map(|n: i64| u32::try_from(n).unwrap_or(u32::MAX));
    let size = |setting| found.read(setting).map(|n: i64| usize::try_from(n).unwrap_or(usize::MAX));
    Ok(Passwords {
        memory_kib: number(&MEMORY_KIB)?,
        iterations: number(&ITERATIONS)?,
        parallelism: number(&PARALLELISM)?,
        workers: Some(size(&WORKERS)?).filter(|&n| n > 0),
        memory_budget_kib: number(&MEMORY_BUDGET_MIB)?.saturating_mul(1_024),
        queue: found.read(&QUEUE_SECONDS)?.lifetime(),
        min_length: size(&MIN_LENGTH)?,
        max_length: size(&MAX_LENGTH)?,
    })
}
