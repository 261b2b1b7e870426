//! The house's own client of a vault: one connection, one call at a time, with a bound on waiting.

use crate::crypt::{hex, unhex};
use crate::keyfile::AgentKey;
use crate::wire::frame::{Decoder, MOST_ANSWER, encode};
use sanctum_host::journal::socket::trusted;
use serde_json::{Map, Value, json};
use std::io::{Error, ErrorKind, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;
use zeroize::Zeroizing;

/// A passphrase costs a second, and a busy disk another.
const PATIENCE: Duration = Duration::from_secs(30);
/// A request that the vault makes takes as long as that by itself, and the one before it is waited for.
const RELAYED: Duration = Duration::from_secs(90);

/// Why a vault did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody is there, or nobody answers. What was asked may have been done when it was sent.
    #[error("cannot {verb} the vault at {path}")]
    Unreached {
        /// What was tried, as an infinitive.
        verb: &'static str,
        /// The socket.
        path: String,
        /// The system's answer.
        #[source]
        source: Error,
    },
    /// It refused.
    #[error("the vault refused ({code}): {detail}")]
    Refused {
        /// Its code.
        code: String,
        /// Its words.
        detail: String,
    },
    /// What answers is no vault.
    #[error("what answers at {path} is no vault")]
    Strange {
        /// The socket.
        path: String,
    },
}

impl ClientError {
    /// The code of a refusal.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }
}

/// Whether the vault that is served there is sealed; `patience` is how long each word of it may take.
///
/// # Errors
/// Nobody is there, somebody else is, or nobody answers.
pub fn is_sealed(path: &Path, patience: Duration) -> Result<bool, ClientError> {
    let mut client = Client::within(path, patience)?;
    match client.call("status", json!({}))?.get("sealed") {
        Some(Value::Bool(sealed)) => Ok(*sealed),
        _ => Err(ClientError::Strange { path: client.path.clone() }),
    }
}

/// A connection.
pub struct Client {
    stream: UnixStream,
    path: String,
    decoder: Decoder,
    id: u64,
    session: Option<String>,
}

impl Client {
    /// Connects to a vault that our own account serves, root, or the account whose private directory the socket is in.
    ///
    /// # Errors
    /// Nobody is there, or somebody else is.
    pub fn connect(path: &Path) -> Result<Self, ClientError> {
        Self::within(path, PATIENCE)
    }

    fn within(path: &Path, patience: Duration) -> Result<Self, ClientError> {
        let shown = path.display().to_string();
        let ready = || -> std::io::Result<UnixStream> {
            let stream = UnixStream::connect(path)?;
            stream.set_read_timeout(Some(patience))?;
            stream.set_write_timeout(Some(patience))?;
            // Whoever else answers would be told a passphrase, and could have a challenge signed.
            trusted(&stream, path)?;
            Ok(stream)
        };
        let unreached =
            |source| ClientError::Unreached { verb: "reach", path: shown.clone(), source };
        let stream = ready().map_err(unreached)?;
        Ok(Self { stream, path: shown, decoder: Decoder::default(), id: 0, session: None })
    }

    /// Proves to be an agent.
    ///
    /// # Errors
    /// It is not believed.
    pub fn authenticate(&mut self, agent: &str, key: &AgentKey) -> Result<(), ClientError> {
        let told = self.call("authenticate", json!({ "agent_name": agent }))?;
        let text = |name: &str| told.get(name).and_then(Value::as_str);
        let strange = || ClientError::Strange { path: self.path.clone() };
        let challenge = text("challenge").and_then(unhex).ok_or_else(strange)?;
        let session = text("session_id").ok_or_else(strange)?.to_owned();
        // Another length would be somebody who wants something signed.
        if challenge.len() != 32 {
            return Err(strange());
        }
        let signature = hex(&key.sign(&challenge));
        self.call("challenge_response", json!({ "session_id": session, "signature": signature }))?;
        self.session = Some(session);
        Ok(())
    }

