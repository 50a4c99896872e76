//! Nodes of one installation.

use std::time::Duration;

use countersign_kernel::{Env, Secret, Timestamp};
use countersign_limit::{Answer, Key, Limiter, MemoryLimiter, Quota, Reading, Receipt, Taken};
use countersign_valkey::{Link, Names, SharedLimiter, ValkeyAddress};

use crate::server::ValkeyServer;

/// The machine may be busy: what is tried here is not how long anybody waits.
pub(crate) const PATIENT: Duration = Duration::from_secs(20);

pub(crate) fn address(server: &ValkeyServer) -> ValkeyAddress {
    ValkeyAddress::parse(&Secret::new(server.url())).unwrap()
}

/// What nodes of the installation with this number are called by.
pub(crate) fn names(installation: u8) -> Names {
    Names::new([installation; 8], &Secret::new([installation; 32]))
}

pub(crate) async fn link(server: &ValkeyServer) -> Link {
    Link::start(&address(server), names(1), PATIENT).await.unwrap()
}

pub(crate) fn node(link: &Link) -> SharedLimiter {
    SharedLimiter::new(MemoryLimiter::new(1_000, &Env::system()), link)
}

/// Each call comes to a node that has seen nothing yet: all that is known is known to Valkey.
pub(crate) struct FreshNodes(pub(crate) Link);

impl Limiter for FreshNodes {
    fn key(&self, parts: &[&[u8]]) -> Key {
        node(&self.0).key(parts)
    }

    fn take(&self, charges: &[(Quota, Key)], now: Timestamp) -> Answer<'_, Taken> {
        let charges = charges.to_vec();
        Answer::later(async move { node(&self.0).take(&charges, now).await })
    }

    fn give_back(&self, receipt: Receipt, charges: &[(Quota, Key)], now: Timestamp) -> Answer<'_, Vec<Reading>> {
        let charges = charges.to_vec();
        Answer::later(async move { node(&self.0).give_back(receipt, &charges, now).await })
    }

    fn readings(&self, charges: &[(Quota, Key)], now: Timestamp) -> Answer<'_, Vec<Reading>> {
        let charges = charges.to_vec();
        Answer::later(async move { node(&self.0).readings(&charges, now).await })
    }
}
