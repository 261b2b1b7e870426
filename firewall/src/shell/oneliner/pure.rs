//! Calls without an effect, whose result is computed.

use super::super::value::{Taint, Text, Value, map, stain};
use super::Language;
use super::calls::{Args, Reader, home_for, prints, program_base64, program_hex};
use super::value::Val;

impl Reader<'_, '_> {
    /// Calls without an effect, computed.
    #[expect(clippy::too_many_lines, reason = "a table: one arm a family of calls")]
    pub(super) fn pure(
        &mut self,
        name: &str,
        function: &str,
        args: &Args,
        receiver: Option<&Val>,
    ) -> Option<Val> {
        let first = args.first();
        let decoded = |v: Value| Val::of(stain(v, &Taint { decoded: true, ..Taint::default() }));
        Some(match function {
            "b64decode" | "urlsafe_b64decode" | "standard_b64decode" | "atob" | "decode64"
            | "strict_decode64" | "base64_decode" | "decode_base64" | "decodebytes" => {
                decoded(map(&first.text, program_base64))
            }
            "unhexlify" | "fromhex" | "hex2bin" | "a2b_hex" => {
                decoded(map(&first.text, program_hex))
            }
            "from" if name.contains("Buffer") => match args.nth(1).and_then(Val::single) {
                Some("base64" | "base64url") => decoded(map(&first.text, program_base64)),
                Some("hex") => decoded(map(&first.text, program_hex)),
                _ => first,
            },
            "decompress" | "inflateSync" | "gunzipSync" | "loads" | "rot13" | "str_rot13"
            | "gzinflate" | "gzuncompress" | "unpack" | "fromCharCode" | "fromCodePoint"
            | "chr" => {
                let mut all = args.taint();
                all.decoded |= !matches!(function, "chr") || self.language != Language::Other;
                match args
                    .characters()
                    .filter(|_| function.starts_with("from") || function == "chr")
                {
                    Some(text) => Val::of(vec![Text { s: text, taint: all }]),
                    None => Val::tainted(all),
                }
            }
            // Patterns stay what they are: any of the names.
            "glob" | "iglob" | "globSync" => {
                let active = |t: &Text| Text {
                    s: home_for(&t.s, self.w.cx.home)
                        .replace('*', &super::super::value::STAR.to_string())
                        .replace('?', &super::super::value::ONE.to_string()),
                    taint: t.taint.clone(),
                };
                let source = match receiver.filter(|r| r.callee.is_none()) {
                    Some(directory) => directory.plus(&Val::known("/")).plus(&first),
                    None => first,
                };
                Val::list(vec![Val::of(source.text.iter().map(active).collect())])
            }
            "decode" | "toString" | "encode" | "strip" | "trim" | "to_s" | "unpack1" | "chomp"
            | "read" | "text" | "str" | "String" | "bytes" | "body" => match receiver {
                Some(receiver) if receiver.callee.is_none() => receiver.clone(),
                None if matches!(function, "str" | "String" | "bytes" | "text") => first,
                _ => return None,
            },
            "join" | "joinpath" | "resolve"
                if name.contains("path") || name.contains("Path") || function == "joinpath" =>
            {
                let mut all = if function == "joinpath" { receiver.cloned() } else { None };
                for part in &args.plain {
                    all = Some(match all {
                        Some(head) => head.plus(&Val::known("/")).plus(part),
                        None => part.clone(),
                    });
                }
                all?
            }
            "join" => {
                let glue = receiver
                    .filter(|r| r.items.is_none())
                    .cloned()
                    .unwrap_or_else(|| first.clone());
                let list = if receiver.is_some_and(|r| r.items.is_some()) {
                    receiver.cloned()?
                } else {
                    first
                };
                list.items?
                    .into_iter()
                    .reduce(|a, b| a.plus(&glue).plus(&b))
                    .unwrap_or_else(|| Val::known(""))
            }
            "split" if receiver.is_some() => {
                let text = receiver?.single()?.to_owned();
                let parts: Vec<Val> = match args.plain.first().and_then(Val::single) {
                    Some(by) if !by.is_empty() => text.split(by).map(Val::known).collect(),
                    _ => text.split_whitespace().map(Val::known).collect(),
                };
                Val::list(parts)
            }
            "absolute" | "resolve" if args.plain.is_empty() => {
                receiver.filter(|r| r.callee.is_none()).cloned()?
            }
            "expanduser" | "expand_path" => Val::of(
                receiver
                    .filter(|r| r.callee.is_none() && args.plain.is_empty())
                    .unwrap_or(&first)
                    .text
                    .iter()
                    .map(|t| Text { s: home_for(&t.s, self.w.cx.home), taint: t.taint.clone() })
                    .collect(),
            ),
            "home" | "homedir" => Val::known(self.w.cx.home),
            "getcwd" | "cwd" | "pwd" => {
                self.st.cwd.as_deref().map_or_else(Val::unknown, Val::known)
            }
            "Path" | "PurePath" | "URL" | "abspath" | "realpath" | "normpath" => first,
            "getenv" | "fetch" | "get"
                if name.contains("environ")
                    || name.contains("ENV")
                    || function == "getenv"
                    || name.contains("process.env") =>
            {
                let variable = first.single()?.to_owned();
                Val::of(self.w.environment(self.st, &variable))
            }
            "print" | "log" | "puts" | "p" | "say" | "printf" | "write" | "print_r"
            | "var_dump" | "echo"
                if prints(name, self.language) =>
            {
                let out = first.text.clone();
                self.printed =
                    super::super::value::concat(&self.printed, &stain(out, &args.taint()));
                Val::unknown()
            }
            _ => return None,
        })
    }
}
