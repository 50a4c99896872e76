//! One connection, from its first byte to its last.

use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::{Body as _, Incoming};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower::ServiceExt;

use super::body::Timed;
use super::watch::{Life, Phase, Watch};

/// The largest head that is read.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// The most fields that a head may have.
const MAX_FIELDS: usize = 100;

/// Serves `router` on the connection until either side ends it.
pub(super) async fn run(stream: TcpStream, peer: SocketAddr, router: Router, watch: Arc<Watch>, life: Arc<Life>) {
    let body_time = watch.bounds.body.to_duration();
    let io = Watched { inner: TokioIo::new(stream), life: Arc::clone(&life) };
    let service = service_fn({
        let life = Arc::clone(&life);
        move |request: Request<Incoming>| {
            life.enter(Phase::Busy);
            let (router, life) = (router.clone(), Arc::clone(&life));
            async move {
                let mut request = request.map(|body| {
                    if body.is_end_stream() { Body::empty() } else { Body::new(Timed::new(body, body_time)) }
                });
                request.extensions_mut().insert(ConnectInfo(peer));
                let answer = router.oneshot(request).await;
                life.enter(Phase::Idle);
                answer
            }
        }
    });
    let connection = http1::Builder::new()
        // The watchman keeps the time of heads.
        .header_read_timeout(None)
        .max_headers(MAX_FIELDS)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(io, service);
    let mut connection = pin!(connection);
    let mut closing = false;
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(peer.address = %peer, error = %error, "connection ended early");
                }
                return;
            }
            () = life.close.notified(), if !closing => {
                closing = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

/// A stream that tells the watchman what it does.
struct Watched {
    inner: TokioIo<TcpStream>,
    life: Arc<Life>,
}

impl Watched {
    fn told<T>(&self, written: Poll<T>) -> Poll<T> {
        self.life.write_waits(written.is_pending());
        written
    }
}

impl Read for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        if read.is_ready() {
            self.life.bytes_came();
        }
        read
    }
}

impl Write for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.told(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, pieces);
        self.told(written)
    }
}
