//! Records of rotations, sealed values and settings, and how a machine goes on from them.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::rotation_record(bytes));
