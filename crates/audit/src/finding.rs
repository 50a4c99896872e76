//! What a check found, in types and in words.

use std::fmt;

use countersign_kernel::Timestamp;

use crate::chain::Link;
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::export::LineError;

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The record was changed: what it says, or the hash that it carries.
    Changed {
        /// The record.
        seq: u64,
    },
    /// The record was changed so that a field of it is none any more.
    Spoilt {
        /// The record.
        seq: u64,
        /// The field.
        column: &'static str,
    },
    /// The record is chained to another one than stands before it: the one before was changed and given a new hash, or
    /// records between the two were cut out and all later ones renumbered. A checkpoint behind it tells which.
    Torn {
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
    /// The end was cut off: the chain is known to have gone on.
    CutOff {
        /// The first that is not there.
        first: u64,
        /// The last that is known to have been there.
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
    /// The chain does not go through a point that was signed or noted: it was made anew.
    NotTheKnown {
        /// The number of that point.
        seq: u64,
        /// The last point before it that the chain does go through; 0 for none.
        after: u64,
    },
    /// Records stand behind the head that the database or the export states.
    BeyondTheHead {
        /// The number of the head.
        seq: u64,
    },
    /// A checkpoint or base that is not believed.
    Forged {
        /// Which: `checkpoint 17`, `base`.
        what: String,
        /// Why not.
        error: CheckpointError,
    },
    /// Checkpoints were taken away.
    CheckpointsMissing {
        /// The number of the first.
        first: u64,
        /// The number of the last.
        last: u64,
    },
    /// An export holds another number of checkpoints than it says.
    CheckpointCount {
        /// As it says.
        stated: u64,
        /// As there are.
        found: u64,
    },
    /// An export names another key than the one that is trusted.
    OtherKey {
        /// The name of the key in the export.
        found: String,
    },
    /// A line of an export that says nothing lawful.
    Unreadable {
        /// The line's number in the file, from 1.
        line: u64,
        /// Why.
        error: LineError,
    },
}

impl Finding {
    /// A stable word for the kind, for programs.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Changed { .. } | Self::Spoilt { .. } => "changed",
            Self::Torn { .. } => "torn",
            Self::Missing { .. } => "cut_out",
            Self::CutOff { .. } => "cut_off",
            Self::Inserted { .. } => "inserted",
            Self::Moved { .. } => "moved",
            Self::NotTheKnown { .. } => "made_anew",
            Self::BeyondTheHead { .. } => "beyond_head",
            Self::Forged { .. } => "checkpoint_forged",
            Self::CheckpointsMissing { .. } | Self::CheckpointCount { .. } => "checkpoint_missing",
            Self::OtherKey { .. } => "other_key",
            Self::Unreadable { .. } => "unreadable",
        }
    }

    /// The first and the last record that it speaks of; none where it speaks of none.
    #[must_use]
    pub const fn records(&self) -> Option<(u64, u64)> {
        match self {
            Self::Changed { seq }
            | Self::Spoilt { seq, .. }
            | Self::Torn { seq }
            | Self::Inserted { seq }
            | Self::Moved { seq }
            | Self::BeyondTheHead { seq } => Some((*seq, *seq)),
            Self::Missing { first, last } | Self::CutOff { first, last } => Some((*first, *last)),
            Self::NotTheKnown { seq, after } => Some((after.saturating_add(1), *seq)),
            Self::Forged { .. }
            | Self::CheckpointsMissing { .. }
            | Self::CheckpointCount { .. }
            | Self::OtherKey { .. }
            | Self::Unreadable { .. } => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { seq } => write!(f, "record {seq} was changed"),
            Self::Spoilt { seq, column } => write!(f, "record {seq} was changed: its {column} cannot be read"),
            Self::Torn { seq } => write!(
                f,
                "record {seq} is not chained to the one before it: record {} was changed and given a new hash, or records \
                 between the two were cut out and the later ones renumbered",
                seq.saturating_sub(1)
            ),
            Self::Missing { first, last } if first == last => write!(f, "record {first} was cut out"),
            Self::Missing { first, last } => write!(f, "records {first} to {last} were cut out"),
            Self::CutOff { first, last } if first == last => write!(f, "record {first}, the end, was cut off"),
            Self::CutOff { first, last } => write!(f, "records {first} to {last}, the end, were cut off"),
            Self::Inserted { seq } => write!(f, "record {seq} was put in"),
            Self::Moved { seq } => write!(f, "record {seq} was moved"),
            Self::NotTheKnown { seq, after: 0 } => {
                write!(
                    f,
                    "record {seq} is not the one that was signed or noted: the chain was made anew at or before it"
                )
            }
            Self::NotTheKnown { seq, after } => write!(
                f,
                "record {seq} is not the one that was signed or noted: the chain was made anew at or before it, behind \
                 record {after}"
            ),
            Self::BeyondTheHead { seq } => write!(f, "records behind {seq}, the head, are no part of the chain"),
            Self::Forged { what, error } => write!(f, "{what} is not believed: {error}"),
            Self::CheckpointsMissing { first, last } if first == last => write!(f, "checkpoint {first} was taken away"),
            Self::CheckpointsMissing { first, last } => write!(f, "checkpoints {first} to {last} were taken away"),
            Self::CheckpointCount { stated, found } => {
                write!(f, "the export says that it has {stated} checkpoints and has {found}")
            }
            Self::OtherKey { found } => {
                write!(f, "the export names the key {found}, which is not the one to be trusted")
            }
            Self::Unreadable { line, error } => write!(f, "line {line} cannot be read: {error}"),
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many sealed records were read.
    pub sealed: u64,
    /// Where the check begins: behind this point.
    pub start: Link,
    /// The signed statement that what stood before was given up, where there is one and it was believed.
    pub base: Option<Checkpoint>,
    /// Where the chain ends. Note it elsewhere, and the next check can start from it or expect it.
    pub head: Link,
    /// How many checkpoints had a good signature.
    pub checkpoints: u64,
    /// The newest checkpoint that the chain goes through.
    pub signed: Option<Checkpoint>,
    /// How many records wait for the sealer: nothing vouches for these yet.
    pub unsealed: u64,
    /// The moment of the oldest of them.
    pub unsealed_since: Option<Timestamp>,
    /// How many records had their personal fields destroyed.
    pub erased: u64,
    /// The name of the key that checkpoints were checked with; none where there was none.
    pub key: Option<String>,
    /// What is wrong, in the order of reading; at most 100.
    pub findings: Vec<Finding>,
    /// How many further findings there were.
    pub more_findings: u64,
}

impl Report {
    pub(crate) const fn new(start: Link) -> Self {
        Self {
            sealed: 0,
            start,
            base: None,
            head: start,
            checkpoints: 0,
            signed: None,
            unsealed: 0,
            unsealed_since: None,
            erased: 0,
            key: None,
            findings: Vec::new(),
            more_findings: 0,
        }
    }

    /// Whether nothing is wrong with the sealed records.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.findings.is_empty()
    }

    /// How many sealed records stand behind the newest checkpoint: the chain alone vouches for these.
    #[must_use]
    pub fn unsigned(&self) -> u64 {
        let signed = self.signed.map_or(self.start.seq, |checkpoint| checkpoint.link.seq);
        self.head.seq.saturating_sub(signed)
    }
}
