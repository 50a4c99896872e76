//! A model of refreshing, explored state by state against the real rule (DESIGN section 1).
//!
//! The rule under test is `countersign_session::judge`, called as the server calls it, on the row type that the database
//! keeps. Around it stand, as plainly as they can be said: a browser whose tabs share a cookie jar and attempt ids
//! ([`browser`]), a network that loses, delays, reorders and duplicates, a server that crashes or comes back from an older
//! backup ([`server`]), and a thief who copies the browser's state once and then does whatever he likes with what he knows
//! ([`thief`]). [`Scenario`] says which of these there are and how many; the checker tries every order of events.
//!
//! What is checked in each state ([`watch`]):
//!
//! - (a) without theft no session ends;
//! - (b) from the owner's third generation after the copy on, the thief obtains none of the owner's generations; and once
//!   both have been answered, he is found at his next use after the owner's next-but-one refresh and W;
//! - (c) the generations that can still be continued form one line;
//! - (d) an ended session never answers again.
//!
//! Rules that other systems use ([`rival`]) run through the same model and must fail in it: that shows that it can find
//! faults. docs/concepts/refresh.md explains the rule; docs/design/refresh-model.md says what is simplified here.

pub mod action;
pub mod browser;
mod model;
pub mod rival;
pub mod run;
mod scenario;
pub mod scenarios;
pub mod server;
pub mod state;
pub mod thief;
pub mod watch;

pub use run::{Explored, explore};
pub use scenario::{Copies, Rule, Scenario, Sender};
