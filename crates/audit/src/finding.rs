//! What a check found, in types and in words.

use std::fmt;

use countersign_kernel::Timestamp;

use crate::chain::Link;
use crate::export::LineError;

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The record's hash does not follow from what stands before it: it was changed, or the one before it was changed and
    /// given a new hash, or records between the two were cut out and the rest renumbered.
    Broken {
        /// The record.
        seq: u64,
    },
    /// Records were cut out.
    Missing {
        /// The first that is not there.
        first: u64,
        /// The last that is not there.
        last: u64,
    },
    /// The record was put in: the ones around it are chained as if it were not there.
    Inserted {
        /// The number it carries.
        seq: u64,
    },
    /// The record belongs to the chain, at another place.
    Moved {
        /// The number it carries.
        seq: u64,
    },
    /// The chain does not go through a head that was noted before.
    NotTheKnown {
        /// The number of that head.
        seq: u64,
    },
    /// Records stand behind the head that the database states.
    BeyondTheHead {
        /// The number of the head.
        seq: u64,
    },
    /// A line of an export that holds no record.
    Unreadable {
        /// The line's number in the file, from 1.
        line: u64,
        /// Why.
        error: LineError,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken { seq } => write!(
                f,
                "record {seq} does not follow from the one before it: one of the two was changed, or records between them \
                 were cut out"
            ),
            Self::Missing { first, last } if first == last => write!(f, "record {first} was cut out"),
            Self::Missing { first, last } => write!(f, "records {first} to {last} were cut out"),
            Self::Inserted { seq } => write!(f, "record {seq} was put in"),
            Self::Moved { seq } => write!(f, "record {seq} was moved"),
            Self::NotTheKnown { seq } => {
                write!(f, "record {seq} is not the one that was noted: the chain was made anew at or before it")
            }
            Self::BeyondTheHead { seq } => write!(f, "records behind {seq}, the head, are no part of the chain"),
            Self::Unreadable { line, error } => write!(f, "line {line} cannot be read: {error}"),
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many sealed records were read.
    pub sealed: u64,
    /// Where the chain ends. Note it elsewhere, and the next check can start from it or expect it.
    pub head: Link,
    /// How many records wait for the sealer: nothing vouches for these yet.
    pub unsealed: u64,
    /// The moment of the oldest of them.
    pub unsealed_since: Option<Timestamp>,
    /// What is wrong, in the order of reading; at most 100.
    pub findings: Vec<Finding>,
    /// How many further findings there were.
    pub more_findings: u64,
}

impl Report {
    /// Whether nothing is wrong with the sealed records.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.findings.is_empty()
    }
}
