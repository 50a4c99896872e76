//! The administrators' API: one noun a file, all of it behind [`desk`].
//!
//! A handler takes an [`Administrator`](desk::Administrator), calls one verb, and translates. The command line calls the same verbs.

pub(crate) mod audit;
pub(crate) mod desk;
pub(crate) mod keys;
pub(crate) mod limits;
pub(crate) mod revocations;
pub(crate) mod roles;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod users;
mod view;
