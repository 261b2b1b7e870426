//! What a client asks, read from the JSON of a frame.
//!
//! Dialect A names a session in its calls, B has one by its connection, and C is A with leases for a proxy. Unknown members are passed over, as the
//! published server did; what is needed and missing is refused. Texts are never repeated in an error.

use super::error::{Code, WireError};
use super::frame::is_shallow;
use crate::crypt::unhex;
use crate::path::SecretPath;
use crate::policy::Action;
use serde_json::{Map, Value};
use std::fmt;
use zeroize::Zeroizing;

/// Which clients' words are spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `authenticate`, `retrieve`: the clients in Python and JavaScript.
    A,
    /// `auth.challenge`, `credential.retrieve`: the clients in Rust and Go.
    B,
}

/// What is asked.
#[derive(Clone, Debug)]
pub enum Call {
    /// A challenge for an agent.
    Challenge {
        /// Its name.
        agent: String,
    },
    /// Its answer.
    Prove {
        /// The session that it is for; B names the agent instead.
        session: Option<String>,
        /// Who answers, in B.
        agent: Option<String>,
        /// The signature.
        signature: Vec<u8>,
    },
    /// What the agent may see.
    List,
    /// A value.
    Retrieve {
        /// Whose.
        path: SecretPath,
        /// For how many seconds; policy may give fewer.
        ttl: Option<u64>,
    },
    /// Something done with a value.
    Use {
        /// Whose.
        path: SecretPath,
        /// What.
        operation: String,
        /// And how.
        params: Said,
    },
    /// A handle for the proxy, in C.
    Mint {
        /// The path of a secret; what is none is answered as one that is not there.
        service: String,
        /// For how many seconds.
        ttl: Option<u64>,
        /// Another identity that is asked for.
        scope: Option<String>,
    },
    /// A new version.
    Store {
        /// Whose.
        path: SecretPath,
        /// The value.
        value: Worth,
    },
    /// Whether policy would allow something; it is not counted as a use.
    May {
        /// Of what.
        path: SecretPath,
        /// To do what.
        action: Action,
    },
    /// Gives a lease back.
    Release {
        /// Which.
        lease: String,
    },
    /// How a lease stands.
    LeaseStatus {
        /// Which.
        lease: String,
    },
    /// More time for a lease.
    Renew {
        /// Which.
        lease: String,
        /// Seconds from now.
        ttl: u64,
    },
    /// How the vault stands: sealed or not.
    Status,
    /// The owner's words, after a passphrase: `admin.*`.
    Admin {
        /// Behind the dot.
        verb: String,
        /// Its parameters.
        params: Said,
    },
}

/// Parameters as they were said: a value, a plaintext or a passphrase may be among them. They are wiped, and Debug has their names alone.
#[derive(Clone, Default)]
pub struct Said(pub Map<String, Value>);

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Drop for Said {
    fn drop(&mut self) {
        self.0.values_mut().for_each(crate::crypt::wipe);
    }
}

/// A value that is to be kept; Debug shows nothing of it.
#[derive(Clone)]
pub struct Worth(pub Zeroizing<Vec<u8>>);

impl fmt::Debug for Worth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Worth")
    }
}

/// A request.
#[derive(Clone)]
pub struct Request {
    /// Whose answer it will be: a number, or what else the client said.
    pub id: Value,
    /// Whose words.
    pub dialect: Dialect,
    /// The session that A names.
    pub session: Option<String>,
    /// What.
    pub call: Call,
}

impl fmt::Debug for Request {
    /// Without the session, which is good for the handles that were made in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("call", &self.call).finish_non_exhaustive()
    }
}

/// A request that cannot be understood, and the id that its answer has.
pub type Refused = (Value, WireError);

/// Longer names are no names.
const LONGEST_WORD: usize = 256;

/// Reads a request.
///
/// # Errors
/// It is none.
pub fn parse(frame: &[u8]) -> Result<Request, Refused> {
    let zero = || Value::from(0_u64);
    if !is_shallow(frame) {
        return Err((zero(), WireError::invalid("it nests too deeply")));
    }
    let not_json = |_| (zero(), WireError::invalid("it is not JSON"));
    let value: Value = serde_json::from_slice(frame).map_err(not_json)?;
    let Value::Object(mut whole) = value else {
        return Err((zero(), WireError::invalid("it is not an object")));
    };
    let id = match whole.remove("id") {
        Some(Value::Number(id)) if id.is_u64() => Value::Number(id),
        Some(Value::String(id)) if id.len() <= LONGEST_WORD => Value::String(id),
        _ => zero(),
    };
    let method = whole.remove("method");
    let params = match whole.remove("params") {
        None | Some(Value::Null) => Said::default(),
        Some(Value::Object(params)) => Said(params),
        Some(_) => return Err((id, WireError::invalid("`params` is not an object"))),
    };
    let Some(Value::String(method)) = method else {
        return Err((id, WireError::invalid("`method` is not a text")));
    };
    match read(&method, Params(params)) {
        Ok((dialect, session, call)) => Ok(Request { id, dialect, session, call }),
        Err(error) => Err((id, error)),
    }
}

