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
use tracing_subscriber::registry::LookupSpan;

use super::moment;

/// Formats one event as one line.
#[derive(Debug)]
pub(super) struct Line;

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        // Put together here and handed over whole: a line has some fifty pieces, and the writer is not known before it runs.
        let mut members = Members { line: String::with_capacity(USUAL_LINE), done: Ok(()) };
        members.line.push_str("{\"timestamp\":\"");
        moment::write(&mut members.line)?;
        members.line.push_str("\",\"level\":\"");
        members.line.push_str(event.metadata().level().as_str());
        members.line.push('"');
        event.record(&mut members);
        // What was logged far below names neither: the thread knows.
        if event.metadata().fields().field(REQUEST).is_none()
            && let Some(request) = countersign_http::current_request()
        {
            members.shown(REQUEST, format_args!("{request}"));
        }
        if let Some(trace) = super::trace::current() {
            members.shown("trace.id", format_args!("{trace}"));
        }
        members.text("target", event.metadata().target());
        members.done?;
        members.line.push_str("}\n");
        writer.write_str(&members.line)
    }
}

/// The member that names the request.
const REQUEST: &str = "request.id";

/// Bytes that few lines exceed.
const USUAL_LINE: usize = 512;

/// A line whose members are written one after the other.
struct Members {
    line: String,
    done: fmt::Result,
}

impl Members {
    fn name(&mut self, name: &str) {
        self.line.push_str(",\"");
        // Names are the code's, not a stranger's. One that is also a word of the language is written `r#type` there.
        self.line.push_str(name.strip_prefix("r#").unwrap_or(name));
        self.line.push_str("\":");
    }

    fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        self.line.push('"');
        push_escaped(&mut self.line, text);
        self.line.push('"');
    }

    /// A value as it shows itself, as text.
    fn shown(&mut self, name: &str, value: fmt::Arguments<'_>) {
        self.name(name);
        self.line.push('"');
        let begin = self.line.len();
        self.done = self.done.and_then(|()| self.line.write_fmt(value));
        if !self.line.get(begin..).is_none_or(is_plain) {
            let wild = self.line.split_off(begin);
            push_escaped(&mut self.line, &wild);
        }
        self.line.push('"');
    }

    /// A value as it shows itself, as a word of JSON.
    fn bare(&mut self, name: &str, value: fmt::Arguments<'_>) {
        self.name(name);
        self.done = self.done.and_then(|()| self.line.write_fmt(value));
    }
}

impl Visit for Members {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.bare(field.name(), format_args!("{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.bare(field.name(), format_args!("{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.bare(field.name(), format_args!("{value}"));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.bare(field.name(), format_args!("{value}"));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.bare(field.name(), format_args!("{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.bare(field.name(), format_args!("{value}"));
        } else {
            // JSON has no word for it.
            self.bare(field.name(), format_args!("null"));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.shown(field.name(), format_args!("{value:?}"));
    }
}

/// Whether text may stand in a JSON string, and a terminal, as it is. To the end without branches: nearly all is.
fn is_plain(text: &str) -> bool {
    text.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~') & (byte != b'"') & (byte != b'\\'))
}

/// Appends text as the inside of a JSON string.
fn push_escaped(line: &mut String, text: &str) {
    if is_plain(text) {
        return line.push_str(text);
    }
    for character in text.chars() {
        match character {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            // No control character lies beyond the sixteen bits that four digits hold. Writing to memory does not fail.
            control if control.is_control() => {
                let _ = write!(line, "\\u{:04x}", u32::from(control));
            }
            other => line.push(other),
        }
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
