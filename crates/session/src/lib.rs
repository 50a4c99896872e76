//! Sessions: open, rotate, judge, revoke, verify.
//!
//! You are in: this floor keeps people signed in, finds out whoever uses a copied token, and refuses what was revoked. The
//! rule of refreshing is [`judge`](mod@judge), a pure function; around it stand the wire form ([`refresh_token`]), the one conditional
//! write (`rotate.rs`), and the live set of revocations that every check of an access token asks ([`revocations`]).
//! [`Sessions`] is the handle. Follows DESIGN sections 1 and 2;
//! docs/design/refresh.md, refresh-tokens.md and revocation.md say why.

pub mod access_token;
pub mod amr;
pub mod attempt;
pub mod bind;
pub mod claims;
pub mod csrf;
pub mod device;
pub mod error;
pub mod feed;
pub mod identity;
pub mod issue;
pub mod judge;
mod list;
mod mac;
pub mod machine;
mod moved;
pub mod open;
mod page_session;
pub mod policy;
pub mod readings;
mod recall;
pub mod refresh_token;
pub mod revocations;
mod revoke;
mod revoke_named;
pub mod rotate;
mod rounds;
mod seen;
mod sessions;
mod settle;
pub mod status_list;
mod step_up;
mod sweep;
mod tally;
mod tick;
pub mod user_agent;
mod verify;

pub use access_token::{ACCESS_TOKEN_TYPE, IssuedAccess};
pub use attempt::{AttemptId, AttemptIds, NotAnAttemptId};
pub use bind::{BindPolicy, OnChange};
pub use claims::{ClaimRefused, ClaimsHook};
pub use csrf::{Beside, CsrfKeys, CsrfOwner};
pub use device::DeviceKeys;
pub use error::Error;
pub use feed::{FeedEvent, FeedReadings, SubscribeVerdict, Subscription, Told};
pub use identity::{Identity, TokenError};
pub use issue::Issued;
pub use judge::{RefreshCase, Undelivered};
pub use machine::CreateMachineVerdict;
pub use open::NewSession;
pub use policy::{Policy, WhenStale};
pub use readings::Readings;
pub use refresh_token::RefreshText;
pub use revocations::{LiveSet, Names};
pub use revoke_named::{Named, RevokeVerdict};
pub use rotate::{RotateVerdict, Rotated};
pub use sessions::Sessions;
pub use status_list::{STATUS_LIST_TTL, STATUS_LIST_TYPE, StatusListToken};
pub use user_agent::AgentFamily;
// Nouns that callers above the store meet: they need no arrow of their own down there.
pub use countersign_store::{
    Cursor, Delivery, Effect, EndReason, Machine, Page, PageRequest, Revocation, RevocationHead, Session, Target, User,
};
