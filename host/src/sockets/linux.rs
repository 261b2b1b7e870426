//! Linux shows its sockets as text, and who holds them as links below `/proc/PID/fd`.

#![expect(clippy::disallowed_methods, reason = "this crate is the one home of effects")]

use super::{Listener, Owner, Owners, Table, Transport, proc_net};
use crate::HostError;
use crate::processes::proc;
use crate::sight::Sight;
use std::collections::{BTreeMap, BTreeSet};

/// A machine with a hundred thousand sockets has tables of 15 MB.
const LIMIT: u64 = 32 * 1024 * 1024;

/// The four tables, of this thread's own network namespace.
const TABLES: [(&str, Transport); 4] = [
    ("/proc/thread-self/net/tcp", Transport::Tcp),
    ("/proc/thread-self/net/tcp6", Transport::Tcp),
    ("/proc/thread-self/net/udp", Transport::Udp),
    ("/proc/thread-self/net/udp6", Transport::Udp),
];

pub(super) fn table() -> Result<Table, HostError> {
    let mut rows = Vec::new();
    for (path, transport) in TABLES {
        // A kernel without IPv6 has no such table.
        let Some(bytes) = crate::files::read_optional(path.as_ref(), LIMIT)? else { continue };
        let text = String::from_utf8_lossy(&bytes);
        let found = proc_net::parse(&text, transport).map_err(|no_row| HostError::Damaged {
            path: path.to_owned(),
            detail: no_row.to_string(),
        })?;
        rows.extend(found.into_iter().map(|row| (transport, row)));
    }
    let wanted = rows.iter().map(|(_, row)| row.inode).collect();
    let (mut holders, blind) = holders(&wanted)?;
    let unheld = if blind { Owners::CouldNotSee } else { Owners::Nobody };
    let mut listeners: Vec<Listener> = rows
        .into_iter()
        .map(|(transport, row)| Listener {
            transport,
            address: row.address,
            port: row.port,
            uid: Some(row.uid),
            owners: holders.remove(&row.inode).map_or_else(|| unheld.clone(), Owners::Seen),
        })
        .collect();
    listeners.sort();
    listeners.dedup();
    // The tables show sockets of every account; only their owners may be hidden.
    Ok(Table { listeners, complete: true })
}

/// Processes by the sockets that they hold, and whether there are some that could not be looked into.
fn holders(wanted: &BTreeSet<u64>) -> Result<(BTreeMap<u64, BTreeSet<Owner>>, bool), HostError> {
    let mut found = BTreeMap::<u64, BTreeSet<Owner>>::new();
    let mut blind = proc::hides_others()?;
    if wanted.is_empty() {
        return Ok((found, blind));
    }
    for pid in proc::pids()? {
        let sockets = match sockets_of(pid)? {
            Sight::Seen(sockets) => sockets,
            Sight::Absent => continue,
            Sight::Denied => {
                blind = true;
                continue;
            }
        };
        let mut owner = None;
        for inode in sockets.intersection(wanted) {
            let owner = owner.get_or_insert_with(|| Owner {
                pid,
                name: proc::comm(pid),
                program: proc::program_path(pid),
            });
            found.entry(*inode).or_default().insert(owner.clone());
        }
    }
    Ok((found, blind))
}

/// Numbers of the sockets that a process has open.
fn sockets_of(pid: u32) -> Result<Sight<BTreeSet<u64>>, HostError> {
    let dir = format!("/proc/{pid}/fd");
    let failed = |source| HostError::Io { verb: "list", path: dir.clone(), source };
    let entries = match Sight::of(std::fs::read_dir(&dir)).map_err(failed)? {
        Sight::Seen(entries) => entries,
        Sight::Absent => return Ok(Sight::Absent),
        Sight::Denied => return Ok(Sight::Denied),
    };
    let mut sockets = BTreeSet::new();
    for entry in entries {
        let link = entry.and_then(|entry| std::fs::read_link(entry.path()));
        match Sight::of(link).map_err(failed)? {
            Sight::Seen(target) => sockets.extend(target.to_str().and_then(inode)),
            Sight::Absent => {}
            Sight::Denied => return Ok(Sight::Denied),
        }
    }
    Ok(Sight::Seen(sockets))
}

/// `socket:[23018]` of proc(5).
fn inode(target: &str) -> Option<u64> {
    target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}
