//! Log lines for programs: one JSON object with time, level, the event's values and its target.
//!
//! A line that is written while a request is answered carries its `request.id`, and `trace.id` where it is traced.
//!
//! The same members as the formatter that comes with the subscriber writes, at a fraction of its price: every request writes
//! a line. Control characters are escaped beyond what JSON asks for, so that a line shown in a terminal stays one.

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::registry::LookupSpan;

/// Formats one event as one line.
#[derive(Debug)]
pub(super) struct Line;

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        line.write_str("{\"timestamp\":\"")?;
        SystemTime.format_time(&mut line)?;
        line.write_str("\",\"level\":\"")?;
        line.write_str(event.metadata().level().as_str())?;
        line.write_str("\"")?;
        let mut members = Members { line: &mut line, done: Ok(()) };
        event.record(&mut members);
        // What was logged far below names neither: the thread knows.
        if event.metadata().fields().field(REQUEST).is_none()
            && let Some(request) = countersign_http::current_request()
        {
            members.quoted(REQUEST, |line| write!(line, "{request}"));
        }
        if let Some(trace) = super::trace::current() {
            members.quoted("trace.id", |line| write!(line, "{trace}"));
        }
        members.text("target", event.metadata().target());
        members.done?;
        line.write_str("}\n")
    }
}

/// The member that names the request.
const REQUEST: &str = "request.id";

/// Writes the values of an event as further members of the object.
struct Members<'a> {
    line: &'a mut dyn Write,
    done: fmt::Result,
}

impl Members<'_> {
    fn member(&mut self, name: &str, value: impl FnOnce(&mut dyn Write) -> fmt::Result) {
        self.done = self.done.and_then(|()| {
            self.line.write_str(",\"")?;
            // A field that is also a word of the language is written `r#type` in the source.
            Escaped(&mut *self.line).write_str(name.strip_prefix("r#").unwrap_or(name))?;
            self.line.write_str("\":")?;
            value(&mut *self.line)
        });
    }

    fn text(&mut self, name: &str, text: &str) {
        self.quoted(name, |line| line.write_str(text));
    }

    fn quoted(&mut self, name: &str, value: impl FnOnce(&mut Escaped<'_>) -> fmt::Result) {
        self.member(name, |line| {
            line.write_str("\"")?;
            value(&mut Escaped(&mut *line))?;
            line.write_str("\"")
        });
    }
}

impl Visit for Members<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field.name(), |line| line.write_str(if value { "true" } else { "false" }));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field.name(), |line| write!(line, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field.name(), |line| write!(line, "{value}"));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.member(field.name(), |line| write!(line, "{value}"));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.member(field.name(), |line| write!(line, "{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no word for the others.
        self.member(
            field.name(),
            |line| if value.is_finite() { write!(line, "{value}") } else { line.write_str("null") },
        );
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.quoted(field.name(), |line| write!(line, "{value:?}"));
    }
}

/// Passes text on as the inside of a JSON string.
struct Escaped<'a>(&'a mut dyn Write);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // Nearly all text is plain, and looking at bytes is quick.
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\') {
            return self.0.write_str(text);
        }
        for character in text.chars() {
            match character {
                '"' => self.0.write_str("\\\"")?,
                '\\' => self.0.write_str("\\\\")?,
                '\n' => self.0.write_str("\\n")?,
                '\r' => self.0.write_str("\\r")?,
                '\t' => self.0.write_str("\\t")?,
                // No control character lies beyond the sixteen bits that four digits hold.
                control if control.is_control() => write!(self.0, "\\u{:04x}", u32::from(control))?,
                other => self.0.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines(events: impl FnOnce()) -> Vec<String> {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = tracing_subscriber::fmt().event_format(Line).with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, events);
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn values_keep_their_kind() {
        let lines = lines(|| {
            tracing::warn!(
                target: "here",
                { a.b = 1_u16, minus = -1, yes = true, half = 0.5, no = f64::NAN, text = "x", id = %7, none = None::<u8>, r#type = "t" },
                "hello {}",
                "there"
            );
        });
        let mut line: Value = serde_json::from_str(&lines[0]).unwrap();
        let time = line.as_object_mut().unwrap().remove("timestamp").unwrap();
        assert!(time.as_str().is_some_and(|time| time.ends_with('Z') && time.len() == 27), "{time}");
        let wanted = json!({
            "level": "WARN", "target": "here", "message": "hello there", "a.b": 1, "minus": -1, "yes": true, "half": 0.5,
            "no": null, "text": "x", "id": "7", "type": "t",
        });
        assert_eq!(line, wanted);
    }

    #[test]
    fn a_value_cannot_end_its_string_or_begin_a_line() {
        let wild = "a\"},\n{\"b\\\u{0}\u{1b}[31m\u{7f}\u{85}\r\té\u{1f600}";
        let lines = lines(|| {
            tracing::info!(text = wild, shown = %wild, debug = ?wild, "{wild}");
        });
        assert_eq!(lines.len(), 1);
        assert!(!lines[0].contains(char::is_control), "{}", lines[0]);
        let line: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(line["text"], wild);
        assert_eq!(line["shown"], wild);
        assert_eq!(line["message"], wild);
        assert_eq!(line["debug"], format!("{wild:?}"));
    }
}
