//! The clipboard: of the desktop that this runs on, or of the terminal that the owner sits at.
//!
//! A headless machine's own clipboard is of no use over SSH, so the terminal's is reached by OSC 52 (xterm's control
//! sequences), which cannot be read back. Values go through a pipe or the terminal, never through an argument.

use crate::commands::Context;
use crate::failure::{Exit, Failure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sanctum_host::clipboard::{self, BLANK};
use sanctum_host::private_io;
use sanctum_secrets::house::{Fingerprint, HouseKey};
use zeroize::Zeroizing;

/// xterm takes about 100,000 bytes in one sequence; tmux the same.
const LONGEST_SEQUENCE: usize = 74 * 1024;

/// One clipboard.
pub(in crate::commands) enum Clipboard {
    /// That of the desktop that this runs on.
    Desktop(clipboard::Clipboard),
    /// OSC 52.
    Terminal,
}

impl Clipboard {
    pub(in crate::commands) fn of(context: &Context, terminal: bool) -> Result<Self, Failure> {
        if terminal {
            return Ok(Self::Terminal);
        }
        clipboard::Clipboard::of(&context.around.display).map(Self::Desktop).ok_or_else(|| {
            let verb = context.around.verb.as_deref().unwrap_or("secrets");
            Failure::new(Exit::Usage, "there is no clipboard here that can be reached")
                .hint(format!("copy to that of your terminal: sanctum {verb} --terminal"))
                .hint("or give the value by a pipe: --stdin")
        })
    }

    pub(in crate::commands) fn put(&self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Desktop(desktop) => desktop.put(bytes)?,
            Self::Terminal => {
                let mut sequence = Zeroizing::new(String::with_capacity(bytes.len() * 2 + 16));
                sequence.push_str("\x1b]52;c;");
                STANDARD.encode_string(bytes, &mut sequence);
                sequence.push('\x07');
                if bytes.len() > LONGEST_SEQUENCE {
                    return Err(Failure::refused("the value is longer than a terminal takes"));
                }
                if !private_io::write_terminal(sequence.as_bytes())? {
                    return Err(Failure::refused(
                        "there is no terminal whose clipboard could be reached",
                    ));
                }
            }
        }
        Ok(())
    }

    /// Clears it where it still holds that value, or where nobody can know; whether it was cleared.
    pub(in crate::commands) fn clear(
        &self,
        print: Fingerprint,
        key: &HouseKey,
    ) -> Result<bool, Failure> {
        match self {
            Self::Desktop(desktop) => Ok(desktop.clear_if(|bytes| key.of(bytes) == print)?),
            Self::Terminal => self.put(BLANK).map(|()| true),
        }
    }

    /// Reads it and clears it.
    pub(in crate::commands) fn take(&self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let Self::Desktop(desktop) = self else {
            return Err(Failure::new(
                Exit::Usage,
                "a terminal's clipboard cannot be read from here",
            ));
        };
        let bytes = desktop.read()?;
        // What somebody copied meanwhile is theirs.
        desktop.clear_if(|held| held == bytes.as_slice())?;
        Ok(bytes)
    }
}
