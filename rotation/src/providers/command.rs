//! The owner's own program: one JSON request on its standard input, one JSON answer on its standard output.
//!
//! Values go through these two descriptors and never through arguments or the environment. A program that fails,
//! is killed or answers something else while it changes something has an unknown outcome; only `refused` and `later`
//! say that nothing happened. At euid 0 it must be a program that only root could have put there.

use super::{Calls, Ready, SettingsError, Values, key_id};
use crate::material::Material;
use crate::plan::{Finds, NameStyle, Nature, OldKey};
use crate::protocol::{Command, Failure, Listed, Reason};
use crate::words::KeyId;
use sanctum_host::command::{Options, Program, run};
use sanctum_types::{AbsPath, Secret, UnixTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use zeroize::{Zeroize as _, Zeroizing};

/// The format of requests and answers.
const FORMAT: u32 = 1;
/// As long as a request over HTTP may take: below the time that a lost effect is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Settings of this kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CommandSettings")]
pub struct Settings {
    /// The program's absolute path.
    pub program: String,
    /// Whether it answers `list` with names: a key whose mint was lost is found and removed.
    #[serde(default)]
    pub lists: bool,
    /// Whether it answers `disable` and `enable`.
    #[serde(default)]
    pub disables: bool,
    /// Whether it answers `last-use`.
    #[serde(default)]
    pub tells_last_use: bool,
    /// Whether the old value is dead as soon as a new one is made.
    #[serde(default)]
    pub replaces: bool,
}

impl Settings {
    pub(super) const fn nature(&self) -> Nature {
        Nature {
            old: if self.replaces { OldKey::DiesAtMint } else { OldKey::Lives },
            finds: if self.lists { Finds::ByName } else { Finds::Never },
            names: NameStyle::Plain,
            by_hand: false,
            disables: self.disables,
            tells_last_use: self.tells_last_use,
        }
    }
}

#[derive(Debug)]
pub(super) struct Script {
    program: Program,
    management: Option<Secret<String>>,
}

#[derive(Default, Serialize)]
struct Request<'a> {
    format: u32,
    op: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    management: Option<&'a str>,
}

/// The braces, the names of the fields, the format and the longest `op`.
const FRAME: usize = 128;

impl Request<'_> {
    fn to_bytes(&self) -> Result<Secret<Vec<u8>>, Failure> {
        let texts = [self.name, self.key, self.value, self.management];
        let length: usize = texts.iter().flatten().map(|text| text.len()).sum();
        // Room for all of it at once, the longest escape having six characters for one: growing would leave copies
        // behind that nobody wipes.
        let mut bytes = Zeroizing::new(Vec::with_capacity(FRAME + 6 * length));
        serde_json::to_writer(&mut *bytes, self).map_err(|_| Failure::Never(Reason::Settings))?;
        Ok(Secret::new(std::mem::take(&mut *bytes)))
    }
}

/// How a program answers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Answer {
    format: u32,
    result: Outcome,
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    value: Option<Zeroizing<String>>,
    #[serde(default)]
    keys: Vec<Named>,
    #[serde(default)]
    last_use: Option<i64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    Done,
    Gone,
    Invalid,
    Refused,
    Later,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    created: Option<i64>,
}

/// Reads an answer.
///
/// # Errors
/// It is none, or says that it was not done.
pub fn read(is_read: bool, bytes: &[u8]) -> Result<Answer, Failure> {
    let unclear =
        if is_read { Failure::Never(Reason::Script) } else { Failure::Unknown(Reason::Script) };
    let answer: Answer = serde_json::from_slice(bytes).map_err(|_| unclear)?;
    if answer.format != FORMAT {
        return Err(unclear);
    }
    match answer.result {
        Outcome::Done => Ok(answer),
        Outcome::Gone => Err(Failure::Never(Reason::NotFound)),
        Outcome::Invalid => Err(Failure::Never(Reason::Unauthorized)),
        Outcome::Refused => Err(Failure::Never(Reason::Script)),
        Outcome::Later => Err(Failure::Later { reason: Reason::Script, after: None }),
    }
}

impl Script {
    pub(super) fn new(
        settings: &Settings,
        management: Option<Secret<String>>,
    ) -> Result<Self, SettingsError> {
        let path = AbsPath::new(settings.program.as_str()).map_err(SettingsError::Program)?;
        Ok(Self { program: Program::new(path), management })
    }

