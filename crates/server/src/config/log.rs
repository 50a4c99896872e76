//! Logs.

use super::Section;
use super::found::Found;
use super::refusal::Refusal;
use super::setting::Setting;

static FORMAT: Setting<String> =
    Setting::new("log.format", "`auto` writes for people on a terminal and JSON elsewhere.")
        .or("auto")
        .one_of(&["auto", "json", "pretty"]);

static LEVEL: Setting<String> = Setting::new("log.level", "The least important line that is written.")
    .or("info")
    .one_of(&["error", "warn", "info", "debug"])
    .reloads();

/// The section.
pub static SECTION: Section = Section { title: "Logs", settings: &[&FORMAT.definition, &LEVEL.definition] };

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people on a terminal, JSON elsewhere.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

/// Logs.
#[derive(Debug)]
pub struct Log {
    /// How lines look.
    pub format: Format,
    /// The least important level that is written: `error`, `warn`, `info` or `debug`.
    pub level: String,
}

/// Reads the section.
///
/// # Errors
/// A value is not acceptable.
pub fn read(found: &Found) -> Result<Log, Refusal> {
    let format = match found.read(&FORMAT)?.as_str() {
        "json" => Format::Json,
        "pretty" => Format::Pretty,
        _ => Format::Auto,
    };
    Ok(Log { format, level: found.read(&LEVEL)? })
}
