//! Hosts for laws: one in memory that models what makes order matter, and one that fails on purpose.
//!
//! `MemHost` refuses what a real system refuses: a file without its parent, removing a directory that is not
//! empty, loading from a file that is absent, a file owned by an account that does not exist.

use crate::{Blobs, Host, HostError, LoadedState, Observed, Op, Scope, Unit};
use sanctum_types::AbsPath;

/// A whole machine in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemHost(pub Observed, pub std::collections::BTreeMap<sanctum_types::Digest, Vec<u8>>);

fn refusal(verb: &'static str, path: &AbsPath, kind: std::io::ErrorKind) -> HostError {
    HostError::Io { verb, path: path.to_string(), source: kind.into() }
}

impl MemHost {
    fn parent_exists(&self, verb: &'static str, path: &AbsPath) -> Result<(), HostError> {
        match path.parent() {
            Some(up) if up.as_str() != "/" && !self.0.dirs.contains_key(&up) => {
                Err(refusal(verb, path, std::io::ErrorKind::NotFound))
            }
            _ => Ok(()),
        }
    }

    fn owner_exists(&self, user: &str, path: &AbsPath) -> Result<(), HostError> {
        let service = user.starts_with("_sanctum");
        if service && !self.0.accounts.iter().any(|name| name.as_str() == user) {
            return Err(refusal("give an owner to", path, std::io::ErrorKind::NotFound));
        }
        Ok(())
    }

    fn remove(&mut self, path: &AbsPath) -> Result<(), HostError> {
        let below = |other: &AbsPath| other.parent().as_ref() == Some(path);
        if self.0.dirs.contains_key(path)
            && (self.0.files.keys().any(below) || self.0.dirs.keys().any(below))
        {
            return Err(refusal("remove", path, std::io::ErrorKind::DirectoryNotEmpty));
        }
        self.0.dirs.remove(path);
        self.0.files.remove(path);
        Ok(())
    }

    fn load(&mut self, unit: &Unit, from: &AbsPath) -> Result<(), HostError> {
        let Some(file) = self.0.files.get(from) else {
            return Err(refusal("load", from, std::io::ErrorKind::NotFound));
        };
        let state = LoadedState { from: Some(from.clone()), blob: Some(file.blob) };
        self.0.loaded.insert(unit.clone(), state);
        Ok(())
    }
}

impl Host for MemHost {
    fn observe(&self, scope: &Scope, blobs: &mut Blobs) -> Result<Observed, HostError> {
        let mut seen = self.0.clone();
        seen.dirs.retain(|path, _| scope.paths.contains(path));
        seen.files.retain(|path, _| scope.paths.contains(path));
        seen.loaded.retain(|unit, _| scope.units.contains(unit));
        seen.accounts.retain(|name| scope.accounts.contains(name));
        for file in seen.files.values() {
            if let Some(bytes) = self.1.get(&file.blob) {
                blobs.add(bytes);
            }
        }
        Ok(seen)
    }

    fn ensure(&mut self, op: &Op, blobs: &Blobs) -> Result<(), HostError> {
        match op {
            Op::Dir { path, state } => {
                self.parent_exists("create", path)?;
                self.owner_exists(&state.owner.user, path)?;
                if self.0.files.contains_key(path) {
                    return Err(refusal("create", path, std::io::ErrorKind::AlreadyExists));
                }
                self.0.dirs.insert(path.clone(), state.clone());
            }
            Op::File { path, state } => {
                self.parent_exists("write", path)?;
                self.owner_exists(&state.owner.user, path)?;
                if self.0.dirs.contains_key(path) {
                    return Err(refusal("write", path, std::io::ErrorKind::IsADirectory));
                }
                let bytes =
                    blobs.get(&state.blob).ok_or(HostError::NoBlob { digest: state.blob })?;
                self.1.insert(state.blob, bytes.to_vec());
                self.0.files.insert(path.clone(), state.clone());
            }
            Op::Absent { path } => self.remove(path)?,
            Op::Loaded { unit, from } => self.load(unit, from)?,
            Op::Unloaded { unit } => {
                self.0.loaded.remove(unit);
            }
            Op::Account { name } => {
                self.0.accounts.insert(name.clone());
            }
            Op::NoAccount { name } => {
                self.0.accounts.remove(name);
            }
        }
        Ok(())
    }
}

/// Fails once at the operation number `left` (from 0), then goes on working.
#[derive(Clone, Debug)]
pub struct FailAt<H> {
    /// The host that does the work.
    pub inner: H,
    /// Operations until the failure; none when it has happened.
    pub left: Option<usize>,
}

impl<H: Host> Host for FailAt<H> {
    fn observe(&self, scope: &Scope, blobs: &mut Blobs) -> Result<Observed, HostError> {
        self.inner.observe(scope, blobs)
    }

    fn ensure(&mut self, op: &Op, blobs: &Blobs) -> Result<(), HostError> {
        match self.left {
            Some(0) => {
                self.left = None;
                return Err(HostError::Injected);
            }
            Some(more) => self.left = Some(more - 1),
            None => {}
        }
        self.inner.ensure(op, blobs)
    }
}