    fn ask(&self, is_read: bool, request: &Request<'_>) -> Result<Answer, Failure> {
        let management = self.management.as_ref().map(|key| key.expose().as_str());
        let request = Request { format: FORMAT, management, ..*request };
        let stdin = Some(request.to_bytes()?);
        let options = Options { stdin, timeout: PATIENCE, ..Options::default() };
        let unclear = if is_read {
            Failure::Later { reason: Reason::Script, after: None }
        } else {
            Failure::Unknown(Reason::Script)
        };
        let mut output = run(&self.program, &[], options).map_err(|error| match error {
            sanctum_host::HostError::Untrusted { .. } => Failure::Never(Reason::Script),
            _ => unclear,
        })?;
        let answer = if output.status.success() && !output.truncated {
            read(is_read, &output.stdout)
        } else {
            Err(unclear)
        };
        output.stdout.zeroize();
        answer
    }
}

fn listed(keys: Vec<Named>) -> Result<Vec<Listed>, Failure> {
    let listed = keys.into_iter().map(|key| {
        Ok(Listed {
            id: key_id(true, &key.id)?,
            name: key.name,
            created: key.created.map(UnixTime),
        })
    });
    listed.collect()
}

impl Calls for Script {
    fn preflight(&self, values: Values<'_>, _: UnixTime) -> Result<Ready, Failure> {
        let value = values.current.map(|value| value.expose().as_str());
        let key = values.old.map(KeyId::as_str);
        let request = Request { op: "preflight", value, key, ..Request::default() };
        let answer = self.ask(true, &request)?;
        let old = answer.key.map(|key| key_id(true, &key)).transpose()?;
        Ok(Ready { old, keys: listed(answer.keys)? })
    }

    fn mint(
        &self,
        name: &str,
        values: Values<'_>,
        _: UnixTime,
    ) -> Result<(KeyId, Secret<String>), Failure> {
        let key = values.old.map(KeyId::as_str);
        let request = Request { op: "mint", name: Some(name), key, ..Request::default() };
        let mut answer = self.ask(false, &request)?;
        let unclear = Failure::Unknown(Reason::Script);
        let id = key_id(false, answer.key.as_deref().ok_or(unclear)?)?;
        let value = answer.value.as_mut().filter(|value| !value.is_empty()).ok_or(unclear)?;
        Ok((id, Secret::new(std::mem::take(&mut **value))))
    }

    fn verify(&self, subject: &Material, _: UnixTime) -> Result<(), Failure> {
        let value = Some(subject.value.expose().as_str());
        let key = subject.key.as_ref().map(KeyId::as_str);
        self.ask(true, &Request { op: "verify", value, key, ..Request::default() }).map(drop)
    }

    fn list(&self, _: UnixTime) -> Result<Vec<Listed>, Failure> {
        listed(self.ask(true, &Request { op: "list", ..Request::default() })?.keys)
    }

    fn last_use(&self, key: &KeyId, _: UnixTime) -> Result<Option<UnixTime>, Failure> {
        let request = Request { op: "last-use", key: Some(key.as_str()), ..Request::default() };
        Ok(self.ask(true, &request)?.last_use.map(UnixTime))
    }

    fn switch(&self, key: &KeyId, on: bool, _: UnixTime) -> Result<(), Failure> {
        let op = if on { "enable" } else { "disable" };
        let request = Request { op, key: Some(key.as_str()), ..Request::default() };
        self.ask(false, &request).map(drop)
    }

    fn delete(&self, key: &KeyId, _: Values<'_>, _: UnixTime) -> Result<(), Failure> {
        let request = Request { op: "delete", key: Some(key.as_str()), ..Request::default() };
        self.ask(false, &request).map(drop)
    }

    fn describe(&self, command: &Command) -> Vec<String> {
        let op = match command {
            Command::Preflight => "preflight",
            Command::Mint { .. } => "mint",
            Command::Verify(_) => "verify",
            Command::List => "list",
            Command::LastUse(_) => "last-use",
            Command::Disable(_) => "disable",
            Command::Enable(_) => "enable",
            Command::Delete(_) => "delete",
            _ => return Vec::new(),
        };
        vec![format!("{} ({op} on standard input)", self.program.path())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_leaves_no_copy_behind_by_growing() {
        let long = "\u{1}\"\\é".repeat(500);
        for text in ["", "value", &long] {
            let all = Some(text);
            let request = Request {
                format: FORMAT,
                op: "preflight",
                name: all,
                key: all,
                value: all,
                management: all,
            };
            let bytes = request.to_bytes().unwrap();
            assert_eq!(bytes.expose().capacity(), FRAME + 6 * 4 * text.len());
            let read: serde_json::Value = serde_json::from_slice(bytes.expose()).unwrap();
            assert_eq!(read["value"], text);
        }
    }
}
