//! What the process was started with, read once.
//!
//! At euid 0 the environment is not believed: `SANCTUM_*`, `HOME` and the XDG variables are ignored, and the
//! owner is the account that `sudo` names, looked up in the account database when somebody wants his home.

#![expect(clippy::disallowed_methods, reason = "the environment is read once, here")]

pub mod sops;

use sanctum_host::clipboard::Display;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The environment, reduced to what sanctum uses.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Effective user id.
    pub euid: u32,
    /// The owner's home, when it is known; [`Surroundings::home`] finds it.
    pub home: OnceLock<Option<PathBuf>>,
    /// What sudo says of who called it; believed at euid 0 only.
    pub sudo_uid: Option<String>,
    /// `SANCTUM_INSTANCE`, or the older `SANCTUM_INSTANCE_FILE`.
    pub instance: Option<PathBuf>,
    /// Socket of the owner's ssh agent; none at euid 0.
    pub agent: Option<PathBuf>,
    /// Address of the desktop session's bus (`DBUS_SESSION_BUS_ADDRESS`); not believed at euid 0.
    pub session_bus: Option<String>,
    /// The desktop's display; not believed at euid 0, where whoever set it would choose who gets a value.
    pub display: Display,
    /// Socket of the service manager that wants to know when a service is ready (`NOTIFY_SOCKET`); believed at
    /// euid 0 too, because all that goes there is a fixed word.
    pub notify: Option<String>,
    /// Standard input is a terminal.
    pub terminal: bool,
    /// Standard output is a terminal.
    pub screen: bool,
    /// The job that runs this (`SANCTUM_JOB`, set by `sanctum job`): only in whose name something is recorded.
    pub job: Option<String>,
    /// The verb that was asked for, and all that follows it; for hints.
    pub verb: Option<String>,
    /// This binary.
    pub exe: Option<PathBuf>,
}

impl Surroundings {
    /// Reads them, for the verb that the command line named.
    #[must_use]
    pub fn read(verb: Option<String>) -> Self {
        use std::io::IsTerminal as _;
        let euid = sanctum_host::accounts::effective_uid();
        let path = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        // sudo sets this itself, whatever the caller's environment held.
        let sudo = std::env::var("SUDO_UID").ok().filter(|_| euid == 0);
        let (home, instance) = if euid == 0 {
            (OnceLock::new(), None)
        } else {
            let instance = path("SANCTUM_INSTANCE").or_else(|| path("SANCTUM_INSTANCE_FILE"));
            (OnceLock::from(path("HOME")), instance)
        };
        let agent = path("SSH_AUTH_SOCK").filter(|_| euid != 0);
        let bus = std::env::var("DBUS_SESSION_BUS_ADDRESS").ok();
        let session_bus = bus.filter(|address| euid != 0 && !address.is_empty());
        let text =
            |name: &str| std::env::var(name).ok().filter(|value| euid != 0 && !value.is_empty());
        let display = Display {
            wayland: text("WAYLAND_DISPLAY"),
            runtime_dir: text("XDG_RUNTIME_DIR"),
            x11: text("DISPLAY"),
            x11_authority: text("XAUTHORITY"),
        };
        let notify = std::env::var("NOTIFY_SOCKET").ok().filter(|name| !name.is_empty());
        let terminal = std::io::stdin().is_terminal();
        let screen = std::io::stdout().is_terminal();
        let job = std::env::var("SANCTUM_JOB").ok().filter(|name| !name.is_empty());
        let exe = std::env::current_exe().ok();
        Self {
            euid,
            home,
            sudo_uid: sudo,
            instance,
            agent,
            session_bus,
            display,
            notify,
            terminal,
            screen,
            job,
            verb,
            exe,
        }
    }

    /// The owner's home. The account database is asked once, and only by a verb that works with his files: it may be a
    /// directory server's.
    #[must_use]
    pub fn home(&self) -> Option<&Path> {
        let asked = || {
            let account = sanctum_host::accounts::invoking(self.euid, self.sudo_uid.as_deref());
            Some(PathBuf::from(account.ok()?.home?.as_str()))
        };
        self.home.get_or_init(asked).as_deref()
    }

    /// Where the instance file is when nothing else is said.
    #[must_use]
    pub fn default_instance(&self) -> Option<PathBuf> {
        self.instance.clone().or_else(|| Some(self.home()?.join(".sanctum").join("instance.yaml")))
    }
}

/// Every variable that this process was started with, for a program that it becomes.
#[must_use]
pub fn inherited() -> Vec<(OsString, OsString)> {
    std::env::vars_os().collect()
}

/// The verb that was parsed and what follows it, where a shell reads that as it stands; else the verb alone.
pub fn retyped(verb: &str, words: &[OsString]) -> String {
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,=@+".contains(c);
    let all: Vec<_> = words.iter().map(AsRef::as_ref).skip_while(|word| *word != verb).collect();
    if all.iter().all(|word| !word.is_empty() && word.chars().all(plain)) {
        return all.join(" ");
    }
    verb.to_owned()
}

#[cfg(test)]
mod tests {
    use super::retyped;
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt as _;

    #[test]
    fn a_hint_repeats_what_was_typed_where_it_can_be_typed_again() {
        for (words, hint) in [
            (&[&b"--json"[..], b"services", b"release", b"tts"][..], "services release tts"),
            (&[b"apply", b"--only=ssh,nft", b"--yes"], "apply --only=ssh,nft --yes"),
            (&[b"apply", b"a plan"], "apply"),
            (&[b"rollback", b"\xff"], "rollback"),
            (&[b"rollback", b"$(id)"], "rollback"),
        ] {
            let words: Vec<_> =
                words.iter().map(|word| OsString::from_vec(word.to_vec())).collect();
            let verb = hint.split(' ').next().unwrap();
            assert_eq!(retyped(verb, &words), hint);
        }
    }
}
