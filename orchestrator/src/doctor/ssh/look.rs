//! The observations of the SSH server: what `sshd -T` says to each caller, its files, its keys, and who may log in.

use super::inventory::{self, Inventory};
use crate::doctor::exposure::look::need_root;
use crate::doctor::eyes::{Eyes, There, nothing_runs};
use crate::doctor::looked::{Many, Seen, unseen};
use crate::instance::model::{NodeType, Os};
use crate::render::sshd::effective::contexts;
use crate::render::sshd::{Effective, allowed_users, parse_effective};
use russh::keys::{HashAlg, PublicKey};
use sanctum_host::{Blobs, accounts};
use sanctum_types::{AbsPath, CouldNotCheck};
use std::collections::BTreeSet;

/// sshd's directory, on Linux and on macOS.
const DIR: &str = "/etc/ssh";
/// Most bytes of a configuration, key or authorized_keys file: stock ones have 3 KiB.
const MOST: u64 = 1024 * 1024;
/// What sshd takes where it says nothing else (sshd_config(5)).
const AUTHORIZED: &str = ".ssh/authorized_keys .ssh/authorized_keys2";

/// What sshd does for one caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// Whom it was asked about (`user=...,addr=...`); empty for nobody in particular.
    pub context: String,
    /// Keywords with their values.
    pub effective: Effective,
}

/// One configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigFile {
    /// Where it is.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// One host key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKey {
    /// Where its secret half is.
    pub path: String,
    /// The file of its secret half; none where only the public half is there.
    pub there: Option<There>,
    /// Its public half as a line; none where that is not there.
    pub public: Option<String>,
}

/// What was recorded before, and what this machine is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The generation of this machine.
    pub generation: String,
    /// The inventory.
    pub inventory: Inventory,
}

/// A file that says who may log in as somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorizedFile {
    /// The account.
    pub user: String,
    /// Its number.
    pub uid: u32,
    /// The file.
    pub path: String,
    /// What it says.
    pub text: String,
    /// The file and what is above it up to the home, which sshd's StrictModes judges.
    pub way: Vec<(String, There)>,
}

impl HostKey {
    /// Algorithm and fingerprint of its public half.
    #[must_use]
    pub fn shown(&self) -> Option<(String, String)> {
        let key = PublicKey::from_openssh(self.public.as_deref()?).ok()?;
        Some((key.algorithm().to_string(), key.fingerprint(HashAlg::Sha256).to_string()))
    }
}

/// What sshd does for nobody in particular, for everybody who may log in, and for root.
pub fn sshd(eyes: &Eyes<'_>) -> Seen<Vec<Caller>> {
    let house = eyes.ground.house()?;
    if house.node.kind == NodeType::Mobile {
        return Ok(Vec::new());
    }
    if !eyes.is_machine() {
        return Err(nothing_runs("sshd"));
    }
    need_root("sshd -T")?;
    let ask = |context: String| {
        let args = ["-T", "-C", context.as_str()];
        let args = args.get(..if context.is_empty() { 1 } else { 3 }).unwrap_or_default();
        let effective = parse_effective(&eyes.says("sshd -T", "sshd", args)?);
        Ok(Caller { context, effective })
    };
    std::iter::once(String::new()).chain(contexts(&house)).map(ask).collect()
}

/// The main file and the drop-ins that sshd reads.
pub fn files(eyes: &Eyes<'_>) -> Seen<Many<ConfigFile>> {
    let folder = path(&format!("{DIR}/sshd_config.d"))?;
    let mut paths = vec![path(&format!("{DIR}/sshd_config"))?];
    for name in eyes.list(&folder)?.unwrap_or_default() {
        if name.ends_with(".conf") {
            paths.push(folder.join(&name).map_err(|error| unseen(&name, &error))?);
        }
    }
    let read = |path: AbsPath| {
        let bytes = eyes.head(&path, MOST)?;
        Ok(bytes.map(|bytes| ConfigFile {
            path: path.to_string(),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }))
    };
    Ok(Many::collect(paths.into_iter().map(read).filter_map(Seen::transpose)))
}

/// The keys in sshd's directory.
pub fn host_keys(eyes: &Eyes<'_>) -> Seen<Many<HostKey>> {
    let dir = path(DIR)?;
    let names = eyes.list(&dir)?.unwrap_or_default();
    let secret = |name: &String| {
        let stem = name.strip_suffix(".pub").unwrap_or(name);
        (stem.starts_with("ssh_host_") && stem.ends_with("_key")).then(|| stem.to_owned())
    };
    let stems: BTreeSet<String> = names.iter().filter_map(secret).collect();
    let one = |stem: String| {
        let at = dir.join(&stem).map_err(|error| unseen(&stem, &error))?;
        let public = path(&format!("{at}.pub"))?;
        let public = eyes.head(&public, MOST)?;
        Ok(HostKey {
            path: at.to_string(),
            there: eyes.at(&at)?,
            public: public.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()),
        })
    };
    Ok(Many::collect(stems.into_iter().map(one)))
}

/// The inventory beside the generation of this machine.
pub fn kept(eyes: &Eyes<'_>) -> Seen<Kept> {
    let inventory = recorded(eyes)?.ok_or_else(|| CouldNotCheck {
        subject: inventory::path(eyes.ground.facts.os),
        cause: "nothing was recorded yet: sudo sanctum doctor --record-ssh".to_owned(),
    })?;
    Ok(Kept { generation: generation(eyes)?, inventory })
}

