//! What a value looks like when it leaks, and where it is looked for: files, output, arguments and environments.
//!
//! Deliberately absent: tracing. Processes are read in `/proc` as any account of the machine could.
#![expect(clippy::disallowed_methods, reason = "files and processes are looked at from outside")]

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// A value and the ways in which it can be written down.
#[derive(Clone, Debug)]
pub(crate) struct Needles(Vec<(&'static str, Vec<u8>)>);

fn base64(bytes: &[u8], url: bool) -> Vec<u8> {
    let table: &[u8; 64] = if url {
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    } else {
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    };
    // Whole groups alone: what stands at an end depends on what stands beside it.
    bytes
        .chunks_exact(3)
        .flat_map(|group| {
            let word = u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
            [18, 12, 6, 0].map(|shift| table[usize::try_from(word >> shift & 63).unwrap()])
        })
        .collect()
}

fn percent(bytes: &[u8], upper: bool) -> Vec<u8> {
    let one = |byte: &u8| match byte {
        byte if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) => vec![*byte],
        byte if upper => format!("%{byte:02X}").into_bytes(),
        byte => format!("%{byte:02x}").into_bytes(),
    };
    bytes.iter().flat_map(one).collect()
}

impl Needles {
    pub(crate) fn of(value: &str) -> Self {
        let bytes = value.as_bytes();
        let hex = |upper: bool| -> Vec<u8> {
            let one = |byte: &u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
            bytes.iter().map(one).collect::<String>().into_bytes()
        };
        let json = serde_json::to_string(value).unwrap();
        let ascii: String = value
            .chars()
            .map(|c| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) })
            .collect();
        let mut all = vec![
            ("as it is", bytes.to_vec()),
            ("in hex", hex(false)),
            ("in capital hex", hex(true)),
            ("with percents", percent(bytes, true)),
            ("with small percents", percent(bytes, false)),
            ("reversed", bytes.iter().rev().copied().collect()),
            ("reversed by letters", value.chars().rev().collect::<String>().into_bytes()),
            ("in JSON", json.trim_matches('"').as_bytes().to_vec()),
            ("in ASCII JSON", ascii.into_bytes()),
            ("escaped by Debug", value.escape_debug().to_string().into_bytes()),
        ];
        for skip in 0..3 {
            all.push(("in base64", base64(&bytes[skip..], false)));
            all.push(("in base64 of addresses", base64(&bytes[skip..], true)));
        }
        // A half is a leak, too.
        all.push(("by its first half", bytes[..bytes.len() / 2].to_vec()));
        Self(all)
    }

    /// How the value stands in the bytes.
    pub(crate) fn found(&self, hay: &[u8]) -> Option<&'static str> {
        let holds = |needle: &[u8]| hay.windows(needle.len()).any(|window| window == needle);
        self.0.iter().find(|(_, needle)| holds(needle)).map(|(how, _)| *how)
    }
}

/// Every file below a directory that holds a value, with how, but for those that may.
pub(crate) fn in_files(
    dir: &Path,
    needles: &[Needles],
    may: &dyn Fn(&Path) -> bool,
) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let facts = fs::symlink_metadata(&path).unwrap();
        let name = path.file_name().unwrap().as_bytes();
        if let Some(how) = needles.iter().find_map(|one| one.found(name)) {
            found.push(format!("the name of {}: {how}", path.display()));
        }
        if facts.is_dir() {
            found.extend(in_files(&path, needles, may));
        } else if facts.is_file() && !may(&path) {
            let bytes = fs::read(&path).unwrap();
            found.extend(
                needles
                    .iter()
                    .filter_map(|one| Some(format!("{}: {}", path.display(), one.found(&bytes)?))),
            );
        }
    }
    found
}

