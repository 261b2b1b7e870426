//! Listeners that answer on every port, and probes that say whether an answer came.

use super::namespaces::Namespace;
use sanctum_orchestrator::instance::model::Transport;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long an answer may take; a dropped packet costs this once, all probes at a time.
const PATIENCE: Duration = Duration::from_secs(1);

/// Everything listens on all addresses, so that only the filter decides.
pub(crate) struct Listeners {
    _tcp: Vec<TcpListener>,
    stop: Arc<AtomicBool>,
    echo: Option<JoinHandle<()>>,
}

impl Listeners {
    /// Listens on each port, tcp and udp, IPv4 and IPv6.
    pub(crate) fn on(namespace: &Namespace, ports: &[u16]) -> Self {
        let all = |port: &u16| SocketAddr::from((Ipv6Addr::UNSPECIFIED, *port));
        let (tcp, udp) = namespace.inside(|| {
            // A connection is complete once it is queued: nobody needs to accept it.
            let tcp =
                ports.iter().map(|port| TcpListener::bind(all(port)).expect("a free tcp port"));
            let udp = ports.iter().map(|port| UdpSocket::bind(all(port)).expect("a free udp port"));
            (tcp.collect::<Vec<_>>(), udp.collect::<Vec<_>>())
        });
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let echo = thread::spawn(move || echo(&udp, &stopped));
        Self { _tcp: tcp, stop, echo: Some(echo) }
    }
}

impl Drop for Listeners {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(echo) = self.echo.take() {
            echo.join().expect("the echo thread ends");
        }
    }
}

fn echo(sockets: &[UdpSocket], stop: &AtomicBool) {
    for socket in sockets {
        socket.set_nonblocking(true).expect("a socket option");
    }
    let mut byte = [0_u8; 1];
    while !stop.load(Ordering::Relaxed) {
        for socket in sockets {
            while let Ok((_, from)) = socket.recv_from(&mut byte) {
                // A lost answer is sent again: the probe asks more than once.
                let _sent = socket.send_to(&byte, from);
            }
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// One question: does this address answer on this port?
pub(crate) type Probe = (Transport, IpAddr, u16);

/// Asks every question at once from inside the namespace; true where an answer came. What was not answered is
/// asked once more, so that a busy machine does not look like a filter.
pub(crate) fn ask(from: &Namespace, probes: &[Probe]) -> Vec<bool> {
    let mut answers = ask_once(from, probes);
    let (places, silent): (Vec<usize>, Vec<Probe>) =
        probes.iter().copied().enumerate().filter(|(place, _)| !answers[*place]).unzip();
    for (place, answer) in places.into_iter().zip(ask_once(from, &silent)) {
        answers[place] = answer;
    }
    answers
}

fn ask_once(from: &Namespace, probes: &[Probe]) -> Vec<bool> {
    thread::scope(|scope| {
        let asked: Vec<_> = probes
            .iter()
            .map(|(transport, ip, port)| {
                scope.spawn(move || {
                    from.enter();
                    let to = SocketAddr::from((*ip, *port));
                    match transport {
                        Transport::Tcp => TcpStream::connect_timeout(&to, PATIENCE).is_ok(),
                        Transport::Udp => answers(to),
                    }
                })
            })
            .collect();
        asked.into_iter().map(|thread| thread.join().expect("no panic in a probe")).collect()
    })
}

fn answers(to: SocketAddr) -> bool {
    const TRIES: u32 = 4;
    let any: IpAddr = if to.is_ipv4() { [0, 0, 0, 0].into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).expect("a free port");
    socket.connect(to).expect("a route");
    socket.set_read_timeout(Some(PATIENCE / TRIES)).expect("a socket option");
    (0..TRIES).any(|_| socket.send(b"?").is_ok() && socket.recv(&mut [0]).is_ok())
}
