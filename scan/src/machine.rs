//! What runs on this machine: arguments and environments of processes, and what container engines say of containers.
//!
//! What this account may not see is told as not scanned, in one line for all of them. Deliberately absent: starting or
//! asking anything that is not a local socket.

use crate::finding::Source;
use crate::history::cause;
use crate::scanner::{Once, Place, Scanner};
use sanctum_host::clock::Monotonic;
use sanctum_host::processes::Table;
use sanctum_host::sight::Sight;
use sanctum_host::{environments, local_http, look, processes};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// An engine answers from memory.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer: a thousand containers.
const LIMIT: usize = 16 * 1024 * 1024;
/// What all answers of one engine may take together: whoever has a home can put a socket there and answer slowly.
const TOGETHER: Duration = Duration::from_secs(60);

/// Scans arguments and environments.
pub fn processes(scanner: &Scanner<'_>) {
    match processes::table() {
        Ok(table) => {
            arguments(scanner, &table);
            environment(scanner, &table);
        }
        Err(error) => scanner.not_scanned("processes", cause(&error)),
    }
}

fn piece(scanner: &Scanner<'_>, (source, once): (Source, Once), path: &str, text: &[u8]) {
    let path = || path.to_owned();
    scanner.piece(&Place { source, path: &path, commit: None, once, lines: None }, text);
}

fn arguments(scanner: &Scanner<'_>, table: &Table) {
    let mut unseen = 0;
    for process in table.processes.values() {
        match &process.argv {
            Sight::Seen(argv) => {
                let shown = format!("arguments of process {} ({})", process.pid, process.name);
                if argv.may_be_cut() {
                    scanner.not_scanned(&shown, "too many to be told by the system as a whole");
                }
                let text = argv.words().join(" ");
                piece(scanner, (Source::Arguments, Once::BySource), &shown, text.as_bytes());
            }
            Sight::Absent => {}
            Sight::Denied => unseen += 1,
        }
    }
    if !table.complete {
        scanner
            .not_scanned("arguments of other accounts' processes", "this account may not see them");
    } else if unseen > 0 {
        let subject = format!("arguments of {unseen} processes");
        scanner.not_scanned(subject, "this account may not see them");
    }
}

fn environment(scanner: &Scanner<'_>, table: &Table) {
    let all = match environments::all() {
        Ok(all) => all,
        Err(error) => return scanner.not_scanned("environments of processes", cause(&error)),
    };
    let mut unseen = 0;
    for (pid, environment) in all {
        let Sight::Seen(bytes) = environment else {
            unseen += 1;
            continue;
        };
        let name = table.processes.get(&pid).map_or("", |process| process.name.as_str());
        let shown = format!("environment of process {pid} ({name})");
        if bytes.len() >= environments::LIMIT {
            scanner.not_scanned(&shown, format!("bytes behind the first {}", bytes.len()));
        }
        let lines: Vec<u8> =
            bytes.iter().map(|byte| if *byte == 0 { b'\n' } else { *byte }).collect();
        piece(scanner, (Source::Environment, Once::BySource), &shown, &lines);
    }
    if unseen > 0 {
        let subject = format!("environments of {unseen} processes");
        scanner.not_scanned(subject, "this account may not see them");
    }
}

/// Sockets of container engines: Docker's and Podman's own, Docker Desktop's, Colima's and OrbStack's below a home.
fn sockets(homes: &[PathBuf]) -> Vec<PathBuf> {
    const SYSTEM: [&str; 3] =
        ["/var/run/docker.sock", "/run/docker.sock", "/run/podman/podman.sock"];
    const HOME: [&str; 4] = [
        ".docker/run/docker.sock",
        ".colima/default/docker.sock",
        ".orbstack/run/docker.sock",
        ".local/share/containers/podman/machine/podman.sock",
    ];
    let own = homes.iter().flat_map(|home| HOME.iter().map(|name| home.join(name)));
    SYSTEM.iter().map(PathBuf::from).chain(own).collect()
}

/// Scans what every engine that is here says of its containers.
pub fn containers(scanner: &Scanner<'_>, homes: &[PathBuf]) {
    let mut seen = Vec::new();
    for socket in sockets(homes) {
        match look::at(&socket) {
            // Two names of one socket are one engine.
            Ok(Some(facts)) if facts.kind == look::Kind::Socket && !seen.contains(&facts.inode) => {
                seen.push(facts.inode);
                engine(scanner, &socket, TOGETHER);
            }
            Ok(_) => {}
            Err(error) => scanner.not_scanned(socket.display().to_string(), cause(&error)),
        }
    }
}

