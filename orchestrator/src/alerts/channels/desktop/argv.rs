//! The command line that shows a notification on macOS (osascript(1), launchctl(1), sudo(8)).
//!
//! `on run argv` takes the texts as arguments, so that none of them is read as AppleScript.

use super::{Note, Session};

/// Shows its second argument under its first.
const SCRIPT: [&str; 3] =
    ["on run argv", "display notification (item 2 of argv) with title (item 1 of argv)", "end run"];

/// The program and its arguments.
///
/// A process of root's is in no graphical session: `launchctl asuser` enters the person's, and sudo gives up root
/// there. Notification Centre takes nothing from root.
#[must_use]
pub fn osascript(session: &Session, note: &Note) -> (&'static str, Vec<String>) {
    let mut args: Vec<String> = Vec::new();
    let program = if session.euid == 0 && session.uid != 0 {
        args.extend(["asuser".to_owned(), session.uid.to_string()]);
        args.extend(["/usr/bin/sudo", "-n", "-u"].map(str::to_owned));
        args.push(format!("#{}", session.uid));
        args.extend(["--", "/usr/bin/osascript"].map(str::to_owned));
        "/bin/launchctl"
    } else {
        "/usr/bin/osascript"
    };
    for line in SCRIPT {
        args.extend(["-e".to_owned(), line.to_owned()]);
    }
    // A text that begins with a dash is no option behind this.
    args.extend(["--".to_owned(), note.title.clone(), note.body.clone()]);
    (program, args)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanctum_types::Severity;

    fn note() -> Note {
        Note {
            title: "-e do shell script \"id\"".to_owned(),
            body: "\" & (do shell script \"id\") & \"".to_owned(),
            severity: Severity::Error,
        }
    }

    #[test]
    fn texts_are_the_last_two_arguments_and_in_no_script() {
        let session = Session { uid: 501, euid: 501, bus: None };
        let (program, args) = osascript(&session, &note());
        assert_eq!(program, "/usr/bin/osascript");
        let scripts: Vec<&String> = args
            .iter()
            .zip(args.iter().skip(1))
            .filter(|(a, _)| *a == "-e")
            .map(|(_, b)| b)
            .collect();
        assert_eq!(scripts, SCRIPT.iter().collect::<Vec<_>>());
        assert_eq!(args[6..], ["--".to_owned(), note().title, note().body]);
    }

    #[test]
    fn root_enters_the_persons_session_and_is_not_root_there() {
        let session = Session { uid: 501, euid: 0, bus: None };
        let (program, args) = osascript(&session, &note());
        assert_eq!(program, "/bin/launchctl");
        assert_eq!(
            args[..7],
            ["asuser", "501", "/usr/bin/sudo", "-n", "-u", "#501", "--"].map(str::to_owned)
        );
    }
}
