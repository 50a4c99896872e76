//! An app that can be reached over the network.

use std::net::SocketAddr;

use tokio::task::JoinHandle;

use crate::actor::Actor;
use crate::browser::World;

/// An app on a loopback socket.
pub struct Served {
    /// Its address.
    pub address: SocketAddr,
    world: World,
    task: JoinHandle<()>,
}

impl Served {
    pub(crate) const fn new(address: SocketAddr, world: World, task: JoinHandle<()>) -> Self {
        Self { address, world, task }
    }

    /// Somebody with this name who comes over the socket.
    #[must_use]
    pub fn stranger(&self, name: &str) -> Actor {
        Actor::new(self.world.clone(), name)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}
