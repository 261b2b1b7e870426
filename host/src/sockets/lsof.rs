//! What `lsof -F` prints of sockets and of running programs, as data (lsof(8), OUTPUT FOR OTHER PROGRAMS).
//!
//! A line is one field: its first byte says which, a `p` begins a process and an `f` one of its files.
//! Fixtures are written from the manual; nothing of it ran on a Mac yet. Invariant: a listener whose address is
//! not understood is an error.

use super::{Listener, Owner, Owners, Transport};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A name of a socket that is no address and port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} names no address and port")]
pub struct NoAddress {
    /// The line, from 1.
    pub line: usize,
}

/// The file that a process runs, as its first `txt` entry names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Its path.
    pub path: String,
    /// Its number on its device, where lsof knows it.
    pub inode: Option<u64>,
    /// The device, where lsof knows it.
    pub device: Option<u64>,
}

/// Arguments for the sockets of a transport: numbers instead of names, no shortened commands.
#[must_use]
pub const fn sockets_args(transport: Transport) -> &'static [&'static str] {
    match transport {
        Transport::Tcp => &["-nP", "+c", "0", "-iTCP", "-sTCP:LISTEN", "-F", "pcuftPn"],
        Transport::Udp => &["-nP", "+c", "0", "-iUDP", "-F", "pcuftPn"],
    }
}

/// Arguments for the program that each process runs.
pub const TEXT_ARGS: [&str; 5] = ["-nP", "-d", "txt", "-F", "pfDin"];

/// The process that following lines are about.
#[derive(Default)]
struct Current {
    pid: Option<u32>,
    name: String,
    uid: Option<u32>,
    v6: bool,
}

/// Listeners of one transport; a UDP socket with a peer or without a port is none.
///
/// # Errors
/// [`NoAddress`] for the first name that is not understood.
pub fn parse_sockets(text: &str, transport: Transport) -> Result<Vec<Listener>, NoAddress> {
    let mut all = Vec::new();
    let mut now = Current::default();
    for (at, line) in text.lines().enumerate() {
        let Some((field, rest)) = split(line) else { continue };
        match field {
            'p' => now = Current { pid: rest.parse().ok(), ..Current::default() },
            'c' => now.name = rest.to_owned(),
            'u' => now.uid = rest.parse().ok(),
            'f' => now.v6 = false,
            't' => now.v6 = rest == "IPv6",
            'n' if !rest.contains("->") && !rest.ends_with(":*") => {
                let (address, port) = endpoint(rest, now.v6).ok_or(NoAddress { line: at + 1 })?;
                let owner = |pid| Owner { pid, name: now.name.clone(), program: None };
                let owners =
                    now.pid.map_or(Owners::Nobody, |pid| Owners::Seen([owner(pid)].into()));
                all.push(Listener { transport, address, port, uid: now.uid, owners });
            }
            _ => {}
        }
    }
    Ok(all)
}

/// The first program text of each process, which is the executable; libraries follow it.
#[must_use]
pub fn parse_texts(text: &str) -> BTreeMap<u32, Text> {
    let mut all = BTreeMap::new();
    let (mut pid, mut device, mut inode) = (None::<u32>, None, None);
    for line in text.lines() {
        let Some((field, rest)) = split(line) else { continue };
        match field {
            'p' => pid = rest.parse().ok(),
            'f' => (device, inode) = (None, None),
            'D' => device = u64::from_str_radix(rest.trim_start_matches("0x"), 16).ok(),
            'i' => inode = rest.parse().ok(),
            'n' => {
                if let Some(pid) = pid {
                    all.entry(pid).or_insert_with(|| Text { path: rest.to_owned(), inode, device });
                }
            }
            _ => {}
        }
    }
    all
}

fn split(line: &str) -> Option<(char, &str)> {
    let field = line.chars().next()?;
    Some((field, line.get(field.len_utf8()..)?))
}

/// `*:22`, `127.0.0.1:4040`, `[::1]:4040` or `[fe80:4::1]:5353`.
fn endpoint(name: &str, v6: bool) -> Option<(IpAddr, u16)> {
    let (address, port) = name.rsplit_once(':')?;
    let port: u16 = port.parse().ok().filter(|port| *port != 0)?;
    let address = match address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        _ if address == "*" && v6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        _ if address == "*" => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Some(v6) => IpAddr::V6(unscoped(v6.split('%').next()?.parse().ok()?)),
        None => IpAddr::V4(address.parse().ok()?),
    };
    Some((address.to_canonical(), port))
}

/// KAME kernels keep a link-local address's interface in its second word (in6_embedscope of XNU).
fn unscoped(address: Ipv6Addr) -> Ipv6Addr {
    let mut words = address.segments();
    if let [0xfe80..=0xfebf, second, ..] = &mut words {
        *second = 0;
    }
    Ipv6Addr::from(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TCP: &str = "p1\nclaunchd\nu0\nf10\ntIPv6\nPTCP\nn*:22\nf11\ntIPv4\nPTCP\nn*:22\n\
        p412\ncsanctumd\nu501\nf5\ntIPv4\nPTCP\nn127.0.0.1:4040\nf6\ntIPv6\nPTCP\nn[::1]:4040\nf7\ntIPv6\nPTCP\nn[fe80:4::1]:4041\n";
    const UDP: &str = "p90\ncmDNSResponder\nu65\nf6\ntIPv4\nPUDP\nn*:5353\nf7\ntIPv4\nPUDP\nn*:*\nf8\ntIPv4\nPUDP\nn10.0.0.2:50000->10.0.0.1:53\n";

    fn shown(text: &str, transport: Transport) -> Vec<String> {
        let all = parse_sockets(text, transport).unwrap();
        all.iter().map(|one| format!("{one} uid {}", one.uid.unwrap())).collect()
    }

    #[test]
    fn listeners_with_their_owners() {
        assert_eq!(
            shown(TCP, Transport::Tcp),
            [
                "tcp [::]:22, launchd (1) uid 0",
                "tcp 0.0.0.0:22, launchd (1) uid 0",
                "tcp 127.0.0.1:4040, sanctumd (412) uid 501",
                "tcp [::1]:4040, sanctumd (412) uid 501",
                "tcp [fe80::1]:4041, sanctumd (412) uid 501",
            ]
        );
        assert_eq!(shown(UDP, Transport::Udp), ["udp 0.0.0.0:5353, mDNSResponder (90) uid 65"]);
        assert_eq!(
            parse_sockets("p1\nf3\nnlocalhost:22\n", Transport::Tcp),
            Err(NoAddress { line: 3 })
        );
    }

    #[test]
    fn the_first_text_is_the_program() {
        let said = "p412\nftxt\nD0x100000a\ni1234\nn/opt/sanctum/bin/sanctumd\nftxt\nD0x100000a\ni5\nn/usr/lib/dyld\np413\nftxt\nn/bin/zsh\n";
        let all = parse_texts(said);
        let first = Text {
            path: "/opt/sanctum/bin/sanctumd".to_owned(),
            inode: Some(1234),
            device: Some(0x0100_000a),
        };
        assert_eq!(all[&412], first);
        assert_eq!(all[&413], Text { path: "/bin/zsh".to_owned(), inode: None, device: None });
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let text = String::from_utf8_lossy(&bytes);
            let _ = parse_sockets(&text, Transport::Udp);
            let _ = parse_texts(&text);
        }

        #[test]
        fn any_name_is_read_or_refused(name in "[\\[\\]:*%>a-f0-9.-]{0,24}", v6 in any::<bool>()) {
            let _ = endpoint(&name, v6);
        }
    }
}
