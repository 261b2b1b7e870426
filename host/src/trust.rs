//! Whether only root could have put a program or file where it is.
//!
//! Every directory on the way, every link's own directory, the file, and the interpreter of a script must
//! belong to root and be closed to group and others. Where a service account writes, it may own the last
//! directory and its own log file, and nothing above. The judgement is pure over a view of the file system, so
//! that a Mac's layout is tested anywhere. Deliberately absent: repairs, and any exception for a sticky directory.

use crate::HostError;
use rustix::io::Errno;
use sanctum_types::AbsPath;

/// Root's user id.
const ROOT: u32 = 0;
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

/// Checks a directory of this machine that a job of the user id `owner` writes or starts in.
pub fn check_dir(path: &AbsPath, owner: u32) -> Result<(), Untrusted> {
    judge_dir(&Machine, path, owner).map(|_| ())
}

/// Checks a log file of this machine that is opened for a job of the user id `owner`.
pub fn check_log(path: &AbsPath, owner: u32) -> Result<(), Untrusted> {
    judge_log(&Machine, path, owner)
}

/// Checks a directory of this machine that systemd makes for a job, or gives to the job's account when it starts.
pub fn check_given(path: &AbsPath) -> Result<(), Untrusted> {
    judge_given(&Machine, path)
}

/// The owner of a directory of this machine, where that is a number which no account has: one that was removed.
#[must_use]
pub fn left_behind(path: &AbsPath, is_account: impl Fn(u32) -> bool) -> Option<u32> {
    abandoned(&Machine, path, is_account)
}

/// Checks every step of the way and gives the path that the last link led to, with what is there.
pub fn judge_path(view: &impl View, path: &AbsPath) -> Result<(AbsPath, Facts), Untrusted> {
    let (at, facts) = walk(view, path, ROOT)?;
    let facts = facts.ok_or_else(|| refused(&at, "it is not there"))?;
    Ok((at, facts))
}

/// Checks a directory that root or `owner` may own, below directories that are root's; gives where it really is.
///
/// One that is not there is as good as the nearest that is: nobody but root could make it. What cannot be seen
/// lies behind a directory of root's, and is as good for the same reason.
pub fn judge_dir(
    view: &impl View,
    path: &AbsPath,
    owner: u32,
) -> Result<Option<AbsPath>, Untrusted> {
    match walk(view, path, owner)? {
        (_, None) => Ok(None),
        (at, Some(Facts { kind: Kind::Dir, .. })) => Ok(Some(at)),
        (at, Some(_)) => Err(refused(&at, "it is not a directory")),
    }
}

/// Checks a directory that the service manager gives to the job's account at every start, whoever had it before.
///
/// systemd.exec(5), "Sandboxing", does so for `StateDirectory=`, `CacheDirectory=` and `LogsDirectory=`; the directory
/// outlives an account that was removed. What is above must be root's alone, and its end no link.
pub fn judge_given(view: &impl View, path: &AbsPath) -> Result<(), Untrusted> {
    let parent = path.parent().ok_or_else(|| refused(path, "it is no directory of a job"))?;
    let Some(dir) = judge_dir(view, &parent, ROOT)? else { return Ok(()) };
    let at = dir.join(path.file_name()).map_err(|_| refused(path, "it is not a normal path"))?;
    match view.look(&at).map(|facts| facts.kind) {
        None | Some(Kind::Dir) => Ok(()),
        Some(Kind::Link(_)) => Err(refused(&at, "it is a symbolic link")),
        Some(Kind::File | Kind::Other) => Err(refused(&at, "it is not a directory")),
    }
}

/// The owner of a directory, where no account has that number.
pub fn abandoned(
    view: &impl View,
    path: &AbsPath,
    is_account: impl Fn(u32) -> bool,
) -> Option<u32> {
    let facts = view.look(path).filter(|facts| facts.kind == Kind::Dir)?;
    (!is_account(facts.uid)).then_some(facts.uid)
}

/// Checks a log file and its directory; a link is refused, because whoever opens it would follow it.
pub fn judge_log(view: &impl View, path: &AbsPath, owner: u32) -> Result<(), Untrusted> {
    let parent = path.parent().ok_or_else(|| refused(path, "it is a directory"))?;
    let Some(dir) = judge_dir(view, &parent, owner)? else { return Ok(()) };
    let at = dir.join(path.file_name()).map_err(|_| refused(path, "it is not a normal path"))?;
    let Some(facts) = view.look(&at) else { return Ok(()) };
    match facts.kind {
        Kind::Link(_) => Err(refused(&at, "it is a symbolic link")),
        Kind::Dir => Err(refused(&at, "it is a directory")),
        Kind::File => judge_owner(&at, &facts, owner),
        // A device such as /dev/null is for everybody to write, and keeps nothing.
        Kind::Other if facts.uid == ROOT => Ok(()),
        Kind::Other => Err(refused(&at, "it does not belong to root")),
    }
}

/// Walks to where the path really leads, with what is there; none where something on the way is not there.
///
/// `owner` may own what the way ends at; everything else is root's.
fn walk(
    view: &impl View,
    path: &AbsPath,
    owner: u32,
) -> Result<(AbsPath, Option<Facts>), Untrusted> {
    let mut left: Vec<String> = path.components().map(str::to_owned).collect();
    left.reverse();
    let mut here = vec![];
    let mut links = 0;
    let top = joined(&here)?;
    let Some(mut last) = judge_one(view, &top, ROOT)? else { return Ok((top, None)) };
    while let Some(name) = left.pop() {
        match name.as_str() {
            "" | "." => continue,
            ".." => drop(here.pop()),
            _ => here.push(name),
        }
        let at = joined(&here)?;
        let end = left.iter().all(|name| matches!(name.as_str(), "" | "."));
        let Some(found) = judge_one(view, &at, if end { owner } else { ROOT })? else {
            return Ok((at, None));
        };
        last = found;
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
    Ok((joined(&here)?, Some(last)))
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

/// What is there, if root or `owner` owns it; a link is always root's, for it decides where the way goes on.
fn judge_one(view: &impl View, path: &AbsPath, owner: u32) -> Result<Option<Facts>, Untrusted> {
    let Some(facts) = view.look(path) else { return Ok(None) };
    match facts.kind {
        // The mode of a link means nothing; its directory has been judged.
        Kind::Link(_) if facts.uid == ROOT => {}
        Kind::Link(_) => return Err(refused(path, "it does not belong to root")),
        Kind::Dir | Kind::File | Kind::Other => judge_owner(path, &facts, owner)?,
    }
    Ok(Some(facts))
}

fn judge_owner(path: &AbsPath, facts: &Facts, owner: u32) -> Result<(), Untrusted> {
    match facts.uid {
        uid if uid == ROOT || uid == owner => {}
        _ if owner == ROOT => return Err(refused(path, "it does not belong to root")),
        _ => return Err(refused(path, "it belongs neither to root nor to the job's account")),
    }
    if facts.mode & 0o022 != 0 {
        return Err(refused(path, "group or others can write it"));
    }
    Ok(())
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
