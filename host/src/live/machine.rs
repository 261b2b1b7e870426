//! What both live hosts share: files with real owners, and the ledger of what was loaded.
//!
//! A running definition cannot be read back from launchd, pf or systemd, so the digest that was loaded is kept
//! in the store with a fingerprint of what the system showed right after. When the system shows something else
//! today, the digest is not claimed any more. Deliberately absent: any program.

use crate::accounts;
use crate::command::{Options, Output, Program, run};
use crate::store::Store;
use crate::tree::{Ids, Tree};
use crate::{Blobs, DirState, FileState, HostError, LoadedState, Observed, Op, Unit};
use sanctum_types::{AbsPath, AccountName, Digest, Owner, Secret};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

const LEDGER: &str = "loaded.json";
const FORMAT: u32 = 1;
/// Only accounts that start so are made, removed, or given files.
pub(super) const SERVICE_PREFIX: &str = "_sanctum";

/// One unit as it was loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Load {
    pub(super) state: LoadedState,
    /// Digest of what the system showed right after; none where it shows nothing comparable.
    pub(super) fingerprint: Option<Digest>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ledger {
    format: u32,
    loaded: Vec<(Unit, Load)>,
}

/// Files and the ledger of one machine.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) tree: Tree,
    store: PathBuf,
    pub(super) name: &'static str,
}

impl Machine {
    pub(super) fn new(tree: Tree, store: &Path, name: &'static str) -> Self {
        let tree = tree.with_target_owner(is_service);
        Self { tree, store: store.to_owned(), name }
    }

    /// The store, made when it is missing.
    pub(super) fn store(&self) -> Result<Store, HostError> {
        Store::open(&self.store)
    }

    pub(super) fn unsupported(&self, what: impl std::fmt::Display) -> HostError {
        HostError::Unsupported { what: what.to_string(), host: self.name }
    }

    /// Looks at one path; a file's bytes go to `blobs`.
    pub(super) fn observe_path(
        &self,
        path: &AbsPath,
        blobs: &mut Blobs,
        seen: &mut Observed,
    ) -> Result<(), HostError> {
        if path.as_str() != "/"
            && let Some((entry, bytes)) = self.tree.read(path)?
        {
            let owner = accounts::owner_of(Ids { uid: entry.uid, gid: entry.gid })?;
            let state = FileState { blob: blobs.add(&bytes), mode: entry.mode, owner };
            seen.files.insert(path.clone(), state);
        } else if let Some(entry) = self.tree.stat(path)?.filter(|entry| entry.is_dir) {
            let owner = accounts::owner_of(Ids { uid: entry.uid, gid: entry.gid })?;
            seen.dirs.insert(path.clone(), DirState { mode: entry.mode, owner });
        }
        Ok(())
    }

    /// Does the three verbs about paths; any other is not for this function and is refused.
    pub(super) fn ensure_path(&self, op: &Op, blobs: &Blobs) -> Result<(), HostError> {
        match op {
            Op::Dir { path, state } => {
                self.tree.make_dir(path, state.mode, Some(self.ids(path, &state.owner)?))
            }
            Op::File { path, state } => {
                let bytes =
                    blobs.get(&state.blob).ok_or(HostError::NoBlob { digest: state.blob })?;
                self.tree.write(path, bytes, state.mode, Some(self.ids(path, &state.owner)?))
            }
            Op::Absent { path } => self.tree.remove(path),
            Op::Loaded { .. } | Op::Unloaded { .. } | Op::Account { .. } | Op::NoAccount { .. } => {
                Err(self.unsupported(op))
            }
        }
    }

    fn ids(&self, path: &AbsPath, owner: &Owner) -> Result<Ids, HostError> {
        let ids = accounts::ids_of(owner)?;
        // What would be refused as foreign at the next look is not made in the first place.
        if rustix::process::geteuid().is_root() && ids.uid != 0 && !is_service(ids.uid) {
            let why = "its owner would be neither root nor a service account";
            return Err(HostError::Untrusted { path: self.tree.shown(path), why });
        }
        Ok(ids)
    }

    /// The bytes of the file that defines a unit, and what the ledger will say of it.
    pub(super) fn definition(&self, from: &AbsPath) -> Result<(Vec<u8>, Load), HostError> {
        let (_, bytes) = self.tree.read(from)?.ok_or_else(|| HostError::Io {
            verb: "load",
            path: self.tree.shown(from),
            source: std::io::ErrorKind::NotFound.into(),
        })?;
        let blob = Some(Blobs::digest(&bytes));
        let state = LoadedState { from: Some(from.clone()), blob };
        Ok((bytes, Load { state, fingerprint: None }))
    }

    /// What was loaded, by unit.
    pub(super) fn loads(&self) -> Result<BTreeMap<Unit, Load>, HostError> {
        loads(&self.store)
    }

