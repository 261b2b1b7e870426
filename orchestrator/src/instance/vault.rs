//! The section `vault`: that the house has a vault, where it listens, and what opens it at boot.
//!
//! It makes an entry of the service registry ([`complete`]), so that ports, accounts, jobs, status and doctor see one more service and
//! nothing else. Absent on purpose: any key; the section names the file or the store that holds one.

use super::model::{Bind, Criticality, Instance, NodeType, PortSpec, Probe, Service};
use super::tree::End;
use super::validate::{Located, Problem};
use crate::house::layout;
use crate::jobs::account;
use sanctum_types::{AbsPath, SecretRef, ServiceName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::net::SocketAddr;
use std::num::NonZeroU16;

/// The service's name in the registry and the job's.
pub const NAME: &str = "vault";

/// The vault of this house.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Vault {
    /// Where it listens; `.sanctum/vault.sock` in the home of its account unless said.
    pub socket: Option<AbsPath>,
    /// Where it listens by TCP too, for clients that have no sockets: an address of the loopback interface, such as `127.0.0.1:8200`.
    pub tcp: Option<LocalAddress>,
    /// What opens it at boot with nobody there; it starts sealed unless said.
    pub unseal: Option<Unseal>,
}

/// What opens the vault at boot: one of these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unseal {
    /// The file of a key, as `sanctum vault init --key-file` wrote it; its account's alone.
    KeyFile(AbsPath),
    /// A key in a store of its account, as `sanctum vault init --key-ref` put it there.
    Secret(SecretRef),
}

/// An address of the loopback interface with a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LocalAddress(SocketAddr);

/// Why a text is no such address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotLocal {
    /// It is no address with a port.
    #[error("not an address with a port; write 127.0.0.1:8200 or \"[::1]:8200\"")]
    Syntax,
    /// Others than this machine could reach it.
    #[error(
        "an address that others reach; the vault listens on this machine only: write 127.0.0.1:8200 or \"[::1]:8200\""
    )]
    Elsewhere,
    /// Port 0 is another one at each start.
    #[error("port 0 is another one at each start; write 127.0.0.1:8200 or \"[::1]:8200\"")]
    AnyPort,
}

impl LocalAddress {
    /// The address.
    #[must_use]
    pub const fn get(self) -> SocketAddr {
        self.0
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`NotLocal`], which says what to write.
    pub fn parse(text: &str) -> Result<Self, NotLocal> {
        let address: SocketAddr = text.parse().map_err(|_| NotLocal::Syntax)?;
        match (address.ip().is_loopback(), address.port()) {
            (false, _) => Err(NotLocal::Elsewhere),
            (true, 0) => Err(NotLocal::AnyPort),
            (true, _) => Ok(Self(address)),
        }
    }
}

impl TryFrom<String> for LocalAddress {
    type Error = NotLocal;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<LocalAddress> for String {
    fn from(address: LocalAddress) -> Self {
        address.0.to_string()
    }
}

impl JsonSchema for LocalAddress {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("LocalAddress")
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "pattern": r"^(127(\.[0-9]{1,3}){3}|\[::1\]):[1-9][0-9]{0,4}$",
            "description": "an address of the loopback interface with a port, such as 127.0.0.1:8200"
        })
    }
}

impl Vault {
    /// What starts it.
    #[must_use]
    pub fn command(&self) -> Vec<String> {
        let mut words = vec![layout::SANCTUMD.to_owned(), "--only".to_owned(), NAME.to_owned()];
        let mut option = |name: &str, value: Option<String>| {
            words.extend(value.into_iter().flat_map(|value| [name.to_owned(), value]));
        };
        option("--socket", self.socket.as_ref().map(ToString::to_string));
        option("--listen", self.tcp.map(String::from));
        match &self.unseal {
            Some(Unseal::KeyFile(path)) => option("--key-file", Some(path.to_string())),
            Some(Unseal::Secret(reference)) => option("--key-ref", Some(reference.to_string())),
            None => {}
        }
        words
    }

    fn ports(&self) -> Vec<PortSpec> {
        let port = self.tcp.and_then(|address| NonZeroU16::new(address.0.port()));
        port.map(PortSpec::Tcp).into_iter().collect()
    }
}

