//! Black-box proofs of the binaries against real counterparts.
