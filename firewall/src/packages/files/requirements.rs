//! pip's requirement files (pip's documentation, "Requirements File Format").

use super::super::redirect::local;
use super::Read;
use crate::shell::Ecosystem;

/// Options that choose where is fetched from.
const STEER: [&str; 7] = [
    "--index-url",
    "--extra-index-url",
    "--find-links",
    "--trusted-host",
    "--no-binary",
    "-i",
    "-f",
];

pub(super) fn read(text: &str) -> Read {
    let mut read = Read::default();
    for line in logical(text) {
        let line = strip_comment(&line);
        if line.is_empty() {
            continue;
        }
        if line.starts_with('-') {
            option(line, &mut read);
        } else {
            requirement(line, &mut read);
        }
    }
    read
}

/// Lines that end in a backslash go on.
fn logical(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = String::new();
    for line in text.lines() {
        match line.strip_suffix('\\') {
            Some(head) if !line.trim_start().starts_with('#') => open.push_str(head),
            _ => {
                open.push_str(line);
                lines.push(std::mem::take(&mut open));
            }
        }
    }
    if !open.is_empty() {
        lines.push(open);
    }
    lines
}

/// A comment begins at the line's start or behind a blank.
fn strip_comment(line: &str) -> &str {
    let line = line.trim();
    if line.starts_with('#') {
        return "";
    }
    let comment = line
        .match_indices('#')
        .map(|(at, _)| at)
        .find(|at| line.get(..*at).is_some_and(|head| head.ends_with(char::is_whitespace)));
    comment.map_or(line, |at| line.get(..at).unwrap_or(line)).trim()
}

fn option(line: &str, read: &mut Read) {
    let (name, value) = match line.find(['=', ' ', '\t']) {
        Some(at) => (line.get(..at).unwrap_or(line), line.get(at + 1..).unwrap_or("").trim()),
        None => (line, ""),
    };
    // `-rfile` is `-r file`.
    let glued = |letter: &str| {
        line.strip_prefix(letter).filter(|rest| !rest.is_empty() && !line.starts_with("--"))
    };
    match name {
        "-r" | "--requirement" => read.more.push((value.to_owned(), false)),
        "-c" | "--constraint" => read.more.push((value.to_owned(), true)),
        "-e" | "--editable" => read.others.push(value.to_owned()),
        // A folder of wheels on this machine is no registry.
        name if local(value, name) => {}
        name if STEER.contains(&name) => read.steers.push(format!("{name} {value}")),
        _ => {
            if let Some(file) = glued("-r") {
                read.more.push((file.trim().to_owned(), false));
            } else if let Some(file) = glued("-c") {
                read.more.push((file.trim().to_owned(), true));
            } else if let Some(what) = glued("-e") {
                read.others.push(what.trim().to_owned());
            } else if let Some((name, url)) =
                ["-i", "-f"].iter().find_map(|name| Some((name, glued(name)?.trim())))
                && !local(url, name)
            {
                read.steers.push(format!("{name} {url}"));
            }
        }
    }
}

fn requirement(line: &str, read: &mut Read) {
    // Options of one requirement (`--hash=...`) stand behind it.
    let line = line.find(" --").map_or(line, |at| line.get(..at).unwrap_or(line)).trim();
    let address = line.contains("://") || line.contains(" @ ") || line.contains("@git+");
    if address || line.starts_with(['.', '/', '~']) || line.contains('/') {
        read.others.push(line.to_owned());
    } else {
        read.names.push((Ecosystem::Pypi, line.to_owned()));
    }
}
