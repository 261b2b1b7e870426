//! What other nodes say over SSH, and records of their host keys.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::fleet(bytes));