/// The inventory; none where nothing was recorded yet.
pub fn recorded(eyes: &Eyes<'_>) -> Seen<Option<Inventory>> {
    let file = path(&inventory::path(eyes.ground.facts.os))?;
    eyes.head(&file, MOST)?.map(|bytes| Inventory::read(&bytes)).transpose()
}

/// What there is now, all of it: what could not be seen must not be recorded as not there.
pub fn found(eyes: &Eyes<'_>) -> Seen<Inventory> {
    need_root("who may log in")?;
    let (keys, authorized) = (host_keys(eyes)?, authorized(eyes)?);
    if let Some(unseen) = keys.unseen.iter().chain(&authorized.unseen).next() {
        return Err(unseen.clone());
    }
    Ok(Inventory::of(&generation(eyes)?, &keys.all, &authorized.all))
}

/// A name for this life of the machine: a digest, because the identity itself is nobody's business
/// (machine-id(5)).
pub fn generation(eyes: &Eyes<'_>) -> Seen<String> {
    let identity = match eyes.ground.facts.os {
        Os::Linux => {
            let file = path("/etc/machine-id")?;
            let bytes = eyes.head(&file, 128)?.unwrap_or_default();
            String::from_utf8_lossy(&bytes).trim().to_owned()
        }
        Os::Macos => {
            let args = ["-rd1", "-c", "IOPlatformExpertDevice"];
            let said = eyes.says("the machine's identity", "ioreg", &args)?;
            read_ioreg(&said).unwrap_or_default().to_owned()
        }
    };
    if identity.is_empty() {
        let cause = "this machine has no identity of its own".to_owned();
        return Err(CouldNotCheck { subject: "the machine's generation".to_owned(), cause });
    }
    Ok(Blobs::digest(format!("sanctum generation {identity}").as_bytes()).to_string())
}

/// `"IOPlatformUUID" = "..."` of ioreg(8).
#[must_use]
pub fn read_ioreg(text: &str) -> Option<&str> {
    text.lines()
        .find_map(|line| line.trim().strip_prefix("\"IOPlatformUUID\" = \"")?.strip_suffix('"'))
}

/// Who may log in as each account that sshd lets in, and as root.
pub fn authorized(eyes: &Eyes<'_>) -> Seen<Many<AuthorizedFile>> {
    let house = eyes.ground.house()?;
    if !eyes.is_machine() {
        return Err(nothing_runs("who may log in"));
    }
    let places = match need_root("sshd -T") {
        Ok(()) => {
            let said = parse_effective(&eyes.says("sshd -T", "sshd", &["-T"])?);
            let named = said.get("authorizedkeysfile").and_then(|lines| lines.first());
            named.cloned().unwrap_or_else(|| AUTHORIZED.to_owned())
        }
        Err(_) => AUTHORIZED.to_owned(),
    };
    let mut users: BTreeSet<String> =
        allowed_users(&house).iter().map(ToString::to_string).collect();
    users.insert("root".to_owned());
    let mut files = Vec::new();
    for user in users {
        let account = accounts::by_name(&user).map_err(|error| unseen(&user, &error))?;
        let Some((home, uid)) = account.and_then(|one| Some((one.home?, one.uid))) else {
            continue;
        };
        for place in places.split_whitespace().filter(|place| *place != "none") {
            files.push(one(eyes, &user, uid, &home, place));
        }
    }
    Ok(Many::collect(files.into_iter().filter_map(Seen::transpose)))
}

/// One file, named as sshd_config(5) says; none where it is not there.
fn one(
    eyes: &Eyes<'_>,
    user: &str,
    uid: u32,
    home: &AbsPath,
    place: &str,
) -> Seen<Option<AuthorizedFile>> {
    let named = place.replace("%h", home.as_str()).replace("%u", user).replace("%%", "%");
    let file = match named.starts_with('/') {
        true => path(&named)?,
        false => path(&format!("{home}/{named}"))?,
    };
    let Some(bytes) = eyes.head(&file, MOST)? else { return Ok(None) };
    let mut way = Vec::new();
    let mut here = Some(file.clone());
    while let Some(at) = here {
        way.extend(eyes.at(&at)?.map(|there| (at.to_string(), there)));
        // StrictModes looks no higher than the home.
        here = if at == *home { None } else { at.parent() };
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Some(AuthorizedFile { user: user.to_owned(), uid, path: file.to_string(), text, way }))
}

fn path(text: &str) -> Seen<AbsPath> {
    AbsPath::new(text).map_err(|error| unseen(text, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_of_a_mac() {
        let said = "+-o J614AP  <class IOPlatformExpertDevice>\n    {\n      \"IOPlatformSerialNumber\" = \"X\"\n      \"IOPlatformUUID\" = \"0A0B\"\n    }\n";
        assert_eq!(read_ioreg(said), Some("0A0B"));
        assert_eq!(read_ioreg("nothing"), None);
    }

    #[test]
    fn a_host_key_is_shown_by_its_public_half() {
        let public = Some(super::super::inventory::fixture::KEY.to_owned());
        let key = HostKey { path: "/etc/ssh/ssh_host_ed25519_key".to_owned(), there: None, public };
        let (algorithm, fingerprint) = key.shown().unwrap();
        assert_eq!(algorithm, "ssh-ed25519");
        assert!(fingerprint.starts_with("SHA256:"));
        assert_eq!(HostKey { public: Some("nonsense".to_owned()), ..key }.shown(), None);
    }
}
