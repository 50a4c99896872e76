//! Server-sent events out of the pieces of a body (HTML, "Parsing an event stream").
//!
//! Promises: pieces may be cut anywhere, lines may end as they like; an event that the end of the stream cuts off does not count; an
//! event that does not end is refused, not gathered.

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Event {
    /// `event`; empty where there is none.
    pub(crate) kind: String,
    /// The lines of `data`; none in a block that only says `retry`.
    pub(crate) data: Option<String>,
    /// `id`, of this event alone.
    pub(crate) id: Option<String>,
    /// `retry`, in milliseconds.
    pub(crate) retry: Option<u64>,
}

/// What is left of a stream, and the event that is being read.
#[derive(Debug, Default)]
pub(crate) struct Events {
    rest: Vec<u8>,
    /// How far `rest` was searched for the end of a line.
    searched: usize,
    draft: Event,
    size: usize,
}

impl Events {
    /// Takes a piece and gives the events that it completes.
    ///
    /// # Errors
    /// An event is longer than any of ours, or not UTF-8.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<Vec<Event>, &'static str> {
        self.rest.extend_from_slice(piece);
        let mut events = Vec::new();
        let mut begin = 0;
        while let Some((end, next)) = line_end(&self.rest, self.searched.max(begin)) {
            let line = std::str::from_utf8(self.rest.get(begin..end).unwrap_or_default());
            let line = line.map_err(|_| "an event that is not UTF-8")?;
            self.size += line.len();
            if self.size > MOST_BYTES {
                return Err("an event that is too long");
            }
            if line.is_empty() {
                self.size = 0;
                let event = std::mem::take(&mut self.draft);
                if event.data.is_some() || event.retry.is_some() {
                    events.push(event);
                }
            } else {
                self.draft.take(line);
            }
            begin = next;
            self.searched = next;
        }
        self.rest.drain(..begin);
        // A lone \r at the end may be half of \r\n: it is looked at again.
        self.searched = self.rest.len().saturating_sub(usize::from(self.rest.last() == Some(&b'\r')));
        if self.rest.len() > MOST_BYTES {
            return Err("an event that does not end");
        }
        Ok(events)
    }
}

impl Event {
    fn take(&mut self, line: &str) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut self.kind),
            "id" => self.id = Some(value.to_owned()),
            "retry" => self.retry = value.parse().ok(),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            _ => {}
        }
    }
}

/// Where the first line behind `from` ends, and where the next begins.
fn line_end(bytes: &[u8], from: usize) -> Option<(usize, usize)> {
    let end = from + bytes.get(from..)?.iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
    match (bytes.get(end), bytes.get(end + 1)) {
        (Some(b'\r'), Some(b'\n')) => Some((end, end + 2)),
        (Some(b'\r'), None) => None,
        _ => Some((end, end + 1)),
    }
}

/// 500 revocations take about 100 KB.
const MOST_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "retry: 1000\n\n: a comment\n\nevent: revoked\r\nid: 1-aa\r\ndata: {\"sid\":\"ö\",\r\ndata:\"a\":1}\r\n\r\n\
                          event:snapshot\rdata: {}\r\rdata\nunknown: x\n\nevent: heartbeat\ndata: cut off";

    fn expected() -> Vec<Event> {
        let text = |text: &str| Some(text.to_owned());
        vec![
            Event { retry: Some(1000), ..Event::default() },
            Event { kind: "revoked".into(), id: text("1-aa"), data: text("{\"sid\":\"ö\",\n\"a\":1}"), retry: None },
            Event { kind: "snapshot".into(), data: text("{}"), ..Event::default() },
            Event { data: text(""), ..Event::default() },
        ]
    }

    #[test]
    fn events_come_in_pieces_of_any_length_with_any_line_ends() {
        for length in 1..STREAM.len() {
            let mut events = Events::default();
            let read: Vec<Event> = STREAM.as_bytes().chunks(length).flat_map(|p| events.push(p).unwrap()).collect();
            assert_eq!(read, expected(), "pieces of {length}");
        }
    }

    #[test]
    fn an_event_without_end_is_refused() {
        let piece = [b'x'; 65_536];
        let mut long_line = Events::default();
        assert!((0..17).any(|_| long_line.push(&piece).is_err()));
        let mut many_lines = Events::default();
        let lines = format!("data: {}\n", "x".repeat(65_000));
        assert!((0..17).any(|_| many_lines.push(lines.as_bytes()).is_err()));
        assert!(Events::default().push(b"data: \xff\n").is_err());
    }
}
