//! What is looked at: the socket and whoever answers there, how far the vault's two files have come, and the keys of agents.
//!
//! Of a key is seen whether its text is encrypted; nothing of it leaves here. The counter is read before the log, because a vault that is
//! served writes them in the other order.

use crate::doctor::eyes::{Eyes, There, nothing_runs};
use crate::doctor::looked::{Many, Seen, unseen};
use crate::jobs::vault::Served;
use sanctum_types::{AbsPath, CouldNotCheck, chain};
use sanctum_vault::client::{self, ClientError};
use sanctum_vault::keyfile::AgentKey;
use sanctum_vault::peek::{self, Reached};
use sanctum_vault::place::{COUNTER, LOG};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use zeroize::Zeroizing;

/// Whoever serves a vault answers this at once.
pub const PATIENCE: Duration = Duration::from_secs(3);
/// What is read of a vault's file: some hundred thousand secrets.
const LARGEST: u64 = 256 * 1024 * 1024;
/// An encrypted key is some hundred bytes of JSON.
const KEY: u64 = 4096;

/// How a vault answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stands {
    /// It is open.
    Unsealed,
    /// It is sealed.
    Sealed,
    /// Nobody answers, or somebody else.
    Silent(String),
}

/// The vault that this node is to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Who serves it.
    pub served: Served,
    /// That account's number.
    pub uid: Option<u32>,
    /// Where it listens.
    pub socket: AbsPath,
    /// What is there.
    pub there: Option<There>,
    /// What it says.
    pub stands: Stands,
}

/// How far the files of a vault have come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pair {
    /// The vault's file.
    pub log: String,
    /// How far it has come; none where it is not there.
    pub reached: Option<Reached>,
    /// How far it had come by the counter; none where that is not there or says nothing.
    pub counted: Option<Reached>,
    /// Whether somebody may be writing them just now.
    pub in_use: bool,
}

/// The keys of agents in one home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentKeys {
    /// The directory.
    pub dir: AbsPath,
    /// What it is.
    pub there: There,
    /// Whose home it is.
    pub uid: Option<u32>,
    /// What is in it.
    pub keys: Vec<KeyFile>,
}

/// One file among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFile {
    /// Where.
    pub path: AbsPath,
    /// What it is.
    pub there: There,
    /// Whether its text is a key that nothing encrypts.
    pub plain: bool,
}

/// How the vault at a socket stands; who cannot connect for want of rights sees nothing.
///
/// # Errors
/// This account may not connect.
pub fn ask(socket: &AbsPath) -> Seen<Stands> {
    match client::is_sealed(Path::new(socket.as_str()), PATIENCE) {
        Ok(true) => Ok(Stands::Sealed),
        Ok(false) => Ok(Stands::Unsealed),
        Err(ClientError::Unreached { source, verb, .. })
            if verb == "reach" && source.raw_os_error().is_some_and(denied) =>
        {
            Err(unseen(socket, &source))
        }
        Err(error) => Ok(Stands::Silent(chain(&error))),
    }
}

/// EACCES and EPERM; a refusal of our own, that another account answers, has no number.
fn denied(number: i32) -> bool {
    std::io::Error::from_raw_os_error(number).kind() == std::io::ErrorKind::PermissionDenied
}

fn served(eyes: &Eyes<'_>) -> Seen<Option<Served>> {
    Ok(Served::among(&eyes.wanted()?.jobs))
}

/// The vault of this node, asked at its socket; none where the house has none here.
pub fn standing(eyes: &Eyes<'_>) -> Seen<Option<Standing>> {
    let Some(served) = served(eyes)? else { return Ok(None) };
    if !eyes.is_machine() {
        return Err(nothing_runs("the vault"));
    }
    let account = served.account()?;
    let home = account.home.ok_or_else(|| homeless(&served.account))?;
    let socket = served.socket_in(&home).ok_or_else(|| homeless(&served.account))?;
    let there = eyes.at(&socket)?;
    let stands = ask(&socket)?;
    Ok(Some(Standing { served, uid: Some(account.uid), socket, there, stands }))
}

fn homeless(account: &str) -> CouldNotCheck {
    let cause = "its home directory is not known".to_owned();
    CouldNotCheck { subject: account.to_owned(), cause }
}

