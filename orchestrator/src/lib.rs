//! observe, plan, apply, receipt, rollback; render, prove, adopt.
