//! What cloud-init reads on the guest's first boot: user-data, meta-data and network-config (NoCloud).
//!
//! The guest gets one static address and nothing else: no DHCP, no router advertisements, no default route, so
//! it cannot even try to reach the internet; packages are therefore neither refreshed nor upgraded. Logins are
//! by key only, and sudo asks for a password that the owner types once, in the guest: none is in the seed. Files of the guest are handed in as text, by renderers that know what belongs in them.

use crate::{MacAddress, Network, VmError, yaml};
use sanctum_types::{AbsPath, AccountName, Mode, NodeName, Owner};
use serde::Serialize;
use std::collections::BTreeMap;

/// The program that gives the account its first password, through sudo and without being asked anything.
pub const FIRST_PASSWORD: &str = "/usr/local/sbin/sanctum-first-password";
/// cloud-init would write rules of its own into `90-cloud-init-users`; there are none for it to write.
const SUDOERS: &str = "/etc/sudoers.d/60-sanctum";
const FIRST_PASSWORD_SCRIPT: &str = include_str!("../../templates/guest/first-password.sh");

/// The account that logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: AccountName,
    /// Lines of authorized_keys.
    pub keys: Vec<String>,
}

/// A file that the guest has from its first boot on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestFile {
    /// Where in the guest.
    pub path: AbsPath,
    /// Its bytes, which must be UTF-8 text.
    pub bytes: Vec<u8>,
    /// Its permission bits.
    pub mode: Mode,
    /// Its owner.
    pub owner: Owner,
}

/// One guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// Name of its machine, from which its MAC address follows.
    pub slug: NodeName,
    /// Its host name.
    pub hostname: NodeName,
    /// Its time zone.
    pub timezone: String,
    /// Who logs in.
    pub account: Account,
    /// Its files.
    pub files: Vec<GuestFile>,
    /// Commands that run once at the end of the first boot, each as a list of arguments.
    pub commands: Vec<Vec<String>>,
}

/// The three documents of a NoCloud seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// `user-data`, a `#cloud-config`.
    pub user_data: String,
    /// `meta-data`.
    pub meta_data: String,
    /// `network-config`, version 2, without the outer `network` key.
    pub network_config: String,
}

#[derive(Serialize)]
struct UserData<'a> {
    hostname: &'a str,
    preserve_hostname: bool,
    manage_etc_hosts: bool,
    timezone: &'a str,
    users: [User<'a>; 1],
    disable_root: bool,
    ssh_pwauth: bool,
    package_update: bool,
    package_upgrade: bool,
    write_files: Vec<WriteFile<'a>>,
    // cloud-init's schema knows no empty list.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    runcmd: &'a [Vec<String>],
}

#[derive(Serialize)]
struct User<'a> {
    name: &'a str,
    shell: &'static str,
    groups: [&'static str; 1],
    lock_passwd: bool,
    ssh_authorized_keys: &'a [String],
}

#[derive(Serialize)]
struct WriteFile<'a> {
    path: &'a str,
    owner: String,
    permissions: String,
    content: &'a str,
}

#[derive(Serialize)]
struct MetaData<'a> {
    #[serde(rename = "instance-id")]
    instance_id: String,
    #[serde(rename = "local-hostname")]
    local_hostname: &'a str,
}

#[derive(Serialize)]
struct NetworkConfig {
    version: u8,
    ethernets: BTreeMap<&'static str, Ethernet>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Ethernet {
    r#match: Match,
    dhcp4: bool,
    dhcp6: bool,
    accept_ra: bool,
    link_local: [&'static str; 0],
    addresses: [String; 1],
}

#[derive(Serialize)]
struct Match {
    macaddress: String,
}

impl Guest {
    /// The seed for this guest in that network.
    pub fn seed(&self, network: &Network) -> Result<Seed, VmError> {
        Ok(Seed {
            user_data: self.user_data()?,
            meta_data: self.meta_data()?,
            network_config: self.network_config(network)?,
        })
    }

