//! Passwords (DESIGN section 4).

use std::path::PathBuf;

use countersign::{Pepper, PepperId, Peppers};
use countersign_kernel::Lifetime;
use serde_json::{Value as Schema, json};

use super::Section;
use super::found::Found;
use super::refusal::Refusal;
use super::setting::Setting;
use super::value::{Bounds, Raw, Seconds, Value};

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

static BREACHED_FILTER: Setting<Option<PathBuf>> = Setting::new(
    "passwords.breached_filter",
    "A file that `countersign password build-filter` has made: passwords known from breaches, which no new password may be, \
     beside the ones that are built in. Held in memory, as much as it is long.",
);

static PEPPER: Setting<Option<Pepper>> = Setting::new(
    "passwords.pepper",
    "A secret that goes into every password hash and is not in the database: 256 bits in base64url. Lose it and every \
     password has to be reset.",
)
.secret();

static PEPPER_PREVIOUS: Setting<Option<PreviousPeppers>> = Setting::new(
    "passwords.pepper_previous",
    "Peppers that older hashes may need, separated by commas or white space. Each sign-in makes its hash anew with today's.",
)
.secret();

static PEPPER_LOST: Setting<Vec<PepperId>> = Setting::new(
    "passwords.pepper_lost",
    "Ids of peppers that nobody has any more. Without this, a hash that needs one refuses the start; with it, its owner has to \
     reset the password.",
)
.or("");

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
        &BREACHED_FILTER.definition,
        &PEPPER.definition,
        &PEPPER_PREVIOUS.definition,
        &PEPPER_LOST.definition,
    ],
};

impl Value for Pepper {
    fn read(raw: &Raw, _: &Bounds) -> Option<Self> {
        Self::from_text(raw.text()?).ok()
    }

    fn expected(_: &Bounds) -> String {
        "256 random bits: 43 characters of base64url, as `countersign password generate-pepper` makes them".to_owned()
    }

    fn schema(_: &Bounds) -> Schema {
        json!({"type": "string", "minLength": 43})
    }

    fn show(&self) -> String {
        format!("(set, not shown; its id is {})", self.id())
    }
}

/// Peppers of the past, at least one.
#[derive(Debug)]
struct PreviousPeppers(Vec<Pepper>);

impl Value for PreviousPeppers {
    fn read(raw: &Raw, _: &Bounds) -> Option<Self> {
        let texts = raw.text()?.split(|c: char| c == ',' || c.is_whitespace()).filter(|text| !text.is_empty());
        let peppers: Vec<_> = texts.map(|text| Pepper::from_text(text).ok()).collect::<Option<_>>()?;
        (!peppers.is_empty()).then_some(Self(peppers))
    }

    fn expected(bounds: &Bounds) -> String {
        format!("one or more of these: {}", Pepper::expected(bounds))
    }

    fn schema(bounds: &Bounds) -> Schema {
        json!({"anyOf": [
            {"type": "string", "minLength": 43},
            {"type": "array", "items": Pepper::schema(bounds), "minItems": 1},
        ]})
    }

    fn show(&self) -> String {
        let ids: Vec<_> = self.0.iter().map(|pepper| pepper.id().to_string()).collect();
        format!("(set, not shown; their ids are {})", ids.join(", "))
    }
}

impl Value for Vec<PepperId> {
    fn read(raw: &Raw, bounds: &Bounds) -> Option<Self> {
        Vec::<String>::read(raw, bounds)?.iter().map(|id| id.parse().ok()).collect()
    }

    fn expected(_: &Bounds) -> String {
        "ids of 8 characters, as the refused start names them (in the environment: separated by commas)".to_owned()
    }

    fn schema(_: &Bounds) -> Schema {
        json!({"type": "array", "items": {"type": "string", "minLength": 8}})
    }

    fn show(&self) -> String {
        self.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

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
    /// Passwords known from breaches, beside the built-in ones.
    pub breached_filter: Option<PathBuf>,
    /// What goes into hashes besides.
    pub peppers: Peppers,
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
        breached_filter: found.find(&BREACHED_FILTER)?,
        peppers: Peppers {
            current: found.find(&PEPPER)?,
            previous: found.find(&PEPPER_PREVIOUS)?.map_or_else(Vec::new, |previous| previous.0),
            lost: found.read(&PEPPER_LOST)?,
        },
    })
}
