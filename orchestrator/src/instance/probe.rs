//! How the health of a service is seen: the four rungs of the probe ladder, as the instance file spells them.
//!
//! Each rung sees what the one below it cannot: a port that accepts, a status, the content, the work itself.
//! Deliberately absent: how a probe is made, which is `crate::probe`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// How the health of a service is seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Probe {
    /// Its first port accepts a TCP connection.
    Tcp,
    /// A GET of this path on its first port answers with this status, and contains this text.
    Http {
        /// Path with leading `/`.
        path: String,
        /// Expected status; 200 unless said.
        #[serde(default = "ok_status")]
        status: u16,
        /// Text that the body must hold.
        #[serde(default)]
        contains: Option<String>,
    },
    /// A GET on its first port answers with a body that says what it should; an empty body never does.
    Contract(Contract),
    /// A command whose output shows that the service does its work.
    EndToEnd(EndToEnd),
}

/// What a body must say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// Path with leading `/`.
    pub path: String,
    /// Expected status; 200 unless said.
    #[serde(default = "ok_status")]
    pub status: u16,
    /// Texts that the body must hold, every one.
    #[serde(default)]
    pub contains: Vec<String>,
    /// Values that the body must hold as JSON, every one.
    #[serde(default)]
    pub json: Vec<JsonClaim>,
}

/// One value in a JSON body: it is there, is not empty, and is or holds what is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonClaim {
    /// Where it is, as a JSON pointer (RFC 6901), such as `/status` or `/models/0/id`.
    pub pointer: String,
    /// What it is.
    #[serde(default)]
    pub equals: Option<Scalar>,
    /// A text that it, being a text, must hold.
    #[serde(default)]
    pub contains: Option<String>,
}

/// A value that a contract can ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Scalar {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
}

/// A command that uses the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndToEnd {
    /// Program by absolute path, and its arguments; no shell reads them.
    pub command: Vec<String>,
    /// Text that its standard output must hold; it must also end with 0.
    pub expect: String,
    /// Seconds that it may take; those of every probe unless said.
    #[serde(default)]
    pub timeout: Option<NonZeroU32>,
}

const fn ok_status() -> u16 {
    200
}
