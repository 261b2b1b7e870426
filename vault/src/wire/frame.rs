//! Frames: a length of 4 bytes, big-endian, then JSON.
//!
//! A length is judged before anything of that length is kept, and nesting before anything is parsed.

use zeroize::Zeroize as _;

/// What a peer may send before it proved who it is: the largest request there has an agent's name or a signature.
pub const BEFORE: usize = 4 * 1024;
/// And after: a value of 64 KiB in any spelling.
pub const AFTER: usize = 1024 * 1024;
/// The published clients read at most 4 MiB.
pub const MOST_ANSWER: usize = 4 * 1024 * 1024;
/// Arrays and objects in one another; the deepest request has four.
const DEEPEST: usize = 32;

/// Why bytes are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Longer than it may be.
    #[error("a frame of {length} bytes, where {most} are the most")]
    TooLong {
        /// As announced.
        length: usize,
        /// The bound.
        most: usize,
    },
}

/// Collects frames from bytes as they come.
#[derive(Debug, Default)]
pub struct Decoder {
    held: Vec<u8>,
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // A frame may carry a value or a passphrase.
        self.held.zeroize();
    }
}

impl Decoder {
    /// Takes bytes in.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.held.capacity() < self.held.len() + bytes.len() {
            // Growth would leave what was held behind.
            let mut wider = Vec::with_capacity((self.held.len() + bytes.len()).next_power_of_two());
            wider.extend_from_slice(&self.held);
            self.held.zeroize();
            self.held = wider;
        }
        self.held.extend_from_slice(bytes);
    }

    /// What was not taken yet.
    #[must_use]
    pub fn held(&self) -> &[u8] {
        &self.held
    }

    /// The next frame of at most that many bytes, if all of it is there.
    ///
    /// # Errors
    /// It announces more. Nothing that follows can be read.
    pub fn next(&mut self, most: usize) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>, FrameError> {
        let Some((length, _)) = self.held.split_first_chunk::<4>() else { return Ok(None) };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length > most {
            return Err(FrameError::TooLong { length, most });
        }
        let Some(frame) = self.held.get(4..4 + length) else { return Ok(None) };
        let frame = zeroize::Zeroizing::new(frame.to_vec());
        let rest = self.held.len() - 4 - length;
        self.held.copy_within(4 + length.., 0);
        if let Some(behind) = self.held.get_mut(rest..) {
            behind.zeroize();
        }
        self.held.truncate(rest);
        Ok(Some(frame))
    }
}

/// A frame with that content.
#[must_use]
pub fn encode(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    let mut frame = Vec::with_capacity(4 + content.len());
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(content);
    frame
}

/// Whether JSON nests no deeper than any request does.
#[must_use]
pub fn is_shallow(json: &[u8]) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop_assert_eq, proptest};

    proptest! {
        #[test]
        fn frames_come_back_however_they_are_cut(
            frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..6),
            pieces in proptest::collection::vec(1..9_usize, 1..20),
        ) {
            let bytes: Vec<u8> = frames.iter().flat_map(|frame| encode(frame)).collect();
            let (mut decoder, mut found, mut rest) = (Decoder::default(), Vec::new(), &bytes[..]);
            for piece in pieces.iter().cycle() {
                if rest.is_empty() { break; }
                let (now, later) = rest.split_at((*piece).min(rest.len()));
                decoder.push(now);
                rest = later;
                while let Some(frame) = decoder.next(60).unwrap() {
                    found.push(frame.to_vec());
                }
            }
            prop_assert_eq!(found, frames);
        }
    }

    #[test]
    fn a_length_beyond_the_bound_is_refused_at_once() {
        let mut decoder = Decoder::default();
        decoder.push(&4097_u32.to_be_bytes());
        assert_eq!(decoder.next(BEFORE), Err(FrameError::TooLong { length: 4097, most: 4096 }));
        assert_eq!(decoder.next(AFTER), Ok(None));
    }

    #[test]
    fn nesting_is_counted_outside_of_texts() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n)).into_bytes();
        assert!(is_shallow(&nested(32)) && !is_shallow(&nested(33)));
        assert!(is_shallow(br#"{"a":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"[[[[[["}"#));
        assert!(
            is_shallow(br#""\\""#) && !is_shallow(format!(r#""\\"{}"#, "{".repeat(33)).as_bytes())
        );
    }
}
