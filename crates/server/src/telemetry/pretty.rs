//! Log lines for people: time, level, message, values.

use std::fmt::{self, Write};

use tracing::field::Field;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::format::{self, FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

use super::moment;

/// Formats one event as one line.
#[derive(Debug)]
pub(super) struct Line {
    /// Whether levels are coloured.
    pub(super) colour: bool,
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        moment::write(&mut line)?;
        let level = *event.metadata().level();
        if self.colour {
            write!(line, " \x1b[{}m{level:>5}\x1b[0m ", colour_of(level))?;
        } else {
            write!(line, " {level:>5} ")?;
        }
        context.field_format().format_fields(line.by_ref(), event)?;
        for span in context.event_scope().into_iter().flatten() {
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>().filter(|f| !f.is_empty()) {
                write!(line, " {fields}")?;
            }
        }
        writeln!(line)
    }
}

/// Writes the message bare and every other value as `name=value`, control characters escaped.
pub(super) fn fields() -> impl for<'a> FormatFields<'a> + 'static {
    format::debug_fn(|line: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug| {
        let name = field.name();
        if name != "message" {
            write!(line, "{name}=")?;
        }
        write!(Escaped(line), "{value:?}")
    })
    .delimited(" ")
}

/// Passes text on with its control characters escaped.
struct Escaped<'a, 'b>(&'a mut Writer<'b>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut clean = 0;
        for (place, character) in text.char_indices().filter(|(_, c)| c.is_control()) {
            self.0.write_str(text.get(clean..place).unwrap_or_default())?;
            write!(self.0, "{}", character.escape_default())?;
            clean = place + character.len_utf8();
        }
        self.0.write_str(text.get(clean..).unwrap_or_default())
    }
}

const fn colour_of(level: Level) -> u8 {
    match level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_begin_a_line_of_its_own() {
        let mut line = String::new();
        write!(Escaped(&mut Writer::new(&mut line)), "a\nINFO forged \x1b[31m\u{85}é").unwrap();
        assert_eq!(line, "a\\nINFO forged \\u{1b}[31m\\u{85}é");
    }
}
