//! Answers of providers: what they say about an effect, and what is read out of them.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::rotation_answers(bytes));
