//! Named sliding-window limits with bounded memory.
