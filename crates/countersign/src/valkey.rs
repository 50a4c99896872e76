//! What this installation does with Valkey: shared limits, and the news of revocations.

use std::sync::Arc;

use countersign_kernel::{Env, Secret};
use countersign_keys::{Roots, derive};
use countersign_limit::{Limiter, MemoryLimiter};
use countersign_session::Sessions;
use countersign_store::Observer;
use countersign_valkey::{FanOut, Link, Names, PATIENCE, Readings, SharedLimiter, ValkeyAddress};

use crate::error::Error;

/// A server that was named. Connected to by whoever serves, and by no command.
pub(crate) struct Valkey {
    address: ValkeyAddress,
    lookup: Secret<[u8; 32]>,
    link: Option<Link>,
}

impl Valkey {
    /// Understands the address, and connects where `serves` says so. A server that does not answer is no failure.
    pub(crate) async fn open(url: &Secret<String>, roots: &Roots, serves: bool) -> Result<Self, Error> {
        let address = ValkeyAddress::parse(url)?;
        let lookup = roots.lookup.clone();
        let link = if serves { Some(Link::start(&address, names(&lookup), PATIENCE).await?) } else { None };
        Ok(Self { address, lookup, link })
    }

    /// A limiter that counts there as well.
    pub(crate) fn share(&self, own: MemoryLimiter) -> Arc<dyn Limiter> {
        match &self.link {
            Some(link) => Arc::new(SharedLimiter::new(own, link)),
            None => Arc::new(own),
        }
    }

    /// Tells other nodes of what this one revokes, and has theirs read at once.
    pub(crate) fn fan_out(&self, sessions: &Sessions, env: &Env) -> Option<Arc<dyn Observer>> {
        let link = self.link.as_ref()?;
        Some(Arc::new(FanOut::start(link, sessions.hurry(), env)))
    }

    /// Whether it answers, as far as is known; none where nobody has connected.
    pub(crate) fn readings(&self) -> Option<Readings> {
        self.link.as_ref().map(Link::readings)
    }

    /// Asks it.
    pub(crate) async fn check(&self) -> Result<(), String> {
        Link::check(&self.address, names(&self.lookup)).await
    }
}

/// The same on all nodes of the installation, and in none other.
fn names(lookup: &Secret<[u8; 32]>) -> Names {
    let tag = derive(lookup, "valkey", b"installation");
    let tag = tag.expose().first_chunk::<8>().copied().unwrap_or_default();
    Names::new(tag, &derive(lookup, "valkey", b"limits"))
}
