//! Countersign mounted in an axum app of a screen.
fn main() {}
