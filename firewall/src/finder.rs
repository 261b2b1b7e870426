//! The grammars that are read by code: what a rule with a `finder` does at a hit of its keywords.
//!
//! Every one looks at a bounded number of bytes around the hit and says from where it wants to look again.

use crate::hint::Kind;
use crate::matcher::Candidate;
use crate::{armour, assign, command, credential_file, scheme, url};
use std::ops::Range;

/// The grammars, by the names that rule files use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finder {
    Assignment,
    UrlPassword,
    CommandPassword,
    AuthScheme,
    ArmouredKey,
    CredentialFile,
}

/// What a look at one hit came to.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) candidate: Option<Candidate>,
    /// Hits in front of this offset were part of this look.
    pub(crate) resume: usize,
    /// The end of what was read.
    pub(crate) looked: usize,
}

impl Look {
    /// Nothing here, and nothing before `resume` either.
    pub(crate) fn nothing(resume: usize) -> Self {
        Self { candidate: None, resume, looked: resume }
    }

    /// This secret, under this name.
    pub(crate) fn secret(secret: Range<usize>, key: Option<Range<usize>>) -> Self {
        let resume = secret.end;
        let start = key.as_ref().map_or(secret.start, |key| key.start.min(secret.start));
        Self {
            candidate: Some(Candidate { whole: start..resume, secret, key, lone: false }),
            resume,
            looked: resume,
        }
    }
}

impl Look {
    /// The same, after reading up to here.
    pub(crate) fn read(mut self, looked: usize) -> Self {
        self.looked = self.looked.max(looked);
        self
    }

    /// The same, but only where few of its kind stand in one text.
    pub(crate) fn lone(mut self) -> Self {
        if let Some(candidate) = &mut self.candidate {
            candidate.lone = true;
        }
        self
    }
}

impl Finder {
    pub(crate) fn look(self, text: &[u8], hit: &Range<usize>, kind: Kind) -> Look {
        match self {
            Self::Assignment => assign::look(text, hit, kind),
            Self::UrlPassword => url::look(text, hit, kind),
            Self::CommandPassword => command::look(text, hit, kind),
            Self::AuthScheme => scheme::look(text, hit, kind),
            Self::ArmouredKey => armour::look(text, hit),
            Self::CredentialFile => credential_file::look(text, hit, kind),
        }
    }
}

/// The byte at an offset, and `0` outside the text: no grammar gives that byte a meaning.
pub(crate) fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or_default()
}

/// The offset of the first byte from `at` that is not of this class, at most `most` bytes on.
pub(crate) fn skip(text: &[u8], at: usize, most: usize, class: impl Fn(u8) -> bool) -> usize {
    let end = at.saturating_add(most).min(text.len());
    let rest = text.get(at..end).unwrap_or_default();
    at + rest.iter().position(|b| !class(*b)).unwrap_or(rest.len())
}

/// The offset of the first byte of the run of this class that ends at `at`, at most `most` bytes back.
pub(crate) fn skip_back(text: &[u8], at: usize, most: usize, class: impl Fn(u8) -> bool) -> usize {
    let start = at.saturating_sub(most);
    let run = text.get(start..at).unwrap_or_default();
    run.iter().rposition(|b| !class(*b)).map_or(start, |last| start + last + 1)
}

/// Spaces and tabs.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// A range of the text as characters; nothing where it is no UTF-8.
pub(crate) fn words(text: &[u8], range: &Range<usize>) -> Option<String> {
    let bytes = text.get(range.clone())?;
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}
