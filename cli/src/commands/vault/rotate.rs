//! `sanctum vault agent rotate`: another key for an agent, in the file of the one before.
//!
//! At every moment one file on the disk has the key that the vault knows. The new key lies beside the file under a name that tells its
//! public half, until the vault knows it and the file has it; what a killed one left is finished by the next, which asks the vault which key counts.

use super::{Desk, asked, away, written};
use crate::failure::{Exit, Failure};
use sanctum_host::{files, passphrase};
use sanctum_vault::client::{Client, ClientError};
use sanctum_vault::hex;
use sanctum_vault::identity::AgentName;
use sanctum_vault::keyfile::{self, AgentKey, Spelling};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The longest key file, encrypted or not, with room for white space.
const KEY_FILE: u64 = 1024;
/// Of the public half, in the name of a file that waits.
const DIGITS: usize = 32;
/// What such a name ends with.
const NEXT: &str = ".next";

pub(super) fn run(
    desk: &Desk<'_>,
    (name, key): (&str, Option<&Path>),
    new_passphrase: Option<&Path>,
) -> Result<Exit, Failure> {
    let name = AgentName::new(name).map_err(|error| Failure::new(Exit::Usage, error))?;
    let place = Place::of(desk, &name, key)?;
    let mut client = desk.client("prove")?;
    let known = known(&mut client, &name)?;
    let finished = place.finish(&known)?;
    if finished {
        let words = format!("an earlier rotation is finished first: {}", place.0.display());
        desk.context.out.progress(&words);
    }
    let key = AgentKey::new()?;
    let text = match place.spelling()? {
        Spelling::Plain => key.plain(),
        Spelling::Sealed => {
            let word = match new_passphrase {
                Some(path) => written(path)?,
                None => asked(&format!("A passphrase for the new key of {name}:"), true)?,
            };
            Zeroizing::new(key.sealed(word.as_bytes())?)
        }
    };
    let public = hex(&key.public());
    let next = place.next(&public);
    files::write_private(&next, text.as_bytes())?;
    let told = json!({ "name": name.as_str(), "public": public });
    if let Err(error) = client.call("admin.agent_rotate", told) {
        // Where nobody knows whether it was done, the key stays.
        if matches!(error, ClientError::Refused { .. }) {
            files::remove(&next)?;
        }
        return Err(away(error).hint("run it again: what this one began is finished or taken away"));
    }
    files::replace(&place.0, text.as_bytes()).map_err(|error| {
        Failure::failed(error).hint(format!(
            "the vault knows the new key, which is in {}: run it again",
            next.display()
        ))
    })?;
    files::remove(&next)?;
    let words =
        format!("agent {name} has a new key in {}; the old one opens nothing", place.0.display());
    desk.done(
        &words,
        &json!({ "agent": name, "key": place.0.display().to_string(), "finished_earlier": finished }),
    )
}

/// The agent's public key as the vault knows it.
fn known(client: &mut Client, name: &AgentName) -> Result<String, Failure> {
    let answer = client.call("admin.agent_list", json!({})).map_err(away)?;
    let agents = answer.get("agents").and_then(Value::as_array).into_iter().flatten();
    let mut named =
        agents.filter(|one| one.get("name").and_then(Value::as_str) == Some(name.as_str()));
    let public = named.next().and_then(|one| one.get("public")).and_then(Value::as_str);
    public.map(str::to_owned).ok_or_else(|| {
        Failure::refused(format!("the vault knows no agent {name}"))
            .hint(format!("sanctum vault agent register {name}"))
    })
}

/// Where the agent's key is.
struct Place(PathBuf);

impl Place {
    fn of(desk: &Desk<'_>, name: &AgentName, key: Option<&Path>) -> Result<Self, Failure> {
        if let Some(path) = key {
            return Ok(Self(std::path::absolute(path)?));
        }
        let at = |end: &str| desk.at.base.join(".sanctum/keys").join(format!("{name}.{end}"));
        let mut there = ["key", "key.enc"].map(at).into_iter().filter(|path| files::is_there(path));
        match (there.next(), there.next()) {
            (Some(path), None) => Ok(Self(path)),
            (Some(one), Some(other)) => Err(Failure::new(
                Exit::Usage,
                format!("both {} and {} are there", one.display(), other.display()),
            )
            .hint("say which one the agent uses: --key FILE")),
            (None, _) => Err(Failure::refused(format!("there is no key of the agent {name}"))
                .hint("a key that is elsewhere: --key FILE")
                .hint(format!(
                    "one that is lost: sanctum vault agent remove {name}, then sanctum vault agent register {name}"
                ))),
        }
    }

    fn spelling(&self) -> Result<Spelling, Failure> {
        let text = passphrase::read_key(&self.0, KEY_FILE)?;
        keyfile::spelling(&text)
            .ok_or_else(|| Failure::refused(format!("{} is no key of an agent", self.0.display())))
    }

    fn file_name(&self) -> String {
        self.0.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    fn next(&self, public: &str) -> PathBuf {
        let digits = public.get(..DIGITS).unwrap_or(public);
        self.0.with_file_name(format!("{}.{digits}{NEXT}", self.file_name()))
    }

    /// Brings what waits into its place where it is the key that the vault knows; takes it away where it is not. Gives whether it was.
    fn finish(&self, known: &str) -> Result<bool, Failure> {
        let dir = self.0.parent().unwrap_or(Path::new("/"));
        let begins = format!("{}.", self.file_name());
        let waits = |name: &String| {
            let digits = name.strip_prefix(&begins).and_then(|rest| rest.strip_suffix(NEXT));
            digits.is_some_and(|digits| {
                digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
            })
        };
        let mut finished = false;
        for name in files::list(dir)?.iter().filter(|name| waits(name)) {
            let path = self.0.with_file_name(name);
            if path == self.next(known) {
                files::replace(&self.0, &passphrase::read_key(&path, KEY_FILE)?)?;
                finished = true;
            }
            files::remove(&path)?;
        }
        Ok(finished)
    }
}
