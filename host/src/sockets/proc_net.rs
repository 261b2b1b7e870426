//! Linux's `/proc/net/{tcp,tcp6,udp,udp6}` as data (proc(5); net/ipv4/tcp_ipv4.c of the kernel).
//!
//! Invariant: a row that is not understood is an error, because a listener that is left out would look closed.

use super::Transport;
use std::net::{IpAddr, Ipv4Addr};

/// `TCP_LISTEN`, and `TCP_CLOSE`, which for UDP is a socket without a peer (include/net/tcp_states.h).
const LISTEN: &str = "0A";
const UNCONNECTED: &str = "07";

/// One listener or bound socket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// The address; an IPv4 address in an IPv6 table is shown as IPv4.
    pub address: IpAddr,
    /// The port, from 1.
    pub port: u16,
    /// The account that made it.
    pub uid: u32,
    /// Its number in the kernel's socket file system.
    pub inode: u64,
}

/// A line that is none of the table's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is no row of a socket table")]
pub struct NoRow {
    /// Its number, from 1.
    pub line: usize,
}

/// Listeners and bound sockets of one table, in its order; connections are passed over.
///
/// # Errors
/// [`NoRow`] for the first line that is not understood.
pub fn parse(text: &str, transport: Transport) -> Result<Vec<Row>, NoRow> {
    let wanted = match transport {
        Transport::Tcp => LISTEN,
        Transport::Udp => UNCONNECTED,
    };
    let mut rows = Vec::new();
    // The first line holds the names of the columns.
    for (at, line) in text.lines().enumerate().skip(1).filter(|(_, line)| !line.trim().is_empty()) {
        let no_row = NoRow { line: at + 1 };
        let cells: Vec<&str> = line.split_whitespace().collect();
        let [_, local, _, state, _, _, _, uid, _, inode, ..] = cells.as_slice() else {
            return Err(no_row);
        };
        let (address, port) = endpoint(local).ok_or(no_row)?;
        let uid = uid.parse().map_err(|_| no_row)?;
        let inode = inode.parse().map_err(|_| no_row)?;
        if *state == wanted && port != 0 {
            rows.push(Row { address, port, uid, inode });
        }
    }
    Ok(rows)
}

/// `0100007F:1F90`: 32-bit words of the address as the machine reads them, and the port.
fn endpoint(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !hex(address) || !hex(port) || port.len() != 4 {
        return None;
    }
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| {
        let word = u32::from_str_radix(address.get(at * 8..at * 8 + 8)?, 16).ok()?;
        Some(word.to_ne_bytes())
    };
    let address = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let mut bytes = [0_u8; 16];
            for (at, chunk) in bytes.chunks_exact_mut(4).enumerate() {
                chunk.copy_from_slice(&word(at)?);
            }
            IpAddr::from(bytes).to_canonical()
        }
        _ => return None,
    };
    Some((address, port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     \n\
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 23018 1 0000000000000000 100 0 0 10 0                     \n\
   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000   501        0 31010 1 0000000000000000 100 0 0 10 0                     \n\
   2: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000   501        0 31011 1 0000000000000000 20 4 30 10 -1                    \n";
    const TCP6: &str = "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 23020 1 0000000000000000 100 0 0 10 0\n\
   1: 00000000000000000000000001000000:0FC8 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 23021 1 0000000000000000 100 0 0 10 0\n\
   2: 0000000000000000FFFF00000A0A0A0A:0FC9 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 23022 1 0000000000000000 100 0 0 10 0\n";
    const UDP: &str = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
  101: 0A0A0A0A:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 17000 2 0000000000000000 0\n\
  102: 0100007F:8000 0100007F:0035 01 00000000:00000000 00:00000000 00000000   101        0 17001 2 0000000000000000 0\n\
  103: 00000000:0000 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 17002 2 0000000000000000 0\n";

    fn shown(text: &str, transport: Transport) -> Vec<String> {
        let rows = parse(text, transport).unwrap();
        rows.iter()
            .map(|row| format!("{} {} {} {}", row.address, row.port, row.uid, row.inode))
            .collect()
    }

    #[test]
    fn listeners_are_told_from_connections() {
        assert_eq!(shown(TCP, Transport::Tcp), ["0.0.0.0 22 0 23018", "127.0.0.1 8080 501 31010"]);
        assert_eq!(
            shown(TCP6, Transport::Tcp),
            [":: 22 0 23020", "::1 4040 0 23021", "10.10.10.10 4041 0 23022"]
        );
        assert_eq!(shown(UDP, Transport::Udp), ["10.10.10.10 53 101 17000"]);
    }

    #[test]
    fn a_row_that_is_not_understood_is_no_answer() {
        for bad in [
            "0: 0100007F:1F90 0: 0A 0 0 0 501 0",
            "0: 0100007F:1F9 0:0 0A 0:0 0:0 0 501 0 31010",
            "0: 0100007:1F90 0:0 0A 0:0 0:0 0 501 0 31010",
            "0: +100007F:1F90 0:0 0A 0:0 0:0 0 501 0 31010",
            "0: 0100007F:1F90 0:0 0A 0:0 0:0 0 -1 0 31010",
            "0: 0100007F:1F90 0:0 0A 0:0 0:0 0 501 0 x",
        ] {
            assert_eq!(
                parse(&format!("sl\n{bad}\n"), Transport::Tcp),
                Err(NoRow { line: 2 }),
                "{bad}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let text = String::from_utf8_lossy(&bytes);
            let _ = parse(&format!("sl\n{text}"), Transport::Tcp);
        }

        #[test]
        fn what_the_kernel_prints_is_read_back(
            v6 in any::<bool>(), bytes in any::<[u8; 16]>(), port in 1_u16.., uid in any::<u32>(), inode in any::<u64>()
        ) {
            let words = bytes.chunks_exact(4).take(if v6 { 4 } else { 1 });
            let printed: String = words
                .map(|word| format!("{:08X}", u32::from_ne_bytes(word.try_into().unwrap())))
                .collect();
            let address = if v6 { IpAddr::from(bytes).to_canonical() } else {
                IpAddr::from([bytes[0], bytes[1], bytes[2], bytes[3]])
            };
            let text = format!("sl\n 0: {printed}:{port:04X} 0:0 0A 0:0 0:0 0 {uid} 0 {inode} 1\n");
            prop_assert_eq!(parse(&text, Transport::Tcp), Ok(vec![Row { address, port, uid, inode }]));
        }
    }
}
