//! The memory that Argon2 fills.
//!
//! What a hash leaves there lets whoever reads all of it try passwords for less than the price of a hash. It waits for the next hash,
//! which overwrites it, or for zeros; none is given back to the allocator before it is zeros.

use argon2::{Argon2, Block};
use countersign_kernel::Secret;
use zeroize::Zeroizing;

use crate::error::Error;

/// The memory of one hash at a time.
#[derive(Default)]
pub(crate) struct Memory {
    blocks: Vec<Block>,
    /// How many from the first on are not zeros.
    used: usize,
}

impl Memory {
    /// Computes a hash of `output_bytes` in it, growing it to `blocks` if it is smaller.
    ///
    /// # Errors
    /// [`Error::Failed`] where there is no such memory, or Argon2 refuses its input.
    pub(crate) fn compute(
        &mut self,
        context: &Argon2<'_>,
        password: &[u8],
        salt: &[u8],
        output_bytes: usize,
        blocks: usize,
    ) -> Result<Secret<Vec<u8>>, Error> {
        if self.blocks.len() < blocks {
            // Growing may move it, and leaves the old place as it is.
            self.wipe();
            self.blocks.try_reserve_exact(blocks - self.blocks.len()).map_err(|_| Error::Failed("out of memory"))?;
            self.blocks.resize(blocks, Block::new());
        }
        let mut output = Zeroizing::new(vec![0; output_bytes]);
        self.used = self.used.max(context.params().block_count());
        let result = context.hash_password_into_with_memory(password, salt, &mut output, self.blocks.as_mut_slice());
        result.map_err(|_| Error::Failed("Argon2 refused its input"))?;
        Ok(Secret::new(std::mem::take(&mut *output)))
    }

    /// Whether nothing of a hash is left in it.
    pub(crate) const fn is_zeros(&self) -> bool {
        self.used == 0
    }

    /// Overwrites what hashes have used. The barrier keeps the compiler from leaving the writes out.
    pub(crate) fn wipe(&mut self) {
        if let Some(used) = self.blocks.get_mut(..self.used) {
            used.fill(Block::new());
            zeroize::optimization_barrier(used);
        }
        self.used = 0;
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.wipe();
    }
}

#[cfg(test)]
mod tests {
    use argon2::{Algorithm, Params, Version};

    use super::*;

    fn is_zeros(memory: &Memory) -> bool {
        memory.blocks.iter().all(|block| block.as_ref().iter().all(|word| *word == 0))
    }

    fn compute(memory: &mut Memory, blocks: u32) {
        let params = Params::new(blocks, 1, 1, None).unwrap();
        let (blocks, context) = (params.block_count(), Argon2::new(Algorithm::Argon2id, Version::V0x13, params));
        let output = memory.compute(&context, b"kuzm tevx", &[1; 16], 32, blocks).unwrap();
        assert!(output.expose().iter().any(|byte| *byte != 0));
    }

    #[test]
    fn what_hashes_leave_is_zeros_when_it_is_wiped() {
        let mut memory = Memory::default();
        compute(&mut memory, 16);
        // A smaller one after it does not make the rest forgotten.
        compute(&mut memory, 8);

        assert!(!is_zeros(&memory) && !memory.is_zeros());
        memory.wipe();
        assert!(is_zeros(&memory) && memory.is_zeros());
        assert_eq!(memory.blocks.len(), 16);
    }
}
