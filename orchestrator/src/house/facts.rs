//! What is assumed of a machine that is only rendered for, such as a node below `--root`.
//!
//! The algorithm lists are those of the oldest release that the house supports on each system, read from
//! `ssh -Q` there: Debian 12's OpenSSH 9.2p1 and macOS 26's 10.0p2. A live plan asks the machine instead.

use crate::house::{Facts, Interface, SshFacts};
use crate::instance::Instance;
use crate::instance::model::{Interfaces, Node, NodeType, Os, PfAttach};
use crate::instance::registry::{node_arch, node_os};
use sanctum_types::IfName;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Ciphers of OpenSSH since 8.5 that anybody should still offer.
const CIPHERS: &str = "chacha20-poly1305@openssh.com aes256-gcm@openssh.com aes128-gcm@openssh.com aes256-ctr aes192-ctr aes128-ctr";
const MACS: &str = "hmac-sha2-512-etm@openssh.com hmac-sha2-256-etm@openssh.com umac-128-etm@openssh.com \
    hmac-sha2-512 hmac-sha2-256 umac-128@openssh.com";
const HOST_KEYS: &str = "ssh-ed25519 ssh-ed25519-cert-v01@openssh.com sk-ssh-ed25519@openssh.com \
    sk-ssh-ed25519-cert-v01@openssh.com ecdsa-sha2-nistp256 rsa-sha2-512 rsa-sha2-512-cert-v01@openssh.com \
    rsa-sha2-256 rsa-sha2-256-cert-v01@openssh.com";
const KEX: &str = "curve25519-sha256 curve25519-sha256@libssh.org diffie-hellman-group16-sha512 \
    diffie-hellman-group18-sha512 sntrup761x25519-sha512@openssh.com";
const KEX_DEBIAN_12: &str = "sntrup761x25519-sha512";
const KEX_MACOS: &str = "sntrup761x25519-sha512 mlkem768x25519-sha256";

/// What macOS ships as `/etc/pf.conf`, but for its comments: anchor points of every kind and Apple's own rules.
const STOCK_PF_CONF: &str = r#"scrub-anchor "com.apple/*"
nat-anchor "com.apple/*"
rdr-anchor "com.apple/*"
dummynet-anchor "com.apple/*"
anchor "com.apple/*"
load anchor "com.apple" from "/etc/pf.anchors/com.apple"
"#;

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().flat_map(|list| list.split_whitespace()).map(str::to_owned).collect()
}

/// What is assumed of a node.
#[must_use]
pub fn assumed(instance: &Instance, node: &Node) -> Facts {
    let os = node_os(node);
    let lan = match node.lan_interfaces.as_ref().unwrap_or(&instance.networks.lan.interface) {
        Interfaces::One(name) => vec![name.clone()],
        Interfaces::Many(names) => names.clone(),
        Interfaces::Auto(_) => usual_interface(os).into_iter().collect(),
    };
    let interface = |name: &IfName, address: Option<IpAddr>| Interface {
        name: name.clone(),
        active: true,
        addresses: address.into_iter().collect(),
    };
    let mut interfaces: Vec<Interface> =
        lan.iter().map(|name| interface(name, node.lan_address.map(IpAddr::V4))).collect();
    if let (NodeType::Hub, Some(vm)) = (node.kind, &instance.networks.vm) {
        interfaces.push(interface(&vm.bridge, Some(IpAddr::V4(vm.host))));
    }
    Facts {
        os,
        arch: node_arch(node),
        interfaces,
        default_route: lan.first().cloned(),
        ssh: ssh(os),
        timezone: instance.instance.timezone.clone(),
        implemented: BTreeSet::new(),
        pf_conf: (os == Os::Macos && instance.pf.attach == PfAttach::Main)
            .then(|| STOCK_PF_CONF.to_owned()),
    }
}

fn usual_interface(os: Os) -> Option<IfName> {
    // The first Ethernet of a Mac Mini, and systemd's predictable name of a virtio card.
    IfName::new(match os {
        Os::Macos => "en0",
        Os::Linux => "enp0s1",
    })
    .ok()
}

fn ssh(os: Os) -> SshFacts {
    SshFacts {
        kex: match os {
            Os::Linux => set(&[KEX, KEX_DEBIAN_12]),
            Os::Macos => set(&[KEX, KEX_MACOS]),
        },
        ciphers: set(&[CIPHERS]),
        macs: set(&[MACS]),
        host_key_algorithms: set(&[HOST_KEYS]),
        options: BTreeSet::new(),
    }
}
