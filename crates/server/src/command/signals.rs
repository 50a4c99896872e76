//! The signals that end a server, SIGTERM and SIGINT, the one that has it reload, SIGHUP, and one that must do nothing: SIGXFSZ.
//!
//! Promises: none is lost from the moment on at which they are heeded, however early it comes. That must be before anybody is
//! told that the server is ready: a script may stop it in the same instant.

use std::io;

/// The signals that end a server.
#[derive(Debug)]
#[cfg(unix)]
pub struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    _file_too_large: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Takes the signals over from the operating system, which would end the process.
    ///
    /// # Errors
    /// The operating system refused.
    pub fn heed() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        // A file that may not grow (`ulimit -f`) is a full disk: the write fails, and with it one request. Left alone, the signal
        // that comes along would end the process.
        let file_too_large = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            _file_too_large: signal(file_too_large)?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The signal that has a server read its settings again: SIGHUP.
#[derive(Debug)]
#[cfg(unix)]
pub struct Hangups(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Hangups {
    /// Takes the signal over from the operating system, which would end the process.
    ///
    /// # Errors
    /// The operating system refused.
    pub fn heed() -> io::Result<Self> {
        Ok(Self(tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?))
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        self.0.recv().await;
    }
}

/// A signal that this operating system does not have.
#[derive(Debug)]
#[cfg(not(unix))]
pub struct Hangups(());

#[cfg(not(unix))]
impl Hangups {
    /// Waits for nothing.
    ///
    /// # Errors
    /// None.
    pub const fn heed() -> io::Result<Self> {
        Ok(Self(()))
    }

    /// Never comes.
    pub async fn next(&mut self) {
        std::future::pending().await
    }
}

/// Ctrl-C, which ends a server.
#[derive(Debug)]
#[cfg(not(unix))]
pub struct Signals(());

#[cfg(not(unix))]
impl Signals {
    /// Takes Ctrl-C over from the operating system, which would end the process.
    ///
    /// # Errors
    /// None.
    pub const fn heed() -> io::Result<Self> {
        Ok(Self(()))
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
