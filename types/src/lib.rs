//! Words that more than one floor needs and no floor owns.
//!
//! Validated newtypes (names, ports, absolute paths, modes), secrets that cannot be printed, references to
//! secrets, the checksum of keys, severities and source diagnostics. Absent on purpose: input and output,
//! configuration, and any decision about the house.

pub mod audit;
pub mod bech32;
pub mod causes;
pub mod diagnostic;
pub mod digest;
pub mod name;
pub mod path;
pub mod secret;
pub mod secret_ref;
pub mod severity;
pub mod time;

pub use audit::{Action, Actor, AuditEvent, AuditSink, NotRecorded, OperationId, Outcome, Phase};
pub use causes::chain;
pub use diagnostic::Diagnostic;
pub use digest::Digest;
pub use name::{AccountName, IfName, JobLabel, NameError, NodeName, ServiceName};
pub use path::{AbsPath, Mode, Owner, PathError};
pub use secret::Secret;
pub use secret_ref::SecretRef;
pub use severity::{CouldNotCheck, Finding, Severity, Verdict};
pub use time::UnixTime;
