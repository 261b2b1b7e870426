//! Where a path lies, for deleting and overwriting.

use super::super::Context;
use super::super::effect::Place;
use super::super::value::{HOLE, ONE, STAR, base};
use crate::sensitive::{self, Writer};

/// Directories without which a system does not start.
const SYSTEM: &str = "
/bin /boot /dev /etc /lib /lib32 /lib64 /libx32 /root /run /sbin /proc /sys /usr /var /opt /srv /home /mnt /media /Users /Library
/System /Applications /Volumes /private /private/etc /private/var /cores /usr/bin /usr/lib /usr/sbin /usr/local /usr/share
/usr/include /var/lib /var/log /var/cache /var/spool /var/run /var/mail /var/www /var/db /usr/local/bin /usr/local/lib
/Library/Application /nix /nix/store /snap
";

/// Below these a single file matters.
const SYSTEM_TREES: &str = "/bin /boot /etc /lib /lib32 /lib64 /sbin /usr/bin /usr/sbin /usr/lib /usr/lib64 /System /Library /private/etc /proc /sys";

/// Where a resolved path lies.
pub(in super::super) fn place(path: &str, cx: &Context<'_>) -> Place {
    // All that is in a directory is the directory.
    let trimmed = whole_directory(path);
    if let Some(target) = special(trimmed) {
        return target;
    }
    if path.contains(HOLE) {
        return with_hole(path, cx);
    }
    if let Some(what) = protected(path, cx.home) {
        return Place::Protected(what);
    }
    if trimmed == cx.project
        || (cx.project.starts_with(trimmed)
            && cx.project.as_bytes().get(trimmed.len()) == Some(&b'/'))
    {
        // A directory above the project takes it along; the home and the root have their own words.
        return match trimmed {
            "/" | "" => Place::SystemRoot,
            _ if trimmed == cx.home || is_home(trimmed) => Place::Home,
            _ if SYSTEM.split_ascii_whitespace().any(|s| s == trimmed) => Place::SystemRoot,
            _ if trimmed == "/tmp" => Place::SystemRoot,
            _ => Place::ProjectRoot,
        };
    }
    if history(path) {
        return Place::History;
    }
    if within(path, cx.project) {
        return Place::Project;
    }
    if trimmed == cx.home || is_home(trimmed) {
        return Place::Home;
    }
    if matches!(path, "/tmp" | "/var/tmp" | "/private/tmp") {
        return Place::SystemRoot;
    }
    if temporary(path) {
        return Place::Temporary;
    }
    if trimmed.is_empty()
        || trimmed == "/"
        || SYSTEM.split_ascii_whitespace().any(|s| s == trimmed || matches_pattern(trimmed, s))
    {
        return Place::SystemRoot;
    }
    if packaged(path) {
        return Place::Packaged;
    }
    if SYSTEM_TREES.split_ascii_whitespace().any(|s| within(path, s)) {
        return Place::System;
    }
    Place::Outside
}

fn matches_pattern(path: &str, system: &str) -> bool {
    path.contains([STAR, ONE])
        && super::super::value::matches(path, system)
        && path.matches('/').count() == system.matches('/').count()
}

/// `dir/*`, `dir/.*` and `dir/?*` mean all of `dir`.
fn whole_directory(path: &str) -> &str {
    let last = base(path);
    let all = !last.is_empty()
        && last.chars().all(|c| matches!(c, STAR | ONE | '.'))
        && last.contains(STAR);
    if !all {
        return path;
    }
    let parent = path.strip_suffix(last).unwrap_or(path).trim_end_matches('/');
    if parent.is_empty() { "/" } else { parent }
}

