//! A log that cannot be written: its disk is full, or nobody reads the pipe.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::Duration;

use tempfile::TempDir;

/// A server that cannot say where it listens.
struct Mute {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Mute {
    fn start(out: Stdio, complaints: Stdio) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .arg("serve")
            .current_dir(folder.path())
            .env_clear()
            .env("COUNTERSIGN_LISTEN", address.to_string())
            .env("COUNTERSIGN_PUBLIC_URL", "http://localhost:8420")
            .env("COUNTERSIGN_LOG__LEVEL", "debug")
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(complaints)
            .spawn()
            .unwrap();
        let mut server = Self { child, address, _folder: folder };
        server.until(|server| server.ask(1).is_some());
        server
    }

    /// So many requests at once on one connection; how many were answered well, none where nobody listens.
    fn ask(&self, count: usize) -> Option<usize> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        let one = "GET /readyz HTTP/1.1\r\nHost: localhost:8420\r\n\r\n";
        let last = "GET /readyz HTTP/1.1\r\nHost: localhost:8420\r\nConnection: close\r\n\r\n";
        stream.write_all((one.repeat(count - 1) + last).as_bytes()).ok()?;
        let mut answers = String::new();
        stream.read_to_string(&mut answers).ok()?;
        Some(answers.matches("HTTP/1.1 200 OK").count())
    }

    fn until(&mut self, holds: impl Fn(&Self) -> bool) {
        for _ in 0..1_000 {
            if holds(self) {
                return;
            }
            assert!(self.child.try_wait().unwrap().is_none(), "the server has ended");
            sleep(Duration::from_millis(20));
        }
        panic!("it did not happen");
    }

    fn terminate(&mut self) -> ExitStatus {
        Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        for _ in 0..1_000 {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            sleep(Duration::from_millis(20));
        }
        panic!("the server did not end")
    }
}

impl Drop for Mute {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_full_disk_under_the_log_stops_neither_serving_nor_stopping() {
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    let mut server = Mute::start(full(), full());

    assert_eq!(server.ask(500), Some(500));

    assert_eq!(server.terminate().code(), Some(0));
}

#[test]
fn a_log_that_nobody_reads_stops_neither_serving_nor_stopping() {
    let mut server = Mute::start(Stdio::piped(), Stdio::piped());

    // Far more lines than a pipe holds.
    for _ in 0..4 {
        assert_eq!(server.ask(500), Some(500));
    }

    assert_eq!(server.terminate().code(), Some(0));
    let mut said = String::new();
    server.child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    let lines = said.lines().count();
    assert!((1..1_900).contains(&lines), "the pipe was never full: {lines} lines for 2,000 requests");
}

#[test]
fn a_log_whose_reader_has_gone_stops_neither_serving_nor_stopping() {
    let mut server = Mute::start(Stdio::piped(), Stdio::piped());
    drop((server.child.stdout.take(), server.child.stderr.take()));

    assert_eq!(server.ask(500), Some(500));

    assert_eq!(server.terminate().code(), Some(0));
}
