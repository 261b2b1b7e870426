//! `vault/keys-encrypted`.

use super::look::AgentKeys;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::{AbsPath, Severity};

pub(super) static LINT: Lint = Lint {
    id: "vault/keys-encrypted",
    severity: Severity::Warn,
    on: On::Any,
    title: "no agent's key lies open in an account that others work in",
    why: "Agents of one account read each other's files. One that reads another's key is that agent to the vault, within its policy, and the \
          journal says that it was. An encrypted key needs a passphrase of its own; a key of another account is out of reach.",
    fix: Fix::Run(
        "sanctum vault agent remove NAME, rm FILE, then sanctum vault agent register NAME, or an account of its own",
    ),
    needs: &[Need::AgentKeys],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

/// After the name of a key file: what `agent rotate` is about to put in its place.
const NEXT: &str = ".new";

fn judge(looked: &Looked) -> Seen {
    let homes = looked.agent_keys()?;
    let mut answer = Answer::of(homes);
    answer.looked_at = homes.iter().map(|home| home.keys.len()).sum();
    for AgentKeys { uid, keys, .. } in homes {
        // Another account's key can be read by nobody who is this one.
        let own = |owner: Option<u32>| owner.is_none() || uid.is_none() || owner == *uid;
        for key in keys.iter().filter(|key| key.plain && own(key.there.uid)) {
            let name = name_of(&key.path);
            let hint = format!(
                "sanctum vault agent remove {name}, rm {}, then sanctum vault agent register {name}; or give it to an account of its own",
                key.path
            );
            if key.path.file_name().ends_with(NEXT) {
                let (name, words) = (name_of(&key.path), "a rotation that did not end left it");
                answer.add_with(&key.path, words, format!("sanctum vault agent rotate {name}"));
                continue;
            }
            let words = if key.path.file_name().ends_with(".enc") {
                "by its name it is encrypted, and it is not"
            } else {
                "it is not encrypted: every program of the account is this agent"
            };
            answer.add_with(&key.path, words, hint);
        }
    }
    Ok(answer)
}

/// `NAME.key` and `NAME.key.enc` are keys of the agent NAME, also of those that take their place.
fn name_of(path: &AbsPath) -> &str {
    let name = path.file_name();
    let name = name.strip_suffix(NEXT).unwrap_or(name);
    let name = name.strip_suffix(".enc").unwrap_or(name);
    name.strip_suffix(".key").unwrap_or(name)
}

#[cfg(test)]
fn good() -> Looked {
    super::look::tests::with_keys(|_| {})
}

#[cfg(test)]
fn bad() -> Looked {
    super::look::tests::with_keys(|home| home.keys[0].plain = true)
}

#[cfg(test)]
mod tests {
    use super::super::look::tests::with_keys;
    use super::*;

    #[test]
    fn which_keys_are_plain_is_told_one_by_one_and_another_accounts_is_its_own() {
        let found = |change: fn(&mut AgentKeys)| judge(&with_keys(change)).unwrap().found;
        let all = found(|home| home.keys.iter_mut().for_each(|key| key.plain = true));
        let subjects: Vec<&str> = all.iter().map(|one| one.subject.as_str()).collect();
        let at = "/Users/operator/.sanctum/keys";
        assert_eq!(subjects, [format!("{at}/builder.key.enc"), format!("{at}/tester.key")]);
        assert_eq!(all[0].message, "by its name it is encrypted, and it is not");
        let hint = all[1].hint.as_deref().unwrap();
        assert!(hint.starts_with("sanctum vault agent remove tester, rm"), "{hint}");
        assert!(hint.contains("register tester;"), "{hint}");
        let other = found(|home| {
            home.keys[1].plain = true;
            home.keys[1].there.uid = Some(777);
        });
        assert!(other.is_empty(), "{other:?}");
        let left = found(|home| {
            home.keys[1].plain = true;
            home.keys[1].path = home.dir.join("tester.key.new").unwrap();
        });
        assert_eq!(left[0].hint.as_deref(), Some("sanctum vault agent rotate tester"));
        // Where owners are not kept nobody can say that it is another's.
        let unknown = found(|home| {
            home.keys[1].plain = true;
            home.keys[1].there.uid = None;
        });
        assert_eq!(unknown.len(), 1);
    }
}