/// Scans what the engine at this socket says.
fn engine(scanner: &Scanner<'_>, socket: &Path, together: Duration) {
    let begun = Monotonic::now();
    let ask = |target: &str| -> std::io::Result<Value> {
        let left = together.saturating_sub(begun.elapsed()).min(PATIENCE);
        let said = local_http::get(socket, target, LIMIT, left)?;
        serde_json::from_slice(&said).map_err(std::io::Error::other)
    };
    let shown = socket.display();
    let listed = match ask("/containers/json?all=1") {
        Ok(listed) => listed,
        Err(error) => return scanner.not_scanned(format!("containers of {shown}"), error),
    };
    for container in listed.as_array().into_iter().flatten() {
        if begun.elapsed() >= together {
            let subject = format!("more containers of {shown}");
            return scanner.not_scanned(subject, "the engine takes too long");
        }
        let id = container.get("Id").and_then(Value::as_str).unwrap_or_default();
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            scanner.not_scanned(format!("a container of {shown}"), "its name is none");
            continue;
        }
        match ask(&format!("/containers/{id}/json")) {
            Ok(said) => {
                let name = said.get("Name").and_then(Value::as_str).unwrap_or(id);
                let path = format!("container {}", name.trim_start_matches('/'));
                let text = lines_of(&said);
                piece(scanner, (Source::Container, Once::Each), &path, text.as_bytes());
            }
            Err(error) => scanner.not_scanned(format!("container {id}"), error),
        }
    }
}

/// What an engine says of a container, as lines: variables, words of commands in one line, labels.
#[must_use]
pub fn lines_of(said: &Value) -> String {
    let mut text = String::new();
    let mut line = |words: &[&str]| {
        text.push_str(&words.concat().replace(['\n', '\r'], " "));
        text.push('\n');
    };
    let list = |at: &str| {
        said.pointer(at).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    };
    for variable in list("/Config/Env").iter().filter_map(Value::as_str) {
        line(&[variable]);
    }
    for at in ["/Config/Entrypoint", "/Config/Cmd", "/Args", "/Config/Healthcheck/Test"] {
        let words: Vec<&str> = list(at).iter().filter_map(Value::as_str).collect();
        if !words.is_empty() {
            line(&[&words.join(" ")]);
        }
    }
    for at in ["/Config/Labels", "/HostConfig/LogConfig/Config"] {
        for (name, value) in said.pointer(at).and_then(Value::as_object).into_iter().flatten() {
            line(&[name, "=", value.as_str().unwrap_or_default()]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An engine that says nothing of any of its many containers takes its time once and not for each.
    #[test]
    fn an_engine_has_so_much_time_and_no_more() {
        use std::io::{Read as _, Write as _};
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        std::thread::spawn(move || {
            let list = serde_json::json!(vec![serde_json::json!({ "Id": "a" }); 1000]);
            let mut asked = [0; 256];
            let (mut stream, _) = listener.accept().unwrap();
            let _request = stream.read(&mut asked).unwrap();
            stream.write_all(format!("HTTP/1.0 200 OK\r\n\r\n{list}").as_bytes()).unwrap();
            drop(stream);
            let mut held = Vec::new();
            while let Ok(stream) = listener.accept() {
                held.push(stream);
            }
        });
        let settings = crate::tests::settings(&[]);
        let scanner = Scanner::new(&settings);
        let begun = Monotonic::now();
        engine(&scanner, &path, Duration::from_millis(300));
        assert!(begun.elapsed() < Duration::from_secs(5));
        let told = scanner.finish().not_scanned;
        let [silent, more] = &told[..] else { panic!("two: {told:?}") };
        assert_eq!((&*silent.subject, &*more.cause), ("container a", "the engine takes too long"));
    }

    #[test]
    fn an_engine_is_read_in_lines() {
        let said = serde_json::json!({
            "Args": ["-p", "x"], "Config": { "Env": ["A=1", "B=two\nlines"], "Cmd": null, "Labels": { "l": "v" } },
        });
        assert_eq!(lines_of(&said), "A=1\nB=two lines\n-p x\nl=v\n");
        assert_eq!(lines_of(&Value::Null), "");
    }
}
