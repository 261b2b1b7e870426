//! Fifty servers, each in a network namespace of its own, asked at once.
#![expect(clippy::disallowed_methods, reason = "namespaces are made by ip(8)")]

use super::bed::Bed;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};

const NODES: u8 = 50;

/// Namespaces, a bridge and servers; all gone when it is dropped.
struct Crowd {
    names: Vec<String>,
    servers: Vec<Child>,
}

impl Crowd {
    /// The asker's namespace is the first; each node stands on the bridge in it.
    fn new(bed: &Bed) -> Self {
        let id = std::process::id();
        let name = |n: u8| format!("sanctum-{id}-crowd-{n}");
        let hub = name(0);
        let mut crowd = Self { names: (0..=NODES).map(name).collect(), servers: Vec::new() };
        let spaces: String = crowd.names.iter().map(|name| format!("netns add {name}\n")).collect();
        ip(&["-batch", "-"], &spaces);
        let mut inside =
            "link set lo up\nlink add br0 type bridge\naddr add 192.0.2.254/24 dev br0\nlink set br0 up\n"
                .to_owned();
        for n in 1..=NODES {
            let node = name(n);
            inside += &format!(
                "link add v{n} type veth peer name eth0 netns {node}\nlink set v{n} master br0 up\n"
            );
        }
        ip(&["-n", &hub, "-batch", "-"], &inside);
        for n in 1..=NODES {
            let node =
                format!("link set lo up\naddr add 192.0.2.{n}/24 dev eth0\nlink set eth0 up\n");
            ip(&["-n", &name(n), "-batch", "-"], &node);
        }
        let tool = sanctum_tests::tool("ip");
        let tool = tool.to_str().expect("a path in UTF-8");
        for n in 1..=NODES {
            let before = [tool, "netns", "exec", &name(n)];
            let mut server = bed.server("crowd", n % 2 == 0, &before);
            crowd.servers.push(server.stderr(Stdio::null()).spawn().expect("a server"));
        }
        crowd
    }
}

fn ip(words: &[&str], batch: &str) {
    let mut child = Command::new(sanctum_tests::tool("ip"))
        .args(words)
        .stdin(Stdio::piped())
        .spawn()
        .expect("ip starts");
    child.stdin.take().expect("a pipe").write_all(batch.as_bytes()).expect("a batch");
    assert!(child.wait().expect("it ends").success(), "{batch}");
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for server in &mut self.servers {
            // It may have ended by itself; either way it is gone.
            let _killed = server.kill();
            let _ended = server.wait();
        }
        for name in &self.names {
            // Nothing can be done about a failure here; the name tells whose it was.
            let _gone =
                Command::new(sanctum_tests::tool("ip")).args(["netns", "del", name]).status();
        }
    }
}

#[test]
fn fifty_nodes_at_once_answer_each_for_itself() {
    let (_sshd, _ip, _unshare, _setpriv) = sanctum_tests::need!("sshd", "ip", "unshare", "setpriv");
    let bed = Bed::new(&["crowd"]);
    bed.crowd(NODES);
    let crowd = Crowd::new(&bed);
    let hub = crowd.names[0].clone();
    let words = ["status", "--all", "--json"].map(str::to_owned);
    let asked = || {
        let said = bed.sanctum_inside(&hub, &words);
        let report = said.json();
        (said.code, report)
    };
    let (code, report) = (0..40)
        .map(|_| asked())
        // Servers that are still starting refuse the connection.
        .find(|(_, report)| report["summary"]["failed"] == 1)
        .expect("everybody but the hub, which has no address, answers");
    assert_eq!(code, Some(3));
    assert_eq!(report["summary"]["asked"], u32::from(NODES) + 1);
    for n in 1..=NODES {
        let node = super::node(&report, &format!("n{n}"));
        let source = if n % 2 == 0 { "sanctum" } else { "probe" };
        assert_eq!(node["status"]["source"], source, "{node:#}");
        assert_eq!(node["address"], format!("192.0.2.{n}:{}", bed.port));
    }
    // One at a time still asks everybody.
    let words = ["status", "--all", "--json", "--parallel", "7"].map(str::to_owned);
    let report = bed.sanctum_inside(&hub, &words).json();
    assert_eq!(report["summary"]["failed"], 1, "{:#}", report["summary"]);
}
