//! scrypt (RFC 7914).

use countersign_kernel::Secret;

use super::{Unusable, encoding, lengths, within};

pub(super) const KIND: &str = "scrypt";

/// The most memory, in KiB: N = 2^17 with r = 8.
const MOST_MEMORY_KIB: u64 = 131_072;
/// The most N times r times p: half a second.
const MOST_WORK: u64 = 1 << 21;
const MOST_LOG_N: u64 = 20;

/// What scrypt is told. Within bounds, once it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) log_n: u8,
    pub(super) r: u32,
    pub(super) p: u32,
}

impl Cost {
    /// Holds the parameters against their bounds.
    pub(super) fn new(kind: &'static str, log_n: u64, r: u64, p: u64) -> Result<Self, Unusable> {
        within(kind, "log2 of N", log_n, 1, MOST_LOG_N)?;
        let n = 1_u64 << log_n;
        // 128 bytes a block: N times r eighths of a KiB.
        within(kind, "block size r", r, 1, MOST_MEMORY_KIB * 8 / n)?;
        within(kind, "parallelism p", p, 1, (MOST_WORK / (n * r)).min(64))?;
        let narrow = |n: u64| u32::try_from(n).map_err(|_| Unusable::Damaged(kind));
        Ok(Self { log_n: u8::try_from(log_n).map_err(|_| Unusable::Damaged(kind))?, r: narrow(r)?, p: narrow(p)? })
    }

    pub(super) const fn memory_kib(self) -> u32 {
        // The big table, one block for each p, one to work with.
        (((1 << self.log_n) + self.p + 1) * self.r).div_ceil(8)
    }

    pub(super) fn derive(self, password: &[u8], salt: &[u8], bytes: usize) -> Option<Secret<Vec<u8>>> {
        let params = scrypt::Params::new(self.log_n, self.r, self.p).ok()?;
        let mut output = vec![0; bytes];
        scrypt::scrypt(password, salt, &params, &mut output).ok()?;
        Some(Secret::new(output))
    }
}

/// An scrypt hash.
#[derive(Clone)]
pub struct Scrypt {
    cost: Cost,
    salt: Vec<u8>,
    output: Secret<Vec<u8>>,
}

impl Scrypt {
    pub(super) fn parse(text: &str) -> Result<Self, Unusable> {
        let read = match text.strip_prefix('$') {
            Some(phc) => Self::read_phc(phc),
            None => Self::read_django(text),
        };
        let (log_n, r, p, salt, output) = read.ok_or(Unusable::Damaged(KIND))?;
        let cost = Cost::new(KIND, log_n, r, p)?;
        lengths(KIND, &salt, &output)?;
        Ok(Self { cost, salt, output: Secret::new(output) })
    }

    /// `scrypt$ln=14,r=8,p=1$salt$hash`.
    fn read_phc(text: &str) -> Option<Parts> {
        let mut parts = text.split('$').skip(1);
        let (parameters, salt, output) = (parts.next()?, parts.next()?, parts.next()?);
        let number = |name| encoding::parameter(parameters, name).and_then(encoding::number);
        let read = (number("ln")?, number("r")?, number("p")?, encoding::bytes(salt)?, encoding::bytes(output)?);
        parts.next().is_none().then_some(read)
    }

    /// `scrypt$16384$salt$8$1$hash`: the salt is the text itself.
    fn read_django(text: &str) -> Option<Parts> {
        let mut parts = text.split('$').skip(1);
        let (n, salt) = (encoding::number(parts.next()?)?, parts.next()?.as_bytes().to_vec());
        let (r, p, output) = (parts.next()?, parts.next()?, encoding::bytes(parts.next()?)?);
        let read = (n.checked_ilog2()?.into(), encoding::number(r)?, encoding::number(p)?, salt, output);
        (n.is_power_of_two() && parts.next().is_none()).then_some(read)
    }

    pub(super) fn to_text(&self) -> String {
        let Cost { log_n, r, p } = self.cost;
        let (salt, output) = (encoding::text(&self.salt), encoding::text(self.output.expose()));
        format!("$scrypt$ln={log_n},r={r},p={p}${salt}${output}")
    }

    pub(super) const fn memory_kib(&self) -> u32 {
        self.cost.memory_kib()
    }

    pub(super) fn compute(&self, password: &[u8]) -> Option<Secret<Vec<u8>>> {
        self.cost.derive(password, &self.salt, self.output.expose().len())
    }

    pub(super) const fn expected(&self) -> &Secret<Vec<u8>> {
        &self.output
    }
}

/// log2 of N, r, p, salt, output.
type Parts = (u64, u64, u64, Vec<u8>, Vec<u8>);
