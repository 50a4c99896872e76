//! Time, entropy, typed ids, secrets, counters, and where a request's token stands: what every other room stands on.
//!
//! This is the only crate that touches the wall clock ([`SystemClock`], [`WallClock`]) and the operating system's generator
//! ([`SystemEntropy`]). Everything above takes an [`Env`], so that a test owns both.

pub mod bearer;
pub mod entropy;
pub mod env;
pub mod hex;
pub mod id;
pub mod language;
pub mod location;
pub mod measure;
pub mod origin;
pub mod secret;
pub mod time;

pub use bearer::Bearer;
pub use entropy::{Entropy, SystemEntropy};
pub use env::Env;
pub use id::{AuditId, DeviceId, KeyId, MachineId, MailId, PasskeyId, RequestId, SessionId, TokenId, UserId};
pub use language::{Language, Languages};
pub use location::{Country, Locate, Location};
pub use measure::{Counter, Distribution, Histogram};
pub use origin::{NetworkKey, Origin};
pub use secret::Secret;
pub use time::{Clock, Lifetime, SystemClock, Timestamp, WallClock};
