//! The server's half of the proxy: sockets. The client's half is memory, so that time stands still while the server works.
//!
//! What arrives at one moment is written to all its connections before the first answer is read: the server sees true
//! concurrency. Every answer that the server gave is read whole, also where the client is to get part of it or nothing: the
//! oracle judges what the server did.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use crate::http::Answer;

/// How long the server may take, in real time: more than anything that it does, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// Something for the server.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) bytes: Vec<u8>,
    /// Whether an answer is waited for; else the connection is closed as soon as all is written.
    pub(crate) waits: bool,
}

/// Connections to the server.
#[derive(Debug, Default)]
pub(crate) struct Proxy {
    idle: Vec<TcpStream>,
}

impl Proxy {
    /// The server has gone, and its connections with it.
    pub(crate) fn forget(&mut self) {
        self.idle.clear();
    }

    /// Sends everything at once; the whole answers, in the same order; none where there was none. `in_between` happens while the
    /// server is at work.
    pub(crate) fn send(
        &mut self,
        to: Option<SocketAddr>,
        parcels: &[Parcel],
        in_between: impl FnOnce(),
    ) -> Vec<Option<Vec<u8>>> {
        let sent: Vec<_> = parcels.iter().map(|parcel| self.write(to?, parcel).ok()?).collect();
        in_between();
        sent.into_iter().map(|stream| self.read(stream?).ok()).collect()
    }

    /// The connection that the answer comes on, where one is waited for.
    fn write(&mut self, to: SocketAddr, parcel: &Parcel) -> io::Result<Option<TcpStream>> {
        let mut stream = match self.idle.pop() {
            Some(idle) if parcel.waits => idle,
            _ => {
                let fresh = TcpStream::connect(to)?;
                fresh.set_nodelay(true)?;
                fresh.set_read_timeout(Some(PATIENCE))?;
                fresh
            }
        };
        stream.write_all(&parcel.bytes)?;
        Ok(parcel.waits.then_some(stream))
    }

    fn read(&mut self, mut stream: TcpStream) -> io::Result<Vec<u8>> {
        let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
        loop {
            let count = stream.read(&mut piece)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            bytes.extend(piece.iter().take(count));
            if Answer::whole_length(&bytes).is_some_and(|whole| bytes.len() >= whole) {
                self.idle.push(stream);
                return Ok(bytes);
            }
        }
    }
}

/// Lets the server work for a moment of real time.
pub(crate) fn pause(micros: u64) {
    thread::sleep(Duration::from_micros(micros));
}
