//! What the listeners of this process have counted.

use countersign_kernel::Counter;

/// Connections that were taken.
pub static OPENED: Counter = Counter::new();
/// Connections that have ended.
pub static CLOSED: Counter = Counter::new();
/// Connections that were turned away because every place was taken.
pub static REFUSED: Counter = Counter::new();
/// Connections that were cut off because they took too long.
pub static CUT: Counter = Counter::new();
/// TLS handshakes that failed.
pub static HANDSHAKES_FAILED: Counter = Counter::new();
