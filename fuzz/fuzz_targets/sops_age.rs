//! Armoured age files and identities.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::sops_age(bytes));
