//! What `sshd -T` prints, and the drop-ins of others.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::sshd(bytes));
