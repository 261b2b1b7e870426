//! The settings of an agent, with hooks put in and taken out.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::hook_settings(bytes));
