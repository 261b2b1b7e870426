//! A saved plan, and a receipt with its progress lines.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::saved(bytes));
