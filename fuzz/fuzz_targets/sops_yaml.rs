//! A YAML text of secrets, and every change to it.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::sops_yaml(bytes));
