//! A dotenv text of secrets.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::sops_dotenv(bytes));
