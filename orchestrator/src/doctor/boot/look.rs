//! The observations of booting: power settings, disk encryption, automatic login, and units of systemd.
//!
//! The fixtures are written after pmset(1), fdesetup(8) and systemctl(1); each test names its page.

use crate::doctor::eyes::{Eyes, nothing_runs};
use crate::doctor::looked::{Many, Seen, unseen};
use crate::house::Artefact;
use crate::instance::model::Os;
use plist::Value;
use sanctum_host::Unit;
use sanctum_types::{AbsPath, CouldNotCheck};
use std::collections::BTreeMap;
use std::io::Cursor;

/// A settings file of macOS is a few kilobytes.
const SETTINGS_LIMIT: u64 = 1024 * 1024;
const LOGIN_WINDOW: &str = "/Library/Preferences/com.apple.loginwindow.plist";
const KCPASSWORD: &str = "/etc/kcpassword";

/// What the machine does after a power cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Power {
    /// It starts by itself (`autorestart`); none where the machine does not say.
    pub autorestart: Option<bool>,
    /// It wakes for the network (`womp`); none where the machine does not say.
    pub womp: Option<bool>,
    /// Minutes without use after which it sleeps, 0 for never; none where the machine does not say.
    pub sleep_minutes: Option<u32>,
    /// Batteries that keep it running, by name.
    pub ups: Vec<String>,
}

/// Whether the disk is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileVaultState {
    /// It is.
    On,
    /// It is not.
    #[default]
    Off,
    /// It is on its way from one to the other.
    Changing,
}

/// Who is logged in by itself after a boot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Login {
    /// Account that the login window is told to log in.
    pub user: Option<String>,
    /// Whether the obfuscated password that this takes is there.
    pub kcpassword: bool,
}

/// One unit as systemd holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitState {
    /// Its name.
    pub name: String,
    /// `systemctl show`, key by key.
    pub properties: BTreeMap<String, String>,
}

/// Enabled units of one user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserUnits {
    /// The user.
    pub name: String,
    /// Whether the user's units run without a session.
    pub lingers: bool,
    /// Units that the user enabled.
    pub units: Vec<String>,
}

impl UnitState {
    /// A property's value; empty where systemd does not say it.
    #[must_use]
    pub fn get(&self, key: &str) -> &str {
        self.properties.get(key).map(String::as_str).unwrap_or_default()
    }
}

/// A setting that the machine does not name.
pub(super) fn not_said(setting: &str) -> CouldNotCheck {
    CouldNotCheck {
        subject: setting.to_owned(),
        cause: format!("pmset does not name `{setting}` on this machine"),
    }
}

/// `pmset -g` and `pmset -g ps`.
pub fn power(eyes: &Eyes<'_>) -> Seen<Power> {
    if eyes.ground.facts.os != Os::Macos {
        return Ok(Power::default());
    }
    let settings = eyes.says("power settings", "pmset", &["-g"])?;
    let sources = eyes.says("power sources", "pmset", &["-g", "ps"])?;
    Ok(read_power(&settings, &sources))
}

/// Settings are `name  0|1` lines; a power source begins with ` -NAME (id=`.
#[must_use]
pub fn read_power(settings: &str, sources: &str) -> Power {
    let number = |name: &str| {
        settings.lines().find_map(|line| {
            let mut words = line.split_whitespace();
            (words.next() == Some(name)).then(|| words.next()?.parse::<u32>().ok())?
        })
    };
    let flag = |name: &str| number(name).filter(|number| *number < 2).map(|number| number == 1);
    let source = |line: &str| {
        let name = line.trim().strip_prefix('-')?.split(" (id=").next()?.trim();
        // A laptop's own battery is no UPS of a house.
        (!name.starts_with("InternalBattery")).then(|| name.to_owned())
    };
    Power {
        autorestart: flag("autorestart"),
        womp: flag("womp"),
        sleep_minutes: number("sleep"),
        ups: sources.lines().filter_map(source).collect(),
    }
}

