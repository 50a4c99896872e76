//! Which row of the refresh table decided, and what is answered.

/// Which row of the table decided, and which of its cases. `X-Refresh-Case` and the log carry the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RefreshCase {
    /// Row 1: not a token of this session that could have been issued, or without the proof that the session is bound to.
    Invalid,
    /// Row 2: no such session.
    Unknown,
    /// Row 2: the session has ended.
    Ended,
    /// Row 2: past the idle or absolute deadline.
    Expired,
    /// Row 3: the database was rolled back; the session goes on.
    Recovered,
    /// Row 4: a sender without attempt ids in a session that uses them; it never rotates.
    NoId,
    /// Row 5: rotated.
    Rotated,
    /// Row 5: more rotations within the window than are remembered.
    Crowded,
    /// Row 6: proven to be a repetition whose answer was lost or overtaken.
    Repeated,
    /// Row 6: proven, but too many ids have been answered with this generation.
    RepeatedCrowded,
    /// Row 7: spent, but harmless.
    Late,
    /// Row 7: spent, and the sender proves that he belonged to a recent generation.
    LateKnown,
    /// Row 7, first exception: a session that never used ids, within the window.
    LateNoIds,
    /// Row 7, second exception: the successor was surely lost; rotated again.
    Reminted,
    /// Row 8: spent, but its sender holds the bound key.
    Proven,
    /// Row 9: theft.
    Theft,
}

impl RefreshCase {
    /// Every case, in the order of the table.
    pub const ALL: [Self; 16] = [
        Self::Invalid,
        Self::Unknown,
        Self::Ended,
        Self::Expired,
        Self::Recovered,
        Self::NoId,
        Self::Rotated,
        Self::Crowded,
        Self::Repeated,
        Self::RepeatedCrowded,
        Self::Late,
        Self::LateKnown,
        Self::LateNoIds,
        Self::Reminted,
        Self::Proven,
        Self::Theft,
    ];

    /// Whether it leaves a record in the audit trail: rows 3, 8 and 9. Such a judgement is always written.
    #[must_use]
    pub const fn is_audited(self) -> bool {
        matches!(self, Self::Recovered | Self::Proven | Self::Theft)
    }

    /// The stable text: the number of the row and a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "1-invalid",
            Self::Unknown => "2-unknown",
            Self::Ended => "2-ended",
            Self::Expired => "2-expired",
            Self::Recovered => "3-recovered",
            Self::NoId => "4-no-id",
            Self::Rotated => "5-rotated",
            Self::Crowded => "5-crowded",
            Self::Repeated => "6-repeated",
            Self::RepeatedCrowded => "6-crowded",
            Self::Late => "7-late",
            Self::LateKnown => "7-known",
            Self::LateNoIds => "7-no-ids",
            Self::Reminted => "7-reminted",
            Self::Proven => "8-proven",
            Self::Theft => "9-theft",
        }
    }
}

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Access token and the refresh token of the row's generation.
    Full,
    /// Access token only: keep what you have.
    Thin,
    /// `TOKEN_INVALID`.
    Invalid,
    /// `TOKEN_REVOKED`.
    Revoked,
    /// `TOKEN_EXPIRED`.
    Expired,
    /// `TOKEN_REUSED`.
    Reused,
}
