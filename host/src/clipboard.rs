//! The clipboard of a desktop: pbcopy and pbpaste, wl-copy and wl-paste, or xclip.
//!
//! Values go through pipes, never through an argument. What holds a selection on Linux is a process that stays behind
//! (ICCCM, section 2), so the program that copies is left alone once it has gone to the background. Deliberately absent:
//! terminals, and knowing when to clear.

use crate::HostError;
use crate::clock::{self, Monotonic};
use crate::command::{Options, Program, hand_over, run};
use sanctum_types::Secret;
use std::collections::BTreeMap;
use std::time::Duration;
use zeroize::Zeroizing;

/// A display answers at once or not at all.
const PATIENCE: Duration = Duration::from_secs(5);
/// What a clipboard is cleared with: some programs and terminals keep the old content when the new one is empty.
pub const BLANK: &[u8] = b" ";
/// Between two looks at what is there.
const PAUSE: Duration = Duration::from_millis(20);

/// Which display this process may speak to, as the environment says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Display {
    /// `WAYLAND_DISPLAY`.
    pub wayland: Option<String>,
    /// `XDG_RUNTIME_DIR`, where Wayland's socket is.
    pub runtime_dir: Option<String>,
    /// `DISPLAY`.
    pub x11: Option<String>,
    /// `XAUTHORITY`.
    pub x11_authority: Option<String>,
}

/// A clipboard that can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clipboard {
    copy: (Program, &'static [&'static str]),
    paste: (Program, &'static [&'static str]),
    env: BTreeMap<&'static str, String>,
}

impl Clipboard {
    /// The clipboard of that display, where one of the programs is installed; a Mac has one clipboard for each login.
    #[must_use]
    pub fn of(display: &Display) -> Option<Self> {
        let find = |name: &str| Program::find(&[name]);
        if let (Some(copy), Some(paste)) = (find("pbcopy"), find("pbpaste")) {
            // pbcopy takes bytes for what the locale says.
            let env = BTreeMap::from([("LC_ALL", "en_US.UTF-8".to_owned())]);
            return Some(Self { copy: (copy, &[]), paste: (paste, &[]), env });
        }
        let env = |all: &[(&'static str, &Option<String>)]| {
            all.iter().filter_map(|(name, value)| Some((*name, (*value).clone()?))).collect()
        };
        if let (Some(_), Some(copy), Some(paste)) =
            (&display.wayland, find("wl-copy"), find("wl-paste"))
        {
            let env = env(&[
                ("WAYLAND_DISPLAY", &display.wayland),
                ("XDG_RUNTIME_DIR", &display.runtime_dir),
            ]);
            return Some(Self { copy: (copy, &[]), paste: (paste, &["--no-newline"]), env });
        }
        let (Some(_), Some(xclip)) = (&display.x11, find("xclip")) else { return None };
        let env = env(&[("DISPLAY", &display.x11), ("XAUTHORITY", &display.x11_authority)]);
        Some(Self {
            copy: (xclip.clone(), &["-selection", "clipboard", "-in"]),
            paste: (xclip, &["-selection", "clipboard", "-out"]),
            env,
        })
    }

    /// Puts bytes there in the place of what was there, and reads them back.
    ///
    /// # Errors
    /// The display does not answer, or it holds something else in the end.
    pub fn put(&self, bytes: &[u8]) -> Result<(), HostError> {
        self.hand_over(bytes)?;
        self.until("put", |held| held == bytes).inspect_err(|_| {
            // It may hold a part of the value; what went wrong first is what is told.
            let _ = self.hand_over(BLANK);
        })
    }

    fn hand_over(&self, bytes: &[u8]) -> Result<(), HostError> {
        let options = Options {
            stdin: Some(Secret::new(bytes.to_vec())),
            env: self.env.clone(),
            timeout: PATIENCE,
            ..Options::default()
        };
        let (program, args) = &self.copy;
        hand_over(program, args, options)
    }

    /// Waits until what is there is as it should be.
    ///
    /// xclip goes to the background before the display has heard from it, so its end says nothing of the selection.
    fn until(&self, verb: &'static str, is_so: impl Fn(&[u8]) -> bool) -> Result<(), HostError> {
        let start = Monotonic::now();
        while !is_so(&self.read()?) {
            if start.elapsed() > PATIENCE {
                return Err(HostError::Io {
                    verb,
                    path: "the clipboard".to_owned(),
                    source: std::io::Error::other("it holds something else than it was given"),
                });
            }
            clock::sleep(PAUSE);
        }
        Ok(())
    }

    /// What is there; nothing where nobody holds it.
    ///
    /// # Errors
    /// The display does not answer.
    pub fn read(&self) -> Result<Zeroizing<Vec<u8>>, HostError> {
        let options = Options { env: self.env.clone(), timeout: PATIENCE, ..Options::default() };
        let (program, args) = &self.paste;
        let limit = options.output_limit;
        let mut output = run(program, args, options)?;
        let said = Zeroizing::new(std::mem::take(&mut output.stdout));
        if output.truncated {
            // A part of a value is another value.
            return Err(HostError::Io {
                verb: "read",
                path: "the clipboard".to_owned(),
                source: std::io::Error::other(format!("longer than {limit} bytes")),
            });
        }
        // xclip and wl-paste end with 1 where the clipboard is empty; an empty one holds nothing of anybody's.
        if output.status.success() || output.status.code() == Some(1) {
            return Ok(said);
        }
        Err(output.failure())
    }

    /// Clears it where it still holds what `is_ours` knows; whether it was cleared.
    ///
    /// # Errors
    /// The display does not answer, or it holds the value still.
    pub fn clear_if(&self, is_ours: impl Fn(&[u8]) -> bool) -> Result<bool, HostError> {
        if !is_ours(&self.read()?) {
            return Ok(false);
        }
        self.hand_over(BLANK)?;
        // Whatever else somebody copied at that moment is theirs.
        self.until("clear", |held| !is_ours(held))?;
        Ok(true)
    }
}
