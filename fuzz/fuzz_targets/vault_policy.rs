//! Rules, patterns, paths and key files of the vault.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::vault_policy(bytes));
