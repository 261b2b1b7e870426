//! The instance file: loads, or is refused with places that exist.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::instance(bytes));
