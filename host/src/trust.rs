//! Whether only root could have put a program or file where it is.
//!
//! Every directory on the way, every link's own directory, the file, and the interpreter of a script must
//! belong to root and be closed to group and others. The judgement is pure over a view of the file system, so
//! that a Mac's layout is tested anywhere. Deliberately absent: repairs, and any exception for a sticky directory.

use crate::HostError;
use rustix::io::Errno;
use sanctum_types::AbsPath;

/// As deep as a chain of links may be (MAXSYMLINKS of macOS's sys/param.h; Linux has 40).
const LINKS: usize = 32;
/// Interpreters that are scripts themselves (Linux's limit in fs/exec.c).
const INTERPRETERS: usize = 4;
/// How much of a file is read to find its interpreter (BINPRM_BUF_SIZE of Linux; macOS has 512).
const HEAD: usize = 512;

/// What a path is refused for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{component} cannot be trusted: {why}")]
pub struct Untrusted {
    /// The directory, link, file or interpreter that decided.
    pub component: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl From<Untrusted> for HostError {
    fn from(found: Untrusted) -> Self {
        Self::Untrusted { path: found.component, why: found.why }
    }
}

/// What a view says of one name, without following it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What it is.
    pub kind: Kind,
    /// Owner's user id.
    pub uid: u32,
    /// Permission bits.
    pub mode: u32,
}

/// The kinds that matter here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Dir,
    /// A regular file.
    File,
    /// A symbolic link and where it points.
    Link(String),
    /// Anything else.
    Other,
}

/// A file system that can be looked at.
pub trait View {
    /// What is at the path itself; none when nothing is or it cannot be seen.
    fn look(&self, path: &AbsPath) -> Option<Facts>;
    /// The first bytes of a file; empty when it cannot be read.
    fn head(&self, path: &AbsPath) -> Vec<u8>;
}

/// Checks a file or directory of this machine.
pub fn check_root_owned(path: &AbsPath) -> Result<(), Untrusted> {
    judge_path(&Machine, path).map(|_| ())
}

/// Checks a program of this machine, and its interpreter when it is a script.
pub fn check_program(path: &AbsPath) -> Result<(), Untrusted> {
    judge_program(&Machine, path)
}

/// Checks every step of the way and gives the path that the last link led to, with what is there.
pub fn judge_path(view: &impl View, path: &AbsPath) -> Result<(AbsPath, Facts), Untrusted> {
    let mut left: Vec<String> = path.components().map(str::to_owned).collect();
    left.reverse();
    let mut here = vec![];
    let mut links = 0;
    let mut last = judge_one(view, &joined(&here)?)?;
    while let Some(name) = left.pop() {
        match name.as_str() {
            "" | "." => continue,
            ".." => {
                here.pop();
                last = judge_one(view, &joined(&here)?)?;
                continue;
            }
            _ => here.push(name),
        }
        let at = joined(&here)?;
        last = judge_one(view, &at)?;
        if let Kind::Link(target) = &last.kind {
            links += 1;
            if links > LINKS {
                return Err(refused(&at, "there are too many symbolic links"));
            }
            here.pop();
            if target.starts_with('/') {
                here.clear();
            }
            left.extend(target.split('/').rev().map(str::to_owned));
        } else if !left.is_empty() && last.kind != Kind::Dir {
            return Err(refused(&at, "it is not a directory"));
        }
    }
    Ok((joined(&here)?, last))
}

/// Checks a program and the chain of its interpreters.
pub fn judge_program(view: &impl View, path: &AbsPath) -> Result<(), Untrusted> {
    let mut path = path.clone();
    for _ in 0..INTERPRETERS {
        let (real, facts) = judge_path(view, &path)?;
        if facts.kind != Kind::File || facts.mode & 0o111 == 0 {
            return Err(refused(&real, "it is not an executable file"));
        }
        let head = view.head(&real);
        let Some(line) = head.strip_prefix(b"#!") else { return Ok(()) };
        let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        let interpreter = line.split_whitespace().next().unwrap_or_default();
        path = AbsPath::new(interpreter)
            .map_err(|_| refused(&real, "its interpreter is not an absolute path"))?;
        if path.file_name() == "env" {
            return Err(refused(&real, "it finds its interpreter through env and PATH"));
        }
    }
    Err(refused(&path, "there are too many interpreters"))
}

fn judge_one(view: &impl View, path: &AbsPath) -> Result<Facts, Untrusted> {
    let facts = view.look(path).ok_or_else(|| refused(path, "it is not there"))?;
    if facts.uid != 0 {
        return Err(refused(path, "it does not belong to root"));
    }
    // The mode of a link means nothing; its directory has been judged.
    if !matches!(facts.kind, Kind::Link(_)) && facts.mode & 0o022 != 0 {
        return Err(refused(path, "group or others can write it"));
    }
    Ok(facts)
}

fn joined(parts: &[String]) -> Result<AbsPath, Untrusted> {
    let text = format!("/{}", parts.join("/"));
    AbsPath::new(text.clone())
        .map_err(|_| Untrusted { component: text, why: "it is not a normal path" })
}

fn refused(path: &AbsPath, why: &'static str) -> Untrusted {
    Untrusted { component: path.to_string(), why }
}

/// This machine.
struct Machine;

impl View for Machine {
    fn look(&self, path: &AbsPath) -> Option<Facts> {
        use rustix::fs::FileType;
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
        #[expect(clippy::disallowed_methods, reason = "host is where the file system is read")]
        let meta = std::fs::symlink_metadata(path.as_str()).ok()?;
        let kind = match FileType::from_raw_mode(
            rustix::fs::RawMode::try_from(meta.permissions().mode()).ok()?,
        ) {
            FileType::Directory => Kind::Dir,
            FileType::RegularFile => Kind::File,
            FileType::Symlink => {
                #[expect(clippy::disallowed_methods, reason = "as above")]
                let target = std::fs::read_link(path.as_str()).ok()?;
                Kind::Link(target.to_str()?.to_owned())
            }
            _ => Kind::Other,
        };
        Some(Facts { kind, uid: meta.uid(), mode: meta.mode() & 0o7777 })
    }

    fn head(&self, path: &AbsPath) -> Vec<u8> {
        let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::CLOEXEC;
        let open = rustix::fs::open(path.as_str(), flags, rustix::fs::Mode::empty());
        let mut head = vec![0; HEAD];
        let read = open.and_then(|file| match rustix::io::read(&file, &mut head) {
            Err(Errno::INTR) => rustix::io::read(&file, &mut head),
            other => other,
        });
        head.truncate(read.unwrap_or(0));
        head
    }
}

#[cfg(test)]
mod tests;
