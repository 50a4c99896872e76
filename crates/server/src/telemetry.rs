//! Logs of the process.
//!
//! Promises: one event is one line, whatever is in its values: control characters are escaped in both formats; a slow reader
//! of the log never makes a request wait (lines are dropped and counted instead), and neither it nor a full disk keeps the
//! process from serving or ending.

mod json;
mod pretty;
mod writer;

use std::io::IsTerminal;
use std::sync::OnceLock;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::config::log::{Format, Log};

pub use writer::Flush;

/// Sends the logs of a server to standard output until the guard is dropped.
#[must_use]
pub fn start(log: &Log) -> Flush {
    let terminal = std::io::stdout().is_terminal();
    let (writer, flush) = writer::start();
    let lines = tracing_subscriber::fmt().with_env_filter(EnvFilter::new(&log.level)).with_writer(writer);
    let is_json = log.format == Format::Json || (log.format == Format::Auto && !terminal);
    // A subscriber that is there already, as in a test, stays.
    let (_, set_level): (_, SetLevel) = if is_json {
        let lines = lines.event_format(json::Line).with_filter_reloading();
        let handle = lines.reload_handle();
        (lines.try_init(), Box::new(move |filter| handle.reload(filter).is_ok()))
    } else {
        let colour = terminal && !is_colour_unwanted();
        let lines = lines.event_format(pretty::Line { colour }).fmt_fields(pretty::fields()).with_filter_reloading();
        let handle = lines.reload_handle();
        (lines.try_init(), Box::new(move |filter| handle.reload(filter).is_ok()))
    };
    let _ = SET_LEVEL.set(set_level);
    flush
}

/// Changes the least important level that is written; `false` where there is no log of ours.
pub fn set_level(level: &str) -> bool {
    SET_LEVEL.get().is_some_and(|set| set(EnvFilter::new(level)))
}

type SetLevel = Box<dyn Fn(EnvFilter) -> bool + Send + Sync>;

/// A process has one log.
static SET_LEVEL: OnceLock<SetLevel> = OnceLock::new();

/// https://no-color.org: any value but an empty one.
#[expect(clippy::disallowed_methods, reason = "this crate reads the environment")]
fn is_colour_unwanted() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Sends the warnings of a command to standard error.
pub fn start_for_command() {
    let lines = tracing_subscriber::fmt().with_max_level(LevelFilter::WARN).with_writer(std::io::stderr);
    let _ = lines.event_format(pretty::Line { colour: false }).fmt_fields(pretty::fields()).try_init();
}

/// How many log lines were dropped because nobody read them in time.
#[must_use]
pub fn dropped_lines() -> u64 {
    writer::DROPPED.count()
}
