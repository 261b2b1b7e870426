//! Encrypted values, paths and expressions of SOPS.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::sops_value(bytes));