    fn user_data(&self) -> Result<String, VmError> {
        check_keys(&self.account.keys)?;
        let rules = sudo_rules(&self.account.name);
        let mut files = self.files.iter().map(write_file).collect::<Result<Vec<_>, _>>()?;
        files.push(roots_file(SUDOERS, "0440", &rules));
        files.push(roots_file(FIRST_PASSWORD, "0755", FIRST_PASSWORD_SCRIPT));
        let body = UserData {
            hostname: self.hostname.as_str(),
            preserve_hostname: false,
            manage_etc_hosts: true,
            timezone: &self.timezone,
            users: [User {
                name: self.account.name.as_str(),
                shell: "/bin/bash",
                groups: ["adm"],
                lock_passwd: true,
                ssh_authorized_keys: &self.account.keys,
            }],
            disable_root: true,
            ssh_pwauth: false,
            package_update: false,
            package_upgrade: false,
            write_files: files,
            runcmd: &self.commands,
        };
        Ok(format!("#cloud-config\n{}", yaml::write("user-data", &body)?))
    }

    /// The id never changes: a new one would make cloud-init replace the guest's host keys.
    fn meta_data(&self) -> Result<String, VmError> {
        let instance_id = format!("sanctum-{}", self.slug);
        yaml::write("meta-data", &MetaData { instance_id, local_hostname: self.hostname.as_str() })
    }

    fn network_config(&self, network: &Network) -> Result<String, VmError> {
        network.check(network.host)?;
        network.check(network.guest)?;
        let ethernet = Ethernet {
            r#match: Match { macaddress: MacAddress::of(self.slug.as_str()).to_string() },
            dhcp4: false,
            dhcp6: false,
            accept_ra: false,
            link_local: [],
            addresses: [format!("{}/{}", network.guest, network.prefix_len)],
        };
        let config =
            NetworkConfig { version: 2, ethernets: BTreeMap::from([("hostonly", ethernet)]) };
        yaml::write("network-config", &config)
    }
}

/// What lets the account be root, once it can be asked whether a person is there (sudoers(5)).
fn sudo_rules(account: &AccountName) -> String {
    // `""` stands for no argument at all. The last rule that matches wins.
    format!(
        "{account} ALL=(ALL:ALL) ALL\n\
         {account} ALL=(root) NOPASSWD: {FIRST_PASSWORD} \"\"\n\
         Defaults:{account} badpass_message=\"Sorry, try again. Has {account} no password yet? Type: sudo \
         {FIRST_PASSWORD}\"\n"
    )
}

fn roots_file<'a>(path: &'a str, permissions: &str, content: &'a str) -> WriteFile<'a> {
    let owner = Owner::new("root", "root").to_string();
    WriteFile { path, owner, permissions: permissions.to_owned(), content }
}

fn write_file(file: &GuestFile) -> Result<WriteFile<'_>, VmError> {
    let content = std::str::from_utf8(&file.bytes)
        .map_err(|_| VmError::NotText { path: file.path.clone() })?;
    Ok(WriteFile {
        path: file.path.as_str(),
        owner: file.owner.to_string(),
        permissions: file.mode.to_string(),
        content,
    })
}

/// Options before the type, such as `command=`, are not accepted: they would be a second login policy.
fn check_keys(keys: &[String]) -> Result<(), VmError> {
    const TYPES: [&str; 7] = [
        "ssh-ed25519",
        "sk-ssh-ed25519@openssh.com",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ecdsa-sha2-nistp256@openssh.com",
        "ssh-rsa",
    ];
    let base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let good = |line: &String| {
        let mut words = line.split(' ');
        let kind = words.next().is_some_and(|kind| TYPES.contains(&kind));
        // A key's blob starts with the length of its type: no type is as long as 2^16, so `AAAA`.
        let blob = words.next().is_some_and(|b| b.starts_with("AAAA") && b.chars().all(base64));
        kind && blob && !line.chars().any(char::is_control)
    };
    if keys.is_empty() {
        return Err(VmError::NoKeys);
    }
    match keys.iter().position(|line| !good(line)) {
        Some(index) => Err(VmError::Key { number: index + 1 }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
