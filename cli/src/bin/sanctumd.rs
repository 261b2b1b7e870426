//! The `sanctumd` binary.
fn main() {}
