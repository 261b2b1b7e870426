//! Decoders: computed on known text, and a taint on what comes out either way.

use super::super::value::{Taint, Text, Value, map, stain};
use super::super::walk::{Input, State, Walker};
use super::{contents, options};

/// Runs a decoder; `None` when the program is none or encodes.
pub(super) fn run(
    w: &mut Walker<'_>,
    st: &mut State,
    name: &str,
    args: &[Text],
    input: &Input,
) -> Option<Value> {
    let all = |letter: &str, long: &str| options(args, "-w --wrap -i -o").has(&[letter, long]);
    let decode: fn(&str) -> Option<String> = match name {
        "base64" | "gbase64" if all("-d", "--decode") || all("-D", "--decode") => base64,
        "base32" if all("-d", "--decode") => base32,
        "basenc" if all("-d", "--decode") => |_| None,
        "xxd"
            if all("-r", "--revert")
                || args.iter().any(|a| a.s.contains('r') && a.s.starts_with('-')) =>
        {
            hex
        }
        "openssl" if args.iter().any(|a| a.s == "-d") => base64,
        "uudecode" | "gunzip" | "zcat" | "bunzip2" | "bzcat" | "unxz" | "xzcat" | "unzstd"
        | "zstdcat" | "lz4cat" | "gzcat" | "brotli" | "uncompress" | "unlzma" | "lzcat"
        | "funzip" => |_| None,
        "gzip" | "bzip2" | "xz" | "zstd" | "lzma" | "pigz"
            if all("-d", "--decompress") || all("--uncompress", "--decompress") =>
        {
            |_| None
        }
        "rev" => |s| Some(s.lines().map(|l| l.chars().rev().collect::<String>() + "\n").collect()),
        "base58" | "ascii85" | "z85" if all("-d", "--decode") => |_| None,
        "jwt" | "qprint" | "recode" => |_| None,
        _ => return None,
    };
    let parsed = options(args, "-w --wrap -i -in -out -o -p -s -c -k -pass -iv -K -S --columns");
    let mut operands = parsed.operands.clone();
    if name == "openssl" {
        operands = parsed.values(&["-in"]).collect();
    }
    let named: Vec<&Text> = parsed.values(&["-i"]).filter(|_| name == "base64").collect();
    operands.extend(named);
    let source = contents(w, st, &operands, input);
    let decoded = map(&source, decode);
    Some(stain(decoded, &Taint { decoded: true, ..Taint::default() }))
}

fn bytes_to_text(bytes: Vec<u8>) -> Option<String> {
    String::from_utf8(bytes).ok()
}

/// Standard or URL alphabet; spaces are passed over and padding is not asked for.
pub(in super::super) fn base64(text: &str) -> Option<String> {
    bits(text, 6, |c| match c {
        'A'..='Z' => Some(u32::from(c) - 65),
        'a'..='z' => Some(u32::from(c) - 71),
        '0'..='9' => Some(u32::from(c) + 4),
        '+' | '-' => Some(62),
        '/' | '_' => Some(63),
        _ => None,
    })
}

fn base32(text: &str) -> Option<String> {
    bits(text, 5, |c| match c.to_ascii_uppercase() {
        c @ 'A'..='Z' => Some(u32::from(c) - 65),
        c @ '2'..='7' => Some(u32::from(c) - 24),
        _ => None,
    })
}

/// Hexadecimal digits, as `xxd -r -p` takes them; offsets of the other form are not followed.
pub(in super::super) fn hex(text: &str) -> Option<String> {
    let digits: String = text.replace("\\x", "").replace("0x", "");
    bits(&digits, 4, |c| c.to_digit(16))
}

fn bits(text: &str, width: u32, value: impl Fn(char) -> Option<u32>) -> Option<String> {
    let (mut bytes, mut buffer, mut held) = (Vec::new(), 0_u32, 0_u32);
    for c in text.chars().filter(|c| !c.is_whitespace() && *c != '=') {
        buffer = (buffer << width) | value(c)?;
        held += width;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((buffer >> held) & 0xff).ok()?);
            buffer &= (1 << held) - 1;
        }
    }
    bytes_to_text(bytes)
}
