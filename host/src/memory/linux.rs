//! `mlockall`(2) with `MCL_ONFAULT`, and what `/proc/self/status` says of it (proc(5)).

use super::NotLocked;
use crate::processes::proc;
use crate::sight::Sight;
use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// `CAP_IPC_LOCK` of capabilities(7): to it no limit applies.
const IPC_LOCK: u64 = 1 << 14;

/// Locks all memory of this process from now on.
///
/// # Errors
/// It is not locked, and nothing of it is.
pub fn lock() -> Result<(), NotLocked> {
    if !capable() {
        let before = getrlimit(Resource::Memlock);
        if let Some(most) = before.maximum {
            return Err(NotLocked::Limited { kib: most / 1024 });
        }
        // Nobody but us set the soft limit lower.
        let all = Rlimit { current: None, maximum: None };
        setrlimit(Resource::Memlock, all)
            .map_err(|errno| NotLocked::Refused { source: errno.into() })?;
    }
    // Without ONFAULT every stack and reserve would be filled at once.
    let all = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    mlockall(all).map_err(|errno| NotLocked::Refused { source: errno.into() })?;
    if is_locked() { Ok(()) } else { Err(NotLocked::ReadBack) }
}

/// Whether as much of this process is locked as there is of it in memory.
#[must_use]
pub fn is_locked() -> bool {
    own("status").is_some_and(|text| locked(&text))
}

fn own(name: &str) -> Option<String> {
    match proc::text(&format!("/proc/self/{name}")) {
        Ok(Sight::Seen(text)) => Some(text),
        Ok(Sight::Absent | Sight::Denied) | Err(_) => None,
    }
}

fn capable() -> bool {
    own("status").zip(own("uid_map")).is_some_and(|(status, map)| unlimited(&status, &map))
}

fn field<'t>(status: &'t str, name: &str) -> Option<&'t str> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().next()
}

fn locked(status: &str) -> bool {
    let kib = |name: &str| field(status, name)?.parse::<u64>().ok();
    let both = kib("VmLck").zip(kib("VmRSS"));
    both.is_some_and(|(locked, there)| there > 0 && locked >= there)
}

/// The capability counts in the first user namespace alone, which maps all numbers to themselves (user_namespaces(7)): a container's root has
/// one of its own, and the limit applies to it.
fn unlimited(status: &str, uid_map: &str) -> bool {
    let held = field(status, "CapEff").and_then(|caps| u64::from_str_radix(caps, 16).ok());
    let whole = uid_map.split_whitespace().eq(["0", "0", "4294967295"]);
    whole && held.is_some_and(|held| held & IPC_LOCK != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_shows_counts() {
        let status = |locked: &str, there: &str| {
            format!("Name:\tx\nVmLck:\t{locked} kB\nVmPin:\t9 kB\nVmRSS:\t{there} kB\n")
        };
        assert!(locked(&status("4000", "4000")) && locked(&status("9000", "4000")));
        for text in [status("3999", "4000"), status("0", "4000"), status("0", "0"), status("", "1")]
        {
            assert!(!locked(&text), "{text}");
        }
        assert!(!locked("VmLck:\t1 kB\n") && !locked(""));
    }

    #[test]
    fn only_a_capability_of_the_first_namespace_lifts_the_limit() {
        let whole = "         0          0 4294967295\n";
        let with = |caps: &str, map: &str| unlimited(&format!("CapEff:\t{caps}\n"), map);
        assert!(with("0000000000004000", whole) && with("000001ffffffffff", whole));
        assert!(!with("000001ffffffbfff", whole) && !with("0000000000000000", whole));
        assert!(!with("000001ffffffffff", "0 1000 1\n") && !with("000001ffffffffff", ""));
        assert!(!with("what", whole) && !unlimited("", whole));
    }
}
