//! What is done by mail: proving an address, a new password, signing in, another address, and notices of what was done.
//!
//! Promises, of every verb here: whoever asks learns nothing of whether there is such an account, from no word, status or time; a
//! link or code works once, for a quarter of an hour, for one purpose and one person, and is void after a change of password or
//! address; it was read in the mailbox that it was sent to, so that taking it proves that mailbox. docs/design/mail.md.

pub(crate) mod ask;
pub(crate) mod change;
pub(crate) mod letter;
pub(crate) mod mailbox;
mod notice;
pub(crate) mod post;
pub(crate) mod proof;
pub(crate) mod reset;
pub(crate) mod sign_in;
pub(crate) mod verify;
pub(crate) mod waiting;

pub use ask::{Ask, AskVerdict};
pub use change::{ChangeEmailVerdict, UndoVerdict};
pub use mailbox::Mailbox;
pub use proof::{Proof, Prover};
pub use reset::{ResetVerdict, StartResetVerdict};
pub use sign_in::LinkVerdict;
pub use verify::VerifyVerdict;
pub use waiting::{LinkFacts, Waiting};
