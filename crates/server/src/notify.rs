//! Tells systemd how the server is (sd_notify): ready, reloading, stopping, alive.
//!
//! Promises: without systemd it does nothing; it never makes the server wait or fail. Thirty lines of a datagram socket are less than
//! a crate that has to be looked after.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

/// Where systemd listens.
#[derive(Debug, Clone, Default)]
pub struct Notify {
    socket: Option<std::ffi::OsString>,
    watchdog: Option<Duration>,
}

impl Notify {
    /// What this process was told by its environment.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the server reads the environment")]
    pub fn from_environment() -> Self {
        let text = |name: &str| std::env::var(name).ok();
        let is_meant = text("WATCHDOG_PID").is_none_or(|pid| pid == std::process::id().to_string());
        let micros = text("WATCHDOG_USEC").and_then(|micros| micros.parse().ok()).filter(|_| is_meant);
        Self { socket: std::env::var_os("NOTIFY_SOCKET"), watchdog: micros.map(Duration::from_micros) }
    }

    /// It serves.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// It takes up new settings. The moment is that of the monotonic clock, by which systemd tells this reload from an earlier one.
    pub fn reloading(&self) {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let micros = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1_000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
    }

    /// It drains.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// Says that the process is alive, twice as often as is asked for, for ever. It runs among the requests: a runtime that no longer
    /// turns is not alive.
    pub async fn keep(self) {
        let Some(watchdog) = self.watchdog.filter(|span| !span.is_zero()) else { return std::future::pending().await };
        let mut turns = tokio::time::interval(watchdog / 2);
        loop {
            turns.tick().await;
            self.tell("WATCHDOG=1");
        }
    }

    fn tell(&self, state: &str) {
        let Some(name) = &self.socket else { return };
        if let Err(error) = send(name, state) {
            tracing::debug!(%error, "could not tell systemd");
        }
    }
}

fn send(name: &std::ffi::OsStr, state: &str) -> std::io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    #[cfg(target_os = "linux")]
    if let Some(abstract_name) = name.as_encoded_bytes().strip_prefix(b"@") {
        use std::os::linux::net::SocketAddrExt;
        let address = std::os::unix::net::SocketAddr::from_abstract_name(abstract_name)?;
        return socket.send_to_addr(state.as_bytes(), &address).map(drop);
    }
    socket.send_to(state.as_bytes(), name).map(drop)
}
