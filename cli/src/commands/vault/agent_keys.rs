//! The key files of agents: the first one, and one that takes the place of another.
//!
//! A key is on the disk before the vault knows it: one that nobody knows is harmless, one that nobody has is not. The key that takes a place waits beside
//! it under the name of the place and `.new` until the vault knows it, so whenever this ends one of the two files opens the vault. What a run that ended
//! early left there is told to the vault again, and never made anew: the vault may know it already. Deliberately absent: which agents there are.

use super::{Desk, asked, away, written};
use crate::args::vault::{Another, First};
use crate::failure::{Exit, Failure};
use sanctum_host::tree::{DirLock, Tree};
use sanctum_host::{files, passphrase};
use sanctum_types::AbsPath;
use sanctum_vault::client::{Client, ClientError};
use sanctum_vault::hex;
use sanctum_vault::identity::AgentName;
use sanctum_vault::keyfile::AgentKey;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// The longest key file, encrypted or not, with room for white space.
pub(super) const KEY_FILE: u64 = 1024;
/// Another run that changes keys there has a passphrase of the vault to prove by then, or is stuck.
const TURN: Duration = Duration::from_secs(30);

/// Where `agent register` puts them: plain, and encrypted.
pub(super) fn places(desk: &Desk<'_>, name: &AgentName) -> [PathBuf; 2] {
    ["key", "key.enc"].map(|end| desk.at.base.join(".sanctum/keys").join(format!("{name}.{end}")))
}

pub(super) fn register(desk: &Desk<'_>, args: &First) -> Result<Exit, Failure> {
    let name = agent(&args.name)?;
    let mut client = desk.client("prove")?;
    // Before a file is written that nobody would need.
    if is_known(&mut client, &name)? {
        return Err(known(&name));
    }
    let key = AgentKey::new()?;
    let text = if args.plain {
        key.plain()
    } else {
        let passphrase = own_passphrase(&name, args.key_passphrase_file.as_deref(), true)?;
        Zeroizing::new(key.sealed(passphrase.as_bytes())?)
    };
    let [plain, sealed] = places(desk, &name);
    desk.at.furnish()?;
    let own = if args.plain { plain } else { sealed };
    let path = args.out.as_deref().unwrap_or(&own);
    files::write_new(path, text.as_bytes())?;
    if let Err(error) = tell(&mut client, "register", &name, &key) {
        // Somebody else was faster, and nobody will ever know this one.
        if is_refused(&error) {
            files::remove(path)?;
            return Err(known(&name));
        }
        return Err(away(error));
    }
    let words = format!("agent {name} is known; its key is {}", path.display());
    desk.done(&words, &json!({ "agent": name.as_str(), "key": path.display().to_string() }))
}

pub(super) fn rotate(desk: &Desk<'_>, args: &Another) -> Result<Exit, Failure> {
    let name = agent(&args.name)?;
    let place = Place::of(desk, &name, args.key.as_deref())?;
    let mut client = desk.client("prove")?;
    if !is_known(&mut client, &name)? {
        return Err(unknown(&name));
    }
    let (_turn, left) = place.turn()?;
    let begun = left.is_some();
    let key = match left {
        Some(left) => left_of(&name, &left, args.key_passphrase_file.as_deref())?,
        None => place.begin(&name, args.key_passphrase_file.as_deref())?,
    };
    tell(&mut client, "rotate", &name, &key).map_err(|error| {
        let again =
            format!("the key that takes its place waits: sanctum vault agent rotate {name}");
        if is_refused(&error) { unknown(&name) } else { away(error) }.hint(again)
    })?;
    files::take_place(&place.fresh, &place.path)?;
    let shown = place.path.display().to_string();
    let words = if begun {
        format!("the rotation that was begun is done: {shown} is the key that it made for {name}")
    } else {
        format!("{shown} is another key; what the old one of {name} began is over")
    };
    desk.done(&words, &json!({ "agent": name.as_str(), "key": shown, "finished": begun }))
}

/// What a key file holds.
type Text = Zeroizing<Vec<u8>>;

/// A key file and what will take its place.
struct Place {
    path: PathBuf,
    fresh: PathBuf,
}

impl Place {
    fn of(desk: &Desk<'_>, name: &AgentName, named: Option<&Path>) -> Result<Self, Failure> {
        let path = match named {
            Some(path) => path.to_owned(),
            None => {
                let mut all = places(desk, name).into_iter().filter(|path| files::is_there(path));
                match (all.next(), all.next()) {
                    (Some(path), None) => path,
                    (Some(_), Some(_)) => {
                        return Err(Failure::refused(format!("{name} has two key files"))
                            .hint("which one: --key FILE"));
                    }
                    (None, _) => return Err(lost(name)),
                }
            }
        };
        // What a link leads to is replaced, and not the link.
        let path = files::followed(&path)?;
        let mut fresh = path.clone().into_os_string();
        fresh.push(".new");
        Ok(Self { path, fresh: fresh.into() })
    }

