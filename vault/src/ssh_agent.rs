//! An SSH agent whose keys are an agent's credentials in the vault: `ssh` and `ssh-add -l` speak to it, and no key leaves the vault.
//!
//! The protocol is draft-miller-ssh-agent: it lists keys and signs, and refuses all else. What the vault's policy allows to the agent is what a
//! client has. Requests are bounded; one that is none ends its connection. Deliberately absent: how the process begins and ends.

use crate::client::{Client, ClientError};
use crate::keyfile::AgentKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sanctum_host::clock;
use sanctum_host::journal::socket::{Bound, peer_of};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Numbers of draft-miller-ssh-agent, section 5.1.
const FAILURE: u8 = 5;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;
/// OpenSSH's own bound (AGENT_MAX_LEN).
const LONGEST: usize = 256 * 1024;
/// Clients at a time; a forwarded agent holds one as long as its session lasts.
const MOST: usize = 64;
/// Between two looks for a client.
const BREATH: Duration = Duration::from_millis(20);

/// Keys that somebody else holds.
pub trait Keys: Send {
    /// Public halves in their envelope, and names.
    fn all(&mut self) -> Vec<(Vec<u8>, String)>;
    /// The signature in its envelope; none where there is no such key, or it may not sign.
    fn sign(&mut self, public: &[u8], data: &[u8]) -> Option<Vec<u8>>;
}

/// An agent's credentials in a vault that is served.
pub struct Kept {
    socket: PathBuf,
    agent: String,
    key: AgentKey,
    client: Option<Client>,
    known: Vec<(Vec<u8>, String)>,
}

impl Kept {
    /// Those of that agent; it proves itself at once.
    ///
    /// # Errors
    /// The vault is not there, or does not know it.
    pub fn new(socket: PathBuf, agent: String, key: AgentKey) -> Result<Self, ClientError> {
        let mut kept = Self { socket, agent, key, client: None, known: Vec::new() };
        kept.connect()?;
        Ok(kept)
    }

    fn connect(&mut self) -> Result<(), ClientError> {
        let mut client = Client::connect(&self.socket)?;
        client.authenticate(&self.agent, &self.key)?;
        self.client = Some(client);
        Ok(())
    }

    /// Once more on a new connection where the vault was served anew in the meantime.
    fn ask(&mut self, method: &str, params: &Value) -> Option<Value> {
        for _ in 0..2 {
            if self.client.is_none() {
                self.connect().ok()?;
            }
            match self.client.as_mut()?.ask(method, params.clone()) {
                Ok(answer) => return Some(answer),
                Err(error) if error.code().is_some_and(|code| code != "SESSION_EXPIRED") => {
                    return None;
                }
                Err(_) => self.client = None,
            }
        }
        None
    }

    fn used(&mut self, path: &str, operation: &str, params: &Value) -> Option<Value> {
        self.ask("use", &json!({ "path": path, "operation": operation, "params": params }))
    }
}

impl Keys for Kept {
    fn all(&mut self) -> Vec<(Vec<u8>, String)> {
        let listed = self.ask("list", &json!({})).unwrap_or_default();
        let listed = listed.get("credentials").and_then(Value::as_array).cloned();
        let mut known = Vec::new();
        for one in listed.unwrap_or_default() {
            let Some(path) = one.get("path").and_then(Value::as_str) else { continue };
            let may = self.ask("may", &json!({ "path": path, "action": "use:ssh_sign" }));
            if may.is_none_or(|may| may.get("allowed") != Some(&Value::Bool(true))) {
                continue;
            }
            let told = self.used(path, "ssh_public_key", &json!({})).unwrap_or_default();
            let line = told.get("public_key").and_then(Value::as_str).unwrap_or_default();
            let blob = line.split(' ').nth(1).and_then(|blob| STANDARD.decode(blob).ok());
            known.extend(blob.map(|blob| (blob, path.to_owned())));
        }
        self.known.clone_from(&known);
        known
    }

    fn sign(&mut self, public: &[u8], data: &[u8]) -> Option<Vec<u8>> {
        let find = |known: &[(Vec<u8>, String)]| {
            known.iter().find(|(blob, _)| blob == public).map(|(_, path)| path.clone())
        };
        let path = find(&self.known).or_else(|| find(&self.all()))?;
        let signed = self.used(&path, "ssh_sign", &json!({ "data": STANDARD.encode(data) }))?;
        STANDARD.decode(signed.get("signature")?.as_str()?).ok()
    }
}

