//! A file of any nature as a scan reads it.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::scan_file(bytes));