    /// One run at a time changes keys in a directory; gives what an earlier one left.
    fn turn(&self) -> Result<(DirLock, Option<Text>), Failure> {
        let dir = self.path.parent().unwrap_or(Path::new("/"));
        let turn = Tree::open(dir)?.lock_dir(&AbsPath::new("/")?, TURN)?;
        if !files::is_there(&self.fresh) {
            return Ok((turn, None));
        }
        let text = passphrase::read_key(&self.fresh, KEY_FILE)?;
        if AgentKey::from_plain(&text).is_ok() || AgentKey::is_sealed(&text) {
            return Ok((turn, Some(text)));
        }
        // It was never whole, so the vault was never told of it.
        files::remove(&self.fresh)?;
        Ok((turn, None))
    }

    /// Another key, on the disk beside the place, spelled as the one that is there.
    fn begin(&self, name: &AgentName, file: Option<&Path>) -> Result<AgentKey, Failure> {
        let old = passphrase::read_key(&self.path, KEY_FILE)?;
        let key = AgentKey::new()?;
        let text = if AgentKey::from_plain(&old).is_ok() {
            key.plain()
        } else if AgentKey::is_sealed(&old) {
            let passphrase = own_passphrase(name, file, false)?;
            // A slip of the hand would lock the agent out.
            opened(name, &old, &passphrase)?;
            Zeroizing::new(key.sealed(passphrase.as_bytes())?)
        } else {
            return Err(lost(name));
        };
        files::write_successor(&self.path, &self.fresh, text.as_bytes())?;
        Ok(key)
    }
}

/// The key that an earlier run made.
fn left_of(name: &AgentName, text: &[u8], file: Option<&Path>) -> Result<AgentKey, Failure> {
    match AgentKey::from_plain(text) {
        Ok(key) => Ok(key),
        Err(_) => opened(name, text, &own_passphrase(name, file, false)?),
    }
}

fn agent(name: &str) -> Result<AgentName, Failure> {
    AgentName::new(name).map_err(|error| Failure::new(Exit::Usage, error))
}

/// The passphrase of the agent's key, which is not the vault's.
fn own_passphrase(
    name: &AgentName,
    file: Option<&Path>,
    twice: bool,
) -> Result<Zeroizing<String>, Failure> {
    match file {
        Some(path) => written(path),
        None if twice => asked(&format!("A passphrase for the key of {name}:"), true),
        None => asked(&format!("The passphrase of the key of {name}:"), false),
    }
}

fn opened(name: &AgentName, text: &[u8], passphrase: &str) -> Result<AgentKey, Failure> {
    AgentKey::from_sealed(text, passphrase.as_bytes()).map_err(|error| {
        Failure::refused(error).hint(format!(
            "a passphrase that nobody knows: sanctum vault agent remove {name}, and register it anew"
        ))
    })
}

fn is_known(client: &mut Client, name: &AgentName) -> Result<bool, Failure> {
    let answer = client.call("admin.agent_list", json!({})).map_err(away)?;
    let all = answer.get("agents").and_then(Value::as_array).into_iter().flatten();
    Ok(all.filter_map(|one| one.get("name")?.as_str()).any(|one| one == name.as_str()))
}

fn tell(
    client: &mut Client,
    verb: &str,
    name: &AgentName,
    key: &AgentKey,
) -> Result<(), ClientError> {
    let public = json!({ "name": name.as_str(), "public": hex(&key.public()) });
    client.call(&format!("admin.agent_{verb}"), public).map(drop)
}

/// Name and key are well formed, so it says whether the agent is known.
fn is_refused(error: &ClientError) -> bool {
    error.code() == Some("INVALID_REQUEST")
}

fn known(name: &AgentName) -> Failure {
    Failure::refused(format!("the agent {name} is known, and has a key"))
        .hint(format!("another key in its place: sanctum vault agent rotate {name}"))
}

fn unknown(name: &AgentName) -> Failure {
    Failure::refused(format!("the vault knows no agent {name}"))
        .hint(format!("sanctum vault agent register {name}"))
}

fn lost(name: &AgentName) -> Failure {
    Failure::refused(format!("there is no key of the agent {name}"))
        .hint("a key that is elsewhere: --key FILE")
        .hint(format!(
            "one that is lost: sanctum vault agent remove {name}, then sanctum vault agent register {name}"
        ))
}
