//! `ssh/authorized-keys-drift`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::doctor::ssh::inventory::{Authorized, Line, lines};
use crate::instance::model::NodeType;
use sanctum_types::Severity;
use std::collections::BTreeSet;

pub(super) static LINT: Lint = Lint {
    id: "ssh/authorized-keys-drift",
    severity: Severity::Critical,
    on: On::Any,
    title: "only keys that were recorded may log in, with the options that they had",
    why: "One line in one file is a way in that survives every password change. A key whose `command=` or \
          `restrict` was taken off may do more than it was given for, under the name that everybody knows.",
    fix: Fix::Edit(
        "take the line out of the file that the finding names; when the key is yours: sudo sanctum doctor \
        --record-ssh",
    ),
    needs: &[Need::Authorized, Need::SshKept],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let files = looked.authorized()?;
    let kept = looked.ssh_kept()?;
    let house = looked.house()?;
    let mut answer = Answer::of(files);
    for file in files {
        let mut known = kept.inventory.authorized.get(&file.user).cloned().unwrap_or_default();
        if house.node.kind == NodeType::Guest && house.instance.users.guest.as_str() == file.user {
            let declared = lines(&house.instance.users.authorized_keys.join("\n"));
            known.extend(declared.into_iter().filter_map(key));
        }
        for line in lines(&file.text) {
            if let Some(message) = judge_line(&known, &line) {
                answer.add(&file.path, message);
            }
        }
    }
    Ok(answer)
}

fn key(line: Line) -> Option<Authorized> {
    match line {
        Line::Key(key) => Some(key),
        Line::Unknown { .. } => None,
    }
}

fn judge_line(known: &BTreeSet<Authorized>, line: &Line) -> Option<String> {
    let found = match line {
        Line::Key(found) if known.contains(found) => return None,
        Line::Key(found) => found,
        Line::Unknown { number } => {
            return Some(format!("line {number} is no key that is understood"));
        }
    };
    let same = known.iter().find(|known| known.fingerprint == found.fingerprint);
    let options = |key: &Authorized| match key.options.as_str() {
        "" => "none".to_owned(),
        // Options can hold a command with anything in it.
        _ => format!("{} bytes", key.options.len()),
    };
    Some(match same {
        Some(known) => format!(
            "{} has other options than were recorded ({} now, {} then)",
            found.fingerprint,
            options(found),
            options(known)
        ),
        None => format!("{} was not recorded", found.fingerprint),
    })
}

#[cfg(test)]
use crate::doctor::ssh::inventory::fixture::KEY;

#[cfg(test)]
impl Looked {
    /// With the owner's authorized_keys, beside an inventory that has the key with these options.
    pub(crate) fn with_authorized(mut self, recorded: &str, key: &str, now: &str) -> Self {
        use crate::doctor::ssh::{AuthorizedFile, Inventory, Kept};
        let file = |options: &str| AuthorizedFile {
            user: "operator".to_owned(),
            uid: 501,
            path: "/Users/operator/.ssh/authorized_keys".to_owned(),
            text: format!("{options}{key}\n"),
            way: vec![("/Users/operator/.ssh".to_owned(), crate::doctor::fixture::dir(0o700))],
        };
        let inventory = Inventory::of("g1", &[], &[file(recorded)]);
        self.ssh_kept = Ok(Kept { generation: "g1".to_owned(), inventory });
        self.authorized.as_mut().unwrap().all.push(file(now));
        self
    }
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_authorized("", KEY, "")
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_authorized("restrict ", KEY, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::ssh::inventory::fixture::OTHER;

    #[test]
    fn what_a_line_may_be() {
        let known: BTreeSet<Authorized> =
            lines(&format!("{KEY}\nrestrict {OTHER}\n")).into_iter().filter_map(key).collect();
        for (text, expected) in [
            (KEY.to_owned(), None),
            (format!("restrict {OTHER}"), None),
            (OTHER.to_owned(), Some("other options")),
            (format!("command=\"/bin/sh\" {KEY}"), Some("other options")),
            ("ssh-ed25519 AAAA".to_owned(), Some("line 1 is no key")),
        ] {
            let said = judge_line(&known, &lines(&text)[0]);
            assert_eq!(said.is_some(), expected.is_some(), "{text}: {said:?}");
            assert!(said.unwrap_or_default().contains(expected.unwrap_or_default()), "{text}");
        }
        assert!(judge_line(&BTreeSet::new(), &lines(KEY)[0]).unwrap().contains("not recorded"));
    }
}
