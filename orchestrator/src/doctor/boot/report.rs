//! The reboot-survivability report: what comes back alone, what does not, and what the decisions about disk and power
//! mean. It is shown beside the findings, because a house with no finding has consequences too.

use super::survival::{Survivor, survivors};
use super::{FileVaultState, Power};
use crate::doctor::looked::{Looked, Seen};
use crate::doctor::report::Section;
use crate::instance::boot::FileVault;
use crate::instance::model::Os;
use serde_json::json;

/// The report; none where the house could not be rendered, which the lints say.
#[must_use]
pub fn section(looked: &Looked) -> Option<Section> {
    let all = survivors(looked).ok()?;
    let by = |state: Option<bool>| all.iter().filter(move |one| one.comes_back == state);
    let names: Vec<&str> = by(Some(true)).map(|one| one.name.as_str()).collect();
    let mut lines = vec![format!("comes back    {}", listed(&names))];
    lines.extend(by(Some(false)).map(|one| format!("stays down    {}", line(one))));
    lines.extend(by(None).map(|one| format!("not known     {}", line(one))));
    let told = match looked.os() {
        Os::Macos => looked.overrides().map(drop),
        Os::Linux => looked.units().map(drop),
    };
    if let Err(unseen) = told {
        lines.push(format!("by the registry; what is loaded was not seen: {}", unseen.cause));
    }
    if looked.os() == Os::Macos {
        lines.extend(disk(looked).into_iter().map(|words| format!("disk          {words}")));
        lines.extend(power(looked).into_iter().map(|words| format!("power         {words}")));
    }
    let data = json!({ "services": all, "notes": lines });
    let title = "after a reboot, with nobody there to log in";
    Some(Section { name: "boot", title, lines, data })
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

fn line(one: &Survivor) -> String {
    let because: Vec<String> = one.because.iter().map(ToString::to_string).collect();
    format!("{} ({:?}): {}", one.name, one.criticality, because.join("; "))
}

/// What follows from the disk as it is; as it was decided where nobody could look.
fn disk(looked: &Looked) -> Vec<String> {
    let boot = &looked.ground.instance.boot;
    let (is, seen) = match looked.filevault() {
        Ok(FileVaultState::On) => (Some(FileVault::On), "FileVault is on"),
        Ok(FileVaultState::Off) => (Some(FileVault::Off), "FileVault is off"),
        Ok(FileVaultState::Changing) => return vec!["FileVault is changing: wait".to_owned()],
        Err(_) => (boot.filevault, "nobody could look; by the instance file"),
    };
    let mut words = match is {
        None => vec!["nobody could look, and nothing is decided (boot.filevault)".to_owned()],
        Some(FileVault::On) => vec![
            format!(
                "{seen}: after a power cut nothing of the above starts until somebody unlocks it at the machine"
            ),
            "before a reboot from afar: sudo fdesetup authrestart".to_owned(),
            "a stolen disk yields nothing".to_owned(),
        ],
        Some(FileVault::Off) => vec![
            format!("{seen}: the house comes back alone"),
            "a stolen disk yields files, logs, shell histories and the login Keychain's database"
                .to_owned(),
            carriers(looked),
        ],
    };
    words.extend(boot.why().map(|reason| format!("decided because: {reason}")));
    words
}

/// The layers that carry the weight of an open disk: secrets by where they are.
fn carriers(looked: &Looked) -> String {
    use sanctum_types::SecretRef as Ref;
    let count = |is: fn(&Ref) -> bool| {
        let secrets = looked.ground.instance.secrets.values();
        secrets.filter(|entry| is(&entry.reference)).count()
    };
    let sealed = count(|it| matches!(it, Ref::Age(_) | Ref::Sops { .. }));
    let keychain = count(|it| matches!(it, Ref::Keychain { .. }));
    let system = count(|it| matches!(it, Ref::SystemKeychain { .. }));
    let away = count(|it| matches!(it, Ref::OnePassword { .. }));
    let open = count(|it| matches!(it, Ref::File(_)));
    format!(
        "what carries the weight then: {sealed} secrets encrypted by age or SOPS (their identity must not be on this disk), \
         {keychain} in the Keychain under the login password, {system} in the System keychain (whose key is on this disk), {away} not on the disk; {open} lie open in files"
    )
}

fn power(looked: &Looked) -> Vec<String> {
    let power: Seen<&Power> = looked.power();
    let Ok(power) = power else { return vec!["nobody could look".to_owned()] };
    let starts = match power.autorestart {
        Some(true) => "it starts by itself after a power cut",
        Some(false) => "it stays off after a power cut until somebody presses the button",
        None => "it does not say whether it starts by itself after a power cut",
    };
    let ups = match power.ups.as_slice() {
        [] => "no UPS is seen".to_owned(),
        names => format!("UPS: {}", names.join(", ")),
    };
    let wakes = match power.womp {
        Some(true) => "it wakes when the network asks",
        Some(false) => "asleep, it cannot be woken over the network",
        None => "it does not say whether the network can wake it",
    };
    vec![starts.to_owned(), wakes.to_owned(), ups]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::fixture;
    use crate::doctor::looked::Need;
    use expect_test::expect;

    fn shown(looked: &Looked) -> String {
        section(looked).unwrap().lines.join("\n") + "\n"
    }

    #[test]
    fn an_open_disk_and_an_encrypted_one() {
        let house = serde_json::json!({
            "boot": { "filevault": "off", "reason": "it stands in a locked room" },
            "secrets": { "a": { "ref": "keychain:house/a" }, "b": { "ref": "file:b" } },
            "services": {
                "player": { "node": "hub", "command": ["/opt/x"], "gui": true },
                "gateway": { "node": "hub", "ports": [1977], "criticality": "P1" },
            },
        });
        let mut looked = fixture::hub(&house);
        looked.power.as_mut().unwrap().autorestart = Some(true);
        expect![[r#"
            comes back    bootstrap, pf
            stays down    player (P2): it needs a graphical session
            not known     alerts (P2): this version of sanctum cannot run it
            not known     dashboard (P2): this version of sanctum cannot run it
            not known     gateway (P1): nothing of the house starts it
            not known     journal (P2): this version of sanctum cannot run it
            not known     proxy (P2): this version of sanctum cannot run it
            not known     reboot-report (P2): this version of sanctum cannot run it
            not known     sentinel (P2): this version of sanctum cannot run it
            disk          FileVault is off: the house comes back alone
            disk          a stolen disk yields files, logs, shell histories and the login Keychain's database
            disk          what carries the weight then: 0 secrets encrypted by age or SOPS (their identity must not be on this disk), 1 in the Keychain under the login password, 0 in the System keychain (whose key is on this disk), 0 not on the disk; 1 lie open in files
            disk          decided because: it stands in a locked room
            power         it starts by itself after a power cut
            power         it does not say whether the network can wake it
            power         no UPS is seen
        "#]]
        .assert_eq(&shown(&looked));
        looked.filevault = Ok(FileVaultState::On);
        let text = shown(&looked.clone().without(Need::Power));
        assert!(
            text.contains("sudo fdesetup authrestart") && text.contains("power         nobody")
        );
        assert!(!shown(&looked).contains("by the registry"));
        let blind = shown(&looked.without(Need::FileVault).without(Need::Overrides));
        assert!(blind.contains("by the registry; what is loaded was not seen"));
        assert!(blind.contains("nobody could look; by the instance file: the house comes back"));
    }
}