/// Homes that a vault's files and its agents' keys can be in, with their accounts' numbers: the owner's, and the one that serves it.
fn homes(eyes: &Eyes<'_>) -> Seen<BTreeSet<(AbsPath, Option<u32>)>> {
    let ground = eyes.ground;
    let mut homes: BTreeSet<_> =
        ground.owner_home.iter().map(|home| (home.clone(), ground.owner_uid)).collect();
    let served = if eyes.is_machine() { served(eyes)? } else { None };
    if let Some(served) = served {
        let account = served.account()?;
        let home = account.home.ok_or_else(|| homeless(&served.account))?;
        homes.insert((home, Some(account.uid)));
    }
    Ok(homes)
}

/// The two files of each vault.
pub fn pairs(eyes: &Eyes<'_>) -> Seen<Many<Pair>> {
    let homes = homes(eyes)?;
    Ok(Many::collect(homes.iter().map(|(home, _)| pair(eyes, home))))
}

fn pair(eyes: &Eyes<'_>, home: &AbsPath) -> Seen<Pair> {
    let below = |name: String| home.join(&name).map_err(|error| unseen(home, &error));
    let counter = below(format!(".sanctum/state/vault/{COUNTER}"))?;
    let log = below(format!(".sanctum/vault/{LOG}"))?;
    let counted = eyes.head(&counter, KEY)?.and_then(|bytes| peek::counter(&bytes));
    let size = eyes.at(&log)?.and_then(|there| there.size);
    if size.is_some_and(|size| size > LARGEST) {
        let cause = "it is too large for a look".to_owned();
        return Err(CouldNotCheck { subject: log.to_string(), cause });
    }
    let reached = match eyes.head(&log, LARGEST)? {
        // A file that was made and never written is no vault yet.
        Some(bytes) if bytes.is_empty() => None,
        Some(bytes) => Some(peek::log(&bytes).map_err(|error| unseen(&log, &error))?),
        None => None,
    };
    Ok(Pair { log: log.to_string(), reached, counted, in_use: eyes.is_machine() && used(home) })
}

/// Whether a vault that is open is served in that home.
fn used(home: &AbsPath) -> bool {
    let socket = home.join(crate::jobs::vault::SOCKET);
    !matches!(socket.map(|socket| ask(&socket)), Ok(Ok(Stands::Sealed | Stands::Silent(_))))
}

/// The keys of agents in each home.
pub fn agent_keys(eyes: &Eyes<'_>) -> Seen<Many<AgentKeys>> {
    let opens = if eyes.is_machine() { served(eyes)?.and_then(|one| one.key_file) } else { None };
    let mut many = Many::default();
    for (home, uid) in homes(eyes)? {
        match in_home(eyes, &home, uid, opens.as_ref(), &mut many.unseen) {
            Ok(Some(keys)) => many.all.push(keys),
            Ok(None) => {}
            Err(cause) => many.unseen.push(cause),
        }
    }
    Ok(many)
}

fn in_home(
    eyes: &Eyes<'_>,
    home: &AbsPath,
    uid: Option<u32>,
    opens: Option<&AbsPath>,
    blind: &mut Vec<CouldNotCheck>,
) -> Seen<Option<AgentKeys>> {
    let dir = home.join(".sanctum/keys").map_err(|error| unseen(home, &error))?;
    let Some(there) = eyes.at(&dir)? else { return Ok(None) };
    let names = eyes.list(&dir)?.unwrap_or_default();
    let mut keys = Vec::new();
    for name in names {
        let path = dir.join(&name).map_err(|error| unseen(&dir, &error))?;
        match file(eyes, &path) {
            // What opens the vault at boot is a key of its own kind, and has to be as it is.
            Ok(Some(key)) if opens == Some(&path) => keys.push(KeyFile { plain: false, ..key }),
            Ok(Some(key)) => keys.push(key),
            Ok(None) => {}
            Err(cause) => blind.push(cause),
        }
    }
    Ok(Some(AgentKeys { dir, there, uid, keys }))
}

/// None where it is gone meanwhile.
fn file(eyes: &Eyes<'_>, path: &AbsPath) -> Seen<Option<KeyFile>> {
    let Some(there) = eyes.at(path)? else { return Ok(None) };
    let text = if there.is_file { eyes.head(path, KEY)?.map(Zeroizing::new) } else { None };
    let plain = text.is_some_and(|text| AgentKey::from_plain(&text).is_ok());
    Ok(Some(KeyFile { path: path.clone(), there, plain }))
}

#[cfg(test)]
pub(in crate::doctor::vault) mod tests;