fn read(method: &str, mut params: Params) -> Result<(Dialect, Option<String>, Call), WireError> {
    if let Some(verb) = method.strip_prefix("admin.") {
        return Ok((Dialect::A, None, Call::Admin { verb: verb.to_owned(), params: params.0 }));
    }
    let dialect = if method.contains('.') { Dialect::B } else { Dialect::A };
    if method == "challenge_response" || method == "auth.verify" {
        let session = if dialect == Dialect::A { Some(params.word("session_id")?) } else { None };
        let agent = if dialect == Dialect::B { Some(params.word("agent")?) } else { None };
        let signature = unhex(&params.word("signature")?);
        let signature = signature.ok_or(WireError::invalid("`signature` is not hexadecimal"))?;
        return Ok((dialect, None, Call::Prove { session, agent, signature: signature.to_vec() }));
    }
    let call = match method {
        "authenticate" => Call::Challenge { agent: params.word("agent_name")? },
        "auth.challenge" => Call::Challenge { agent: params.word("agent")? },
        "list" | "credential.list" => Call::List,
        "retrieve" | "credential.retrieve" => {
            Call::Retrieve { path: params.path()?, ttl: params.seconds("ttl")? }
        }
        "use" | "credential.use" => Call::Use {
            path: params.path()?,
            operation: params.word("operation")?,
            params: params.object("params")?,
        },
        "mint_use_lease" => Call::Mint {
            service: params.word("service")?,
            ttl: params.seconds("ttl")?,
            scope: params.optional_word("identity_scope")?,
        },
        "store" | "credential.store" => {
            Call::Store { path: params.path()?, value: params.value()? }
        }
        "may" | "credential.may" => Call::May { path: params.path()?, action: params.action()? },
        "release_lease" | "lease.release" => Call::Release { lease: params.word("lease_id")? },
        "lease_status" | "lease.status" => Call::LeaseStatus { lease: params.word("lease_id")? },
        "renew_lease" | "lease.renew" => {
            let ttl = params.seconds("ttl")?.ok_or(WireError::invalid("`ttl` is missing"))?;
            Call::Renew { lease: params.word("lease_id")?, ttl }
        }
        "status" => Call::Status,
        _ => return Err(Code::UnknownMethod.into()),
    };
    let session = match dialect {
        Dialect::A => params.optional_word("session_id")?,
        Dialect::B => None,
    };
    Ok((dialect, session, call))
}

struct Params(Said);

impl Params {
    fn word(&mut self, name: &'static str) -> Result<String, WireError> {
        let missing = || WireError::invalid("a parameter is missing").with("parameter", name);
        self.optional_word(name)?.ok_or_else(missing)
    }

