//! A cron expression, and the calendar that comes of it.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::cron(bytes));
