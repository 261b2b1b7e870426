//! Channels: each carries a message to one peer and says whether that peer took it.
//!
//! Delivered means acknowledged: a peer that answers something else than its protocol's yes has not taken the message.
//! Nothing here decides what is sent or what follows from a failure. A token is resolved for each message and is in
//! no error, no debug text and no argument of a program.

mod desktop;
mod http;
mod ntfy;
pub mod template;
mod webhook;

pub use desktop::{Session, argv};
pub use http::HttpError;

use super::alert::Message;
use super::text::{self, Voice};
use crate::instance::Instance;
use crate::instance::alerts::{Channel as Declared, Via};
use crate::render::template::TemplateError;
use sanctum_host::HostError;
use sanctum_secrets::resolve::{Places, ResolveError, resolve_line};
use sanctum_types::SecretRef;
use std::collections::BTreeMap;
use template::BodyError;

/// Why a message was not delivered.
#[derive(Debug, thiserror::Error)]
pub enum Undelivered {
    /// No channel has that name.
    #[error("there is no channel `{0}`")]
    Unknown(String),
    /// The instance does not declare the secret, which its loader refuses as well.
    #[error("secret `{0}` is not declared")]
    Undeclared(String),
    /// The token is not at hand.
    #[error(transparent)]
    Token(#[from] Box<ResolveError>),
    /// The message has no words.
    #[error(transparent)]
    Text(#[from] TemplateError),
    /// The webhook's template gives no body.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The request was not answered.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The peer answered with a status that is no yes.
    #[error("the peer answered with status {0}")]
    Status(u16),
    /// The peer answered yes and not in the form that its protocol has for it.
    #[error("the peer's answer does not acknowledge the message: {0}")]
    NotAcknowledged(&'static str),
    /// The peer took the message in and shows it to nobody.
    #[error("the peer keeps the message to itself: {0}")]
    Withheld(&'static str),
    /// A program of the desktop failed.
    #[error(transparent)]
    Program(#[from] HostError),
    /// There is no desktop that this process may speak to.
    #[error("no desktop: {0}")]
    NoDesktop(&'static str),
    /// The desktop's bus says nothing.
    #[cfg(target_os = "linux")]
    #[error("the session's bus did not answer within {0} s")]
    NoAnswer(u64),
    /// The desktop's bus did not take the message.
    #[cfg(target_os = "linux")]
    #[error("the notification service did not take the message")]
    Bus(#[source] Box<zbus::Error>),
}

/// The channels of a house at one machine.
#[derive(Debug)]
pub struct Channels {
    declared: BTreeMap<String, (Via, Option<SecretRef>)>,
    voice: Voice,
    places: Places,
    session: Session,
}

impl Channels {
    /// The channels that an instance declares.
    ///
    /// # Errors
    /// A channel names a secret that is not declared.
    pub fn of(
        instance: &Instance,
        voice: Voice,
        places: Places,
        session: Session,
    ) -> Result<Self, Undelivered> {
        let one = |channel: &Declared| {
            let token = channel.via.token().map(|name| {
                let entry = instance.secrets.get(name);
                let entry = entry.ok_or_else(|| Undelivered::Undeclared(name.to_string()))?;
                Ok::<_, Undelivered>(entry.reference.clone())
            });
            Ok((channel.name.to_string(), (channel.via.clone(), token.transpose()?)))
        };
        let declared =
            instance.alerts.channels.iter().map(one).collect::<Result<_, Undelivered>>()?;
        Ok(Self { declared, voice, places, session })
    }

    /// Carries the message to the peer of that channel.
    ///
    /// # Errors
    /// The peer did not acknowledge it.
    pub fn send(&self, channel: &str, message: &Message) -> Result<(), Undelivered> {
        let Some((via, token)) = self.declared.get(channel) else {
            return Err(Undelivered::Unknown(channel.to_owned()));
        };
        // At the moment of use, and kept by nobody.
        let resolve = |reference| resolve_line(reference, &self.places).map_err(Box::new);
        let token = token.as_ref().map(resolve).transpose()?;
        let title = text::title(message);
        match via {
            Via::Desktop => {
                let body = text::body(message, &self.voice)?;
                let title = format!("{}: {title}", self.voice.node);
                desktop::send(
                    &self.session,
                    &desktop::Note { title, body, severity: message.severity },
                )
            }
            Via::Ntfy(peer) => {
                let body = text::body(message, &self.voice)?;
                let title = format!("{}: {title}", self.voice.node);
                ntfy::send(peer, token.as_ref(), &ntfy::Publish::new(peer, message, title, body))
            }
            Via::Webhook(peer) => {
                let fields = text::fields(message, &self.voice)?;
                webhook::send(peer, token.as_ref(), message.severity, &fields)
            }
        }
    }
}
