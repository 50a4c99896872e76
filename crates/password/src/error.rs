//! What can go wrong while hashing.

use countersign_kernel::Lifetime;

/// The hasher cannot be made, or a stored hash cannot be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Argon2 does not allow these parameters.
    #[error("password hashing parameters out of range: {0}")]
    Params(String),
    /// Not even one hash fits.
    #[error("the memory budget of {budget_kib} KiB is less than the {needed_kib} KiB of one hash")]
    BudgetTooSmall {
        /// The budget.
        budget_kib: u32,
        /// What one hash needs.
        needed_kib: u32,
    },
    /// The operating system refused a thread.
    #[error("could not start a hashing thread")]
    Thread(#[source] std::io::Error),
    /// A stored hash is of a kind that this version cannot check.
    #[error("stored password hash of an unknown kind")]
    UnknownHash,
    /// A stored hash needs a secret of the system that made it.
    #[error("the secret that an imported password hash needs is not there")]
    SecretMissing,
    /// A stored hash was made with a pepper that this server was not given: nobody can say whether a password is right.
    #[error(
        "a stored password hash needs the pepper {0}, which is not configured: give it as PASSWORDS__PEPPER or in \
         PASSWORDS__PEPPER_PREVIOUS"
    )]
    UnknownPepper(String),
    /// The hashing threads are gone, or could not get their memory.
    #[error("password hashing failed: {0}")]
    Failed(&'static str),
}

/// Too many passwords wait: the answer would come later than anyone would wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are waiting to be hashed")]
pub struct Busy {
    /// When trying again may help: at least a second.
    pub retry_after: Lifetime,
}

/// Why there is no hash or no verdict.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Refused at the door, or waited for more than twice the deadline; nothing was computed.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Error),
}
