//! A `.env` file that is imported.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::envfile(bytes));
