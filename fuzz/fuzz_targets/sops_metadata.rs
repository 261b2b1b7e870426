//! Metadata of a SOPS document.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::sops_metadata(bytes));
