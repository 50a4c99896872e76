//! A cable between two machines, such as a node and its database, which can be pulled out, clamped, and plugged in elsewhere.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How the cable is.
#[derive(Debug, Clone, Copy)]
struct State {
    /// Where it leads.
    to: SocketAddr,
    /// Whether nothing comes through, while nobody is told.
    is_clamped: bool,
    /// Whether nobody is let in.
    is_out: bool,
    /// How often everybody was cut off.
    cuts: u32,
}

/// A TCP proxy on the loopback. Dropped, it ends.
pub(crate) struct Cable {
    /// Where to connect to.
    pub(crate) address: SocketAddr,
    state: Arc<watch::Sender<State>>,
    connections: Arc<AtomicUsize>,
}

impl Cable {
    /// A cable that leads there.
    pub(crate) async fn to(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (state, seen) = watch::channel(State { to, is_clamped: false, is_out: false, cuts: 0 });
        let connections: Arc<AtomicUsize> = Arc::default();
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(carry(client, seen.clone()));
            }
        });
        Self { address, state: Arc::new(state), connections }
    }

    /// How many connections were opened through it.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Cuts off everybody who is connected, and lets nobody in.
    pub(crate) fn pull(&self) {
        self.state.send_modify(|state| {
            state.is_out = true;
            state.cuts += 1;
        });
    }

    /// Lets nothing through any more, and tells nobody.
    pub(crate) fn clamp(&self) {
        self.state.send_modify(|state| state.is_clamped = true);
    }

    /// Lets everything through again, also what has waited.
    pub(crate) fn release(&self) {
        self.state.send_modify(|state| (state.is_clamped, state.is_out) = (false, false));
    }

    /// Leads elsewhere from now on, for new connections.
    pub(crate) fn lead_to(&self, to: SocketAddr) {
        self.state.send_modify(|state| state.to = to);
    }
}

async fn carry(client: TcpStream, mut seen: watch::Receiver<State>) {
    let Ok(state) = seen.wait_for(|state| !state.is_clamped).await.map(|state| *state) else { return };
    if state.is_out {
        return;
    }
    let Ok(server) = TcpStream::connect(state.to).await else { return };
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let (up, down) = (seen.clone(), seen.clone());
    let cut = async { seen.wait_for(|now| now.cuts != state.cuts).await.is_ok() };
    tokio::select! {
        () = pump(from_client, to_server, up) => {}
        () = pump(from_server, to_client, down) => {}
        _ = cut => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut seen: watch::Receiver<State>) {
    let mut buffer = vec![0; 16_384];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if seen.wait_for(|state| !state.is_clamped).await.is_err() || to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
