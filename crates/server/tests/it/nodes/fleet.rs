//! Three nodes on one database, each at an address that outlives it, and a crowd that goes on using them.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use countersign_kernel::Env;
use countersign_testkit::{Actor, Method, Process, Reply};
use tokio::task::{JoinSet, spawn_blocking};

use super::node;

/// How many nodes there are.
pub(crate) const NODES: usize = 3;

/// The nodes.
pub(crate) struct Fleet(pub(crate) Vec<Process>);

impl Fleet {
    /// Three that start at once.
    pub(crate) async fn start(url: &str) -> Self {
        let starts: Vec<_> = (0..NODES)
            .map(|_| node(url).setting("LISTEN", &lasting_address().to_string()).setting("LIMITS__ENABLED", "false"))
            // Else whoever refreshes without a pause is given thin answers soon.
            .map(|node| tokio::spawn(node.setting("REFRESH__WINDOW_SECONDS", "1").start()))
            .collect();
        let mut nodes = Vec::new();
        for start in starts {
            nodes.push(start.await.unwrap());
        }
        Self(nodes)
    }

    /// One after the other is asked to stop, and started again when it has.
    pub(crate) async fn restart_in_turn(&mut self) {
        for _ in 0..NODES {
            let mut node = self.0.remove(0);
            let ended = spawn_blocking(move || {
                assert_eq!(node.terminate().code(), Some(0), "{}", node.log());
                node
            });
            self.0.push(ended.await.unwrap().restart().await);
        }
    }

    /// Somebody new who uses all of them.
    pub(crate) async fn client(&self, name: &str) -> Client {
        let actor = self.0[0].member(name).await;
        Client { at: self.0.iter().map(|node| node.meet_again(&actor)).collect() }
    }

    /// So many who use the nodes from now on, until [`Crowd::rest`].
    pub(crate) async fn crowd(&self, many: usize) -> Crowd {
        let mut crowd = Crowd { stop: Arc::default(), seen: Arc::default(), tasks: JoinSet::new() };
        for n in 0..many {
            let client = self.client(&format!("member{n}")).await;
            let (stop, seen) = (Arc::clone(&crowd.stop), Arc::clone(&crowd.seen));
            crowd.tasks.spawn(async move { client.go_on(&stop, &seen).await });
        }
        crowd
    }
}

/// A port below those that the kernel hands out by itself: nobody takes it while its node is away.
fn lasting_address() -> SocketAddr {
    let entropy = Env::system();
    for _ in 0..1_000 {
        let port = 20_000 + u16::from_le_bytes(entropy.entropy().bytes::<2>()) % 10_000;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no port is free")
}

/// A person with one browser, which knows all nodes.
pub(crate) struct Client {
    at: Vec<Actor>,
}

/// What the crowd has seen.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) verified: AtomicUsize,
    pub(crate) refreshed: AtomicUsize,
    pub(crate) again: AtomicUsize,
}

/// People who use the nodes all the time.
pub(crate) struct Crowd {
    stop: Arc<AtomicBool>,
    pub(crate) seen: Arc<Seen>,
    tasks: JoinSet<Result<Client, String>>,
}

impl Crowd {
    /// Waits until so many more refreshes were answered.
    pub(crate) async fn refreshes(&self, more: usize) {
        let wanted = self.seen.refreshed.load(Ordering::Relaxed) + more;
        while self.seen.refreshed.load(Ordering::Relaxed) < wanted && !self.tasks.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Lets everybody stop; who they are, if not one request failed.
    pub(crate) async fn rest(mut self) -> Vec<Client> {
        self.stop.store(true, Ordering::Relaxed);
        let (mut clients, mut failures) = (Vec::new(), Vec::new());
        while let Some(done) = self.tasks.join_next().await {
            match done.unwrap() {
                Ok(client) => clients.push(client),
                Err(failure) => failures.push(failure),
            }
        }
        assert_eq!(failures, Vec::<String>::new());
        clients
    }
}

impl Client {
    /// The person at this node.
    pub(crate) fn at(&self, node: usize) -> &Actor {
        &self.at[node % NODES]
    }

    /// Uses any node, and on a lost connection or a 503 one other, once; until told to stop, or to the first failure.
    async fn go_on(self, stop: &AtomicBool, seen: &Seen) -> Result<Self, String> {
        let chance = Env::system();
        while !stop.load(Ordering::Relaxed) {
            let [node, act] = chance.entropy().bytes::<2>().map(usize::from);
            let is_refresh = act % 4 == 0;
            let mut answer = self.ask(node, is_refresh).await;
            if answer.as_ref().map_or(true, |reply| reply.status() == 503) {
                seen.again.fetch_add(1, Ordering::Relaxed);
                let first = answer.map_or_else(|error| error.to_string(), |reply| reply.to_string());
                answer = self.ask(node + 1, is_refresh).await;
                if answer.as_ref().map_or(true, |reply| reply.status() != 200) {
                    return Err(format!("refresh {is_refresh}: {first}, then {answer:?}"));
                }
            }
            match answer {
                Ok(reply) if reply.status() == 200 => {}
                other => return Err(format!("refresh {is_refresh}: {other:?}")),
            }
            let count = if is_refresh { &seen.refreshed } else { &seen.verified };
            count.fetch_add(1, Ordering::Relaxed);
        }
        Ok(self)
    }

    async fn ask(&self, node: usize, is_refresh: bool) -> std::io::Result<Reply> {
        let at = self.at(node);
        if is_refresh {
            at.try_refresh_as_sdk().await
        } else {
            at.call(Method::GET, "/api/auth/verify").try_send().await
        }
    }
}
