//! The age and SSH keys at hand, looked for where the original looks.
//!
//! A place is looked at when a document first asks for its kind of key, and no earlier: a file of age recipients never
//! touches an SSH key. What was looked at is kept for the refusal that names it; keys are in no message. A key under a
//! passphrase is opened when nothing else opens the file, and only by a [`Person`].

use super::person::{Person, Unlock};
use super::plugin::{self, PluginIdentity};
use crate::envelope;
use age::armor::ArmoredReader;
use age_core::format::{FileKey, Stanza};
use sanctum_host::{files, owner_command};
use sanctum_types::{Secret, bech32};
use std::cell::{LazyCell, OnceCell, RefCell};
use std::collections::BTreeSet;
use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use zeroize::Zeroizing;

/// Identity files are a few lines; an SSH key of 16,384 bits is 13 KiB.
const FILE_LIMIT: u64 = 256 * 1024;
/// A data key, or a share of one, is 33 bytes at most; the rest is for keys of other lengths that fail later.
const PART_LIMIT: u64 = 1024;

/// Where keys may be.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// `SOPS_AGE_KEY`: identities themselves.
    pub age_key: Option<Secret<String>>,
    /// `SOPS_AGE_KEY_FILE`.
    pub age_key_file: Option<PathBuf>,
    /// `SOPS_AGE_KEY_CMD`: a command that prints identities.
    pub age_key_cmd: Option<String>,
    /// `SOPS_AGE_SSH_PRIVATE_KEY_FILE`.
    pub ssh_key_file: Option<PathBuf>,
    /// `SOPS_AGE_SSH_PRIVATE_KEY_CMD`.
    pub ssh_key_cmd: Option<String>,
    /// `keys.txt` of the configuration directory.
    pub keys_txt: Option<PathBuf>,
    /// The home, for `.ssh/id_ed25519` and `.ssh/id_rsa`.
    pub home: Option<PathBuf>,
    /// Who is asked for passphrases, and by plugins.
    pub person: Person,
}

/// What a key opens, which says when it is tried.
enum Opens {
    /// One recipient, worked out when keys are put in an order: a key that is alone is tried anyway.
    Recipient(LazyCell<String, Box<dyn FnOnce() -> String>>),
    /// Recipients of a plugin, and perhaps others.
    Plugin(String),
    /// Nobody knows before it is tried.
    Unknown,
    /// Nobody knows before its passphrase is typed.
    Locked,
}

struct Held {
    opens: Opens,
    identity: Box<dyn age::Identity>,
}

impl Held {
    /// How late it is tried for a recipient: what asks a person or starts a program for nothing comes last.
    fn lateness(&self, recipient: &str) -> u8 {
        match &self.opens {
            Opens::Recipient(own) if own.as_str() == recipient => 0,
            Opens::Plugin(name) if plugin::recipient_plugin(recipient).as_ref() == Some(name) => 0,
            Opens::Recipient(_) | Opens::Unknown => 1,
            Opens::Plugin(_) => 2,
            Opens::Locked => 3,
        }
    }
}

/// The keys at hand.
#[derive(Default)]
pub struct Identities {
    sources: Sources,
    age: OnceCell<Vec<Held>>,
    ssh: OnceCell<Vec<Held>>,
    remarks: Remarks,
}

/// What was looked at without finding a usable key.
type Remarks = Rc<RefCell<Vec<String>>>;

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identities(..)")
    }
}

impl Identities {
    /// Those that will be found in these places.
    #[must_use]
    pub fn at(sources: Sources) -> Self {
        Self { sources, ..Self::default() }
    }

