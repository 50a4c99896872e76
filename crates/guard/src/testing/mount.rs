//! Verifiers of a test issuer, in this process and over the network.

use std::net::Ipv4Addr;

use tokio::net::TcpListener;

use super::issuer::{MACHINE_KEY, TestIssuer};
use crate::builder::{Builder, Feed};
use crate::verifier::Verifier;

impl TestIssuer {
    /// An issuer on a loopback port, for services in processes of their own. Its clock stands still until it is moved.
    ///
    /// # Panics
    /// No port is free.
    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    pub async fn on_loopback() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let issuer = Self::named(&format!("http://127.0.0.1:{port}"), "https://api.test", true);
        let router = issuer.router();
        tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        issuer
    }

    /// The settings of a verifier that knows this issuer and follows its feed.
    pub fn settings(&self) -> Builder {
        self.settings_without_feed().feed(Feed::key(MACHINE_KEY))
    }

    /// The settings of a verifier that knows this issuer and hears of no revocations.
    pub fn settings_without_feed(&self) -> Builder {
        let builder = Verifier::discover(self.url()).audience(self.audience()).env(self.env().clone());
        if self.is_on_network() { builder } else { builder.served_by(self.router()) }
    }

    /// A verifier that knows this issuer and follows its feed. What is taken back, and time that moves, is waited for until it knows.
    ///
    /// # Panics
    /// It cannot be built.
    pub async fn verifier(&self) -> Verifier {
        self.follow(self.settings()).await
    }

    /// The same with other settings.
    ///
    /// # Panics
    /// It cannot be built.
    #[expect(clippy::expect_used, reason = "a test harness fails its test")]
    pub async fn follow(&self, settings: Builder) -> Verifier {
        let verifier = settings.build().await.expect("the settings of a test can be meant");
        self.wait_for(verifier.revocations().as_ref());
        verifier
    }
}
