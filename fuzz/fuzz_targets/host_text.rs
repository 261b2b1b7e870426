//! What the kernel and the system's programs answer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::host_text(bytes));