/// Reads the arguments and the environment of every process that is or comes from a program, as long as it lives.
pub(crate) struct Watch {
    stop: Arc<AtomicBool>,
    seen: Arc<AtomicUsize>,
    found: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// What a process with `may` among its arguments has is its own.
    pub(crate) fn of(program: &Path, needles: Vec<Needles>, may: &'static str) -> Self {
        let (stop, seen, found) = (Arc::default(), Arc::default(), Arc::default());
        let shared = (Arc::clone(&stop), Arc::clone(&seen), Arc::clone(&found));
        let program = program.to_owned();
        let thread = std::thread::spawn(move || {
            let (stop, seen, found): (Arc<AtomicBool>, Arc<AtomicUsize>, Arc<Mutex<Vec<String>>>) =
                shared;
            while !stop.load(Ordering::SeqCst) {
                let count = round(&program, &needles, may, &found);
                seen.fetch_add(count, Ordering::SeqCst);
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        Self { stop, seen, found, thread: Some(thread) }
    }

    /// How often a process was read, and what was found.
    pub(crate) fn end(mut self) -> (usize, Vec<String>) {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.take().unwrap().join().unwrap();
        (self.seen.load(Ordering::SeqCst), self.found.lock().unwrap().clone())
    }
}

fn round(program: &Path, needles: &[Needles], may: &str, found: &Mutex<Vec<String>>) -> usize {
    let mut count = 0;
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let pid = entry.file_name().to_string_lossy().into_owned();
        if !pid.bytes().all(|byte| byte.is_ascii_digit()) || !is_or_comes_from(&pid, program) {
            continue;
        }
        // The environment first: a process that becomes another one in between shows the other one's arguments.
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        count += 1;
        if arguments.windows(may.len()).any(|window| window == may.as_bytes()) {
            continue;
        }
        for (what, bytes) in [("environment", &environment), ("arguments", &arguments)] {
            if let Some(how) = needles.iter().find_map(|one| one.found(bytes)) {
                found
                    .lock()
                    .unwrap()
                    .push(format!("the {what} of {}: {how}", String::from_utf8_lossy(&arguments)));
            }
        }
    }
    count
}

fn is_or_comes_from(pid: &str, program: &Path) -> bool {
    let mut pid = pid.to_owned();
    for _ in 0..8 {
        let running: Option<PathBuf> = fs::read_link(format!("/proc/{pid}/exe")).ok();
        if running.is_some_and(|path| path == program) {
            return true;
        }
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let Some(parent) = status.lines().find_map(|line| line.strip_prefix("PPid:")) else {
            return false;
        };
        pid = parent.trim().to_owned();
        if pid == "0" || pid == "1" {
            return false;
        }
    }
    false
}

#[test]
fn every_way_to_leak_is_seen() {
    let value = "pl@nted \"w0rd\" \\ ünd 9f8e7d6c";
    let needles = [Needles::of(value)];
    let dir = tempfile::tempdir().unwrap();
    for (_, needle) in &needles[0].0 {
        let file = dir.path().join("some").join("log");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, [b"before ".as_slice(), needle, b" after"].concat()).unwrap();
        assert_eq!(in_files(dir.path(), &needles, &|_| false).len(), 1);
        assert!(in_files(dir.path(), &needles, &|path| path == file).is_empty());
    }
    for text in [format!("x{value}"), format!("xy{value}"), format!("xyz{value}")] {
        let told = base64(format!("{text}!!").as_bytes(), false);
        assert_eq!(needles[0].found(&told), Some("in base64"), "{text}");
    }
    assert_eq!(needles[0].found(b"nothing to see"), None);
    let sleep = fs::canonicalize("/bin/sleep").unwrap();
    for leak in [false, true] {
        for in_environment in [false, true] {
            let watch = Watch::of(&sleep, needles.to_vec(), "no such argument");
            let mut child = Command::new(&sleep);
            child.env_clear().arg("0.3");
            match (leak, in_environment) {
                (true, true) => child.env("X", value),
                // GNU sleep adds its arguments up; what is no number it refuses at once, so the value goes before them.
                (true, false) => std::os::unix::process::CommandExt::arg0(&mut child, value),
                (false, _) => &mut child,
            };
            child.status().unwrap();
            let (seen, found) = watch.end();
            assert!(seen > 0, "nothing was looked at");
            assert_eq!(!found.is_empty(), leak, "{found:?}");
        }
    }
}
