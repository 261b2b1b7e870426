//! The `sanctum` binary.
fn main() {}