    fn optional_word(&mut self, name: &'static str) -> Result<Option<String>, WireError> {
        match self.0.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(word)) if word.len() <= LONGEST_WORD => Ok(Some(word)),
            Some(_) => {
                Err(WireError::invalid("a parameter is not a short text").with("parameter", name))
            }
        }
    }

    fn path(&mut self) -> Result<SecretPath, WireError> {
        SecretPath::new(self.word("path")?).map_err(|_| WireError::invalid("`path` is no path"))
    }

    fn action(&mut self) -> Result<Action, WireError> {
        Action::try_from(self.word("action")?)
            .map_err(|_| WireError::invalid("`action` is no action"))
    }

    fn seconds(&mut self, name: &'static str) -> Result<Option<u64>, WireError> {
        match self.0.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_u64().map(Some).ok_or_else(|| {
                WireError::invalid("a parameter is no number of seconds").with("parameter", name)
            }),
        }
    }

    fn object(&mut self, name: &'static str) -> Result<Said, WireError> {
        match self.0.0.remove(name) {
            None | Some(Value::Null) => Ok(Said::default()),
            Some(Value::Object(object)) => Ok(Said(object)),
            Some(_) => Err(WireError::invalid("a parameter is no object").with("parameter", name)),
        }
    }

    /// In hexadecimal, as values are given out.
    fn value(&mut self) -> Result<Worth, WireError> {
        let Some(Value::String(text)) = self.0.0.remove("value") else {
            return Err(WireError::invalid("`value` is not a text"));
        };
        unhex(&Zeroizing::new(text))
            .map(Worth)
            .ok_or(WireError::invalid("`value` is not hexadecimal"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, proptest};

    fn said(text: &str) -> String {
        match parse(text.as_bytes()) {
            Ok(request) => format!(
                "{} {:?} {:?} {:?}",
                request.id, request.dialect, request.session, request.call
            ),
            Err((id, error)) => format!("{id} {}", error.code.as_str()),
        }
    }

    #[test]
    fn three_dialects_are_read() {
        for (text, read) in [
            (
                r#"{"id":1,"method":"authenticate","params":{"agent_name":"x"}}"#,
                r#"1 A None Challenge { agent: "x" }"#,
            ),
            (
                r#"{"id":1,"method":"auth.challenge","params":{"agent":"x"}}"#,
                r#"1 B None Challenge { agent: "x" }"#,
            ),
            (
                r#"{"id":2,"method":"challenge_response","params":{"session_id":"s","signature":"00ff"}}"#,
                r#"2 A None Prove { session: Some("s"), agent: None, signature: [0, 255] }"#,
            ),
            (
                r#"{"id":2,"method":"auth.verify","params":{"agent":"x","signature":""}}"#,
                r#"2 B None Prove { session: None, agent: Some("x"), signature: [] }"#,
            ),
            (r#"{"id":3,"method":"list","params":{"session_id":"s"}}"#, r#"3 A Some("s") List"#),
            (r#"{"id":3,"method":"credential.list"}"#, "3 B None List"),
            (
                r#"{"id":4,"method":"retrieve","params":{"session_id":"s","path":"a/b"}}"#,
                r#"4 A Some("s") Retrieve { path: SecretPath("a/b"), ttl: None }"#,
            ),
            (
                r#"{"id":4,"method":"credential.retrieve","params":{"path":"a","ttl":9}}"#,
                r#"4 B None Retrieve { path: SecretPath("a"), ttl: Some(9) }"#,
            ),
            (
                r#"{"id":5,"method":"use","params":{"session_id":"s","path":"a","operation":"sign"}}"#,
                r#"5 A Some("s") Use { path: SecretPath("a"), operation: "sign", params: {} }"#,
            ),
            (
                r#"{"id":5,"method":"credential.use","params":{"path":"a","operation":"o","params":null}}"#,
                r#"5 B None Use { path: SecretPath("a"), operation: "o", params: {} }"#,
            ),
            (
                r#"{"id":6,"method":"release_lease","params":{"lease_id":"l"}}"#,
                r#"6 A None Release { lease: "l" }"#,
            ),
            (
                r#"{"id":6,"method":"lease_status","params":{"session_id":"s","lease_id":"l"}}"#,
                r#"6 A Some("s") LeaseStatus { lease: "l" }"#,
            ),
            ("", "0 INVALID_REQUEST"),
            ("[]", "0 INVALID_REQUEST"),
            (r#"{"id":-1,"method":"status"}"#, "0 A None Status"),
            (r#"{"id":"x","method":"status"}"#, r#""x" A None Status"#),
            (r#"{"id":7,"method":"nope"}"#, "7 UNKNOWN_METHOD"),
            (r#"{"id":7,"method":1}"#, "7 INVALID_REQUEST"),
            (r#"{"id":7,"method":"list","params":[]}"#, "7 INVALID_REQUEST"),
            (r#"{"id":7,"method":"retrieve","params":{"path":"../a"}}"#, "7 INVALID_REQUEST"),
            (r#"{"id":7,"method":"retrieve","params":{"path":"a","ttl":-1}}"#, "7 INVALID_REQUEST"),
            (r#"{"id":7,"method":"authenticate","params":{}}"#, "7 INVALID_REQUEST"),
        ] {
            assert_eq!(said(text), read, "{text}");
        }
    }

    #[test]
    fn nothing_of_a_value_or_a_session_is_in_debug() {
        for text in [
            r#"{"method":"use","params":{"session_id":"IT","path":"a","operation":"encrypt","params":{"data":"IT"}}}"#,
            r#"{"method":"store","params":{"path":"a","value":"IT"}}"#,
            r#"{"method":"admin.unseal","params":{"passphrase":"IT"}}"#,
        ] {
            let text = text.replace("IT", "5ec2e7");
            let shown = format!("{:?}", parse(text.as_bytes()).unwrap());
            // The bytes of the value as a list has them, too.
            assert!(!shown.contains("5ec2e7") && !shown.contains("94"), "{shown}");
        }
    }

    #[test]
    fn what_nests_deeply_is_not_read() {
        let deep = format!(
            r#"{{"id":1,"method":"use","params":{}1{}}}"#,
            "[".repeat(9000),
            "]".repeat(9000)
        );
        assert_eq!(said(&deep), "0 INVALID_REQUEST");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn no_change_of_a_request_panics(at in 0..80_usize, byte in any::<u8>()) {
            let mut text = br#"{"id":5,"method":"use","params":{"session_id":"s","path":"a","operation":"sign"}}"#.to_vec();
            if let Some(place) = text.get_mut(at) { *place = byte; }
            let _ = parse(&text);
        }
    }
}
