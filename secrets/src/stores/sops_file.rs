//! The values of one SOPS document, `sops:file#path.to.key`.
//!
//! A document that is not there is unreachable: nobody knows what it would hold. A value is put only where the document's
//! selectors encrypt it, and everything else keeps its line. Others may read the file and never write it. Deliberately
//! absent: making documents, which needs creation rules.

use super::{LONGEST, Reading, Store, StoreError, Value};
use crate::identity::Keys;
use crate::sops::node::dotted;
use crate::sops::opened::{Mac, Opened, open_with};
use crate::sops::text::{Node, Scalar, Step, TextError};
use crate::sops::{Format, Identities, SopsError, Sources};
use sanctum_host::tree::Tree;
use sanctum_host::{HostError, clock};
use sanctum_types::{AbsPath, Mode, Secret, SecretRef};
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// As for the file store.
const LOCK_WAIT: Duration = Duration::from_secs(10);
/// How a sealed value begins (aes/cipher.go of the original).
const SEALED: &str = "ENC[";

/// One document.
#[derive(Clone, Debug)]
pub struct SopsStore {
    /// As references spell it.
    file: String,
    path: AbsPath,
    keys: Keys,
    sources: Sources,
}

/// A document that was read.
struct Document {
    mode: Mode,
    opened: Opened,
}

impl SopsStore {
    /// The document `file`, which starts at `base` when it is relative, opened with the house's identities and with
    /// what else the owner has.
    ///
    /// # Errors
    /// It is no path.
    pub fn new(
        base: &AbsPath,
        file: &str,
        keys: Keys,
        sources: Sources,
    ) -> Result<Self, StoreError> {
        let path = if file.starts_with('/') { AbsPath::new(file) } else { base.join(file) };
        let path = path.map_err(|_| StoreError::Name {
            store: "SOPS".to_owned(),
            reference: SecretRef::Sops { file: file.to_owned(), key: String::new() },
            why: "it is no path without detours",
        })?;
        Ok(Self { file: file.to_owned(), path, keys, sources })
    }

    fn host(&self, source: HostError) -> StoreError {
        StoreError::Host { store: self.name(), source: Box::new(source) }
    }

    fn sops(&self, source: impl Into<SopsError>) -> StoreError {
        StoreError::Sops { path: self.path.to_string(), source: Box::new(source.into()) }
    }

    fn steps(&self, reference: &SecretRef) -> Result<Vec<Step>, StoreError> {
        let SecretRef::Sops { file, key } = reference else {
            return Err(StoreError::Foreign { store: self.name(), reference: reference.clone() });
        };
        if *file != self.file {
            return Err(StoreError::Foreign { store: self.name(), reference: reference.clone() });
        }
        let why = "what follows # is no path of keys, such as a.b[0]";
        dotted(key).map_err(|_| StoreError::Name {
            store: self.name(),
            reference: reference.clone(),
            why,
        })
    }

    fn identities(&self) -> Result<Identities, StoreError> {
        let failed = |source| StoreError::Identity { store: self.name(), source };
        let (mut text, ssh) = self.keys.for_sops().map_err(failed)?;
        let mut sources = self.sources.clone();
        if let Some(more) = &sources.age_key {
            text.push_str(more.expose());
        }
        sources.age_key = (!text.is_empty()).then(|| Secret::new(std::mem::take(&mut *text)));
        sources.ssh_key_file = sources.ssh_key_file.or(ssh);
        Ok(Identities::at(sources))
    }

    fn format(&self) -> Format {
        Format::of_path(Path::new(self.path.as_str()))
    }

    fn tree(&self) -> Result<Tree, StoreError> {
        let root: &PathBuf = &self.keys.root;
        Tree::open(root).map_err(|source| self.host(source))
    }

    fn open(&self, tree: &Tree) -> Result<Document, StoreError> {
        let missing = || StoreError::NoDocument { path: self.path.to_string() };
        let text = tree.read_own(&self.path).map_err(|source| self.host(source))?;
        let text = text.ok_or_else(missing)?;
        let entry = tree.stat(&self.path).map_err(|source| self.host(source))?;
        let mode = entry.ok_or_else(missing)?.mode;
        let opened = open_with(&text, self.format(), &self.identities()?, Mac::Check)
            .map_err(|source| self.sops(source))?;
        Ok(Document { mode, opened })
    }

    fn read(&self, opened: &Opened, reference: &SecretRef) -> Result<Option<Value>, StoreError> {
        let node = match opened.extract(&self.steps(reference)?) {
            Ok(node) => node,
            Err(SopsError::Text(TextError::NotThere(_))) => return Ok(None),
            Err(source) => return Err(self.sops(source)),
        };
        let Node::Scalar(scalar) = node else {
            let why = "there is a map or a list, and not a value";
            return Err(StoreError::Name { store: self.name(), reference: reference.clone(), why });
        };
        Ok(bytes_of(&scalar).map(|mut bytes| Value::new(std::mem::take(&mut *bytes))))
    }

    /// Writes what was changed, and makes sure that a new value is sealed.
    fn save(
        &self,
        tree: &Tree,
        mut document: Document,
        new: Option<&[Step]>,
    ) -> Result<(), StoreError> {
        let sealed = document.opened.sealed(clock::now()).map_err(|source| self.sops(source))?;
        if let Some(steps) = new {
            let text = self.format().parse(&sealed).map_err(|source| self.sops(source))?;
            match text.tree(0, steps).map_err(|source| self.sops(source))? {
                Node::Scalar(Scalar::Str(text)) if text.starts_with(SEALED) => {}
                _ => {
                    let key = crate::sops::node::spelled(steps);
                    return Err(StoreError::Clear { path: self.path.to_string(), key });
                }
            }
        }
        tree.write(&self.path, sealed.as_bytes(), document.mode, None)
            .map_err(|source| self.host(source))
    }

