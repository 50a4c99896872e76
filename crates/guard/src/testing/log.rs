//! The revocation log of a test issuer, and who listens to it.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;
use tokio::sync::mpsc;

/// Everything that was taken back, in order.
#[derive(Debug, Default)]
pub(super) struct Log {
    entries: Vec<Entry>,
    readers: Vec<mpsc::UnboundedSender<Bytes>>,
}

#[derive(Debug)]
struct Entry {
    place: String,
    data: String,
}

impl Log {
    /// The place that the log has reached.
    pub(super) fn place(&self) -> String {
        self.entries.last().map_or_else(|| "0-0000000000000000".to_owned(), |entry| entry.place.clone())
    }

    /// Adds a revocation and tells whoever listens.
    pub(super) fn add(&mut self, data: String) {
        let mut hasher = DefaultHasher::new();
        (self.place(), &data).hash(&mut hasher);
        let place = format!("{}-{:016x}", self.entries.len() + 1, hasher.finish());
        let entry = Entry { place, data };
        self.say(&entry.event());
        self.entries.push(entry);
    }

    /// Lets somebody listen who has heard everything up to `last`.
    pub(super) fn subscribe(&mut self, last: Option<&str>) -> Listening {
        let mut first = String::from("retry: 1000\n\n");
        let known = last.map(|last| (last, self.entries.iter().position(|entry| entry.place == last)));
        match known {
            Some((_, Some(at))) => first.extend(self.entries.iter().skip(at + 1).map(Entry::event)),
            Some(("0-0000000000000000", None)) => first.extend(self.entries.iter().map(Entry::event)),
            other => {
                if other.is_some() {
                    first += "event: reset\ndata: {}\n\n";
                }
                let all: Vec<&str> = self.entries.iter().map(|entry| entry.data.as_str()).collect();
                if !all.is_empty() {
                    first += &format!("event: snapshot\ndata: {{\"revocations\":[{}]}}\n\n", all.join(","));
                }
            }
        }
        let (reader, listening) = mpsc::unbounded_channel();
        let _ = reader.send(first.into());
        self.readers.push(reader);
        Listening(listening)
    }

    /// Tells whoever listens.
    pub(super) fn say(&mut self, event: &str) {
        let piece = Bytes::from(event.to_owned());
        self.readers.retain(|reader| reader.send(piece.clone()).is_ok());
    }

    /// Whether anybody listens.
    pub(super) fn is_heard(&mut self) -> bool {
        self.readers.retain(|reader| !reader.is_closed());
        !self.readers.is_empty()
    }

    /// Ends every connection.
    pub(super) fn hang_up(&mut self) {
        self.readers.clear();
    }
}

impl Entry {
    fn event(&self) -> String {
        format!("event: revoked\nid: {}\ndata: {}\n\n", self.place, self.data)
    }
}

/// The body of a feed.
pub(super) struct Listening(mpsc::UnboundedReceiver<Bytes>);

impl http_body::Body for Listening {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(cx).map(|piece| piece.map(|bytes| Ok(Frame::data(bytes))))
    }
}