/// Answers one message, without the lengths that stand before both.
#[must_use]
pub fn answer(message: &[u8], keys: &mut dyn Keys) -> Vec<u8> {
    replied(message, keys).unwrap_or_else(|| vec![FAILURE])
}

fn replied(message: &[u8], keys: &mut dyn Keys) -> Option<Vec<u8>> {
    match message.split_first()? {
        (&REQUEST_IDENTITIES, []) => {
            let all = keys.all();
            let mut reply = vec![IDENTITIES_ANSWER];
            reply.extend(u32::try_from(all.len()).ok()?.to_be_bytes());
            for (blob, name) in all {
                reply.extend(string(&blob));
                reply.extend(string(name.as_bytes()));
            }
            Some(reply)
        }
        (&SIGN_REQUEST, rest) => {
            let (public, rest) = taken(rest)?;
            let (data, flags) = taken(rest)?;
            // Flags choose among the digests of RSA.
            if flags.len() != 4 {
                return None;
            }
            let mut reply = vec![SIGN_RESPONSE];
            reply.extend(string(&keys.sign(public, data)?));
            Some(reply)
        }
        _ => None,
    }
}

fn string(bytes: &[u8]) -> Vec<u8> {
    crate::wire::frame::encode(bytes)
}

fn taken(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// Serves clients of that account, and root's, as long as the process lives.
pub fn serve(bound: &Bound, own: u32, keys: impl Keys + 'static) {
    let (keys, open) = (Arc::new(Mutex::new(keys)), Arc::new(AtomicUsize::new(0)));
    loop {
        let Ok((stream, _)) = bound.listener().accept() else {
            clock::sleep(BREATH);
            continue;
        };
        let heard = stream.set_nonblocking(false).and_then(|()| peer_of(&stream));
        let heard = heard.is_ok_and(|peer| peer.uid == own || peer.uid == 0);
        if !heard || open.load(Ordering::SeqCst) >= MOST {
            continue;
        }
        open.fetch_add(1, Ordering::SeqCst);
        let (keys, open) = (Arc::clone(&keys), Arc::clone(&open));
        std::thread::spawn(move || {
            talk(&stream, &keys);
            open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

fn talk(mut stream: &UnixStream, keys: &Mutex<impl Keys>) {
    loop {
        let mut length = [0; 4];
        if stream.read_exact(&mut length).is_err() {
            return;
        }
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length == 0 || length > LONGEST {
            return;
        }
        let mut message = vec![0; length];
        if stream.read_exact(&mut message).is_err() {
            return;
        }
        let reply = answer(&message, &mut *keys.lock().unwrap_or_else(PoisonError::into_inner));
        if stream.write_all(&string(&reply)).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, proptest};

    struct One;

    impl Keys for One {
        fn all(&mut self) -> Vec<(Vec<u8>, String)> {
            vec![(b"pub".to_vec(), "a/b".to_owned())]
        }

        fn sign(&mut self, public: &[u8], data: &[u8]) -> Option<Vec<u8>> {
            (public == b"pub").then(|| data.to_vec())
        }
    }

    #[test]
    fn it_lists_and_signs_and_does_nothing_else() {
        let sign = |public: &[u8], data: &[u8], flags: &[u8]| {
            answer(&[&[SIGN_REQUEST][..], &string(public), &string(data), flags].concat(), &mut One)
        };
        assert_eq!(answer(&[11], &mut One), b"\x0c\0\0\0\x01\0\0\0\x03pub\0\0\0\x03a/b");
        assert_eq!(sign(b"pub", b"d", &[0; 4]), b"\x0e\0\0\0\x01d");
        for refused in
            [sign(b"other", b"d", &[0; 4]), sign(b"pub", b"d", &[]), sign(b"pub", b"d", &[0; 5])]
        {
            assert_eq!(refused, [FAILURE]);
        }
        for kind in (0..=255).filter(|kind| ![REQUEST_IDENTITIES, SIGN_REQUEST].contains(kind)) {
            assert_eq!(answer(&[kind], &mut One), [FAILURE], "{kind}");
        }
        assert_eq!(
            (answer(&[], &mut One), answer(&[11, 0], &mut One)),
            (vec![FAILURE], vec![FAILURE])
        );
    }

    proptest! {
        #[test]
        fn no_message_panics(message in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = answer(&message, &mut One);
            let _ = answer(&[&[SIGN_REQUEST][..], &message].concat(), &mut One);
        }
    }
}
