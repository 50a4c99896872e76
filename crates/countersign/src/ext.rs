//! What [`Auth`] gains on this floor, where the engines are known.

use std::future::Future;

use countersign_http::Auth;

use crate::builder::Builder;
use crate::system::System;

/// Building an [`Auth`] and shutting it down.
pub trait AuthExt {
    /// Begins an [`Auth`].
    fn builder() -> Builder;

    /// Stops what runs by itself, seals the end of the audit trail and closes the database. No call may follow.
    fn shut_down(&self) -> impl Future<Output = ()> + Send;
}

impl AuthExt for Auth {
    fn builder() -> Builder {
        Builder::default()
    }

    async fn shut_down(&self) {
        if let Some(system) = System::of(self) {
            system.shut_down().await;
        }
    }
}
