//! Password policy and Argon2id hashing behind an admission queue.
