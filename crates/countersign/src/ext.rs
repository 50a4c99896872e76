//! What [`Auth`] gains on this floor, where the engines are known.

use std::future::Future;

use countersign_http::Auth;

use crate::builder::Builder;
use crate::system::System;

/// Building an [`Auth`] and shutting it down.
pub trait AuthExt {
    /// Begins an [`Auth`].
    fn builder() -> Builder;

    /// Says `not ready` from now on and ends what would never end by itself, the revocation feed: call it when the app is asked to
    /// stop, or a graceful shutdown waits for its subscribers. What comes is still served.
    fn drain(&self);

    /// Stops what runs by itself, seals the end of the audit trail and closes the database. No call may follow.
    fn shut_down(&self) -> impl Future<Output = ()> + Send;
}

impl AuthExt for Auth {
    fn builder() -> Builder {
        Builder::default()
    }

    fn drain(&self) {
        if let Some(system) = System::of(self) {
            system.drain();
        }
    }

    async fn shut_down(&self) {
        if let Some(system) = System::of(self) {
            system.shut_down().await;
        }
    }
}
