//! Whether letters follow each other as in words or as by chance.
//!
//! One table of letter pairs, no dictionary: a name that nobody has seen still reads like a name, and a password
//! of eight lower-case letters that came from a generator does not.

/// How much likelier each letter (column) follows a letter (row) in words than by chance: `m` is as likely, and each
/// letter of the alphabet from there a factor of the square root of two. Counted over the 58,000 distinct words and
/// parts of names in the sources and documentation of this workspace's dependencies, weighted by the logarithm
/// of their frequency.
const PAIRS: [&[u8; 26]; 26] = [
    b"hmonghmcmbipnpbnapnqkjghjc",
    b"pklkojhepmgqkhojanokpgedlb",
    b"pjmipijpmannkhrjenmplifdha",
    b"ojknskigqfemjinkennkmimgha",
    b"mioplkkfjbfmlpiliqpoglimib",
    b"nikmorheqaeojjpicmnklcgfia",
    b"nijisjknoaglknmkgpolnhffgb",
    b"rjkmrihgpagjljpkanlmlfkakf",
    b"lknnmlmbeafnmrplclnoeldial",
    b"phkathhfnfkajhqkaaojoahgaf",
    b"nkkntkihpadkjkkkckqmkhhbie",
    b"pijlrigfqaiphipnahmmlhecna",
    b"qljkrihfpagjmhopdhnkmfeeda",
    b"ohnppmphndjjgknjcioqljecgd",
    b"ikomhlkdjejnnrlnapnmnllgda",
    b"pjmkqjhlnahniioodqnnmijdga",
    b"kkjmmhiajaemilkkgmkguejaea",
    b"pgllrjkdpajjmkpjdlnnkjfdla",
    b"mgniqhinpajjjimnfjorngiell",
    b"phlirjgnraekjhnkapnmlfghmd",
    b"mnmlnmjanaaooqhnapppedahad",
    b"qhkjtjfhradjlimkdiljdaegbe",
    b"qjmlokfmqbglmooldookhgghdi",
    b"okolpnhjoafklgkpgjlrihhjlc",
    b"klmkmjignahmopmsbkpodjigdg",
    b"ohmmtkigoacjiknnglmjkkgchl",
];
/// The level of a pair that is as likely in words as by chance.
const EVEN: i32 = b'm' as i32;

/// What the letters of a text say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Letters {
    /// Pairs of neighbours within one word.
    pub(crate) pairs: i32,
    /// Evidence for words in half bits: positive for words, negative for chance.
    pub(crate) score: i32,
}

impl Letters {
    /// Reads `value`; words end where lower case turns to upper and at everything that is no letter.
    pub(crate) fn of(value: &[u8]) -> Self {
        let mut letters = Self::default();
        for pair in value.windows(2) {
            let [a, b] = pair else { continue };
            if a.is_ascii_lowercase() && b.is_ascii_uppercase() {
                continue;
            }
            if let Some(level) = level(*a, *b) {
                letters.pairs += 1;
                letters.score += level;
            }
        }
        letters
    }

    /// Whether they read like words or names. Words keep more than half a bit a pair, so the longer a value is,
    /// the more it must show.
    pub(crate) fn are_words(self) -> bool {
        const SHORT: i32 = 12;
        self.score >= 0 && (self.pairs < SHORT || self.score >= self.pairs)
    }

    /// Whether chance explains them at least 2^`bits` times better than words do.
    pub(crate) fn are_chance(self, bits: i32) -> bool {
        self.score <= -2 * bits
    }
}

fn level(a: u8, b: u8) -> Option<i32> {
    let at = |letter: u8| letter.to_ascii_lowercase().checked_sub(b'a').map(usize::from);
    let level = PAIRS.get(at(a)?)?.get(at(b)?)?;
    Some(i32::from(*level) - EVEN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_and_names_read_like_words() {
        for name in [
            "password",
            "hunter",
            "SpCompleteAuthToken",
            "correct-horse-battery-staple",
            "access_token_url",
            "getUserSessionCredentials",
            "Bearer",
            "authentication",
            "keychain",
            "interactive",
        ] {
            assert!(Letters::of(name.as_bytes()).are_words(), "{name}");
        }
        for chance in ["qzmbdkfa", "xkcdwqpz", "wxhtqejk", "Pqzjvhxk"] {
            assert!(Letters::of(chance.as_bytes()).are_chance(4), "{chance}");
        }
    }

    proptest! {
        #[test]
        fn the_case_of_whole_words_says_nothing(word in "[a-z]{2,20}") {
            prop_assert_eq!(Letters::of(word.as_bytes()), Letters::of(word.to_uppercase().as_bytes()));
        }

        #[test]
        fn what_is_no_letter_adds_nothing(word in "[a-z]{1,9}", other in "[0-9 _.-]{1,9}") {
            let letters = Letters::of(format!("{other}{word}{other}").as_bytes());
            prop_assert_eq!(letters, Letters::of(word.as_bytes()));
        }
    }
}
