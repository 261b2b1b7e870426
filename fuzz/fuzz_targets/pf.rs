//! A pf ruleset: the checker, its own expansion read again, and decisions.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::pf(bytes));
