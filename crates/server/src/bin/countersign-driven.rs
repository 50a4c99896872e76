//! The countersign binary with a clock that the fault-injection test turns. Never released: see [`countersign_server::driven`].

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    countersign_server::driven::end_with_harness();
    countersign_server::command::main()
}
