//! Accepts connections and serves HTTP/1.1 on them, within bounds.
//!
//! Promises: a client that sends or reads slowly, or not at all, holds a connection for a bounded time; a head is at most
//! 64 KiB and 100 fields; connections are bounded, and one too many is told so at once instead of being left to wait; when
//! asked to stop, no new connection is taken, requests under way are finished, and the rest is cut off after the drain time.
//! The time of connections is counted in turns of one watchman, so that a request costs no timer.

mod body;
mod connection;
mod head;
mod pieces;
pub mod tally;
pub mod tls;
pub mod validity;
mod watch;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::config::http::Http;
use tls::Tls;
use watch::Watch;

/// A listener, what it serves, and its own bounds: a crowd at one door leaves the others free.
#[derive(Debug)]
pub struct Door {
    /// Where connections come in.
    pub listener: TcpListener,
    /// What they are served.
    pub router: Router,
    /// Connections at once, and their times.
    pub bounds: Http,
    /// What TLS is ended with; none where the door speaks plain HTTP.
    pub tls: Option<Arc<Tls>>,
    /// Whether it stays open until the other doors are empty: health checks are told there that the server is going.
    pub stays: bool,
}

/// Serves each door until `stop` is done, then drains for at most `drain`.
pub async fn serve(doors: Vec<Door>, stop: impl Future<Output = ()>, drain: Duration) {
    let (mut first, mut last) = (Side::default(), Side::default());
    for Door { listener, router, bounds, tls, stays } in doors {
        let watch = Arc::new(Watch::new(bounds));
        let Side { tasks, watches } = if stays { &mut last } else { &mut first };
        tasks.spawn(accept(listener, router, tls.clone(), Arc::clone(&watch)));
        if let Some(tls) = tls {
            tasks.spawn(tls.keep());
        }
        tasks.spawn({
            let watch = Arc::clone(&watch);
            async move { watch.keep().await }
        });
        watches.push(watch);
    }

    stop.await;
    first.close(drain).await;
    last.close(AFTERWARDS).await;
}

/// Doors that close together.
#[derive(Default)]
struct Side {
    tasks: JoinSet<()>,
    watches: Vec<Arc<Watch>>,
}

impl Side {
    async fn close(mut self, patience: Duration) {
        // Dropping the accepting tasks closes the listening sockets: whoever comes now is refused by the kernel.
        self.tasks.shutdown().await;
        join_all(self.watches.iter().map(|watch| watch.drain(patience))).await;
    }
}

/// How long requests at the doors that close last may take.
const AFTERWARDS: Duration = Duration::from_millis(500);

async fn accept(listener: TcpListener, router: Router, tls: Option<Arc<Tls>>, watch: Arc<Watch>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => admit(stream, peer, &router, tls.as_ref(), &watch),
            // Out of file descriptors, most likely: the connections that live will free some.
            Err(error) => {
                tracing::warn!(error = %error, "could not accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

fn admit(stream: TcpStream, peer: SocketAddr, router: &Router, tls: Option<&Arc<Tls>>, watch: &Arc<Watch>) {
    // Answers are small and whole: waiting to fill a segment would only delay them.
    let _ = stream.set_nodelay(true);
    match watch.admit() {
        Some(place) => {
            let number = place.number;
            let (router, watching, life) = (router.clone(), Arc::clone(watch), Arc::clone(&place.life));
            let acceptor = tls.map(|tls| tls.acceptor());
            let task = tokio::spawn(async move {
                match acceptor {
                    None => connection::run(stream, peer, router, watching, life).await,
                    // The watchman counts it as the head of the first request.
                    Some(acceptor) => match acceptor.accept(stream).await {
                        Ok(stream) => connection::run(stream, peer, router, watching, life).await,
                        Err(error) => {
                            tally::HANDSHAKES_FAILED.one();
                            tracing::debug!(peer.address = %peer, %error, "no TLS connection came about");
                        }
                    },
                }
                drop(place);
            });
            watch.arm(number, &task);
        }
        None => {
            tally::REFUSED.one();
            // To tell somebody in TLS would cost more than to serve him.
            if tls.is_none()
                && let Some(turned_away) = watch.turn_away()
            {
                tokio::spawn(async move {
                    refuse(stream).await;
                    drop(turned_away);
                });
            }
        }
    }
}

/// Says why, and reads what the client has sent: closing a socket with unread bytes would destroy the answer on its way.
async fn refuse(mut stream: TcpStream) {
    let mut heard = [0; 1024];
    let polite = async {
        stream.write_all(FULL).await?;
        stream.shutdown().await?;
        while stream.read(&mut heard).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), polite).await;
}

const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
content-type: application/problem+json\r\n\
retry-after: 1\r\n\
connection: close\r\n\
cache-control: no-store\r\n\
content-length: 132\r\n\r\n\
{\"type\":\"about:blank\",\"title\":\"Overloaded\",\"status\":503,\"detail\":\"Too many connections. Try again in a moment.\",\"code\":\"OVERLOADED\"}";
