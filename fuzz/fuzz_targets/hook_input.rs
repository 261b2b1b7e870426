//! What an agent sends to a hook.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::hook_input(bytes));
