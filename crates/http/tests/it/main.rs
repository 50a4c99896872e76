//! What this floor adds to the verbs, seen through the front door: the edge, cookies, methods, guards, pages.
//!
//! Not here, on purpose: the attacks of the catalogue, which are tested where the whole server is.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

mod edge;
mod guards;
mod log;
mod pages;
mod sessions;
mod signing;
