//! Timestamps by the four layouts that go-yaml v3 tries, written as Go's `MarshalText` does (RFC 3339, fraction without trailing zeros).
//!
//! The invariant: `None` means that go-yaml reads text. Deliberately absent: any arithmetic, because the offset stays as it was written.

/// The RFC 3339 words of a plain scalar that is a timestamp.
pub(super) fn rfc3339(value: &str) -> Option<String> {
    let mut rest = Cursor(value);
    let year = rest.exactly(4)?;
    rest.sign("-")?;
    let month = rest.one_or_two()?;
    rest.sign("-")?;
    let day = rest.one_or_two()?;
    if !(1..=12).contains(&month) || day == 0 || day > days(year, month) {
        return None;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if rest.0.is_empty() {
        return Some(format!("{date}T00:00:00Z"));
    }
    let spaced = rest.0.starts_with(' ');
    if spaced {
        rest.0 = rest.0.trim_start_matches(' ');
    } else {
        rest.sign("T").or_else(|| rest.sign("t"))?;
    }
    let time = clock(&mut rest)?;
    let zone = if spaced { String::from("Z") } else { zone(&mut rest)? };
    rest.0.is_empty().then(|| format!("{date}T{time}{zone}"))
}

fn clock(rest: &mut Cursor<'_>) -> Option<String> {
    let hour = rest.one_or_two()?;
    rest.sign(":")?;
    let minute = rest.one_or_two()?;
    rest.sign(":")?;
    let second = rest.one_or_two()?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = fraction(rest);
    Some(format!("{hour:02}:{minute:02}:{second:02}{fraction}"))
}

/// Go takes any number of digits after a point or a comma and keeps nine.
fn fraction(rest: &mut Cursor<'_>) -> String {
    let Some(after) = rest.0.strip_prefix(['.', ',']) else { return String::new() };
    let length = after.bytes().take_while(u8::is_ascii_digit).count();
    if length == 0 {
        return String::new();
    }
    let figures = after.get(..length.min(9)).unwrap_or_default().trim_end_matches('0');
    rest.0 = after.get(length..).unwrap_or_default();
    if figures.is_empty() { String::new() } else { format!(".{figures}") }
}

fn zone(rest: &mut Cursor<'_>) -> Option<String> {
    if rest.sign("Z").is_some() {
        return Some(String::from("Z"));
    }
    let sign = rest.sign("+").or_else(|| rest.sign("-"))?;
    let hours = rest.exactly(2)?;
    rest.sign(":")?;
    let minutes = rest.exactly(2)?;
    // Go reads up to 24:60 and then cannot write it; what it writes is at most 23:59.
    if hours > 23 || minutes > 59 {
        return None;
    }
    Some(if hours == 0 && minutes == 0 {
        String::from("Z")
    } else {
        format!("{sign}{hours:02}:{minutes:02}")
    })
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn digits(&mut self, most: usize) -> Option<(usize, u32)> {
        let length = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (figures, rest) = self.0.split_at_checked(length)?;
        let number = figures.parse().ok()?;
        self.0 = rest;
        Some((length, number))
    }

    fn exactly(&mut self, length: usize) -> Option<u32> {
        self.digits(length).and_then(|(found, number)| (found == length).then_some(number))
    }

    fn one_or_two(&mut self) -> Option<u32> {
        self.digits(2).map(|(_, number)| number)
    }

    fn sign(&mut self, sign: &'a str) -> Option<&'a str> {
        self.0 = self.0.strip_prefix(sign)?;
        Some(sign)
    }
}
