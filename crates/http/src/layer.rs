//! What every request passes, in the order in which it passes it.
//!
//! One thin service ([`edge`]) does in one step what a stack of layers would do in ten: each layer would cost the hot path
//! an allocation and a dispatch. CSRF is not among it: it is a demand at the top of the handlers that cookies authorise.

pub(crate) mod cors;
pub(crate) mod csrf;
pub(crate) mod edge;
pub(crate) mod headers;
pub(crate) mod limits;
