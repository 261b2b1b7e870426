//! The Secret Service (freedesktop.org, draft 0.2) over the bus of a session, as libsecret and the keyring crates use it.
//!
//! Items carry `service`, `username` and the generic schema, so that `secret-tool` and other programs find ours and we
//! theirs. Values cross the bus as they are ("plain" session): it is a private socket, and whoever can read it can
//! ask for the value. A prompt is dismissed, never shown. Deliberately absent: making collections, which asks a person.

use super::chosen::{Address, Chosen, PATIENCE};
use super::{KeychainError, Whose};
use crate::stores::Value;
use std::collections::HashMap;
use zbus::message::Message;
use zbus::names::OwnedErrorName;
use zbus::{Connection, OwnedObjectPath, OwnedVariant, Variant, block_on, connection, fdo};
use zeroize::Zeroizing;

const NAME: &str = "org.freedesktop.secrets";
const SERVICE: &str = "/org/freedesktop/secrets";
const SERVICE_API: &str = "org.freedesktop.Secret.Service";
const COLLECTION_API: &str = "org.freedesktop.Secret.Collection";
const ITEM_API: &str = "org.freedesktop.Secret.Item";
const PROMPT_API: &str = "org.freedesktop.Secret.Prompt";
const PROPERTIES_API: &str = "org.freedesktop.DBus.Properties";
/// libsecret's schema for items without one of their own.
const GENERIC: &str = "org.freedesktop.Secret.Generic";
/// "No object": no prompt is needed, or no such collection.
const NONE: &str = "/";

/// A secret on the bus: session, parameters, value, content type.
type Sealed = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);
type Attributes = HashMap<String, String>;

pub(super) const fn name(whose: Whose) -> &'static str {
    match whose {
        Whose::Login => "the Secret Service of this session",
        Whose::System => "the System keychain",
    }
}

pub(super) fn get(here: &Chosen, item: &Address) -> Result<Option<Value>, KeychainError> {
    block_on(async {
        let bus = Bus::open(here).await?;
        match bus.find(item).await? {
            Some(path) => bus.read(&path).await.map(Some),
            None => Ok(None),
        }
    })
}

pub(super) fn put(here: &Chosen, item: &Address, value: &Value) -> Result<(), KeychainError> {
    block_on(async {
        let bus = Bus::open(here).await?;
        let secret = bus.sealed(value);
        if let Some(path) = bus.find(item).await? {
            bus.ask(path.as_str(), ITEM_API, "SetSecret", &(&*secret,)).await?;
            return Ok(());
        }
        let collection = bus.default_collection().await?.ok_or(KeychainError::NoCollection)?;
        let label = format!("{} ({})", item.service, item.account);
        let properties = HashMap::from([
            ("org.freedesktop.Secret.Item.Label", Variant::from(label)),
            ("org.freedesktop.Secret.Item.Attributes", Variant::from(attributes(item, true))),
        ]);
        let body = (properties, &*secret, true);
        let answer = bus.ask(collection.as_str(), COLLECTION_API, "CreateItem", &body).await?;
        let (_, prompt): (OwnedObjectPath, OwnedObjectPath) = read(&answer)?;
        bus.refuse_prompt(&prompt).await
    })
}

pub(super) fn remove(here: &Chosen, item: &Address) -> Result<bool, KeychainError> {
    block_on(async {
        let bus = Bus::open(here).await?;
        let Some(path) = bus.find(item).await? else { return Ok(false) };
        let answer = bus.ask(path.as_str(), ITEM_API, "Delete", &()).await?;
        bus.refuse_prompt(&read(&answer)?).await?;
        Ok(true)
    })
}

pub(super) fn list(here: &Chosen) -> Result<Vec<Address>, KeychainError> {
    block_on(async {
        let bus = Bus::open(here).await?;
        let mut found = Vec::new();
        let collections: Vec<OwnedObjectPath> =
            bus.property(SERVICE, SERVICE_API, "Collections").await?;
        for collection in collections {
            if bus.property(collection.as_str(), COLLECTION_API, "Locked").await? {
                return Err(KeychainError::Locked);
            }
            let items: Vec<OwnedObjectPath> =
                bus.property(collection.as_str(), COLLECTION_API, "Items").await?;
            for item in items {
                let all: Attributes = bus.property(item.as_str(), ITEM_API, "Attributes").await?;
                if let (Some(service), Some(account)) = (all.get("service"), all.get("username")) {
                    found.push(Address { service: service.clone(), account: account.clone() });
                }
            }
        }
        Ok(found)
    })
}

/// What an item is looked for by, and what a new one carries.
fn attributes(item: &Address, new: bool) -> HashMap<&str, &str> {
    let mut all =
        HashMap::from([("service", item.service.as_str()), ("username", item.account.as_str())]);
    if new {
        all.insert("xdg:schema", GENERIC);
    }
    all
}

/// The bus and our session with the service on it.
struct Bus {
    bus: Connection,
    session: OwnedObjectPath,
}

