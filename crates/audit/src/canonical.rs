//! Builds canonical bytes: the forms of the table in [`crate::chain`].

/// Bytes under construction.
#[derive(Default)]
pub(crate) struct Canonical(pub(crate) Vec<u8>);

impl Canonical {
    pub(crate) fn option<T>(&mut self, value: Option<T>, write: fn(&mut Self, T)) {
        match value {
            None => self.0.push(0),
            Some(value) => {
                self.0.push(1);
                write(self, value);
            }
        }
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.length(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    pub(crate) fn id(&mut self, id: [u8; 16]) {
        self.0.extend_from_slice(&id);
    }

    pub(crate) fn length(&mut self, length: usize) {
        // No text of 4 GiB reaches this place: records are read from rows and lines of a bounded size.
        self.0.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    }
}