    /// Those of a text of identities, one a line.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self::at(Sources { age_key: Some(Secret::new(text.to_owned())), ..Sources::default() })
    }

    /// What was looked at without finding a usable key, for a refusal.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        self.remarks.borrow().iter().filter(|one| seen.insert(one.as_str())).cloned().collect()
    }

    /// Opens an armoured age file that was made for a recipient.
    #[must_use]
    pub fn unwrap(&self, recipient: &str, wrapped: &str) -> Option<Zeroizing<Vec<u8>>> {
        let held = if recipient.starts_with("ssh-") {
            self.ssh.get_or_init(|| self.load_ssh())
        } else {
            self.age.get_or_init(|| self.load_age(recipient))
        };
        let mut ordered: Vec<&Held> = held.iter().collect();
        ordered.sort_by_key(|held| held.lateness(recipient));
        ordered.into_iter().find_map(|held| unwrap_with(&*held.identity, wrapped))
    }

    fn remark(&self, text: String) {
        self.remarks.borrow_mut().push(text);
    }

    fn load_age(&self, recipient: &str) -> Vec<Held> {
        let sources = &self.sources;
        let mut held = Vec::new();
        match &sources.age_key {
            Some(text) => held.extend(self.parse(text.expose().as_bytes(), "SOPS_AGE_KEY")),
            None => self.remark("SOPS_AGE_KEY is not set".to_owned()),
        }
        match &sources.age_key_file {
            Some(path) => held.extend(self.read(path, false)),
            None => self.remark("SOPS_AGE_KEY_FILE is not set".to_owned()),
        }
        if let Some(command) = &sources.age_key_cmd {
            let text = self.run(command, "SOPS_AGE_KEY_CMD", recipient);
            held.extend(text.into_iter().flat_map(|text| self.parse(&text, "SOPS_AGE_KEY_CMD")));
        }
        if let Some(path) = &sources.keys_txt {
            held.extend(self.read(path, !held.is_empty()));
        }
        held
    }

    /// The identities of a file; `quiet` about one that is not there.
    fn read(&self, path: &Path, quiet: bool) -> Vec<Held> {
        match files::read_optional(path, FILE_LIMIT) {
            Ok(Some(bytes)) => {
                let bytes = Zeroizing::new(bytes);
                self.parse(&bytes, &path.display().to_string())
            }
            Ok(None) if quiet => Vec::new(),
            Ok(None) => {
                self.remark(format!("{} is not there", path.display()));
                Vec::new()
            }
            Err(error) => {
                self.remark(sanctum_types::chain(&error));
                Vec::new()
            }
        }
    }

    fn parse(&self, bytes: &[u8], place: &str) -> Vec<Held> {
        if envelope::is_sealed(bytes) {
            return vec![self.locked(bytes, place)];
        }
        let held = parse_lines(bytes, place, self.sources.person, &self.remarks);
        if held.is_empty() {
            self.remark(format!("{place} holds no age identity"));
        }
        held
    }

    /// Identities under a passphrase, as `age -p` makes them.
    fn locked(&self, bytes: &[u8], place: &str) -> Held {
        self.remark(format!("{place} is under a passphrase, which {TYPED}"));
        let identity = LockedFile {
            sealed: bytes.to_vec(),
            place: place.to_owned(),
            unlock: Unlock::new(self.sources.person, place),
            person: self.sources.person,
            remarks: Rc::clone(&self.remarks),
            opened: OnceCell::new(),
        };
        Held { opens: Opens::Locked, identity: Box::new(identity) }
    }

    fn run(&self, command: &str, name: &str, recipient: &str) -> Option<Zeroizing<Vec<u8>>> {
        let Some(words) = words(command).filter(|words| !words.is_empty()) else {
            self.remark(format!("{name} is no command"));
            return None;
        };
        let env = [("SOPS_AGE_RECIPIENT".to_owned(), Secret::new(recipient.to_owned()))];
        match owner_command::output(&words, &env) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                self.remark(format!("{name}: {}", sanctum_types::chain(&error)));
                None
            }
        }
    }

    fn load_ssh(&self) -> Vec<Held> {
        let sources = &self.sources;
        let mut held = Vec::new();
        match &sources.ssh_key_file {
            Some(path) => held.extend(self.read_ssh(path, true)),
            None => self.remark("SOPS_AGE_SSH_PRIVATE_KEY_FILE is not set".to_owned()),
        }
        if let Some(command) = &sources.ssh_key_cmd {
            let name = "SOPS_AGE_SSH_PRIVATE_KEY_CMD";
            let text = self.run(command, name, "");
            held.extend(text.and_then(|text| self.parse_ssh(&text, name)));
        }
        if let Some(home) = &sources.home {
            for name in ["id_ed25519", "id_rsa"] {
                held.extend(self.read_ssh(&home.join(".ssh").join(name), false));
            }
        }
        held
    }

    fn read_ssh(&self, path: &Path, asked: bool) -> Option<Held> {
        match files::read_optional(path, FILE_LIMIT) {
            Ok(Some(bytes)) => self.parse_ssh(&Zeroizing::new(bytes), &path.display().to_string()),
            Ok(None) => {
                if asked || !files::is_there(path) {
                    self.remark(format!("{} is not there", path.display()));
                }
                None
            }
            Err(error) => {
                self.remark(sanctum_types::chain(&error));
                None
            }
        }
    }

    fn parse_ssh(&self, bytes: &[u8], place: &str) -> Option<Held> {
        match age::ssh::Identity::from_buffer(bytes, None) {
            Ok(identity @ age::ssh::Identity::Unencrypted(_)) => {
                Some(Held { opens: Opens::Unknown, identity: Box::new(identity) })
            }
            Ok(identity @ age::ssh::Identity::Encrypted(_)) => {
                self.remark(format!("{place} is locked with a passphrase, which {TYPED}"));
                // age asks when a file is for this very key, and not before.
                let unlock = Unlock::new(self.sources.person, place);
                let identity = Box::new(identity.with_callbacks(unlock));
                Some(Held { opens: Opens::Unknown, identity })
            }
            Ok(age::ssh::Identity::Unsupported(_)) | Err(_) => {
                self.remark(format!("{place} is no ssh-ed25519 or ssh-rsa private key"));
                None
            }
        }
    }
}

