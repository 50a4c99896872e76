//! What a service mounts to accept Countersign's access tokens: signatures are checked here, revocations are known from memory, and no
//! request is sent for a request.
//!
//! ```no_run
//! use axum::extract::FromRef;
//! use axum::routing::get;
//! use axum::Router;
//! use countersign_guard::{Feed, Identity, Verifier};
//!
//! #[derive(Clone, FromRef)]
//! struct App {
//!     verifier: Verifier,
//! }
//!
//! async fn orders(identity: Identity) -> String {
//!     format!("the orders of {}", identity.id())
//! }
//!
//! async fn home(identity: Option<Identity>) -> String {
//!     identity.map_or("Hello".to_owned(), |identity| format!("Welcome back, {}", identity.id()))
//! }
//!
//! # async fn start() -> Result<(), countersign_guard::Error> {
//! let verifier = Verifier::discover("https://auth.example.com")
//!     .audience("https://orders.example.com")
//!     .feed(Feed::key_file("countersign.key"))
//!     .build()
//!     .await?;
//! let books = Router::new().route("/books", get(orders)).route_layer(verifier.require_role("bookkeeper"));
//! let app: Router = Router::new()
//!     .route("/orders", get(orders))
//!     .route("/", get(home))
//!     .merge(books)
//!     .with_state(App { verifier });
//! # Ok(()) }
//! ```
//!
//! # Without a feed, revocation takes effect at expiry
//!
//! A verifier without [`Builder::feed`] checks signatures and times alone. **Whoever signs out, is disabled or has a token stolen is let in
//! here until that token expires**: 15 minutes by default. The build says so in the log.
//!
//! # Promises
//!
//! 1. What the server refuses is refused here: another algorithm than the key's, `none`, keys that come along, any `crit`, a member that
//!    stands twice, more than 8 KiB, another `typ` than `at+jwt`, another issuer or audience, a missing or mistyped claim. HS256 is
//!    not taken: whoever can check such a token can make one.
//! 2. The answers are the server's, word for word: codes, problem documents, `WWW-Authenticate`. Without keys the answer is 503, which
//!    signs nobody out.
//! 3. A token that was taken back is refused within a second, remembered or not; how old the list of revocations is is known from what
//!    the server signs, and beyond a bound the guard refuses, or accepts and says so.
//! 4. A flood of made-up tokens costs the issuer two requests a minute at most, and no memory here.
//!
//! # It does not compile without a verifier
//!
//! ```compile_fail
//! use axum::{Router, routing::get};
//! use countersign_guard::Identity;
//!
//! async fn orders(identity: Identity) -> String {
//!     identity.id().to_string()
//! }
//!
//! let app: Router = Router::new().route("/orders", get(orders)).with_state(());
//! ```
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use countersign_guard::{Identity, Verifier};
//!
//! async fn orders(identity: Identity) -> String {
//!     identity.id().to_string()
//! }
//!
//! # fn app(verifier: Verifier) {
//! let app: Router = Router::new().route("/orders", get(orders)).with_state(verifier);
//! # }
//! ```

mod address;
mod builder;
mod demand;
mod error;
mod extract;
mod feed;
mod file;
mod heartbeat;
mod identity;
mod jwks;
mod layer;
mod live;
mod network;
mod refusal;
mod revocations;
mod sse;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;
mod verifier;

pub use builder::{Builder, Discovery, Feed};
pub use demand::Demand;
pub use error::Error;
pub use extract::Claims;
pub use identity::Identity;
pub use layer::{Guarded, OptionalAuth, Require, RequireAuth, RequirePermission, RequireRole, RequireScope};
pub use refusal::{Code, Refusal};
pub use revocations::{FeedStatus, WhenStale};
pub use verifier::{Status, Verifier};

/// Ids, times and the environment, as the whole house has them.
pub use countersign_kernel::{DeviceId, Env, Lifetime, SessionId, Timestamp, TokenId, UserId};
