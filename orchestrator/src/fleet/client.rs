//! One SSH connection of our own, hop by hop: host key judged, logged in, one command, its answer.
//!
//! The key exchange is X25519, with ML-KEM 768 where the server has it; there is no sntrup761 and no RSA. The
//! judgement of the host key comes from records alone, before anything of ours is sent.

use super::agent::{self, Keys};
use super::answer::Raw;
use super::error::{FleetError, Step};
use super::known_hosts::{self, HostPort, KnownHosts, Verdict};
use super::probe;
use super::target::Endpoint;
use super::{ANSWER_LIMIT, Limits};
use russh::client::{Config, Handle, Handler};
use russh::keys::ssh_key::PublicKey;
use russh::keys::{Algorithm, EcdsaCurve, PublicKeyOrCertificate};
use russh::{AlgorithmKind, ChannelMsg, Disconnect, Preferred, cipher, kex};
use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// A connection that is open.
pub type Session = Handle<Watch>;

/// How much of standard error is kept: its first line is shown.
const STDERR_LIMIT: usize = 4096;

const KEX: [kex::Name; 5] = [
    kex::MLKEM768X25519_SHA256,
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::EXTENSION_SUPPORT_AS_CLIENT,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
];
const CIPHERS: [cipher::Name; 5] = [
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_GCM,
    cipher::AES_128_GCM,
    cipher::AES_256_CTR,
    cipher::AES_128_CTR,
];
const HOST_KEYS: [Algorithm; 4] = [
    Algorithm::Ed25519,
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
];

/// What is wanted of a host key.
#[derive(Clone, Debug)]
enum Wanted {
    /// It must be on record.
    Recorded(Arc<KnownHosts>),
    /// It is only looked at: the connection ends there.
    Shown,
}

/// What a connection does with what the server says by itself.
#[derive(Debug)]
pub struct Watch {
    host: HostPort,
    wanted: Wanted,
    seen: Seen,
}

/// Keys that the server showed and announced.
#[derive(Clone, Debug, Default)]
struct Seen {
    shown: Arc<Mutex<Option<PublicKey>>>,
    announced: Arc<Mutex<Vec<PublicKey>>>,
}

/// Why a connection ended while its keys were exchanged.
#[derive(Debug)]
pub enum Stop {
    /// The protocol.
    Ssh(russh::Error),
    /// Our judgement of the host key.
    Key(Box<FleetError>),
}

impl From<russh::Error> for Stop {
    fn from(error: russh::Error) -> Self {
        Self::Ssh(error)
    }
}

impl Handler for Watch {
    type Error = Stop;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Stop> {
        // Certificates are not asked for, so none is taken.
        let PublicKeyOrCertificate::PublicKey { key, .. } = shown else { return Ok(false) };
        put(&self.seen.shown, Some(key.clone()));
        let Wanted::Recorded(known) = &self.wanted else { return Ok(false) };
        let host = self.host.clone();
        let fingerprint = known_hosts::fingerprint(key);
        let error = match known.judge(&host, key) {
            Verdict::Known => return Ok(true),
            Verdict::Unknown => FleetError::UnknownHostKey { host, fingerprint },
            Verdict::Revoked { at } => FleetError::RevokedHostKey { host, fingerprint, at },
            Verdict::Changed { recorded } => {
                let recorded: Vec<String> =
                    recorded.iter().map(|(at, key)| format!("{key} ({at})")).collect();
                let recorded = recorded.join(", ");
                FleetError::ChangedHostKey { host, shown: fingerprint, recorded }
            }
        };
        Err(Stop::Key(Box::new(error)))
    }

    async fn openssh_ext_host_keys_announced(
        &mut self,
        keys: Vec<PublicKey>,
        _session: &mut russh::client::Session,
    ) -> Result<(), Stop> {
        put(&self.seen.announced, keys);
        Ok(())
    }
}

fn put<T>(slot: &Mutex<T>, value: T) {
    *slot.lock().unwrap_or_else(PoisonError::into_inner) = value;
}

