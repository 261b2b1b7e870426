//! What stores of secrets read: the embedded store, items of 1Password, age files, identities and references.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::stores(bytes));
