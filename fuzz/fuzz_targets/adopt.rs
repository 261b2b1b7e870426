//! What is found of a house that runs already.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::adopt(bytes));
