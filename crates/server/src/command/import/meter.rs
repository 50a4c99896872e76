//! Bounds how much of a file one entry may take.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// The most that one entry of a file may have, in bytes.
pub(super) const MOST_BYTES: u64 = 1024 * 1024;

/// How much may still be read before the next entry must have begun.
#[derive(Clone)]
pub(super) struct Allowance(Rc<Cell<u64>>);

/// A reader that stops where an entry is too long.
pub(super) struct Metered<R> {
    inner: R,
    left: Allowance,
}

impl<R: Read> Metered<R> {
    pub(super) fn new(inner: R) -> (Self, Allowance) {
        let left = Allowance(Rc::new(Cell::new(MOST_BYTES)));
        (Self { inner, left: left.clone() }, left)
    }
}

impl Allowance {
    /// An entry begins here.
    pub(super) fn renew(&self) {
        self.0.set(MOST_BYTES);
    }

    /// What follows is read past, and not kept.
    pub(super) fn lift(&self) {
        self.0.set(u64::MAX);
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.0.get();
        if left == 0 {
            return Err(io::Error::other("an entry is longer than 1 MiB"));
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.inner.read(buffer.get_mut(..most).unwrap_or_default())?;
        self.left.0.set(left.saturating_sub(read as u64));
        Ok(read)
    }
}
