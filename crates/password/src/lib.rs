//! Password policy, and Argon2id hashing behind an admission queue (DESIGN section 4).
//!
//! [`Password`] is what a person typed, in one Unicode form. [`Policy`] says which new ones are acceptable. [`Hasher`] turns
//! them into PHC strings and checks them, on threads of its own, within a memory budget and a deadline. [`LegacyHash`] is what
//! other systems have stored, to be checked and never written anew.

pub mod admission;
pub mod breach;
pub mod calibrate;
pub mod common;
pub mod error;
pub mod hasher;
pub mod legacy;
pub mod memory;
mod params;
pub mod password;
pub mod pepper;
pub mod phc;
pub mod policy;

mod context;
mod pool;
mod recipe;
mod strength;
mod work;

pub use breach::{Filter, FilterBuilder, FilterError, FormatError, Kept, ListError, ListForm};
pub use calibrate::{Calibration, Measurement};
pub use error::{Busy, Error, HashError};
pub use hasher::{Hasher, HasherConfig, Verification};
pub use legacy::{LegacyHash, Unusable};
pub use params::Params;
pub use password::{MAX_CODE_POINTS, Password, TooLong};
pub use pepper::{NoPepperId, Pepper, PepperError, PepperId, Peppers};
pub use policy::{Code, Policy, Violation};
pub use strength::Strength;
pub use work::{Timings, Work};