/// Gives the registry the entry that the section makes. What `services.vault` says of its own (node, account, criticality, requirements) stays;
/// its command and ports are the section's, and to say others there is a mistake. A second time changes nothing.
#[must_use]
pub fn complete(instance: &mut Instance) -> Vec<Located> {
    let Some(vault) = &instance.vault else { return Vec::new() };
    let (command, ports) = (vault.command(), vault.ports());
    let hub = instance.nodes.iter().find(|(_, node)| node.kind == NodeType::Hub);
    // A house without a hub is refused by another rule.
    let (Ok(name), Some((hub, _))) = (ServiceName::new(NAME), hub) else { return Vec::new() };
    let hub = hub.clone();
    let entry = instance.services.entry(name).or_insert_with(|| {
        let criticality = Criticality::P1;
        let probe = (!ports.is_empty()).then_some(Probe::Tcp);
        Service { criticality, probe, ..Service::on(hub) }
    });
    let mut faults = Vec::new();
    let mut fault = |path: &[&str], problem: Problem| {
        let path = ["services", NAME].iter().chain(path).map(|key| (*key).to_owned()).collect();
        faults.push(Located { path, end: End::Value, problem });
    };
    if entry.command.as_ref().is_some_and(|said| *said != command) {
        fault(&["command"], Problem::VaultEntry { key: "command" });
    }
    if !entry.ports.is_empty() && entry.ports != ports {
        fault(&["ports"], Problem::VaultEntry { key: "ports" });
    }
    if entry.bind != Bind::Loopback {
        fault(&["bind"], Problem::VaultEntry { key: "bind" });
    }
    if let Some(made) = entry.run_as.as_ref().filter(|run_as| account::is_made(&run_as.user)) {
        fault(&["run_as", "user"], Problem::VaultAccount { account: made.user.clone() });
    }
    entry.command = Some(command);
    entry.ports = ports;
    faults
}

/// Where a mistake of the made entry stands in the file: its port is the section's.
pub(super) fn relocate(instance: &Instance, problems: &mut [Located]) {
    for one in problems.iter_mut().filter(|_| instance.vault.is_some()) {
        let path: Vec<&str> = one.path.iter().map(String::as_str).collect();
        if matches!(path[..], ["services", NAME, "ports", _]) {
            one.path = [NAME, "tcp"].map(str::to_owned).to_vec();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machines_own_addresses_are_taken() {
        for (text, wanted) in [
            ("127.0.0.1:8200", Ok("127.0.0.1:8200")),
            ("[::1]:8200", Ok("[::1]:8200")),
            ("127.9.9.9:1", Ok("127.9.9.9:1")),
            ("0.0.0.0:8200", Err(NotLocal::Elsewhere)),
            ("[::]:8200", Err(NotLocal::Elsewhere)),
            ("192.168.1.10:8200", Err(NotLocal::Elsewhere)),
            ("[::ffff:127.0.0.1]:8200", Err(NotLocal::Elsewhere)),
            ("127.0.0.1:0", Err(NotLocal::AnyPort)),
            ("127.0.0.1", Err(NotLocal::Syntax)),
            ("localhost:8200", Err(NotLocal::Syntax)),
            ("8200", Err(NotLocal::Syntax)),
            ("", Err(NotLocal::Syntax)),
        ] {
            let read = LocalAddress::parse(text).map(String::from);
            assert_eq!(read, wanted.map(str::to_owned), "{text}");
        }
        for fault in [NotLocal::Syntax, NotLocal::Elsewhere, NotLocal::AnyPort] {
            assert!(fault.to_string().contains("write 127.0.0.1:8200"), "{fault}");
        }
    }

    #[test]
    fn the_section_is_the_whole_command() {
        let vault: Vault = serde_json::from_str("{}").unwrap();
        assert_eq!(vault.command(), ["/opt/sanctum/bin/sanctumd", "--only", "vault"]);
        let text =
            r#"{"socket": "/run/v/s.sock", "tcp": "[::1]:8200", "unseal": {"key_file": "/srv/k"}}"#;
        let vault: Vault = serde_json::from_str(text).unwrap();
        let said = "--socket /run/v/s.sock --listen [::1]:8200 --key-file /srv/k";
        assert_eq!(vault.command()[3..].join(" "), said);
        let text = r#"{"unseal": {"secret": "keychain:sanctum-vault/unseal"}}"#;
        let vault: Vault = serde_json::from_str(text).unwrap();
        assert_eq!(vault.command()[3..], ["--key-ref", "keychain:sanctum-vault/unseal"]);
        for wrong in [
            r#"{"unseal": {}}"#,
            r#"{"unseal": {"key_file": "/k", "secret": "age:/k.age"}}"#,
            r#"{"unseal": {"secret": "hunter2"}}"#,
            r#"{"unseal": {"key_file": "k"}}"#,
        ] {
            let error = serde_json::from_str::<Vault>(wrong).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
