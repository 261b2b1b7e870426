//! The clipboard: of the Mac that this runs on, or of the terminal that the owner sits at.
//!
//! A headless Mac's own clipboard is of no use over SSH, so the terminal's is reached by OSC 52 (xterm's control
//! sequences), which cannot be read back. Values go through a pipe or the terminal, never through an argument.

use crate::commands::Context;
use crate::failure::{Exit, Failure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sanctum_host::command::{Options, Program, run};
use sanctum_host::private_io;
use sanctum_secrets::house::{Fingerprint, HouseKey};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// xterm takes about 100,000 bytes in one sequence; tmux the same.
const LONGEST_SEQUENCE: usize = 74 * 1024;

/// One clipboard.
pub(super) enum Clipboard {
    /// pbcopy and pbpaste.
    Mac(Program, Program),
    /// OSC 52.
    Terminal,
}

impl Clipboard {
    pub(super) fn of(context: &Context, terminal: bool) -> Result<Self, Failure> {
        if terminal {
            return Ok(Self::Terminal);
        }
        let programs = (Program::find(&["pbcopy"]), Program::find(&["pbpaste"]));
        let (Some(copy), Some(paste)) = programs else {
            let failure =
                Failure::new(Exit::Usage, "there is no clipboard here that can be reached");
            let verb = context.around.verb.as_deref().unwrap_or("secrets");
            return Err(failure
                .hint(format!("copy to that of your terminal: sanctum {verb} --terminal"))
                .hint("or give the value by a pipe: --stdin"));
        };
        Ok(Self::Mac(copy, paste))
    }

    pub(super) fn put(&self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Mac(copy, _) => {
                // pbcopy takes bytes for what the locale says.
                let env = BTreeMap::from([("LC_ALL", "en_US.UTF-8".to_owned())]);
                let options = Options { stdin: Some(bytes.to_vec()), env, ..Options::default() };
                run(copy, &[], options)?.success()?;
            }
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
    pub(super) fn clear(&self, print: Fingerprint, key: &HouseKey) -> Result<bool, Failure> {
        if let Self::Mac(..) = self
            && key.of(&self.read()?) != print
        {
            return Ok(false);
        }
        // A space, since some terminals keep the old content when the new one is empty.
        self.put(b" ")?;
        Ok(true)
    }

    fn read(&self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let Self::Mac(_, paste) = self else {
            return Err(Failure::new(
                Exit::Usage,
                "a terminal's clipboard cannot be read from here",
            ));
        };
        let env = BTreeMap::from([("LC_ALL", "en_US.UTF-8".to_owned())]);
        let output = run(paste, &[], Options { env, ..Options::default() })?.success()?;
        Ok(Zeroizing::new(output.stdout))
    }

    /// Reads it and clears it.
    pub(super) fn take(&self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let bytes = self.read()?;
        self.put(b" ")?;
        Ok(bytes)
    }
}