    /// The session that was proved.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// The connection itself, for another process to go on with.
    #[must_use]
    pub fn hand_over(self) -> OwnedFd {
        self.stream.into()
    }

    /// Goes on with a connection that another process proved that session on.
    ///
    /// # Errors
    /// It is no socket.
    pub fn take_over(connection: OwnedFd, session: String) -> std::io::Result<Self> {
        let stream = UnixStream::from(connection);
        stream.set_read_timeout(Some(RELAYED))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let path = "the other end".to_owned();
        Ok(Self { stream, path, decoder: Decoder::default(), id: 0, session: Some(session) })
    }

    /// Proves the passphrase of the owner; what follows on this connection are the owner's verbs.
    ///
    /// # Errors
    /// It is another one, or the vault is sealed.
    pub fn admit(&mut self, verb: &str, passphrase: &str) -> Result<(), ClientError> {
        self.call(&format!("admin.{verb}"), json!({ "passphrase": passphrase })).map(drop)
    }

    /// Asks for something of the agent that was proved.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub fn ask(&mut self, method: &str, params: Value) -> Result<Value, ClientError> {
        let mut params = if let Value::Object(params) = params { params } else { Map::new() };
        if let Some(session) = &self.session {
            params.insert("session_id".to_owned(), session.clone().into());
        }
        self.call(method, params.into())
    }

    /// Calls a method.
    ///
    /// # Errors
    /// It is refused, or nobody answers.
    pub fn call(&mut self, method: &str, params: Value) -> Result<Value, ClientError> {
        self.id += 1;
        let members = [("id", self.id.into()), ("method", method.into()), ("params", params)];
        let mut request: Value =
            members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let text = Zeroizing::new(serde_json::to_vec(&request).unwrap_or_default());
        crate::crypt::wipe(&mut request);
        let answer = self.relay(&text)?;
        let Ok(Value::Object(mut answer)) = serde_json::from_slice(&answer) else {
            return Err(ClientError::Strange { path: self.path.clone() });
        };
        match (answer.remove("error"), answer.remove("result")) {
            (Some(Value::Object(error)), _) => {
                let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
                // What is shown on a terminal has no character that moves it.
                let clean = |text: &str| -> String {
                    text.chars().filter(|c| !c.is_control()).take(256).collect()
                };
                // The owner is told why a vault does not open.
                let why = error.get("context").and_then(|context| context.get("why")?.as_str());
                let detail = [Some(text("detail")), why].into_iter().flatten();
                let detail: Vec<String> = detail.map(clean).collect();
                Err(ClientError::Refused { code: clean(text("code")), detail: detail.join(": ") })
            }
            (None, Some(result)) if !result.is_null() => Ok(result),
            _ => Err(ClientError::Strange { path: self.path.clone() }),
        }
    }

    /// Sends the content of a frame as it is, and gives that of the answer.
    ///
    /// # Errors
    /// Nobody answers.
    pub fn relay(&mut self, content: &[u8]) -> Result<Zeroizing<Vec<u8>>, ClientError> {
        let frame = Zeroizing::new(encode(content));
        self.stream.write_all(&frame).map_err(|source| self.unreached("write to", source))?;
        self.answer()
    }

    fn answer(&mut self) -> Result<Zeroizing<Vec<u8>>, ClientError> {
        let mut buffer = Zeroizing::new([0; 8192]);
        loop {
            let strange = |_| ClientError::Strange { path: self.path.clone() };
            if let Some(frame) = self.decoder.next(MOST_ANSWER).map_err(strange)? {
                return Ok(frame);
            }
            match self.stream.read(buffer.as_mut_slice()) {
                Ok(0) => return Err(self.unreached("hear", ErrorKind::UnexpectedEof.into())),
                Ok(count) => self.decoder.push(buffer.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(source) => return Err(self.unreached("hear", source)),
            }
        }
    }

    fn unreached(&self, verb: &'static str, source: Error) -> ClientError {
        ClientError::Unreached { verb, path: self.path.clone(), source }
    }
}
