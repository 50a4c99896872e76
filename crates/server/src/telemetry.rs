//! Logs and traces of the process.
//!
//! Promises: one event is one line, whatever is in its values: control characters are escaped in both formats; a slow reader
//! of the log never makes a request wait (lines are dropped and counted instead), and neither it nor a full disk keeps the
//! process from serving or ending.

mod json;
mod moment;
mod pretty;
pub mod trace;
mod writer;

use std::io::IsTerminal;
use std::sync::OnceLock;

use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, reload};

use crate::config::log::{Format, Log};

pub use trace::Traces;
pub use writer::Flush;

/// Sends the logs of a server to standard output until the guard is dropped, and its spans to the collector, if there is one.
#[must_use]
pub fn start(log: &Log, traces: Option<&Traces>) -> Flush {
    let terminal = std::io::stdout().is_terminal();
    let (writer, flush) = writer::start();
    let is_json = log.format == Format::Json || (log.format == Format::Auto && !terminal);
    let colour = terminal && !is_colour_unwanted();
    let level = EnvFilter::new(&log.level);
    // A subscriber that is there already, as in a test, stays.
    let set_level: SetLevel = match (traces, is_json) {
        (None, true) => {
            let lines = tracing_subscriber::fmt().with_env_filter(level).with_writer(writer);
            let lines = lines.event_format(json::Line).with_filter_reloading();
            let handle = lines.reload_handle();
            let _ = lines.try_init();
            Box::new(move |filter| handle.reload(filter).is_ok())
        }
        (None, false) => {
            let lines = tracing_subscriber::fmt().with_env_filter(level).with_writer(writer);
            let lines =
                lines.event_format(pretty::Line { colour }).fmt_fields(pretty::fields()).with_filter_reloading();
            let handle = lines.reload_handle();
            let _ = lines.try_init();
            Box::new(move |filter| handle.reload(filter).is_ok())
        }
        (Some(traces), true) => {
            let (level, handle) = reload::Layer::new(level);
            let lines = tracing_subscriber::fmt::layer().with_writer(writer).event_format(json::Line);
            let _ = tracing_subscriber::registry().with(spans(traces)).with(lines.with_filter(level)).try_init();
            Box::new(move |filter| handle.reload(filter).is_ok())
        }
        (Some(traces), false) => {
            let (level, handle) = reload::Layer::new(level);
            let lines = tracing_subscriber::fmt::layer().with_writer(writer).fmt_fields(pretty::fields());
            let lines = lines.event_format(pretty::Line { colour }).with_filter(level);
            let _ = tracing_subscriber::registry().with(spans(traces)).with(lines).try_init();
            Box::new(move |filter| handle.reload(filter).is_ok())
        }
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

/// Takes our own spans, and nothing else: libraries have spans of theirs, and events are for the log.
fn spans<S>(traces: &Traces) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let ours = filter_fn(|metadata| metadata.is_span() && metadata.target() == trace::SPANS);
    let layer = tracing_opentelemetry::layer().with_tracer(traces.tracer()).with_location(false).with_threads(false);
    layer.with_level(false).with_target(false).with_tracked_inactivity(false).with_filter(ours)
}

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
