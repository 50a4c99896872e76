//! The short run. `cargo xtask test` builds the server for it; `cargo xtask life` runs for longer.

mod life;
