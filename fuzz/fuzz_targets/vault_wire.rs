//! What a client sends to the vault.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::vault_wire(bytes));
