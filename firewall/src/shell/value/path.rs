//! Paths as text: absolute, without `.`, `..` and doubled slashes, still with the characters for what is unknown.
//!
//! Nothing here asks a file system: what a link means is asked of the view by the caller.

use super::{HOLE, Text};

/// The last component.
pub(in super::super) fn base(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

/// Resolves against a directory; `None` as directory leaves a relative path relative.
pub(in super::super) fn normal(path: &str, cwd: Option<&str>) -> String {
    let absolute = path.starts_with('/') || path.starts_with(HOLE);
    let whole = match cwd {
        Some(cwd) if !absolute => format!("{cwd}/{path}"),
        _ => path.to_owned(),
    };
    let rooted = whole.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(last) if *last != ".." && !last.contains(HOLE) => {
                    parts.pop();
                }
                _ if rooted && parts.is_empty() => {}
                _ => parts.push(part),
            },
            _ => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if rooted {
        format!("/{joined}")
    } else if joined.is_empty() {
        ".".to_owned()
    } else {
        joined
    }
}

/// For a person: `~` for the home.
pub(in super::super) fn shown(path: &str, home: &str) -> String {
    let text = Text { s: path.to_owned(), ..Text::default() }.shown();
    match text.strip_prefix(home) {
        Some("") => "~".to_owned(),
        Some(rest) if rest.starts_with('/') => format!("~{rest}"),
        _ => text,
    }
}