/// `fdesetup status`.
pub fn filevault(eyes: &Eyes<'_>) -> Seen<FileVaultState> {
    if eyes.ground.facts.os != Os::Macos {
        return Ok(FileVaultState::default());
    }
    let text = eyes.says("FileVault", "fdesetup", &["status"])?;
    read_filevault(&text).ok_or_else(|| CouldNotCheck {
        subject: "FileVault".to_owned(),
        cause: "the answer of fdesetup is not understood".to_owned(),
    })
}

/// The state that fdesetup names; none for other words.
#[must_use]
pub fn read_filevault(text: &str) -> Option<FileVaultState> {
    if text.contains("in progress") {
        return Some(FileVaultState::Changing);
    }
    text.lines().find_map(|line| match line.trim() {
        "FileVault is On." => Some(FileVaultState::On),
        "FileVault is Off." => Some(FileVaultState::Off),
        _ => None,
    })
}

/// The login window's settings and `/etc/kcpassword`.
pub fn login(eyes: &Eyes<'_>) -> Seen<Login> {
    if eyes.ground.facts.os != Os::Macos {
        return Ok(Login::default());
    }
    let path = |text: &str| AbsPath::new(text).map_err(|error| unseen(text, &error));
    let kcpassword = eyes.at(&path(KCPASSWORD)?)?.is_some();
    let user = match eyes.head(&path(LOGIN_WINDOW)?, SETTINGS_LIMIT)? {
        Some(bytes) => Value::from_reader(Cursor::new(bytes))
            .map_err(|error| unseen(LOGIN_WINDOW, &error))?
            .as_dictionary()
            .and_then(|dict| dict.get("autoLoginUser")?.as_string().map(str::to_owned)),
        None => None,
    };
    Ok(Login { user, kcpassword })
}

/// `systemctl show` of every unit that the instance makes.
pub fn units(eyes: &Eyes<'_>) -> Seen<Many<UnitState>> {
    if eyes.ground.facts.os != Os::Linux {
        return Ok(Many::default());
    }
    if !eyes.is_machine() {
        return Err(nothing_runs("units of systemd"));
    }
    let wanted = eyes.wanted()?;
    let names = wanted.artefacts.iter().filter_map(unit_name);
    Ok(Many::collect(names.map(|name| unit(eyes, name))))
}

fn unit_name(artefact: &Artefact) -> Option<&str> {
    match &artefact.unit {
        Some(Unit::SystemdUnit { name }) => Some(name.as_str()),
        _ => None,
    }
}

fn unit(eyes: &Eyes<'_>, name: &str) -> Seen<UnitState> {
    let text = eyes.says(name, "systemctl", &["show", "--no-pager", "--", name])?;
    let properties = sanctum_host::live::parse::properties(&text);
    let owned = properties.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
    Ok(UnitState { name: name.to_owned(), properties: owned.collect() })
}

/// What `systemd-analyze verify` says of each unit of the house: the lines of its error stream. It reads files and
/// asks no running systemd.
pub fn verified(eyes: &Eyes<'_>) -> Seen<Many<(String, Vec<String>)>> {
    if eyes.ground.facts.os != Os::Linux {
        return Ok(Many::default());
    }
    if !eyes.is_machine() {
        return Err(nothing_runs("the order of units"));
    }
    let wanted = eyes.wanted()?;
    let names = wanted.artefacts.iter().filter_map(unit_name);
    Ok(Many::collect(names.map(|name| {
        let output = eyes.ask(name, "systemd-analyze", &["verify", "--man=no", "--", name])?;
        let said = String::from_utf8_lossy(&output.stderr);
        Ok((name.to_owned(), read_verify(name, output.status.success(), &said)?))
    })))
}

