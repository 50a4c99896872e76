//! The explorations that are run: what the promises are checked against, and the rules that must fail.

use countersign_kernel::Lifetime;
use countersign_session::Undelivered;

use crate::rival::Rival;
use crate::scenario::Sender::{WithIds, WithoutIds};
use crate::{Copies, Rule, Scenario};

const PLAIN: Scenario = Scenario::PLAIN;

/// Without a thief: nobody is signed out.
#[must_use]
pub fn honest() -> Vec<Scenario> {
    let mut all = vec![
        Scenario { name: "late and repeated requests", sends: 6, late: true, duplicates: 1, ..PLAIN },
        Scenario { name: "three exchanges at a time", in_flight: 3, late: true, ..PLAIN },
        Scenario { name: "a clock of five seconds", unit: Lifetime::from_seconds(5), late: true, sends: 4, ..PLAIN },
        Scenario { name: "pauses of hours", hours: 3, ..PLAIN },
        Scenario { name: "no ids at all", senders: &[WithoutIds], hours: 1, late: true, ..PLAIN },
        Scenario {
            name: "a page server beside",
            senders: &[WithIds, WithoutIds],
            hours: 1,
            days: 1,
            sends: 4,
            ..PLAIN
        },
        Scenario { name: "a second id storage", senders: &[WithIds, WithIds], late: true, ..PLAIN },
        Scenario { name: "storage cleared", clears: 1, hours: 1, late: true, ..PLAIN },
        Scenario { name: "a rollback", rollbacks: 1, late: true, ..PLAIN },
        Scenario { name: "two rollbacks", rollbacks: 2, sends: 4, ..PLAIN },
        Scenario { name: "a rollback with a ring of one", rollbacks: 1, ring: 1, ..PLAIN },
        Scenario { name: "a rollback, storage cleared", rollbacks: 1, clears: 1, sends: 4, ..PLAIN },
        Scenario { name: "a rollback, no ids at all", rollbacks: 1, senders: &[WithoutIds], sends: 4, ..PLAIN },
        Scenario {
            name: "a rollback, a page server beside",
            rollbacks: 1,
            senders: &[WithIds, WithoutIds],
            sends: 4,
            ..PLAIN
        },
        Scenario { name: "bound to a key", bound: true, senders: &[WithIds, WithIds], clears: 1, sends: 4, ..PLAIN },
        Scenario { name: "undelivered is theft", undelivered: Undelivered::Theft, late: true, ..PLAIN },
    ];
    // As many refreshes as fill the ring, and two more.
    let rings = [
        (1, "a full ring of 1"),
        (2, "a full ring of 2"),
        (3, "a full ring of 3"),
        (4, "a full ring of 4"),
        (5, "a full ring of 5"),
        (6, "a full ring of 6"),
        (7, "a full ring of 7"),
        (8, "a full ring of 8"),
    ];
    for (ring, name) in rings {
        let sends = u8::try_from(ring).unwrap_or(8).saturating_add(2);
        let in_flight = if ring <= 3 { 2 } else { 1 };
        all.push(Scenario { name, ring, sends, in_flight, ..PLAIN });
    }
    all
}

/// With a thief who copied the cookie alone, and one who copied everything: he falls behind and is found.
#[must_use]
pub fn stolen() -> Vec<Scenario> {
    let thief = Scenario { sends: 4, uses: 3, in_flight: 1, ..PLAIN };
    let all = vec![
        Scenario { name: "two exchanges at a time", in_flight: 2, ..thief.clone() },
        Scenario { name: "many uses", uses: 5, losses: false, ..thief.clone() },
        Scenario { name: "late and repeated requests", late: true, duplicates: 1, uses: 2, ..thief.clone() },
        Scenario { name: "pauses of hours", hours: 3, losses: false, ..thief.clone() },
        Scenario { name: "no ids at all", senders: &[WithoutIds], hours: 1, ..thief.clone() },
        Scenario {
            name: "a page server beside",
            senders: &[WithIds, WithoutIds],
            hours: 1,
            days: 1,
            sends: 3,
            ..thief.clone()
        },
        Scenario { name: "a second id storage", senders: &[WithIds, WithIds], ..thief.clone() },
        Scenario { name: "storage cleared", clears: 1, hours: 1, sends: 3, ..thief.clone() },
        Scenario { name: "a rollback", rollbacks: 1, losses: false, ..thief.clone() },
        Scenario { name: "a ring of one", ring: 1, hours: 1, ..thief.clone() },
        Scenario { name: "a ring of two", ring: 2, ..thief.clone() },
        Scenario { name: "bound to a key", bound: true, ..thief.clone() },
        Scenario { name: "undelivered is theft", undelivered: Undelivered::Theft, hours: 1, ..thief },
    ];
    let copied = |copies| all.iter().map(move |scenario| Scenario { copies, ..scenario.clone() });
    copied(Copies::Cookie).chain(copied(Copies::Everything)).collect()
}

/// Rules that other systems use, each with the promise that it breaks.
#[must_use]
pub fn rivals() -> Vec<(Scenario, &'static str)> {
    const SIGNED_OUT: &str = "nobody is signed out by accident";
    let rival = |name, rival| Scenario { name, rule: Rule::Rival(rival), ..PLAIN };
    let thief = |scenario| Scenario { copies: Copies::Cookie, uses: 3, losses: false, in_flight: 1, ..scenario };
    vec![
        (rival("strict rotation", Rival::Strict), SIGNED_OUT),
        (rival("a window alone", Rival::WindowOnly), SIGNED_OUT),
        (rival("the parent for ever", Rival::ParentForEver), SIGNED_OUT),
        (thief(rival("a renewed window", Rival::RenewedWindow)), "the thief does not keep up"),
    ]
}
