//! The clipboard of a real display: Xvfb, and xclip as the judge.
#![expect(clippy::disallowed_methods, reason = "a display of the test's own")]

use sanctum_host::clipboard::{Clipboard, Display};
use sanctum_tests::need;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A display of its own, which goes with what it holds.
pub(crate) struct Screen(Child, Display);

impl Drop for Screen {
    fn drop(&mut self) {
        // What holds the selection goes with its display.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Screen {
    /// Any account may speak to it.
    pub(crate) fn start(xvfb: &Path) -> Self {
        let mut server = Command::new(xvfb)
            .args(["-displayfd", "1", "-screen", "0", "320x240x24", "-nolisten", "tcp", "-ac"])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a display");
        let mut number = String::new();
        let out = server.stdout.take().expect("a pipe");
        BufReader::new(out).read_line(&mut number).expect("a number");
        let x11 = Some(format!(":{}", number.trim()));
        Self(server, Display { x11, ..Display::default() })
    }

    /// Its name, as `DISPLAY` says it.
    pub(crate) fn name(&self) -> &str {
        self.1.x11.as_deref().expect("a display")
    }

    pub(crate) fn xclip(&self, xclip: &Path, args: &[&str], input: &[u8]) -> Vec<u8> {
        let mut child = Command::new(xclip)
            .args(["-selection", "clipboard"])
            .args(args)
            .env_clear()
            .env("DISPLAY", self.name())
            .stdin(Stdio::piped())
            .stdout(if args == ["-out"] { Stdio::piped() } else { Stdio::null() })
            .stderr(Stdio::null())
            .spawn()
            .expect("xclip");
        child.stdin.take().expect("a pipe").write_all(input).expect("input");
        child.wait_with_output().expect("an end").stdout
    }
}

#[test]
fn what_is_put_is_there_and_only_ours_is_cleared() {
    let (xvfb, xclip) = need!("Xvfb", "xclip");
    let screen = Screen::start(&xvfb);
    let clipboard = Clipboard::of(&screen.1).expect("a clipboard");
    assert!(clipboard.read().expect("an answer").is_empty(), "nobody holds it yet");
    let value = "planted ünï\n\u{0}value".as_bytes();
    clipboard.put(value).expect("it is there");
    assert_eq!(screen.xclip(&xclip, &["-out"], b""), value);
    assert_eq!(*clipboard.read().expect("an answer"), value);
    assert!(clipboard.clear_if(|held| held == value).expect("an answer"));
    assert_eq!(screen.xclip(&xclip, &["-out"], b""), b" ");
    // Somebody copied something else meanwhile: it is theirs.
    clipboard.put(value).expect("it is there");
    let theirs = b"of somebody else";
    screen.xclip(&xclip, &["-in"], theirs);
    // xclip is gone to the background before the display has heard from it.
    let start = Instant::now();
    while screen.xclip(&xclip, &["-out"], b"") != theirs && start.elapsed().as_secs() < 20 {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(!clipboard.clear_if(|held| held == value).expect("an answer"));
    assert_eq!(screen.xclip(&xclip, &["-out"], b""), theirs);
}

#[test]
fn no_display_is_no_clipboard_and_a_dead_one_is_an_error() {
    let _ = need!("xclip");
    assert_eq!(Clipboard::of(&Display::default()), None);
    let gone = Display { x11: Some(":4711".to_owned()), ..Display::default() };
    let clipboard = Clipboard::of(&gone).expect("xclip is installed");
    let error = clipboard.put(b"planted").expect_err("nobody takes it");
    let said = format!("{} {error:?}", sanctum_types::chain(&error));
    assert!(!said.contains("planted"), "{said}");
}