/// The lines of `systemd-analyze verify`; a unit that it did not find was not looked at.
fn read_verify(name: &str, well: bool, said: &str) -> Seen<Vec<String>> {
    let lines: Vec<String> = said.lines().map(str::to_owned).collect();
    let missing = format!("Unit {name} not found.");
    match lines.first() {
        Some(first) if !well && (*first == missing || first.starts_with("Failed to")) => {
            Err(CouldNotCheck { subject: name.to_owned(), cause: first.clone() })
        }
        None if !well => Err(CouldNotCheck {
            subject: name.to_owned(),
            cause: "systemd-analyze failed without a word".to_owned(),
        }),
        _ => Ok(lines),
    }
}

/// Units that the house's account on this machine enabled for itself, and whether it lingers (loginctl(1)).
pub fn linger(eyes: &Eyes<'_>) -> Seen<Many<UserUnits>> {
    const LINGER: &str = "/var/lib/systemd/linger";
    let Some(home) = eyes.ground.owner_home.as_ref().filter(|_| eyes.ground.facts.os == Os::Linux)
    else {
        return Ok(Many::default());
    };
    let name = home.file_name().to_owned();
    let path = |text: String| AbsPath::new(text.as_str()).map_err(|error| unseen(&text, &error));
    let lingers = eyes.list(&path(LINGER.to_owned())?)?.unwrap_or_default().contains(&name);
    let config = path(format!("{home}/.config/systemd/user"))?;
    let mut units = Vec::new();
    for entry in eyes.list(&config)?.unwrap_or_default() {
        if entry.ends_with(".wants") {
            units.extend(eyes.list(&path(format!("{config}/{entry}"))?)?.unwrap_or_default());
        }
    }
    Ok(Many::collect([Ok(UserUnits { name, lingers, units })]))
}

/// A node on which systemd holds one unit with these properties.
#[cfg(test)]
pub(super) fn with_unit(
    mut looked: crate::doctor::Looked,
    properties: &[(&str, &str)],
) -> crate::doctor::Looked {
    let owned = properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let unit = UnitState { name: "sanctum-scan.service".to_owned(), properties: owned.collect() };
    looked.units.as_mut().unwrap().all.push(unit);
    looked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_settings_of_pmset() {
        let settings = "System-wide power settings:\nCurrently in use:\n standby              0\n Sleep On Power Button 1\n autorestart          1\n powernap             1\n womp                 0\n sleep                10 (sleep prevented by sharingd)\n";
        let sources = "Now drawing from 'AC Power'\n -SMART-UPS 1500 (id=1234)\t100%; charging present: true\n -InternalBattery-0 (id=5)\t90%; charged\n";
        let power = read_power(settings, sources);
        assert_eq!((power.autorestart, power.womp), (Some(true), Some(false)));
        assert_eq!(power.sleep_minutes, Some(10));
        assert_eq!(power.ups, ["SMART-UPS 1500"]);
        assert_eq!(read_power("", "Now drawing from 'AC Power'\n"), Power::default());
    }

    /// Words of systemd-analyze 252.
    #[test]
    fn a_unit_that_was_not_found_was_not_looked_at() {
        let cycle = "b.service: Found ordering cycle on a.service/start\nb.service: Found dependency on b.service/start\n";
        assert_eq!(read_verify("a.service", false, cycle).unwrap().len(), 2);
        assert_eq!(read_verify("a.service", true, ""), Ok(Vec::new()));
        for words in ["Unit a.service not found.\n", "Failed to initialize manager: x\n", ""] {
            assert!(read_verify("a.service", false, words).is_err(), "{words}");
        }
    }

    #[test]
    fn words_of_fdesetup() {
        for (text, expected) in [
            ("FileVault is On.\n", Some(FileVaultState::On)),
            ("FileVault is Off.\n", Some(FileVaultState::Off)),
            (
                "FileVault is Off.\nEncryption in progress: Percent completed = 20\n",
                Some(FileVaultState::Changing),
            ),
            ("Error: must be run as root\n", None),
        ] {
            assert_eq!(read_filevault(text), expected, "{text}");
        }
    }
}
