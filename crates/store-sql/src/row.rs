//! Between columns and nouns: numbers that fit, lists of words, and the one way to say that a row is impossible.

use std::fmt::Display;

use countersign_kernel::Timestamp;
use countersign_store::Error;

use crate::error::refused;

/// Where a value stands, so that an impossible one can be named.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) table: &'static str,
    pub(crate) id: &'a dyn Display,
}

impl Place<'_> {
    /// The value in `column` is one that no version of this program writes.
    pub(crate) fn corrupt(self, column: &'static str) -> Error {
        Error::Corrupt { table: self.table, column, id: self.id.to_string() }
    }

    /// A value that must be there.
    pub(crate) fn some<T>(self, column: &'static str, value: Option<T>) -> Result<T, Error> {
        value.ok_or_else(|| self.corrupt(column))
    }

    /// A number that is never negative.
    pub(crate) fn count(self, column: &'static str, value: i64) -> Result<u64, Error> {
        u64::try_from(value).map_err(|_| self.corrupt(column))
    }

    /// A number of 32 bits.
    pub(crate) fn small(self, column: &'static str, value: i64) -> Result<u32, Error> {
        u32::try_from(value).map_err(|_| self.corrupt(column))
    }

    /// Bytes of a fixed length.
    pub(crate) fn bytes<const N: usize>(self, column: &'static str, value: &[u8]) -> Result<[u8; N], Error> {
        value.try_into().map_err(|_| self.corrupt(column))
    }
}

/// A count as a column keeps it.
pub(crate) fn to_column(count: u64) -> Result<i64, Error> {
    i64::try_from(count).map_err(|_| refused("a number exceeds 63 bits"))
}

/// A moment as a column keeps it.
pub(crate) const fn micros(moment: Timestamp) -> i64 {
    moment.as_micros()
}

/// A moment from a column.
pub(crate) const fn moment(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// The words of a column that holds them with one space between.
pub(crate) fn split_words(text: &str) -> Vec<String> {
    text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Words as one column keeps them.
pub(crate) fn join_words(words: &[String]) -> Result<String, Error> {
    if words.iter().any(|word| word.is_empty() || word.contains(' ')) {
        return Err(refused("a word in a list is empty or has a space"));
    }
    Ok(words.join(" "))
}
