//! What clients send to the journal's socket.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::journal_socket(bytes));
