//! `vault/keys-private`.

use super::look::AgentKeys;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "vault/keys-private",
    severity: Severity::Critical,
    on: On::Any,
    title: "the keys of agents are files of mode 0600 in a directory of mode 0700",
    why: "A key that another account reads is an agent of that account, and an encrypted one can be guessed at for as long as somebody \
          likes. Who can write the directory puts a key of his own in another's place.",
    fix: Fix::Run("chmod 700 ~/.sanctum/keys && chmod 600 ~/.sanctum/keys/*"),
    needs: &[Need::AgentKeys],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let homes = looked.agent_keys()?;
    let mut answer = Answer::of(homes);
    for AgentKeys { dir, there, keys, .. } in homes {
        answer.looked_at += keys.len();
        if there.mode & 0o777 != 0o700 {
            let words = format!("mode {:04o}, not 0700", there.mode);
            answer.add_with(dir, words, format!("chmod 700 {dir}"));
        }
        for key in keys {
            let path = &key.path;
            if !key.there.is_file {
                answer.add(path, "it is not a regular file");
            } else if key.there.mode & 0o777 != 0o600 {
                let words = format!("mode {:04o}, not 0600", key.there.mode);
                answer.add_with(path, words, format!("chmod 600 {path}"));
            }
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    super::look::tests::with_keys(|_| {})
}

#[cfg(test)]
fn bad() -> Looked {
    super::look::tests::with_keys(|home| home.keys[0].there.mode = 0o644)
}

#[cfg(test)]
mod tests {
    use super::super::look::tests::with_keys;
    use super::*;

    #[test]
    fn the_directory_and_each_file_are_held_against_their_modes() {
        let found = |change: fn(&mut AgentKeys)| judge(&with_keys(change)).unwrap().found;
        for (change, subject, hint) in [
            ((|home| home.there.mode = 0o755) as fn(&mut AgentKeys), "keys", "chmod 700 "),
            (|home| home.there.mode = 0o1770, "keys", "chmod 700 "),
            (|home| home.keys[0].there.mode = 0o640, "keys/builder.key.enc", "chmod 600 "),
            (|home| home.keys[1].there.mode = 0o700, "keys/tester.key", "chmod 600 "),
        ] {
            let found = found(change);
            let [one] = &found[..] else { panic!("{found:?}") };
            let path = format!("/Users/operator/.sanctum/{subject}");
            assert_eq!(one.subject, path);
            assert_eq!(one.hint.as_deref(), Some(format!("{hint}{path}").as_str()));
        }
        assert_eq!(found(|home| home.keys[0].there.is_file = false).len(), 1);
    }
}
