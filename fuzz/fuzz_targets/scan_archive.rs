//! Archives that a scan opens.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::scan_archive(bytes));
