//! Network namespaces as machines, joined by veth pairs. They are gone when the guard is.
#![expect(
    clippy::disallowed_methods,
    reason = "namespaces are made by ip(8), entered by their file"
)]

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::os::fd::AsFd;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

static COUNT: AtomicU32 = AtomicU32::new(0);

/// Runs a command to its end; what it printed.
///
/// # Panics
/// Where it fails, with what it said.
fn run(line: &[&str]) -> Vec<u8> {
    let program = sanctum_tests::tool(line[0]);
    let out = Command::new(program).args(&line[1..]).output().expect("a program that starts");
    assert!(out.status.success(), "{line:?}: {}", String::from_utf8_lossy(&out.stderr));
    out.stdout
}

/// One machine.
pub(crate) struct Namespace {
    name: String,
}

impl Namespace {
    pub(crate) fn new(role: &str) -> Self {
        // Unique on the machine: the process, and a number within it.
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sanctum-{}-{number}-{role}", std::process::id());
        run(&["ip", "netns", "add", &name]);
        let namespace = Self { name };
        // Duplicate address detection would hold IPv6 back for a second or two.
        for scope in ["all", "default"] {
            namespace.set(&format!("ipv6/conf/{scope}/accept_dad"), "0");
        }
        namespace.exec(&["ip", "link", "set", "lo", "up"]);
        namespace
    }

    /// Runs a command inside; what it printed.
    pub(crate) fn exec(&self, line: &[&str]) -> Vec<u8> {
        let program = sanctum_tests::tool(line[0]);
        let program = program.to_str().expect("a path in UTF-8");
        run(&[&["ip", "netns", "exec", &self.name, program], &line[1..]].concat())
    }

    /// Writes a setting of the network. Below /proc/sys/net each thread sees its own namespace's.
    pub(crate) fn set(&self, setting: &str, value: &str) {
        let path = format!("/proc/sys/net/{setting}");
        self.inside(|| std::fs::write(path, value).expect("a setting"));
    }

    /// Joins two machines; each end is the name of its interface and its addresses.
    pub(crate) fn join(
        &self,
        (own, ours): (&str, &[&str]),
        other: &Self,
        (far, theirs): (&str, &[&str]),
    ) {
        run(&[
            "ip",
            "link",
            "add",
            own,
            "netns",
            &self.name,
            "type",
            "veth",
            "peer",
            "name",
            far,
            "netns",
            &other.name,
        ]);
        self.up(own, ours);
        other.up(far, theirs);
    }

    fn up(&self, interface: &str, addresses: &[&str]) {
        for address in addresses {
            self.exec(&["ip", "address", "add", address, "dev", interface]);
        }
        self.exec(&["ip", "link", "set", interface, "up"]);
    }

    /// Moves the calling thread inside, for good.
    pub(crate) fn enter(&self) {
        let file = File::open(format!("/run/netns/{}", self.name)).expect("the namespace's file");
        move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))
            .expect("to enter");
    }

    /// Does something inside, on a thread of its own; sockets made there stay there.
    pub(crate) fn inside<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let inside = scope.spawn(|| {
                self.enter();
                act()
            });
            inside.join().expect("no panic inside the namespace")
        })
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let ip = sanctum_tests::tool("ip");
        // Nothing can be done about a failure here; the name tells whose it was.
        let _gone = Command::new(ip).args(["netns", "del", &self.name]).status();
    }
}
