//! observe, plan, apply, receipt, rollback; render, prove, adopt.

pub mod pf;
