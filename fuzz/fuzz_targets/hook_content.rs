//! What is judged by content, rules in CEL, the configuration.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::hook_content(bytes));
