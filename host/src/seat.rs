//! In which terminal the process at the other end of a socket sits: the terminal, who leads its session, and since when; and who else is there.
//!
//! The process is held while it is looked at, so that its number is not another's by then (`SO_PEERPIDFD`, Linux 6.5). Where the system cannot
//! hold it, on macOS and on an older Linux, nobody sits anywhere. Deliberately absent: any judgement of who may do what there.

#[cfg_attr(target_os = "linux", path = "seat/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "seat/nowhere.rs")]
mod look;

pub use look::Held;

use crate::processes::Process;

/// A terminal as one session has it. Another session of the same terminal is another one, and so is one whose leader has the same number later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Its device number.
    pub terminal: i32,
    /// The process that leads the session.
    pub leader: i32,
    /// When that was started, after the boot.
    pub since: i64,
}

impl Seat {
    /// The terminal as `ps` names it; one of another kind by its device number.
    #[must_use]
    pub fn terminal_name(&self) -> String {
        // Linux's encoding in `/proc/PID/stat`: the minor number's low byte, twelve bits of major, the rest of the minor (proc(5)).
        let (major, minor) = (
            (self.terminal >> 8) & 0xfff,
            (self.terminal & 0xff) | ((self.terminal >> 12) & 0xf_ff00),
        );
        match major {
            // admin-guide/devices.txt: consoles, and the Unix98 terminals, which have eight numbers of 256 each.
            4 if minor < 64 => format!("tty{minor}"),
            136..=143 => format!("pts/{}", (major - 136) * 256 + minor),
            _ => format!("{major}:{minor}"),
        }
    }
}

/// What was seen of a process.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Where it sits, if it sits anywhere.
    pub seat: Option<Seat>,
    /// The process, everybody above it, nearest first, and everybody else of its terminal.
    pub company: Vec<Process>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_has_the_name_that_ps_gives_it() {
        let name = |terminal| Seat { terminal, leader: 1, since: 1 }.terminal_name();
        for (terminal, expected) in [
            (0x8800, "pts/0"),
            (0x8803, "pts/3"),
            (0x8900, "pts/256"),
            (0x10_8801, "pts/257"),
            (0x100_8801, "pts/4097"),
            (0x0401, "tty1"),
            (0x0440, "4:64"),
        ] {
            assert_eq!(name(terminal), expected);
        }
    }
}