/// How a passphrase comes in, and what does without one.
const TYPED: &str = "can be typed on a terminal only and was not, or not right (SOPS_AGE_KEY_CMD and \
                     SOPS_AGE_SSH_PRIVATE_KEY_CMD may print an unlocked key where there is none)";

fn parse_lines(bytes: &[u8], place: &str, person: Person, remarks: &Remarks) -> Vec<Held> {
    let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#"));
    let held = lines.filter_map(|line| {
        let line = std::str::from_utf8(line).unwrap_or_default();
        let held = parse_line(line, person, remarks);
        if held.is_none() {
            remarks.borrow_mut().push(format!("{place} holds a line that is no age identity"));
        }
        held
    });
    held.collect()
}

fn parse_line(line: &str, person: Person, remarks: &Remarks) -> Option<Held> {
    let converted = plugin::post_quantum(line);
    let line = converted.as_ref().map_or(line, |text| text.expose().as_str());
    if let Some(name) = plugin::identity_plugin(line).filter(|_| bech32::holds(line.as_bytes())) {
        let identity = PluginIdentity {
            name: name.clone(),
            identity: Secret::new(line.to_owned()),
            person,
            remarks: Rc::clone(remarks),
        };
        return Some(Held { opens: Opens::Plugin(name), identity: Box::new(identity) });
    }
    let identity: age::x25519::Identity = line.parse().ok()?;
    let own = identity.clone();
    let recipient: Box<dyn FnOnce() -> String> = Box::new(move || own.to_public().to_string());
    Some(Held { opens: Opens::Recipient(LazyCell::new(recipient)), identity: Box::new(identity) })
}

/// A file of identities under a passphrase, opened when it is first tried.
struct LockedFile {
    sealed: Vec<u8>,
    place: String,
    unlock: Unlock,
    person: Person,
    remarks: Remarks,
    opened: OnceCell<Vec<Held>>,
}

impl LockedFile {
    fn open(&self) -> Vec<Held> {
        let Some(passphrase) = self.unlock.passphrase() else { return Vec::new() };
        match envelope::open_with_passphrase(&self.sealed, passphrase) {
            Ok(bytes) => parse_lines(&bytes, &self.place, self.person, &self.remarks),
            Err(error) => {
                let told = format!("{}: {}", self.place, sanctum_types::chain(&*error));
                self.remarks.borrow_mut().push(told);
                Vec::new()
            }
        }
    }
}

impl age::Identity for LockedFile {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, age::DecryptError>> {
        self.unwrap_stanzas(std::slice::from_ref(stanza))
    }

    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey, age::DecryptError>> {
        let held = self.opened.get_or_init(|| self.open());
        held.iter().find_map(|held| held.identity.unwrap_stanzas(stanzas)?.ok()).map(Ok)
    }
}

fn unwrap_with(identity: &dyn age::Identity, wrapped: &str) -> Option<Zeroizing<Vec<u8>>> {
    let reader = ArmoredReader::new(wrapped.as_bytes());
    let decryptor = age::Decryptor::new_buffered(reader).ok()?;
    let plain = decryptor.decrypt(std::iter::once(identity)).ok()?;
    let mut part = Zeroizing::new(Vec::with_capacity(64));
    plain.take(PART_LIMIT).read_to_end(&mut part).ok()?;
    Some(part)
}

/// The words of a command line, with the quotes of a shell and nothing else of it.
#[must_use]
pub fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().push(chars.next()?),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_cut_into_words_as_a_shell_does() {
        for (line, expected) in [
            ("pass show age", Some(vec!["pass", "show", "age"])),
            (" a 'b c' \"d\\\"e\" f\\ g '' ", Some(vec!["a", "b c", "d\"e", "f g", ""])),
            ("a 'b", None),
            ("", Some(vec![])),
        ] {
            let expected = expected.map(|w| w.iter().map(|w| (*w).to_owned()).collect());
            assert_eq!(words(line), expected, "{line}");
        }
    }

    #[test]
    fn a_mistyped_identity_goes_to_no_program() {
        // The first is of age's tests of plugins.
        let remarks = Remarks::default();
        for (line, sound) in
            [("AGE-PLUGIN-FOOBAR-1QVHULF", true), ("AGE-PLUGIN-FOOBAR-1QVHULQ", false)]
        {
            let held = parse_line(line, Person::Nobody, &remarks);
            assert_eq!(held.is_some(), sound, "{line}");
        }
    }

    #[test]
    fn what_was_looked_at_is_told_and_keys_are_not() {
        let identities = Identities::of("AGE-SECRET-KEY-1BROKEN\n# comment\n");
        assert!(identities.unwrap("age1x", "nothing").is_none());
        let remarks = identities.remarks().join("\n");
        assert!(remarks.contains("SOPS_AGE_KEY holds no age identity"), "{remarks}");
        assert!(!remarks.contains("BROKEN") && !format!("{identities:?}").contains("BROKEN"));
    }
}
