//! Brace expansion, which bash does on the raw text of a word before anything else.
//!
//! Quotes, escapes and `${`/`$(` are passed over. The number of words is bounded; beyond it the word stays as it is and the
//! caller is told.

/// Words from one word.
const MAX_WORDS: usize = 128;

/// Expands; `None` when there would be too many words.
pub(super) fn braces(raw: &str) -> Option<Vec<String>> {
    if !raw.contains('{') {
        return Some(vec![raw.to_owned()]);
    }
    let mut done = Vec::new();
    let mut todo = vec![(raw.to_owned(), 0_usize)];
    let mut steps = 0_usize;
    while let Some((word, from)) = todo.pop() {
        steps += 1;
        if steps > 2 * MAX_WORDS || done.len() > MAX_WORDS {
            return None;
        }
        match first_brace(&word, from) {
            None => done.push(word),
            Some(Brace { open, close, members }) => {
                let head: String = word.chars().take(open).collect();
                let tail: String = word.chars().skip(close + 1).collect();
                for member in members?.into_iter().rev() {
                    todo.push((format!("{head}{member}{tail}"), open));
                }
            }
        }
    }
    Some(done)
}

struct Brace {
    open: usize,
    close: usize,
    /// `None`: too many.
    members: Option<Vec<String>>,
}

fn first_brace(word: &str, from: usize) -> Option<Brace> {
    let chars: Vec<char> = word.chars().collect();
    let mut i = from;
    while let Some(&c) = chars.get(i) {
        match c {
            '{' if i == 0 || chars.get(i - 1) != Some(&'$') => {
                if let Some((close, members)) = group(&chars, i) {
                    return Some(Brace { open: i, close, members });
                }
                i += 1;
            }
            _ => i = past(&chars, i),
        }
    }
    None
}

/// The position after the character, quoted string or expansion at `i`.
fn past(chars: &[char], i: usize) -> usize {
    match chars.get(i) {
        Some('\\') => i + 2,
        Some(&quote @ ('\'' | '"' | '`')) => {
            let mut j = i + 1;
            while let Some(&c) = chars.get(j) {
                match c {
                    '\\' if quote != '\'' => j += 1,
                    _ if c == quote => return j + 1,
                    _ => {}
                }
                j += 1;
            }
            j
        }
        Some('$') if matches!(chars.get(i + 1), Some('{' | '(')) => {
            let mut depth = 0_usize;
            let mut j = i + 1;
            while let Some(&c) = chars.get(j) {
                match c {
                    '{' | '(' => depth += 1,
                    '}' | ')' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                j += 1;
                if depth == 0 {
                    break;
                }
            }
            j
        }
        _ => i + 1,
    }
}

type Members = Option<Vec<String>>;

fn group(chars: &[char], open: usize) -> Option<(usize, Members)> {
    let (mut depth, mut i, mut start) = (0_usize, open + 1, open + 1);
    let mut members = Vec::new();
    let slice = |from: usize, to: usize| {
        chars.iter().skip(from).take(to.saturating_sub(from)).collect::<String>()
    };
    while let Some(&c) = chars.get(i) {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                members.push(slice(start, i));
                if let [only] = members.as_slice() {
                    return sequence(only).map(|s| (i, s));
                }
                return Some((i, (members.len() <= MAX_WORDS).then_some(members)));
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                members.push(slice(start, i));
                start = i + 1;
            }
            c if c.is_whitespace() => return None,
            '\\' | '\'' | '"' | '`' | '$' => {
                i = past(chars, i);
                continue;
            }
            _ => {}
        }
        i += 1;
    }
    None
}

/// `a..e`, `1..9..2`.
fn sequence(text: &str) -> Option<Members> {
    let mut parts = text.split("..");
    let (first, last, step, rest) = (parts.next()?, parts.next()?, parts.next(), parts.next());
    if rest.is_some() {
        return None;
    }
    let numbers = first.parse::<i64>().ok().zip(last.parse::<i64>().ok());
    let letters = one_letter(first).zip(one_letter(last));
    let (from, to) =
        numbers.or(letters.map(|(a, b)| (i64::from(u32::from(a)), i64::from(u32::from(b)))))?;
    let step = step.map_or(Some(1), |s| s.parse::<i64>().ok())?.unsigned_abs().max(1);
    let count = from.abs_diff(to) / step + 1;
    if count > MAX_WORDS as u64 {
        return Some(None);
    }
    let show = |n: i64| match numbers {
        Some(_) => n.to_string(),
        None => {
            u32::try_from(n).ok().and_then(char::from_u32).map(String::from).unwrap_or_default()
        }
    };
    let step = i64::try_from(step).unwrap_or(1);
    let mut all = Vec::new();
    let mut n = from;
    for _ in 0..count {
        all.push(show(n));
        n = if from <= to { n.saturating_add(step) } else { n.saturating_sub(step) };
    }
    Some(Some(all))
}

fn one_letter(text: &str) -> Option<char> {
    let mut chars = text.chars();
    let c = chars.next().filter(char::is_ascii_alphabetic)?;
    chars.next().is_none().then_some(c)
}
