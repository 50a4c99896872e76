//! What this floor adds to the verbs, seen through the front door: the edge, cookies, methods, guards, pages.
//!
//! Not here, on purpose: the attacks of the catalogue, which are tested where the whole server is.

mod edge;
mod guards;
mod pages;
mod sessions;
mod signing;
