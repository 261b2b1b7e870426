//! git's files as a scan reads them.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::scan_git(bytes));
