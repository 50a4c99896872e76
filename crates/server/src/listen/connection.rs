//! One connection, from its first byte to its last.

use std::future::Future as _;
use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Sleep, sleep};
use tower::ServiceExt;

use super::body::Timed;
use super::head::{Head, MAX_HEAD_BYTES};
use super::pieces::poll_write_pieces;
use super::watch::{Life, Phase, Watch};

/// How long, and how much, of a refused request is still read after its answer: closing a socket with unread bytes would
/// destroy the answer on its way.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 16 * 1024 * 1024;

/// How much is read at once by us.
const PIECE: usize = 8 * 1024;

/// Serves `router` on the connection until either side ends it.
pub(super) async fn run<S>(stream: S, peer: SocketAddr, router: Router, watch: Arc<Watch>, life: Arc<Life>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let body_time = watch.bounds.body.to_duration();
    let (head, unread) = (Arc::new(Head::default()), Arc::new(AtomicBool::new(false)));
    let io = Watched {
        inner: TokioIo::new(stream),
        life: Arc::clone(&life),
        head: Arc::clone(&head),
        unread: Arc::clone(&unread),
        waits: false,
        linger: None,
        lingered: 0,
    };
    let service = service_fn({
        let life = Arc::clone(&life);
        move |request: Request<Incoming>| {
            life.enter(Phase::Busy);
            let is_ambiguous = head.is_ambiguous(request.headers());
            unread.store(false, Ordering::Relaxed);
            let (router, life, unread) = (router.clone(), Arc::clone(&life), Arc::clone(&unread));
            async move {
                let mut request = request.map(|body| {
                    if body.is_end_stream() { Body::empty() } else { Body::new(Timed::new(body, body_time, unread)) }
                });
                if is_ambiguous {
                    life.enter(Phase::Idle);
                    return Ok(refusal());
                }
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
        // A head may have 100 fields: hyper's own bound. Told of one, even of the same, it would prepare the room for each field anew
        // with every request.
        // The parser gives up on a head once so much has come; the last piece may be as long again.
        .max_buf_size(MAX_HEAD_BYTES / 2)
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

/// What the parser answers to a head that it does not accept.
fn refusal() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A stream that tells the watchman what it does.
struct Watched<S> {
    inner: TokioIo<S>,
    life: Arc<Life>,
    head: Arc<Head>,
    /// Whether the body of the last request was left unread.
    unread: Arc<AtomicBool>,
    /// Whether the stream keeps bytes that the client has not taken: TLS takes an answer before it is sent.
    waits: bool,
    linger: Option<Pin<Box<Sleep>>>,
    lingered: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Watched<S> {
    fn told<T>(&self, written: Poll<T>) -> Poll<T> {
        self.life.write_waits(written.is_pending());
        written
    }

    fn told_of_rest<T>(&mut self, sent: Poll<T>) -> Poll<T> {
        if sent.is_pending() || self.waits {
            self.waits = sent.is_pending();
            self.life.write_waits(self.waits);
        }
        sent
    }

    /// Reads what is left of a request that was refused half-read, until the client ends it too.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // Half a head that was answered, or half a body.
        if self.head.is_empty() && !self.unread.load(Ordering::Relaxed) {
            return Poll::Ready(());
        }
        let deadline = self.linger.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        if deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        while self.lingered < LINGER_BYTES {
            let mut piece = [MaybeUninit::uninit(); PIECE];
            let mut heard = ReadBuf::uninit(&mut piece);
            let read = ready!(Pin::new(&mut self.inner).poll_read(cx, heard.unfilled()));
            if read.is_err() || heard.filled().is_empty() {
                break;
            }
            self.lingered += heard.filled().len();
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Read for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, mut buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        if self.life.is_busy() {
            return Pin::new(&mut self.inner).poll_read(cx, buf);
        }
        let mut piece = [MaybeUninit::uninit(); PIECE];
        let Some(room) = piece.get_mut(..buf.remaining().min(PIECE)) else { return Poll::Ready(Ok(())) };
        let mut heard = ReadBuf::uninit(room);
        ready!(Pin::new(&mut self.inner).poll_read(cx, heard.unfilled()))?;
        buf.put_slice(heard.filled());
        self.head.heard(heard.filled());
        self.life.bytes_came();
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Write for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.told(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let sent = Pin::new(&mut self.inner).poll_flush(cx);
        self.told_of_rest(sent)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let sent = Pin::new(&mut self.inner).poll_shutdown(cx);
        ready!(self.told_of_rest(sent))?;
        self.poll_linger(cx).map(Ok)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = poll_write_pieces(&mut self.inner, cx, pieces);
        self.told(written)
    }
}
