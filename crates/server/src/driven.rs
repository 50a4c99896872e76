//! A clock that a harness turns: the fault-injection test lives thousands of hours in minutes.
//!
//! Promises: no build without debug assertions has it, so no release has; without the variable the machine's clock is used. As
//! with the machine's, a process reads the wall once, at its start, and is carried on by the monotonic clock: a step of the wall
//! is seen by the next process only. The harness has written a moment before it sends what happens at that moment, and each
//! reading asks the file anew, so nothing is ever judged by an older time than the one it was sent at.

#[cfg(not(debug_assertions))]
compile_error!("driven-clock is for the fault-injection test alone: build it with debug assertions");

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use countersign_kernel::{Clock, Env, SystemEntropy, Timestamp};

/// Names the file: wall and monotonic microseconds as little-endian `i64`, and both once more.
pub const VARIABLE: &str = "COUNTERSIGN_TEST_CLOCK";

/// Says that the process is to end with its standard input.
const KEPT: &str = "COUNTERSIGN_TEST_KEPT";

/// Time by the harness where it has named its file, and the machine's chance.
///
/// # Errors
/// The file is named, but is not there or says nothing.
#[expect(clippy::disallowed_methods, reason = "the server reads the environment")]
pub fn env() -> io::Result<Env> {
    match std::env::var_os(VARIABLE) {
        Some(path) => Ok(Env::new(Arc::new(DrivenClock::start(File::open(path)?)?), Arc::new(SystemEntropy))),
        None => Ok(Env::system()),
    }
}

/// Ends this process when its standard input ends, where the harness asks for that: killed, it leaves no server behind.
#[expect(clippy::disallowed_methods, reason = "the server reads the environment")]
pub fn end_with_harness() {
    if std::env::var_os(KEPT).is_some() {
        std::thread::spawn(|| {
            let _ = io::copy(&mut io::stdin(), &mut io::sink());
            std::process::exit(1);
        });
    }
}

/// The wall at the start, carried on by the harness's monotonic clock.
#[derive(Debug)]
struct DrivenClock {
    file: File,
    /// What the wall was ahead of the monotonic clock at the start, in microseconds.
    ahead: i64,
    /// The last reading, for the case that the harness has gone.
    last: AtomicI64,
}

impl DrivenClock {
    fn start(file: File) -> io::Result<Self> {
        let [wall, monotonic] = read(&file)?;
        Ok(Self { file, ahead: wall.saturating_sub(monotonic), last: AtomicI64::new(monotonic) })
    }
}

impl Clock for DrivenClock {
    fn now(&self) -> Timestamp {
        let monotonic = read(&self.file).map_or_else(|_| self.last.load(Ordering::Relaxed), |[_, monotonic]| monotonic);
        self.last.fetch_max(monotonic, Ordering::Relaxed);
        Timestamp::from_micros(self.ahead.saturating_add(monotonic))
    }
}

/// Both numbers; read again where the harness is just writing.
fn read(file: &File) -> io::Result<[i64; 2]> {
    for _ in 0..PATIENCE {
        let mut words = [[0; 8]; 4];
        file.read_exact_at(words.as_flattened_mut(), 0)?;
        let [wall, monotonic, wall_again, monotonic_again] = words.map(i64::from_le_bytes);
        if (wall, monotonic) == (wall_again, monotonic_again) {
            return Ok([wall, monotonic]);
        }
    }
    Err(io::ErrorKind::InvalidData.into())
}

/// A write is over long before this many readings.
const PATIENCE: u32 = 10_000;
