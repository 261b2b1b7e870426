//! Jobs.
pub mod cron;
pub mod schedule;
