//! The rules that find and hide credentials.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::secrets(bytes));
