//! The countersign server, as a library for its own tests.
