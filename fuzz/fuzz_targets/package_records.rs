//! Records of malicious packages, and the index of them.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::package_records(bytes));