    /// Remembers what a unit runs, or that it does not.
    pub(super) fn record(&self, unit: &Unit, load: Option<Load>) -> Result<(), HostError> {
        let mut loads = self.loads()?;
        let same = match load {
            Some(load) => loads.insert(unit.clone(), load.clone()).as_ref() == Some(&load),
            None => loads.remove(unit).is_none(),
        };
        if same {
            return Ok(());
        }
        let ledger = Ledger { format: FORMAT, loaded: loads.into_iter().collect() };
        let bytes =
            serde_json::to_vec_pretty(&ledger).map_err(|error| damaged(&self.store, &error))?;
        self.store()?.write_file(LEDGER, &bytes)
    }

    /// What to say of a unit that runs: the ledger's word while the fingerprint holds, else that it is unknown.
    pub(super) fn claim(load: Option<&Load>, shown: Option<Digest>) -> LoadedState {
        match load {
            Some(load) if load.fingerprint == shown => load.state.clone(),
            Some(load) => LoadedState { from: load.state.from.clone(), blob: None },
            None => LoadedState { from: None, blob: None },
        }
    }

    /// Only accounts of ours are made or removed.
    pub(super) fn own_account(&self, name: &AccountName) -> Result<(), HostError> {
        if name.as_str().starts_with(SERVICE_PREFIX) {
            return Ok(());
        }
        Err(self.unsupported(format_args!(
            "the account {name}: it does not start with {SERVICE_PREFIX}"
        )))
    }
}

fn loads(store: &Path) -> Result<BTreeMap<Unit, Load>, HostError> {
    // Looking must not make a store, so a missing one is asked for first.
    if rustix::fs::lstat(store).is_err() {
        return Ok(BTreeMap::new());
    }
    let Some(bytes) = Store::open_existing(store)?.read_file(LEDGER)? else {
        return Ok(BTreeMap::new());
    };
    let ledger: Ledger = serde_json::from_slice(&bytes).map_err(|error| damaged(store, &error))?;
    if ledger.format != FORMAT {
        return Err(damaged(store, &format_args!("format {} is not known", ledger.format)));
    }
    Ok(ledger.loaded.into_iter().collect())
}

/// The units that the ledger of a store says were loaded and not unloaded since, also in an earlier boot.
pub fn recorded(store: &Path) -> Result<Vec<Unit>, HostError> {
    Ok(loads(store)?.into_keys().collect())
}

fn damaged(store: &Path, detail: &dyn std::fmt::Display) -> HostError {
    HostError::Damaged {
        path: store.join(LEDGER).display().to_string(),
        detail: detail.to_string(),
    }
}

/// At euid 0 nobody but root may have put the store, or what is above it, where it is.
pub(super) fn check_store(store: &Path) -> Result<(), HostError> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let refused = |why| HostError::Untrusted { path: store.display().to_string(), why };
    let mut path = store
        .to_str()
        .and_then(|text| AbsPath::new(text).ok())
        .ok_or_else(|| refused("the store's path is not absolute and normal"))?;
    while rustix::fs::lstat(path.as_str()).is_err() {
        path = path.parent().ok_or_else(|| refused("nothing is above it"))?;
    }
    Ok(crate::trust::check_root_owned(&path)?)
}

/// Whether the account and its group of the same name both exist.
pub(super) fn account_exists(name: &AccountName) -> Result<bool, HostError> {
    Ok(accounts::by_name(name.as_str())?.is_some() && accounts::group_id(name.as_str())?.is_some())
}

/// Runs a program with arguments of [`super::argv`], for at most that many seconds.
pub(super) fn call(program: &Program, argv: &[String], seconds: u64) -> Result<Output, HostError> {
    call_with(program, argv, seconds, None)
}

/// As [`call`], with standard input.
pub(super) fn call_with(
    program: &Program,
    argv: &[String],
    seconds: u64,
    stdin: Option<&[u8]>,
) -> Result<Output, HostError> {
    let args: Vec<&str> = argv.iter().map(String::as_str).collect();
    let options = Options {
        stdin: stdin.map(|bytes| Secret::new(bytes.to_vec())),
        timeout: Duration::from_secs(seconds),
        ..Options::default()
    };
    run(program, &args, options)
}

/// Asks until the answer is yes or the tries are over; `nap` lies between them.
pub(super) fn poll(
    tries: u32,
    nap: Duration,
    mut ask: impl FnMut() -> Result<bool, HostError>,
) -> Result<bool, HostError> {
    for _ in 0..tries {
        if ask()? {
            return Ok(true);
        }
        std::thread::sleep(nap);
    }
    ask()
}

fn is_service(uid: u32) -> bool {
    // An account database that does not answer makes nobody trusted.
    matches!(accounts::by_uid(uid), Ok(Some(account)) if account.name.starts_with(SERVICE_PREFIX))
}
