//! Signing keys: the ring, its rotation, and keys sealed at rest.
