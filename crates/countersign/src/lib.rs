//! Sign-up, sign-in, rotating refresh tokens and revocation, mounted in an axum app.
//!
//! Put an [`Auth`] into the state of the app, merge its router, and take [`CurrentUser`] where a handler needs to know who
//! asks:
//!
//! ```
//! use axum::extract::FromRef;
//! use axum::routing::get;
//! use axum::Router;
//! use countersign::{Auth, AuthExt as _, CurrentUser};
//!
//! #[derive(Clone, FromRef)]
//! struct App {
//!     auth: Auth,
//! }
//!
//! async fn orders(user: CurrentUser) -> String {
//!     format!("the orders of {}", user.id())
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let auth = Auth::builder().public_url("http://localhost:3000").data_dir("./auth-data").build().await?;
//! let app: Router = Router::new()
//!     .route("/orders", get(orders))
//!     .with_state(App { auth: auth.clone() })
//!     .merge(auth.router());
//! # let _ = app;
//! # Ok(())
//! # }
//! ```
//!
//! # An app that forgot `Auth` does not compile
//!
//! The extractors ask the state for an [`Auth`]. The same app with a state that holds none is refused by the compiler, not at
//! run time and not by an open door:
//!
//! ```compile_fail,E0277
//! use axum::extract::FromRef;
//! use axum::routing::get;
//! use axum::Router;
//! use countersign::{Auth, AuthExt as _, CurrentUser};
//!
//! #[derive(Clone, FromRef)]
//! struct App {
//!     name: String,
//! }
//!
//! async fn orders(user: CurrentUser) -> String {
//!     format!("the orders of {}", user.id())
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let auth = Auth::builder().public_url("http://localhost:3000").data_dir("./auth-data").build().await?;
//! let app: Router = Router::new()
//!     .route("/orders", get(orders))
//!     .with_state(App { name: String::new() })
//!     .merge(auth.router());
//! # let _ = app;
//! # Ok(())
//! # }
//! ```

mod backup;
mod breached;
mod builder;
mod data_dir;
mod data_lock;
mod engine;
mod error;
mod event_counts;
mod ext;
mod forwarding;
mod hook;
mod house;
mod inspect;
mod janitor;
mod journal;
mod mail_room;
mod outbox;
mod pepper;
mod public_url;
pub mod readings;
mod restore;
mod system;
mod upkeep;
mod valkey;

pub use backup::{BackupError, Manifest};
pub use breached::read_breached_filter;
pub use builder::{Builder, MovePlan, Moved};
pub use error::Error;
pub use ext::AuthExt;
pub use forwarding::ForwardingSeen;
pub use mail_room::{MailReading, Mailer};
pub use public_url::{PublicUrl, PublicUrlError};
pub use restore::{Reach, Restore, Restored, Sessions as RestoredSessions};
pub use system::System;

// What an app meets of the floors below.
pub use countersign_account::UserVerification;
pub use countersign_audit::{Event, Record};
pub use countersign_http::*;
pub use countersign_jose::Algorithm;
pub use countersign_kernel::{Language, Languages, Lifetime, Secret, SessionId, Timestamp, UserId};
pub use countersign_limit::{Policies, Quota};
pub use countersign_password::{HasherConfig, Params, Pepper, PepperId, Peppers, Policy as PasswordPolicy};
pub use countersign_session::{BindPolicy, Delivery, OnChange, Undelivered, WhenStale};
pub use countersign_store::User;
pub use countersign_store_sql::moving::{Copied, MoveError};
pub use countersign_store_sql::{OpenError, PostgresAddress};
pub use countersign_valkey::{AddressError as ValkeyAddressError, ValkeyAddress};

/// What the commands on passwords work with: lists, filters and measurements.
pub mod passwords {
    pub use countersign_password::{
        Calibration, Code, Error, Filter, FilterBuilder, FilterError, HashError, Hasher, Kept, ListError, ListForm,
        Measurement, Password, Strength, TooLong, Violation,
    };
}

/// What mails are made of, and who takes them: for commands, tests and transports of one's own.
pub mod mail {
    pub use countersign_mail::{
        Address, Directory, Error, Fact, Facts, Kept, Kind, Mailbox, Message, Rendered, Smtp, Templates, Transport,
        Undelivered,
    };
}
