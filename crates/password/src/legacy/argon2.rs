//! Argon2 of other systems: any of its three kinds, with parameters of their own.

use countersign_kernel::Secret;

use super::{LEAST_OUTPUT, Unusable, within};
use crate::phc::Stored;

const KIND: &str = "argon2";

/// The most memory, in KiB.
const MOST_MEMORY_KIB: u64 = 262_144;
/// The most memory times passes, in KiB: one and a half to two seconds.
const MOST_WORK_KIB: u64 = 2_097_152;
const MOST_LANES: u64 = 16;

/// An Argon2 hash in PHC form. Our own stored hashes have this form too, and are not read here.
#[derive(Clone)]
pub struct Argon2Hash {
    text: Secret<String>,
    stored: Stored,
}

impl Argon2Hash {
    pub(super) fn parse(text: &str) -> Result<Self, Unusable> {
        // Django writes its own name before the PHC string, which then has no dollar of its own.
        let phc = match text.strip_prefix("argon2$") {
            Some(rest) => format!("${rest}"),
            None => text.to_owned(),
        };
        let stored = Stored::parse(&phc).map_err(|_| Unusable::Damaged(KIND))?;
        if !stored.params.keyid().is_empty() || !stored.params.data().is_empty() {
            // A secret went in that is not here.
            return Err(Unusable::Unknown);
        }
        let (memory, passes) = (u64::from(stored.params.m_cost()), u64::from(stored.params.t_cost()));
        let least = u64::from(argon2::Params::MIN_M_COST);
        within(KIND, "memory in KiB", memory, least, MOST_MEMORY_KIB)?;
        within(KIND, "passes", passes, 1, MOST_WORK_KIB / memory.max(1))?;
        within(KIND, "lanes", u64::from(stored.params.p_cost()), 1, MOST_LANES)?;
        within(KIND, "output bytes", stored.output.expose().len() as u64, LEAST_OUTPUT as u64, 64)?;
        Ok(Self { text: Secret::new(phc), stored })
    }

    pub(super) fn to_text(&self) -> String {
        self.text.expose().clone()
    }

    pub(super) const fn kind(&self) -> &'static str {
        match self.stored.algorithm {
            argon2::Algorithm::Argon2d => "argon2d",
            argon2::Algorithm::Argon2i => "argon2i",
            argon2::Algorithm::Argon2id => "argon2id",
        }
    }

    pub(super) const fn memory_kib(&self) -> u32 {
        self.stored.params.m_cost()
    }

    pub(super) fn compute(&self, password: &[u8]) -> Option<Secret<Vec<u8>>> {
        let mut output = vec![0; self.stored.output.expose().len()];
        self.stored.recipe(None).context().ok()?.hash_password_into(password, &self.stored.salt, &mut output).ok()?;
        Some(Secret::new(output))
    }

    pub(super) const fn expected(&self) -> &Secret<Vec<u8>> {
        &self.stored.output
    }
}
