//! Connections to PostgreSQL, where that is the database (DESIGN section 8).

use super::Section;
use super::found::Found;
use super::refusal::Refusal;
use super::setting::Setting;

static CONNECTIONS: Setting<i64> = Setting::new(
    "postgres.connections",
    "Connections of this node for transactions: sign-ins, sign-outs, administration. The server must allow those of all nodes together.",
)
.or("10")
.within(1, 1_000);

static HOT_CONNECTIONS: Setting<i64> =
    Setting::new("postgres.hot_connections", "Further connections of this node, for refreshes alone.")
        .or("6")
        .within(1, 1_000);

/// The section.
pub static SECTION: Section =
    Section { title: "PostgreSQL", settings: &[&CONNECTIONS.definition, &HOT_CONNECTIONS.definition] };

/// Sizes of the pools.
#[derive(Debug)]
pub struct Postgres {
    /// For transactions.
    pub connections: u32,
    /// For refreshes.
    pub hot_connections: u32,
}

/// Reads the section.
///
/// # Errors
/// A value is not acceptable.
pub fn read(found: &Found) -> Result<Postgres, Refusal> {
    let size = |setting| Ok::<_, Refusal>(u32::try_from(found.read(setting)?).unwrap_or(1));
    Ok(Postgres { connections: size(&CONNECTIONS)?, hot_connections: size(&HOT_CONNECTIONS)? })
}
