//! Histories, property lists, marks and baselines of a scan.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::scan_text(bytes));