impl Bus {
    async fn open(here: &Chosen) -> Result<Self, KeychainError> {
        if here.whose == Whose::System {
            return Err(KeychainError::NotHere);
        }
        let Some(address) = here.session_bus.as_deref() else {
            return Err(KeychainError::NoSession);
        };
        let bus = connection::Builder::address(address).method_timeout(PATIENCE).build().await;
        // A socket that is gone, or that lets nobody in: no session of ours.
        let bus = bus.map_err(|_| KeychainError::NoSession)?;
        let root = OwnedObjectPath::try_from(NONE).map_err(|error| refused(&error))?;
        let mut opened = Self { bus, session: root };
        let body = ("plain", Variant::from(""));
        let answer = opened.ask(SERVICE, SERVICE_API, "OpenSession", &body).await?;
        let (_, session): (OwnedVariant, OwnedObjectPath) = read(&answer)?;
        opened.session = session;
        Ok(opened)
    }

    async fn ask<B>(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Result<Message, KeychainError>
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        let answer = self.bus.call_method(Some(NAME), path, Some(interface), method, body).await;
        answer.map_err(|error| refused(&error))
    }

    async fn property<T>(&self, path: &str, interface: &str, name: &str) -> Result<T, KeychainError>
    where
        T: TryFrom<OwnedVariant>,
    {
        let answer = self.ask(path, PROPERTIES_API, "Get", &(interface, name)).await?;
        let value: OwnedVariant = read(&answer)?;
        T::try_from(value).map_err(|_| KeychainError::Answer(format!("another kind of {name}")))
    }

    /// The one item of that name. None is an answer only when nothing that could hold it is locked.
    async fn find(&self, item: &Address) -> Result<Option<OwnedObjectPath>, KeychainError> {
        let body = (attributes(item, false),);
        let answer = self.ask(SERVICE, SERVICE_API, "SearchItems", &body).await?;
        let (open, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) = read(&answer)?;
        match (open.len(), locked.len()) {
            (1, 0) => Ok(open.into_iter().next()),
            (0, 0) => match self.default_collection().await? {
                Some(path) if self.property(path.as_str(), COLLECTION_API, "Locked").await? => {
                    Err(KeychainError::Locked)
                }
                _ => Ok(None),
            },
            (0, _) => Err(KeychainError::Locked),
            (open, locked) => Err(KeychainError::Ambiguous(open + locked)),
        }
    }

    async fn default_collection(&self) -> Result<Option<OwnedObjectPath>, KeychainError> {
        let answer = self.ask(SERVICE, SERVICE_API, "ReadAlias", &("default",)).await?;
        let path: OwnedObjectPath = read(&answer)?;
        Ok((path.as_str() != NONE).then_some(path))
    }

    async fn read(&self, item: &OwnedObjectPath) -> Result<Value, KeychainError> {
        let answer = self.ask(item.as_str(), ITEM_API, "GetSecret", &(&self.session,)).await?;
        let (_, _, value, _): Sealed = read(&answer)?;
        Ok(Value::new(value))
    }

    fn sealed(&self, value: &Value) -> Zeroizing<Wire> {
        let text = std::str::from_utf8(value.expose()).is_ok();
        let kind = if text { "text/plain; charset=utf8" } else { "application/octet-stream" };
        Zeroizing::new(Wire(self.session.clone(), value.expose().clone(), kind))
    }

    /// A prompt is a dialog that somebody would have to answer: it is taken back.
    async fn refuse_prompt(&self, prompt: &OwnedObjectPath) -> Result<(), KeychainError> {
        if prompt.as_str() == NONE {
            return Ok(());
        }
        // It was never shown, so it does no harm when it stays.
        let _ = self.ask(prompt.as_str(), PROMPT_API, "Dismiss", &()).await;
        Err(KeychainError::Dialog)
    }
}

/// A secret on its way out.
struct Wire(OwnedObjectPath, Vec<u8>, &'static str);

impl zeroize::Zeroize for Wire {
    fn zeroize(&mut self) {
        self.1.zeroize();
    }
}

impl zbus::Type for Wire {
    const SIGNATURE: &'static zbus::Signature = <Sealed as zbus::Type>::SIGNATURE;
}

impl serde::Serialize for Wire {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parameters: &[u8] = &[];
        (&self.0, parameters, &self.1, self.2).serialize(serializer)
    }
}

fn read<T>(answer: &Message) -> Result<T, KeychainError>
where
    T: for<'a> zbus::wire::DynamicDeserialize<'a>,
{
    answer.body().deserialize().map_err(|_| KeychainError::Answer("something else".to_owned()))
}

/// What an error reply means. Its text is dropped: it is the service's, and it may hold anything.
fn refused(error: &zbus::Error) -> KeychainError {
    let by_name = |name: &OwnedErrorName| match name.as_str() {
        "org.freedesktop.Secret.Error.IsLocked" => KeychainError::Locked,
        other => KeychainError::Answer(other.to_owned()),
    };
    match error {
        zbus::Error::MethodError(name, _, _) => by_name(name),
        zbus::Error::FDO(known) => match &**known {
            fdo::Error::ServiceUnknown(_) | fdo::Error::NameHasNoOwner(_) => {
                KeychainError::NoService
            }
            fdo::Error::NoReply(_) | fdo::Error::Timeout(_) | fdo::Error::TimedOut(_) => {
                KeychainError::NoAnswer(PATIENCE.as_secs())
            }
            _ => KeychainError::Answer("with an error of the bus".to_owned()),
        },
        zbus::Error::InputOutput(source) if source.kind() == std::io::ErrorKind::TimedOut => {
            KeychainError::NoAnswer(PATIENCE.as_secs())
        }
        _ => KeychainError::Answer("with an error of the bus".to_owned()),
    }
}
