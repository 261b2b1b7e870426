//! Rotation of credentials, without effects: what is done next, what is on disk before it, and what providers say.
//!
//! # How it is driven
//! A [`Machine`] is told what happened ([`Event`]) and says what to do ([`Command`]), in order. The caller
//! 1. makes a [`Plan`] from the instance, draws a [`RotationId`] and starts with [`Machine::begin`], or loads a
//!    [`Record`] and starts with [`Machine::resume`];
//! 2. carries out each command of the answer in order. [`Command::Save`] and [`Command::Tell`] have no answer; a
//!    save that cannot be made durable ends the run there and then, as a crash would. At most one command has an
//!    answer ([`Command::has_answer`]); it is the last, and what became of it is the next event;
//! 3. ends when no command is left: [`Machine::status`] says how the rotation stands. At [`Command::Wait`] it may
//!    end too and resume from the record later: that is how a daily job does an overlap of days.
//!    While the record is at [`Stage::Minting`] it waits instead: the value may be in memory only (minutes at most).
//!
//! # Values
//! No value passes through the machine, so none can be in its record. At [`Command::Mint`] the caller keeps the
//! new value in memory; at [`Command::StageNew`] it seals [`Material`] to the house's recipients, and from then on
//! takes the value from memory or from that blob. The value before is sealed at [`Command::StageOld`], while
//! nothing has been asked of the provider yet.
//!
//! # What holds at every moment, also across crashes and lost answers
//! - Every consumer has a valid key, unless the kind itself takes the old one away ([`OldKey::DiesAtMint`]).
//! - A key that a consumer holds is not revoked.
//! - A live key that this rotation minted is known to the record by name or id.
//!
//! Deliberately absent: clocks, files, sockets other than [`http`]'s, and consumers (floor 4 has them).

pub mod http;
pub mod machine;
pub mod material;
pub mod plan;
pub mod protocol;
pub mod providers;
pub mod record;
pub mod words;

pub use machine::{Machine, Status};
pub use material::Material;
pub use plan::{Finds, NameStyle, Nature, OldKey, Plan, Policy};
pub use protocol::{Command, Event, Failure, Holds, Listed, Notice, Reason, Which};
pub use providers::{Provider, Reply, Settings, Values};
pub use record::{Attempt, Consumer, Halt, Mark, Record, RecordError, Stage, Why};
pub use words::{ConsumerId, KeyId, KindName, RotationId, WordError};