fn get<T: Clone>(slot: &Mutex<T>) -> T {
    slot.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// What every connection of a fleet shares.
#[derive(Clone, Debug)]
pub struct Client {
    /// Host keys.
    pub known: Arc<KnownHosts>,
    /// Keys to log in with.
    pub keys: Arc<Keys>,
    /// Time limits.
    pub limits: Limits,
}

/// A connection that is logged in.
pub struct Open {
    session: Session,
    seen: Seen,
    host: HostPort,
}

impl Client {
    /// Connects, judges the host key and logs in; through a connection that is open already where there is one.
    pub async fn open(&self, end: &Endpoint, through: Option<&Open>) -> Result<Open, FleetError> {
        let seen = Seen::default();
        let wanted = Wanted::Recorded(Arc::clone(&self.known));
        let host = end.at.clone();
        let mut session = self.connect(&host, through, wanted, &seen).await?;
        let keys = Arc::clone(&self.keys);
        let log_in = agent::log_in(&mut session, &host, end.user.as_str(), &keys);
        within(self.limits.auth, &host, Step::Auth, log_in).await?;
        Ok(Open { session, seen, host })
    }

    /// The host key that a server shows, believed by nobody.
    pub async fn look(
        &self,
        host: &HostPort,
        through: Option<&Open>,
    ) -> Result<PublicKey, FleetError> {
        let seen = Seen::default();
        let ended = self.connect(host, through, Wanted::Shown, &seen).await;
        match (get(&seen.shown), ended) {
            (Some(key), _) => Ok(key),
            (None, Err(error)) => Err(error),
            (None, Ok(_)) => Err(FleetError::Broken {
                host: host.clone(),
                source: Box::new(russh::Error::UnknownKey),
            }),
        }
    }

    async fn connect(
        &self,
        host: &HostPort,
        through: Option<&Open>,
        wanted: Wanted,
        seen: &Seen,
    ) -> Result<Session, FleetError> {
        let config = Arc::new(config(&self.known.algorithms(host)));
        let watch = Watch { host: host.clone(), wanted, seen: seen.clone() };
        let connecting = async {
            let stream: Box<dyn Duplex> = match through {
                None => Box::new(tcp(host).await?),
                Some(open) => Box::new(open.leads_to(host).await?),
            };
            let connected = russh::client::connect_stream(config, stream, watch).await;
            connected.map_err(|stop| stopped(stop, host))
        };
        within(self.limits.connect, host, Step::Connect, connecting).await
    }
}

fn config(recorded: &[Algorithm]) -> Config {
    // A server with several keys shows the one that is on record, as with OpenSSH's own client.
    let (mut keys, rest): (Vec<_>, Vec<_>) =
        HOST_KEYS.into_iter().partition(|algorithm| recorded.contains(algorithm));
    keys.extend(rest);
    Config {
        client_id: russh::SshId::Standard(Cow::Borrowed("SSH-2.0-sanctum")),
        preferred: Preferred {
            kex: Cow::Borrowed(&KEX),
            key: Cow::Owned(keys),
            cipher: Cow::Borrowed(&CIPHERS),
            ..Preferred::DEFAULT
        },
        ..Config::default()
    }
}

async fn tcp(host: &HostPort) -> Result<TcpStream, FleetError> {
    let failed = |source| FleetError::Connect { host: host.clone(), source };
    let stream = TcpStream::connect((host.host.as_str(), host.port)).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    Ok(stream)
}

fn stopped(stop: Stop, host: &HostPort) -> FleetError {
    match stop {
        Stop::Key(error) => *error,
        Stop::Ssh(russh::Error::NoCommonAlgo { kind, theirs, .. }) => {
            let what = match kind {
                AlgorithmKind::Kex => "key exchange",
                AlgorithmKind::Key => "kind of host key",
                AlgorithmKind::Cipher => "cipher",
                AlgorithmKind::Compression => "compression",
                AlgorithmKind::Mac => "message authentication",
            };
            let theirs = crate::status::text::printable(&theirs.join(", "));
            FleetError::NoCommonAlgorithm { host: host.clone(), what, theirs }
        }
        Stop::Ssh(source) => FleetError::Broken { host: host.clone(), source: Box::new(source) },
    }
}

/// Gives a step its time.
pub(super) async fn within<T>(
    limit: Duration,
    host: &HostPort,
    step: Step,
    act: impl Future<Output = Result<T, FleetError>>,
) -> Result<T, FleetError> {
    tokio::time::timeout(limit, act).await.unwrap_or_else(|_| {
        Err(FleetError::Timeout { host: host.clone(), step, seconds: limit.as_secs() })
    })
}

impl Open {
    async fn leads_to(
        &self,
        host: &HostPort,
    ) -> Result<russh::ChannelStream<russh::client::Msg>, FleetError> {
        // The originator is for the server's log only (RFC 4254, 7.2).
        let (name, port) = (host.host.as_str(), u32::from(host.port));
        let channel = self.session.channel_open_direct_tcpip(name, port, "127.0.0.1", 0).await;
        channel.map(russh::Channel::into_stream).map_err(|source| FleetError::Jump {
            jump: self.host.clone(),
            host: host.clone(),
            source: Box::new(source),
        })
    }

    /// Runs the probe's constant command with the script on standard input, and reads its answer to the end.
    pub async fn ask(&self, script: &str, limit: Duration) -> Result<Raw, FleetError> {
        self.run(probe::COMMAND, script.as_bytes().to_vec(), limit).await
    }

    /// Runs a command that is a constant of this program with these bytes on standard input, and reads its answer to
    /// the end: no value ever stands in the command.
    pub async fn run(
        &self,
        command: &'static str,
        input: Vec<u8>,
        limit: Duration,
    ) -> Result<Raw, FleetError> {
        let broken =
            |source| FleetError::Broken { host: self.host.clone(), source: Box::new(source) };
        let asking = async {
            let mut channel = self.session.channel_open_session().await.map_err(broken)?;
            channel.exec(true, command).await.map_err(broken)?;
            // A forced command may have ended before it reads anything; its answer still counts.
            let _unread = channel.data_bytes(input).await;
            let _unread = channel.eof().await;
            let mut raw = Raw::default();
            while let Some(message) = channel.wait().await {
                if matches!(message, ChannelMsg::Failure) {
                    break;
                }
                take(&mut raw, message);
                if raw.too_long {
                    break;
                }
            }
            Ok(raw)
        };
        within(limit, &self.host, Step::Command, asking).await
    }

    /// The host keys that the server announced after the login and then proved to hold, of kinds that we can verify.
    pub async fn proven_keys(&self, limit: Duration) -> Result<Vec<PublicKey>, FleetError> {
        let broken =
            |source| FleetError::Broken { host: self.host.clone(), source: Box::new(source) };
        let proving = async {
            // The announcement comes right after the login; a round trip makes sure that it was read.
            self.session.send_ping().await.map_err(broken)?;
            let mut keys = get(&self.seen.announced);
            keys.retain(|key| HOST_KEYS.contains(&key.algorithm()));
            self.session.hostkeys_prove(keys.clone()).await.map_err(broken)?;
            Ok(keys)
        };
        within(limit, &self.host, Step::Command, proving).await
    }

    /// Says goodbye; a server that is gone need not hear it.
    pub async fn close(&self) {
        let _gone = self.session.disconnect(Disconnect::ByApplication, "", "").await;
    }
}

fn take(raw: &mut Raw, message: ChannelMsg) {
    match message {
        ChannelMsg::Data { data } => {
            let room = ANSWER_LIMIT - raw.stdout.len().min(ANSWER_LIMIT);
            raw.too_long |= data.len() > room;
            raw.stdout.extend(data.iter().take(room));
        }
        ChannelMsg::ExtendedData { data, ext: 1 } => {
            let room = STDERR_LIMIT - raw.stderr.len().min(STDERR_LIMIT);
            raw.stderr.extend(data.iter().take(room));
        }
        ChannelMsg::ExitStatus { exit_status } => raw.exit = Some(exit_status),
        _ => {}
    }
}
