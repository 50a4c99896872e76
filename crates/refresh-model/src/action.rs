//! What can happen next.

use std::fmt;

use crate::server::IdName;

/// One event. Traces are lists of these.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A sender of the browser's sends a refresh.
    Send(usize),
    /// The request at this place is judged.
    Judge(usize),
    /// The same, and the network will deliver it once more.
    JudgeAndRepeat(usize),
    /// The request at this place is lost.
    LoseRequest(usize),
    /// The full answer at this place arrives.
    Receive(usize),
    /// The full answer at this place is lost.
    LoseReply(usize),
    /// The id storage is cleared.
    ClearStorage,
    /// The row is saved as it is.
    Save,
    /// The process starts again with the row that was saved.
    RollBack,
    /// One unit of time passes.
    Wait,
    /// Over an hour passes.
    WaitAnHour,
    /// Over a day passes.
    WaitADay,
    /// The thief copies the browser's state.
    Copy,
    /// The thief presents a token with these ids.
    Steal(u64, Option<IdName>, Option<IdName>),
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(sender) => write!(f, "sender {sender} sends"),
            Self::Judge(at) => write!(f, "request [{at}] is judged"),
            Self::JudgeAndRepeat(at) => write!(f, "request [{at}] is judged and will come again"),
            Self::LoseRequest(at) => write!(f, "request [{at}] is lost"),
            Self::Receive(at) => write!(f, "answer [{at}] arrives"),
            Self::LoseReply(at) => write!(f, "answer [{at}] is lost"),
            Self::ClearStorage => f.write_str("the id storage is cleared"),
            Self::Save => f.write_str("the row is saved"),
            Self::RollBack => f.write_str("the server starts again with the saved row"),
            Self::Wait => f.write_str("time passes"),
            Self::WaitAnHour => f.write_str("an hour passes"),
            Self::WaitADay => f.write_str("a day passes"),
            Self::Copy => f.write_str("the thief copies the browser's state"),
            Self::Steal(generation, attempt, last) => {
                write!(f, "the thief presents {generation}, attempt {attempt:?}, last {last:?}")
            }
        }
    }
}
