//! How an answer is handed to the system: a short one in one piece.
//!
//! Head and body come apart. For the system two pieces are dearer than one, by more than it costs to copy what is short
//! (docs/design/performance.md). hyper's own `writev(false)` copies answers of any length, into a buffer that stays as long as its
//! connection does.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::{ReadBuf, Write};

/// The longest answer that is copied, in bytes.
const SHORT: usize = 2 * 1024;

/// Writes `pieces` in their order, as far as the stream takes them; how many bytes it took.
pub(super) fn poll_write_pieces<W: Write + Unpin>(
    stream: &mut W,
    cx: &mut Context<'_>,
    pieces: &[io::IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    let length: usize = pieces.iter().map(|piece| piece.len()).sum();
    if pieces.len() < 2 || length > SHORT {
        return Pin::new(stream).poll_write_vectored(cx, pieces);
    }
    let mut space = [MaybeUninit::uninit(); SHORT];
    let mut whole = ReadBuf::uninit(&mut space);
    for piece in pieces {
        whole.unfilled().put_slice(piece);
    }
    Pin::new(stream).poll_write(cx, whole.filled())
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    /// Takes so many bytes at a time, and notes in how many pieces they came.
    struct Stream {
        takes: usize,
        writes: Vec<(usize, Vec<u8>)>,
    }

    impl Write for Stream {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            let taken = bytes.len().min(self.takes);
            self.writes.push((1, bytes[..taken].to_vec()));
            Poll::Ready(Ok(taken))
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            pieces: &[io::IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            let bytes: Vec<u8> = pieces.iter().flat_map(|piece| piece.iter().copied()).take(self.takes).collect();
            let taken = bytes.len();
            self.writes.push((pieces.len(), bytes));
            Poll::Ready(Ok(taken))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn what_is_short_goes_in_one_piece_and_what_is_long_is_not_copied() {
        let (head, body) = (vec![b'h'; 48], vec![b'b'; SHORT]);
        for (body, takes, wanted) in [
            (&body[..SHORT - 48], SHORT, (1, SHORT)),
            (&body[..SHORT - 47], 9_000, (2, SHORT + 1)),
            (&body[..100], 50, (1, 50)),
        ] {
            let mut stream = Stream { takes, writes: Vec::new() };
            let pieces = [io::IoSlice::new(&head), io::IoSlice::new(body)];
            let taken = poll_write_pieces(&mut stream, &mut Context::from_waker(Waker::noop()), &pieces);
            assert!(matches!(taken, Poll::Ready(Ok(count)) if count == wanted.1), "{taken:?}");
            let [(pieces, bytes)] = &stream.writes[..] else { panic!("one write") };
            assert_eq!((*pieces, bytes.len()), wanted);
            assert_eq!(*bytes, [&head[..], body].concat()[..wanted.1]);
        }
    }
}
