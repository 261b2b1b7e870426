//! A property list before it may enter a plan.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::plist(bytes));
