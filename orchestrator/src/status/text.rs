//! Text from elsewhere on its way to a terminal.
//!
//! A node is not trusted to write to the asker's screen: control characters, and those that reorder or hide what
//! stands beside them, are replaced before anything else sees the text.

/// The longest text that is kept, in characters: a path of PATH_MAX would not fit a table either.
const LONGEST: usize = 400;

/// The text without characters that act on a terminal, and not too long.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut kept: String = text.chars().take(LONGEST).map(shown).collect();
    if text.chars().nth(LONGEST).is_some() {
        kept.push('…');
    }
    kept
}

fn shown(c: char) -> char {
    if c.is_control() || reorders(c) { '\u{fffd}' } else { c }
}

/// Bidirectional controls, invisible joiners, line and paragraph separators, tags (Unicode 15, category Cf and Z).
const fn reorders(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The beginning of what something said, on one line.
#[must_use]
pub fn first_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    printable(text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_acts_on_a_terminal_is_replaced() {
        for (text, kept) in [
            ("plain text, ünïcode 日本", "plain text, ünïcode 日本"),
            ("\u{1b}[2J\u{1b}]0;x\u{7}", "\u{fffd}[2J\u{fffd}]0;x\u{fffd}"),
            ("a\nb\rc\td\u{9b}1m", "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}1m"),
            ("user\u{202e}gnp.exe", "user\u{fffd}gnp.exe"),
        ] {
            assert_eq!(printable(text), kept);
        }
        assert_eq!(printable(&"x".repeat(500)).chars().count(), LONGEST + 1);
    }

    proptest! {
        #[test]
        fn nothing_that_is_shown_is_a_control(text in any::<String>()) {
            let kept = printable(&text);
            prop_assert!(!kept.chars().any(|c| c.is_control() || reorders(c)));
            prop_assert_eq!(printable(&kept).chars().take(LONGEST).collect::<String>(),
                            kept.chars().take(LONGEST).collect::<String>());
        }
    }
}
