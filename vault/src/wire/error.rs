//! What a client is told when something is not done: a code of a short list, and words that say nothing of files or causes.
//!
//! What is not allowed is answered alike whether it is there or not.

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The word of the context that names what waits for the owner.
pub const APPROVAL: &str = "approval";
/// Where the codes are explained.
pub const DOCS: &str = "docs/formats/vault-wire.md";

macro_rules! codes {
    ($($name:ident $text:literal $message:literal $suggestion:literal;)*) => {
        /// A code; the published clients make an exception of their own of the first seven.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $message] $name,)*
        }

        impl Code {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// As it stands on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            const fn message(self) -> &'static str {
                match self { $(Self::$name => $message,)* }
            }

            const fn suggestion(self) -> &'static str {
                match self { $(Self::$name => $suggestion,)* }
            }
        }
    };
}

codes! {
    AuthFailed "AUTH_FAILED" "authentication failed" "check the agent's name and key: sanctum vault agent list";
    AccessDenied "ACCESS_DENIED" "policy does not allow this" "ask the owner for a policy: sanctum vault policy set";
    ApprovalRequired "APPROVAL_REQUIRED" "the owner has to approve this first" "ask again once the owner approved: sanctum vault approve";
    NotFoundOrDenied "NOT_FOUND_OR_DENIED" "there is no such service, or policy does not allow it" "ask the owner which services there are";
    BrokerFailed "BROKER_EXCHANGE_FAILED" "there is no such identity to be had" "leave `identity_scope` out";
    NotFound "CREDENTIAL_NOT_FOUND" "there is no such credential" "list what there is";
    Locked "VAULT_LOCKED" "the vault is sealed" "the owner unseals it: sanctum vault unseal";
    LeaseExpired "LEASE_EXPIRED" "there is no such lease any more" "retrieve the credential again";
    RateLimited "RATE_LIMITED" "too many uses" "wait, or ask the owner for a policy with more";
    SessionExpired "SESSION_EXPIRED" "this connection has no such session" "authenticate on the connection that you use";
    InvalidRequest "INVALID_REQUEST" "the request cannot be understood" "see the methods and their parameters";
    UnknownMethod "UNKNOWN_METHOD" "there is no such method" "see the methods and their parameters";
    UnknownOperation "UNKNOWN_OPERATION" "there is no such operation" "use one of those in the context";
    OperationFailed "OPERATION_FAILED" "the credential does not serve for this operation" "see what the operation needs";
    TooLarge "TOO_LARGE" "more than the vault takes" "a value has at most 64 KiB";
    Internal "INTERNAL_ERROR" "the vault could not do this" "the owner looks at the journal: sanctum audit";
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireError {
    /// Which.
    pub code: Code,
    /// What of the client's own words is wrong.
    pub detail: Option<&'static str>,
    /// Words that the client said or may know: the agent, the resource.
    pub context: BTreeMap<&'static str, Value>,
}

impl From<Code> for WireError {
    fn from(code: Code) -> Self {
        Self { code, detail: None, context: BTreeMap::new() }
    }
}

impl WireError {
    /// A request that says something impossible.
    #[must_use]
    pub fn invalid(detail: &'static str) -> Self {
        Self { detail: Some(detail), ..Code::InvalidRequest.into() }
    }

    /// With a word of the context.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.context.insert(name, value.into());
        self
    }

    /// The next command, with what it is about where that is known.
    fn suggestion(&self) -> String {
        let id = self.context.get(APPROVAL).and_then(Value::as_str);
        let id = id.filter(|_| self.code == Code::ApprovalRequired);
        let words = self.code.suggestion();
        id.map_or_else(|| words.to_owned(), |id| format!("{words} {id}"))
    }

    /// As it stands on the wire.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let code = self.code.as_str();
        json!({
            "code": code,
            "message": self.code.message(),
            "detail": self.detail.unwrap_or(self.code.message()),
            "suggestion": self.suggestion(),
            "docs_url": format!("{DOCS}#{}", code.to_ascii_lowercase()),
            "context": self.context,
        })
    }
}
