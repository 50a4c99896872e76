//! TestApp, actors, a clock and chance under control, and every bad token in one line.
//!
//! ```
//! use countersign_testkit::{TestApp, minutes};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let app = TestApp::start().await;
//! let ada = app.member("ada").await;
//!
//! app.clock.advance(minutes(16));
//!
//! assert_eq!(ada.get("/api/user/profile").await.code(), "TOKEN_EXPIRED");
//! assert_eq!(ada.refresh().await.status(), 200);
//! assert_eq!(ada.get("/api/user/profile").await.status(), 200);
//! # }
//! ```
//!
//! [`TestApp`] is the whole system in this process, on a temporary database, without a socket; time moves when the test says
//! so. [`Process`] is the built binary with a data directory of its own, to be stopped, killed and started again. The same
//! [`Actor`]s drive both.
//!
//! Every exchange of an actor is held against the OpenAPI document: an answer that it does not describe fails the test.
//!
//! Never put this crate among the dependencies of something that serves people: its chance is predictable.

mod actor;
mod app;
mod authenticator;
mod browser;
mod call;
mod chance;
mod clock;
mod described;
mod feed;
mod gates;
mod jar;
mod letter;
mod mask;
mod mint;
mod process;
mod ran;
mod reply;
mod security_key;
mod served;
mod smtp_sink;
mod table;
mod trail;
mod transport;
mod valkey;

pub use actor::{Actor, Loot, PASSWORD};
pub use app::{TestApp, TestAppBuilder};
pub use authenticator::Authenticator;
pub use call::Call;
pub use chance::SeededEntropy;
pub use clock::{HeldHashes, ManualClock, days, hours, millis, minutes, seconds};
pub use feed::{FeedLine, FeedReader, FeedStream};
pub use gates::{Closed, Gates, Stop};
pub use jar::{Jar, Kept};
pub use letter::Letter;
pub use mask::mask;
pub use mint::is_hmac_of;
pub use process::{Process, ProcessBuilder, until_log};
pub use ran::Ran;
pub use reply::Reply;
pub use security_key::{Answer, SecurityKey};
pub use served::Served;
pub use smtp_sink::{Received, SmtpSink};
pub use table::{AddressLine, AddressTable};
pub use transport::Transport;
pub use valkey::ValkeyServer;

// What tests name in asserts.
pub use countersign_audit::{Event, Outcome, Record};
pub use http::{Method, StatusCode};
pub use serde_json::{Value, json};
