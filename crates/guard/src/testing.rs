//! An issuer for the tests of whoever mounts the guard: real keys, real signatures, a real feed of revocations, and time that moves
//! only when told to. In this process, or on a loopback port.
//!
//! ```
//! use std::time::Duration;
//!
//! use countersign_guard::Code;
//! use countersign_guard::testing::TestIssuer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let issuer = TestIssuer::start();
//! let verifier = issuer.verifier().await;
//! let token = issuer.token("ada").role("manager").mint();
//!
//! assert_eq!(verifier.verify(&token).await.unwrap().roles(), ["manager"]);
//! assert_eq!(verifier.verify(&issuer.token("ada").tampered().mint()).await.unwrap_err().code(), Code::TokenInvalid);
//!
//! issuer.sign_out(&token).await;
//! assert_eq!(verifier.verify(&token).await.unwrap_err().code(), Code::TokenRevoked);
//!
//! let other = issuer.token("grace").mint();
//! issuer.advance(Duration::from_secs(16 * 60)).await;
//! assert_eq!(verifier.verify(&other).await.unwrap_err().code(), Code::TokenExpired);
//! # }
//! ```
//!
//! Behind the feature `testing`, which belongs among `dev-dependencies`: whoever holds a [`TestIssuer`] is everybody.

mod clock;
mod issuer;
mod log;
mod mount;
mod routes;
mod token;

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum_core::body::Body;
use http::{Request, Response};
use tower::ServiceExt as _;

pub use clock::TestClock;
pub use countersign_jose::testing::TestToken;
pub use issuer::{MACHINE_KEY, TestIssuer};

use crate::address::Address;
use crate::builder::Builder;
use crate::transport::{Sending, Transport};

impl Builder {
    /// Asks this router instead of the network, whatever the address.
    pub fn served_by(self, router: Router) -> Self {
        self.transport(Arc::new(InProcess(router)))
    }
}

struct InProcess(Router);

impl Transport for InProcess {
    fn send<'a>(&'a self, _: &'a Address, request: Request<Body>) -> Sending<'a> {
        Box::pin(async move {
            let answer: Result<Response<Body>, Infallible> = self.0.clone().oneshot(request).await;
            answer.map_err(|impossible| match impossible {})
        })
    }
}