fn special(path: &str) -> Option<Place> {
    if matches!(
        path,
        "/dev/null" | "/dev/stdout" | "/dev/stderr" | "/dev/tty" | "/dev/full" | "/dev/zero"
    ) || path.starts_with("/dev/fd/")
    {
        return Some(Place::Sink);
    }
    let device = path.strip_prefix("/dev/")?;
    let known = [
        "sd", "nvme", "vd", "hd", "xvd", "mmcblk", "disk", "rdisk", "mapper/", "dm-", "md", "loop",
        "mem", "kmem", "port", "sr",
    ];
    known.iter().any(|k| device.starts_with(k)).then_some(Place::Device)
}

/// With the part before the hole known, what comes after cannot leave it but by `..`.
fn with_hole(path: &str, cx: &Context<'_>) -> Place {
    let head = path.split(HOLE).next().unwrap_or("");
    let Some((directory, begun)) = head.rsplit_once('/') else { return Place::Unknown };
    let leaves = path.split_once(HOLE).is_some_and(|(_, tail)| tail.split('/').any(|p| p == ".."));
    if directory.is_empty() || leaves {
        return Place::Unknown;
    }
    if temporary(&format!("{directory}/x")) {
        return Place::Temporary;
    }
    // `$project/$x` with an empty variable is the project itself.
    if within(directory, cx.project) && (directory != cx.project || !begun.is_empty()) {
        return Place::Project;
    }
    match place(&format!("{directory}/x"), cx) {
        found @ (Place::Protected(_) | Place::System | Place::History) => found,
        _ => Place::Unknown,
    }
}

fn protected(path: &str, home: &str) -> Option<&'static str> {
    let homed = sensitive::homed(path, home);
    sensitive::writing(&homed, Writer::Command).map(|(_, what)| what)
}

fn history(path: &str) -> bool {
    let Some((_, inside)) = path.split_once("/.git") else { return false };
    matches!(
        inside,
        "" | "/objects" | "/refs" | "/logs" | "/packed-refs" | "/worktrees" | "/HEAD" | "/config"
    ) || ["/objects/", "/refs/", "/logs/", "/worktrees/"].iter().any(|p| inside.starts_with(p))
        || inside.starts_with(['/']) && inside.contains(STAR)
}

/// Data of services that no package brings back.
const PRECIOUS: &str = "mysql mariadb postgresql mongodb redis docker containerd libvirt etcd influxdb grafana prometheus elasticsearch rabbitmq kafka gitlab jenkins vault consul sanctum dpkg kubelet rancher mail";

/// One package's files, not a whole tree of the system.
fn packaged(path: &str) -> bool {
    const TREES: [&str; 11] = [
        "/usr/lib/",
        "/usr/share/",
        "/usr/include/",
        "/usr/local/lib/",
        "/usr/local/share/",
        "/usr/src/",
        "/var/cache/",
        "/var/lib/",
        "/var/run/",
        "/run/",
        "/etc/",
    ];
    TREES.iter().filter_map(|tree| path.strip_prefix(tree)).any(|rest| {
        let name = rest.split('/').next().unwrap_or("");
        !name.is_empty()
            && !name.contains([STAR, ONE])
            && !PRECIOUS.split_ascii_whitespace().any(|p| name.starts_with(p))
    })
}

fn temporary(path: &str) -> bool {
    // What is made again when it is gone, by the Filesystem Hierarchy Standard and by name.
    let cache = path
        .strip_prefix("/var/cache/")
        .is_some_and(|rest| !rest.is_empty() && !rest.starts_with([STAR, ONE]))
        || base(path) == "__pycache__";
    cache
        || ["/tmp/", "/var/tmp/", "/private/tmp/", "/private/var/tmp/", "/dev/shm/"]
            .iter()
            .any(|t| path.starts_with(t))
        || path
            .strip_prefix("/var/folders/")
            .or_else(|| path.strip_prefix("/private/var/folders/"))
            .is_some_and(|r| r.contains("/T/"))
}

fn is_home(path: &str) -> bool {
    path == "/root"
        || ["/home/", "/Users/"].iter().any(|p| {
            path.strip_prefix(p).is_some_and(|rest| !rest.is_empty() && !rest.contains('/'))
        })
}

fn within(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
