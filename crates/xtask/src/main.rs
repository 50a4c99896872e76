//! Everything the repository does to itself: test, gen, floors, bench.
fn main() {}
