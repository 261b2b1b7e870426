//! The effects seam: Op, Observed, Host, and every touch of the machine.
