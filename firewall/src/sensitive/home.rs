//! The one name of a path: `~` for whosever home, and without the ways in which the same file has another name.

/// Where the homes of people are.
const HOMES: [&str; 4] = ["/home/", "/users/", "/export/home/", "/var/home/"];

/// `~` for this home and for those that look like one, so that a secret of another person is one too. In lower case, as the table is.
pub(crate) fn homed(path: &str, home: &str) -> String {
    let path = unwrapped(&path.to_lowercase());
    let home = home.to_lowercase();
    for prefix in [home.as_str(), "/root", "/var/root"] {
        if !prefix.is_empty()
            && let Some(rest) = path.strip_prefix(prefix)
            && (rest.is_empty() || rest.starts_with('/'))
        {
            return format!("~{rest}");
        }
    }
    for prefix in HOMES {
        if let Some(rest) = path.strip_prefix(prefix).filter(|rest| !rest.is_empty()) {
            return rest
                .split_once('/')
                .map_or_else(|| "~".to_owned(), |(_, rest)| format!("~/{rest}"));
        }
    }
    // `~name` that no shell has replaced.
    match path.strip_prefix('~') {
        Some(rest) if !rest.is_empty() && !rest.starts_with('/') => {
            rest.split_once('/').map_or_else(|| "~".to_owned(), |(_, rest)| format!("~/{rest}"))
        }
        _ => path,
    }
}

/// Whether this directory is one that homes are in.
pub(super) fn of_homes(directory: &str) -> bool {
    HOMES.iter().any(|homes| homes.trim_end_matches('/') == directory.trim_end_matches('/'))
}

/// Of a path in lower case: macOS keeps `/etc`, `/tmp` and `/var` below `/private` and all of its data volume below
/// `/System/Volumes/Data`; Linux shows every root below `/proc`.
fn unwrapped(path: &str) -> String {
    let mut path = path;
    // A root can be seen through a root; more of them than this are nobody's path.
    for _ in 0..4 {
        let inner = ["/system/volumes/data/", "/private/etc/", "/private/tmp/", "/private/var/"]
            .iter()
            .find_map(|prefix| {
                let kept =
                    if prefix.ends_with("data/") { prefix.len() - 1 } else { "/private".len() };
                path.starts_with(prefix).then(|| path.get(kept..)).flatten()
            })
            .or_else(|| through_proc(path));
        match inner {
            Some(inner) => path = inner,
            None => break,
        }
    }
    path.to_owned()
}

/// What is behind `/proc/PID/root` and `/proc/PID/task/TID/root`.
fn through_proc(path: &str) -> Option<&str> {
    let (_, mut rest) = path.strip_prefix("/proc/")?.split_once('/')?;
    if let Some(task) = rest.strip_prefix("task/") {
        rest = task.split_once('/')?.1;
    }
    let inner = rest.strip_prefix("root")?;
    if inner.is_empty() { Some("/") } else { inner.starts_with('/').then_some(inner) }
}
