//! Linux's `/proc/PID/{status,stat,cmdline}`, `/proc/stat` and `/proc/mounts` as data (proc(5)).

/// Fields of `/proc/PID/status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// `Name`, at most 15 bytes.
    pub name: String,
    /// `PPid`.
    pub parent: u32,
    /// The second of `Uid`: the effective one.
    pub uid: u32,
}

/// Reads `/proc/PID/status`; none where a field is missing.
#[must_use]
pub fn parse_status(text: &str) -> Option<Status> {
    let field = |name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    };
    Some(Status {
        name: field("Name")?.to_owned(),
        parent: field("PPid")?.parse().ok()?,
        uid: field("Uid")?.split_whitespace().nth(1)?.parse().ok()?,
    })
}

/// The number that a process has in its own namespace: the last of `NSpid`, which a kernel without namespaces does not have.
#[must_use]
pub fn own_number(status: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    line.split_whitespace().next_back()?.parse().ok()
}

/// Fields of `/proc/PID/stat`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Field 2, at most 15 bytes.
    pub name: String,
    /// Field 4.
    pub parent: u32,
    /// Field 5.
    pub group: i32,
    /// Field 6: the process that leads the session.
    pub session: i32,
    /// Field 7: the terminal that controls the session; 0 where there is none.
    pub terminal: i32,
    /// Field 8: the process group that the terminal listens to; -1 where there is none.
    pub foreground: i32,
    /// Field 22: its start after the boot in hundredths of a second on every Linux that has this file (`USER_HZ`,
    /// time(7)).
    pub start: i64,
}

/// Reads `/proc/PID/stat`; none where a field is missing.
#[must_use]
pub fn parse_stat(text: &str) -> Option<Stat> {
    // The name stands in parentheses and may hold any character, so the last one ends it.
    let (head, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    Some(Stat {
        name: head.split_once('(')?.1.to_owned(),
        parent: fields.nth(1)?.parse().ok()?,
        group: fields.next()?.parse().ok()?,
        session: fields.next()?.parse().ok()?,
        terminal: fields.next()?.parse().ok()?,
        foreground: fields.next()?.parse().ok()?,
        start: fields.nth(13)?.parse().ok()?,
    })
}

/// The boot in seconds since 1970: `btime` of `/proc/stat`.
#[must_use]
pub fn parse_boot(stat: &str) -> Option<i64> {
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

/// The words of `/proc/PID/cmdline`; none for a kernel thread.
#[must_use]
pub fn parse_argv(bytes: &[u8]) -> Vec<String> {
    let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    bytes.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// Whether `/proc` is mounted so that other accounts' processes are hidden (`hidepid` 1 and up, proc(5)).
#[must_use]
pub fn hides_others(mounts: &str) -> bool {
    mounts.lines().any(|line| {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let [_, "/proc", "proc", options, ..] = cells.as_slice() else { return false };
        let hidden = |option: &str| {
            option.strip_prefix("hidepid=").is_some_and(|how| !matches!(how, "0" | "off"))
        };
        options.split(',').any(hidden)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STATUS: &str = "Name:\tsleep\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t71\nNgid:\t0\nPid:\t71\nPPid:\t70\nTracerPid:\t0\nUid:\t501\t0\t501\t501\nGid:\t20\t20\t20\t20\n";

    #[test]
    fn fields() {
        let sleep = Status { name: "sleep".to_owned(), parent: 70, uid: 0 };
        assert_eq!(parse_status(STATUS), Some(sleep));
        assert_eq!(parse_status("Name:\tx\nPPid:\t1\n"), None);
        assert_eq!(own_number(STATUS), None);
        assert_eq!(own_number("Pid:\t71\nNSpid:\t4000\t71\t1\n"), Some(1));
        let stat = "71 (a) b) S 70 72 73 34816 74 4194304 1 0 0 0 0 0 0 0 20 0 1 0 4711 0 0";
        let expected = Stat {
            name: "a) b".to_owned(),
            parent: 70,
            group: 72,
            session: 73,
            terminal: 34816,
            foreground: 74,
            start: 4711,
        };
        assert_eq!(parse_stat(stat), Some(expected));
        assert_eq!(parse_stat("71 (a) S 70"), None);
        assert_eq!(parse_boot("cpu 1 2\nbtime 1700000000\nprocesses 5\n"), Some(1_700_000_000));
        assert_eq!(parse_argv(b"sleep\0a b\0\0"), ["sleep", "a b", ""]);
        assert_eq!(parse_argv(b""), Vec::<String>::new());
    }

    #[test]
    fn a_proc_that_hides() {
        for (line, expected) in [
            ("proc /proc proc rw,nosuid,hidepid=2 0 0", true),
            ("proc /proc proc rw,hidepid=invisible 0 0", true),
            ("proc /proc proc rw,hidepid=0 0 0", false),
            ("proc /proc proc rw 0 0", false),
            ("tmpfs /run tmpfs rw,hidepid=2 0 0", false),
        ] {
            assert_eq!(hides_others(line), expected, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let text = String::from_utf8_lossy(&bytes);
            let _ = (parse_status(&text), parse_stat(&text), parse_boot(&text), parse_argv(&bytes), hides_others(&text));
        }
    }
}
