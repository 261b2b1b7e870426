//! What a real container engine says of a container that has a key in its environment.
#![expect(clippy::disallowed_methods, reason = "a real engine")]

use super::bed::{Bed, token};
use rustix::process::{Pid, Signal, kill_process};
use sanctum_tests::need;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

/// An engine that ends with the test.
struct Engine(Child);

impl Drop for Engine {
    fn drop(&mut self) {
        // It ends its own containerd when it is asked to, and only then.
        if let Some(pid) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            let _asked = kill_process(pid, Signal::TERM);
        }
        let _ended = self.0.wait();
    }
}

/// Starts an engine with its socket at that host.
fn start(bed: &Bed, dockerd: &Path, host: &str) -> Engine {
    let option = |name: &str, path: &str| format!("--{name}={}", bed.at(path).display());
    let mut command = bed.command(dockerd, "");
    command.args([
        option("data-root", "data"),
        option("exec-root", "exec"),
        option("pidfile", "pid"),
    ]);
    command.args([
        "--iptables=false",
        "--ip6tables=false",
        "--ip-forward=false",
        "--ip-masq=false",
    ]);
    command.args(["--bridge=none", "--storage-driver=vfs", "--host", host]);
    command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    Engine(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

#[test]
fn the_environment_of_a_container_is_scanned() {
    let (dockerd, docker, tar) = need!("dockerd", "docker", "tar");
    let bed = Bed::new();
    for folder in ["home/.docker/run", "rootfs/x", "exec"] {
        std::fs::create_dir_all(bed.at(folder)).unwrap();
    }
    let host = format!("unix://{}", bed.at("home/.docker/run/docker.sock").display());
    let engine = start(&bed, &dockerd, &host);
    let ask = |arguments: &[&str]| {
        bed.command(&docker, "").args(["--host", &host]).args(arguments).output().unwrap()
    };
    let up = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(200));
        ask(&["version"]).status.success()
    });
    assert!(up, "dockerd does not start here: try it by hand as root");
    assert!(
        bed.command(&tar, "")
            .args(["-C", "rootfs", "-cf", "image.tar", "."])
            .status()
            .unwrap()
            .success()
    );
    assert!(ask(&["import", "image.tar", "local/x:1"]).status.success());
    let scan = || bed.scan("", &["--containers", "--home", "home", "--json"]);
    assert_eq!(scan().exits(0).json()["not_scanned"], serde_json::json!([]));
    let key = format!("KEY={}", token('A'));
    let made = ask(&[
        "create",
        "--name",
        "leaky",
        "--network",
        "none",
        "-e",
        "A=b",
        "-e",
        &key,
        "local/x:1",
        "/x",
    ]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let report = scan().exits(3).json();
    let [found] = &report["findings"].as_array().unwrap()[..] else { panic!("one: {report:#}") };
    assert_eq!(
        (&found["path"], &found["source"]),
        (&"container leaky".into(), &"container".into())
    );
    drop(engine);
    // An engine that does not answer is not an engine without containers.
    let socket = bed.at("home/.docker/run/docker.sock");
    drop(std::os::unix::net::UnixListener::bind(socket).unwrap());
    let report = scan().exits(0).json();
    assert_eq!(report["not_scanned"].as_array().map(Vec::len), Some(1), "{report:#}");
}