    fn locked(&self) -> Result<(Tree, sanctum_host::tree::DirLock), StoreError> {
        let tree = self.tree()?;
        let up = self.path.parent().ok_or_else(|| StoreError::Away { store: self.name() })?;
        if tree.stat(&self.path).map_err(|source| self.host(source))?.is_none() {
            return Err(StoreError::NoDocument { path: self.path.to_string() });
        }
        let lock = tree.lock_dir(&up, LOCK_WAIT).map_err(|source| self.host(source))?;
        Ok((tree, lock))
    }
}

impl Store for SopsStore {
    fn name(&self) -> String {
        format!("the SOPS document {}", self.path)
    }

    fn unattended(&self) -> bool {
        true
    }

    fn get(&self, reference: &SecretRef) -> Reading {
        let read = || {
            self.steps(reference)?;
            self.read(&self.open(&self.tree()?)?.opened, reference)
        };
        read().into()
    }

    fn may_put(&self, reference: &SecretRef) -> Result<(), StoreError> {
        self.steps(reference)?;
        let tree = self.tree()?;
        tree.may_write(&self.path).map_err(|source| self.host(source))?;
        self.read(&self.open(&tree)?.opened, reference).map(drop)
    }

    fn put(&self, reference: &SecretRef, value: &Value) -> Result<(), StoreError> {
        let steps = self.steps(reference)?;
        let text = std::str::from_utf8(value.expose());
        let fits = text.ok().filter(|text| !text.is_empty() && text.len() <= LONGEST);
        let Some(text) = fits else {
            // The original leaves an empty value in clear text.
            let why = "a SOPS value is text, not empty and not longer than any secret";
            return Err(StoreError::Value {
                store: self.name(),
                reference: reference.clone(),
                why,
            });
        };
        let (tree, _lock) = self.locked()?;
        let mut document = self.open(&tree)?;
        document.opened.set(&steps, &Node::text(text)).map_err(|source| self.sops(source))?;
        self.save(&tree, document, Some(&steps))?;
        match self.read(&self.open(&tree)?.opened, reference)? {
            Some(found) if found.expose() == value.expose() => Ok(()),
            _ => Err(StoreError::ReadBack { store: self.name(), reference: reference.clone() }),
        }
    }

    fn remove(&self, reference: &SecretRef) -> Result<bool, StoreError> {
        let steps = self.steps(reference)?;
        let (tree, _lock) = self.locked()?;
        let mut document = self.open(&tree)?;
        if self.read(&document.opened, reference)?.is_none() {
            return Ok(false);
        }
        document.opened.unset(&steps).map_err(|source| self.sops(source))?;
        self.save(&tree, document, None)?;
        match self.read(&self.open(&tree)?.opened, reference)? {
            None => Ok(true),
            Some(_) => {
                Err(StoreError::ReadBack { store: self.name(), reference: reference.clone() })
            }
        }
    }

    /// Every value of the document that a reference can name.
    fn list(&self) -> Result<Vec<SecretRef>, StoreError> {
        let document = self.open(&self.tree()?)?;
        let all = document.opened.extract(&[]).map_err(|source| self.sops(source))?;
        let mut found = Vec::new();
        walk(&all, &mut Vec::new(), &mut |steps| {
            let key = dots(steps);
            if dotted(&key).is_ok_and(|read| read == steps) {
                found.extend(SecretRef::parse(&format!("sops:{}#{key}", self.file)));
            }
        });
        found.sort();
        Ok(found)
    }
}

/// A scalar as the bytes that a caller wants; nothing for null.
fn bytes_of(scalar: &Scalar) -> Option<Zeroizing<Vec<u8>>> {
    let text = match scalar {
        Scalar::Str(text) | Scalar::Time(text) => {
            return Some(Zeroizing::new(text.as_bytes().to_vec()));
        }
        Scalar::Int(number) => number.to_string(),
        Scalar::Float(number) => number.to_string(),
        Scalar::Bool(truth) => truth.to_string(),
        Scalar::Null => return None,
    };
    Some(Zeroizing::new(text.into_bytes()))
}

fn walk(node: &Node, steps: &mut Vec<Step>, found: &mut impl FnMut(&[Step])) {
    match node {
        Node::Scalar(Scalar::Null) => {}
        Node::Scalar(_) => found(steps),
        Node::List(nodes) => {
            for (at, node) in nodes.iter().enumerate() {
                steps.push(Step::Index(at));
                walk(node, steps, found);
                steps.pop();
            }
        }
        Node::Map(entries) => {
            for (key, node) in entries {
                steps.push(Step::Key(key.clone()));
                walk(node, steps, found);
                steps.pop();
            }
        }
    }
}

/// A path as references spell it.
fn dots(steps: &[Step]) -> String {
    let mut out = String::new();
    for step in steps {
        match step {
            Step::Index(at) => out.push_str(&format!("[{at}]")),
            Step::Key(key) => {
                if !out.is_empty() {
                    out.push('.');
                }
                for c in key.chars() {
                    if matches!(c, '.' | '[' | '\\') {
                        out.push('\\');
                    }
                    out.push(c);
                }
            }
        }
    }
    out
}
