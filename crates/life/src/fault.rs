//! What the network does to one exchange.
//!
//! Both halves are treated alike: what goes wrong on the way there leaves the server as it was, what goes wrong on the way back
//! leaves it with a commit that the client knows nothing of. One assumption about networks is made, and kept: none holds a
//! request for longer than [`HELD`] and delivers it then. DESIGN section 1 rests on that ("spent less than W ago").

use crate::dice::Dice;
use crate::time::{At, SECOND};

/// No request reaches the server later than this after it was sent: less than W = 30 s.
pub(crate) const HELD: At = 25 * SECOND;

/// What the network gives to answers and requests as a rule: arrivals fall on multiples of this, so that some meet.
const GRID: At = 100;

/// What happens to the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Back {
    /// It comes after this long.
    Comes(At),
    /// It never comes, and the client waits until it gives up.
    Lost,
    /// The connection breaks before it comes.
    Reset(At),
    /// So many thousandths of its bytes come after this long, and the connection closes.
    Cut(u64, At),
}

/// What happens to one copy of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum There {
    /// It arrives after this long.
    Arrives(At, Back),
    /// It never arrives, and the client waits until it gives up.
    Lost,
    /// The connection is refused after this long.
    Refused(At),
    /// So many thousandths of its bytes arrive after this long, and the connection closes.
    Cut(u64, At),
    /// It arrives after this long, and the connection is closed before the server has answered.
    HangUp(At),
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Nothing goes wrong.
    Clear,
    /// About one exchange in eight is hurt.
    Fair,
    /// About two exchanges in three are.
    Foul,
}

/// Draws what becomes of an exchange: one copy of the request, or two, with the names of the faults.
pub(crate) fn draw(dice: &mut Dice, weather: Weather) -> (Vec<There>, Vec<&'static str>) {
    let mut names = Vec::new();
    let share = match weather {
        Weather::Clear => return (vec![There::Arrives(GRID, Back::Comes(GRID))], names),
        Weather::Fair => 60,
        Weather::Foul => 400,
    };
    let mut copies = vec![there(dice, share, &mut names)];
    if dice.permille(share / 4) {
        names.push("request duplicated");
        copies.push(there(dice, share, &mut names));
    }
    (copies, names)
}

fn there(dice: &mut Dice, share: u64, names: &mut Vec<&'static str>) -> There {
    if !dice.permille(share) {
        return There::Arrives(GRID * dice.between(1, 4), back(dice, share, names));
    }
    let (name, fault) = match dice.below(7) {
        0 => ("request lost", There::Lost),
        1 => ("request refused", There::Refused(GRID)),
        2 => ("request cut", There::Cut(dice.below(1_000), GRID)),
        3 => ("hung up", There::HangUp(GRID)),
        4 => ("request held", There::Arrives(on_grid(dice.between(10 * SECOND, HELD)), back(dice, share, names))),
        _ => ("request delayed", There::Arrives(on_grid(dice.between(SECOND, 9 * SECOND)), back(dice, share, names))),
    };
    names.push(name);
    fault
}

fn back(dice: &mut Dice, share: u64, names: &mut Vec<&'static str>) -> Back {
    if !dice.permille(share) {
        return Back::Comes(GRID * dice.between(1, 4));
    }
    let (name, fault) = match dice.below(6) {
        0 => ("answer lost", Back::Lost),
        1 => ("answer reset", Back::Reset(GRID)),
        2 | 3 => ("answer cut", Back::Cut(dice.below(1_000), GRID)),
        _ => ("answer delayed", Back::Comes(on_grid(dice.between(SECOND, 10 * SECOND)))),
    };
    names.push(name);
    fault
}

const fn on_grid(span: At) -> At {
    span - span % GRID
}
