//! The vault: frames and requests of clients, messages to an ssh-agent, rules of policy, key files.

use sanctum_vault::SecretPath;
use sanctum_vault::keyfile::AgentKey;
use sanctum_vault::policy::Rule;
use sanctum_vault::policy::glob::Glob;
use sanctum_vault::ssh_agent::{Keys, answer};
use sanctum_vault::wire::frame::{AFTER, BEFORE, Decoder, encode};
use sanctum_vault::wire::request;

/// A stream of a client's: the first byte says in what pieces it comes. What is taken out and what is held is what came.
pub fn vault_wire(bytes: &[u8]) {
    let Some((how, stream)) = bytes.split_first() else { return };
    let most = if how & 1 == 0 { BEFORE } else { AFTER };
    let (mut decoder, mut taken, mut fed) = (Decoder::default(), 0, 0);
    for piece in stream.chunks(usize::from(how >> 1) + 1) {
        decoder.push(piece);
        fed += piece.len();
        loop {
            match decoder.next(most) {
                Ok(Some(frame)) => {
                    assert!(frame.len() <= most);
                    assert_eq!(encode(&frame), stream[taken..taken + 4 + frame.len()]);
                    taken += 4 + frame.len();
                    request_of(&frame);
                }
                Ok(None) => break,
                Err(_) => return,
            }
        }
        assert_eq!(decoder.held(), &stream[taken..fed]);
    }
    request_of(stream);
}

fn request_of(frame: &[u8]) {
    if let Ok(request) = request::parse(frame) {
        // What is said for a journal or an error repeats no text of a client's.
        let _ = format!("{request:?}");
    }
}

/// One key, which signs whatever it is asked to.
struct One;

impl Keys for One {
    fn all(&mut self) -> Vec<(Vec<u8>, String)> {
        vec![(b"public".to_vec(), "name".to_owned())]
    }

    fn sign(&mut self, public: &[u8], data: &[u8]) -> Option<Vec<u8>> {
        (public == b"public").then(|| data.to_vec())
    }
}

/// A message to the ssh-agent: there is always an answer, and it has a type.
pub fn vault_ssh_agent(bytes: &[u8]) {
    assert!(!answer(bytes, &mut One).is_empty());
}

/// Rules, patterns, paths and key files: what is read is written as it was read.
pub fn vault_policy(bytes: &[u8]) {
    let text = super::text(bytes);
    if let Ok(rule) = serde_json::from_str::<Rule>(&text) {
        let written = serde_json::to_string(&rule).expect("a rule is JSON");
        assert_eq!(serde_json::from_str::<Rule>(&written).expect("what was written"), rule);
    }
    let (pattern, path) = text.split_once('\n').unwrap_or((&text, "a/b"));
    if let Ok(glob) = Glob::new(pattern) {
        let matched = glob.matches(path);
        if !pattern.contains('*') {
            assert_eq!(matched, pattern == path);
        }
        // A star never crosses a slash.
        if matched && !pattern.contains("**") {
            assert_eq!(pattern.matches('/').count(), path.matches('/').count());
        }
    }
    if let Ok(path) = SecretPath::new(&*text) {
        assert_eq!(path.as_str(), text);
        assert!(text.split('/').all(|part| !matches!(part, "" | "." | "..")));
    }
    if let Ok(key) = AgentKey::from_plain(bytes) {
        assert_eq!(
            AgentKey::from_plain(key.plain().as_bytes()).expect("ours").public(),
            key.public()
        );
    }
}
