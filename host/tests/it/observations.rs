//! What a namespace of its own shows of sockets, bridges and forwarding, and what another account may not see.

#![expect(clippy::disallowed_methods, reason = "tests arrange the machine from outside")]

use crate::namespace::{inside, missing, sh};
use sanctum_host::sight::Sight;
use sanctum_host::sockets::{Owners, Transport};
use sanctum_host::{bridges, forwarding, processes, sockets};
use std::net::{TcpListener, UdpSocket};
use std::process::Command;

#[test]
fn listeners_bridges_and_forwarding_of_a_namespace() {
    inside("observations::listeners_bridges_and_forwarding_of_a_namespace", || {
        assert!(sockets::table().unwrap().listeners.is_empty(), "it begins with nothing");
        sh("ip link add veth0 type veth peer name veth1
            ip addr add 192.0.2.1/24 dev veth0
            ip link add br0 type bridge
            ip link set veth1 master br0
            ip link set veth0 up && ip link set veth1 up && ip link set br0 up
            mount -t sysfs none /sys
            sysctl -qw net.ipv4.ip_forward=1");
        let _lan = TcpListener::bind("192.0.2.1:4040").unwrap();
        let _all = TcpListener::bind("[::]:4041").unwrap();
        let _udp = UdpSocket::bind("0.0.0.0:4040").unwrap();
        let table = sockets::table().unwrap();
        let shown: Vec<String> = table
            .listeners
            .iter()
            .map(|one| {
                assert!(matches!(one.owners, Owners::Seen(_)), "{one}");
                format!("{} {}", one.transport, one.at())
            })
            .collect();
        assert_eq!(shown, ["tcp 192.0.2.1:4040", "tcp [::]:4041", "udp 0.0.0.0:4040"]);
        let bridges = bridges::bridges().unwrap();
        assert_eq!(bridges, [("br0".to_owned(), ["veth1".to_owned()].into())].into());
        assert_eq!(forwarding::forwarding().unwrap().v4, Sight::Seen(true));
        sh("sysctl -qw net.ipv4.ip_forward=0");
        assert_eq!(forwarding::forwarding().unwrap().v4, Sight::Seen(false));
    });
}

const PORT: &str = "SANCTUM_TEST_PORT";

#[test]
fn another_account_sees_that_it_cannot_see() {
    let test = "observations::another_account_sees_that_it_cannot_see";
    if let Ok(said) = std::env::var(PORT) {
        let (pid, port) = said.split_once(' ').unwrap();
        let table = sockets::table().unwrap();
        let found: Vec<_> = table.on(Transport::Tcp, port.parse().unwrap()).collect();
        let [one] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((&one.owners, one.uid), (&Owners::CouldNotSee, Some(0)));
        let held = processes::of(pid.parse().unwrap()).unwrap().unwrap();
        assert_eq!((held.uid, held.program), (0, Sight::Denied));
        return;
    }
    if !rustix::process::geteuid().is_root() {
        missing("root, to become somebody else");
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // The binary's own directory may be closed to others.
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("it");
    std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    sh(&format!("chmod 755 {} {}", dir.path().display(), copy.display()));
    let status = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
        .arg(&copy)
        .args(["--exact", test, "--nocapture"])
        .env(PORT, format!("{} {port}", std::process::id()))
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
}
