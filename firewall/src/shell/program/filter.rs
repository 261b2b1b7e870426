//! Filters: text in, text out. Computed where the text is known and the program simple.

use super::super::value::{Taint, Text, Value, concat, from, known, map, single, taint, unknown};
use super::super::walk::{Input, State, Walker};
use super::{contents, known_file, options};

/// Runs a filter; `None` when the name is none.
pub(super) fn run(
    w: &mut Walker<'_>,
    st: &mut State,
    name: &str,
    args: &[Text],
    input: &Input,
) -> Option<Value> {
    Some(match name {
        "cat" | "tac" | "bat" | "batcat" | "less" | "more" | "most" | "head" | "tail" | "nl"
        | "uniq" | "fold" | "fmt" | "expand" | "unexpand" | "pr" | "column" | "od" | "hexdump"
        | "hd" | "strings" | "view" | "zless" | "zmore" | "pg" | "look" | "tsort" | "shuf"
        | "cut" | "paste" | "join" | "comm" | "sort" | "split" | "csplit" | "iconv"
        | "dos2unix" | "ts" | "pv" | "xxd" | "base64" | "base32" | "ghead" | "gtail" | "gcat" => {
            pass(w, st, name, args, input)
        }
        "wc" | "cksum" | "sum" | "md5sum" | "sha1sum" | "sha224sum" | "sha256sum" | "sha384sum"
        | "sha512sum" | "b2sum" | "md5" | "shasum" | "cmp" => {
            let parsed = options(args, "-b -n --files0-from");
            let mut files = parsed.operands.clone();
            files.extend(parsed.values(&["--files0-from"]));
            contents(w, st, &files, input);
            unknown()
        }
        "diff" | "colordiff" | "sdiff" | "vimdiff" | "delta" => {
            let parsed = options(args, "-U -C -W --label -I -x");
            contents(w, st, &parsed.operands, input)
        }
        // sponge writes when all is read, and prints only where it names no file.
        "tee" | "sponge" => tee(w, st, args, input),
        "tr" => tr(args, input),
        "grep" | "egrep" | "fgrep" | "rg" | "ag" | "ack" | "zgrep" | "pcregrep" | "ripgrep"
        | "ugrep" | "git-grep" => grep(w, st, name, args, input),
        "sed" | "gsed" => sed(w, st, args, input),
        "jq" | "yq" | "gojq" | "xmllint" | "tomlq" | "dasel" | "mlr" | "xsv" | "csvcut" => {
            query(w, st, args, input)
        }
        // The lines of a list are named where they are no files.
        "file" => {
            let parsed = options(args, "-f --files-from -F -m -P -e");
            let lists: Vec<&Text> = parsed.values(&["-f", "--files-from"]).collect();
            if lists.is_empty() {
                return None;
            }
            contents(w, st, &lists, input)
        }
        "printenv" => printenv(w, st, args),
        _ => return None,
    })
}

/// `jq` and its relatives: files, strings of a program that loads, variables of the environment.
fn query(w: &mut Walker<'_>, st: &State, args: &[Text], input: &Input) -> Value {
    let parsed = options(args, "-f --from-file --arg --argjson --slurpfile --rawfile -L --indent");
    let files = parsed.operands.get(1..).unwrap_or(&[]);
    let read = contents(w, st, files, input);
    for file in parsed.values(&["-f", "--from-file"]) {
        known_file(w, st, file);
    }
    let mut all = quiet(&read);
    // `--rawfile name path` has two values.
    let second = args.windows(3).filter_map(|words| match words {
        [option, _, path] if matches!(option.s.as_str(), "--rawfile" | "--slurpfile") => Some(path),
        _ => None,
    });
    for path in second {
        all.add(&taint(&w.read_file(st, path)));
    }
    let program = parsed.operands.first().map_or("", |p| p.s.as_str());
    // `load_str("path")`: the strings of a program.
    for literal in program.split('"').skip(1).step_by(2).filter(|_| program.contains("load")) {
        all.add(&known_file(w, st, &Text::lit(literal)).unwrap_or_default());
    }
    let words = || program.split(['|', ' ', '(', ')', ',', '{', '}', ':']);
    for name in words().filter_map(|t| t.strip_prefix("env.").or_else(|| t.strip_prefix("$ENV."))) {
        all.add(&taint(&w.environment(st, name)));
    }
    let exports = words().any(|t| t == "env" || t.starts_with("$ENV") && !t.contains('.'));
    if exports { w.whole_environment() } else { from(all) }
}

/// The taint of a computed result: a secret stays one, and what came from afar stays from afar.
fn quiet(value: &[Text]) -> Taint {
    taint(value)
}

/// Content goes through, whole or in part.
fn pass(w: &mut Walker<'_>, st: &State, name: &str, args: &[Text], input: &Input) -> Value {
    let valued = match name {
        "head" | "tail" | "ghead" | "gtail" => "-n -c --lines --bytes",
        "cut" => "-d -f -c -b --delimiter --fields --output-delimiter",
        "sort" => "-k -t -o -S -T --key --field-separator --output --random-source --files0-from",
        "od" | "hexdump" | "hd" => "-A -t -N -j -w -e -f -n -s",
        "xxd" => "-l -s -c -g",
        "base64" | "base32" => "-w -i -o --wrap",
        "uniq" => "-f -s -w",
        "fold" | "fmt" => "-w --width",
        "paste" | "column" => "-d -s -c -t -N -o",
        "iconv" => "-f -t --from-code --to-code -o",
        "bat" | "batcat" => "-l --language -r --line-range --style --theme -H",
        "split" => "-l -b -n -a",
        _ => "",
    };
    let parsed = options(args, valued);
    let mut files = parsed.operands.clone();
    files.extend(parsed.values(&["--random-source", "--files0-from"]));
    if name == "base64" || name == "base32" {
        files.extend(parsed.values(&["-i"]));
    }
    let content = contents(w, st, &files, input);
    match name {
        "cat" | "gcat" | "less" | "more" | "bat" | "batcat" if parsed.options.is_empty() => content,
        "head" | "tail" | "ghead" | "gtail" => {
            map(&content, |s| some_lines(s, name.ends_with("head"), &parsed))
        }
        "cut" => map(&content, |s| cut(s, &parsed)),
        "fold" => map(&content, |s| parsed.options.is_empty().then(|| s.to_owned())),
        "sort" | "uniq" | "fmt" | "expand" | "unexpand" | "pv" | "dos2unix"
            if parsed.options.is_empty() =>
        {
            map(&content, |s| (s.lines().count() <= 1).then(|| s.to_owned()))
        }
        "tac" => map(&content, |s| Some(s.lines().rev().map(|l| format!("{l}\n")).collect())),
        "iconv" => content,
        _ => from(quiet(&content)),
    }
}

fn some_lines(s: &str, front: bool, parsed: &super::Parsed<'_>) -> Option<String> {
    let bytes = parsed.value("-c").or_else(|| parsed.value("--bytes"));
    let lines = parsed.value("-n").or_else(|| parsed.value("--lines"));
    let old = parsed
        .options
        .iter()
        .find_map(|(n, _)| n.strip_prefix('-').and_then(|d| d.parse::<usize>().ok()));
    if let Some(count) = bytes {
        let text = count.known()?;
        return if front {
            text.parse::<usize>().ok().map(|n| s.chars().take(n).collect())
        } else if let Some(from) = text.strip_prefix('+') {
            from.parse::<usize>().ok().map(|n| s.chars().skip(n.saturating_sub(1)).collect())
        } else {
            text.parse::<usize>()
                .ok()
                .map(|n| s.chars().skip(s.chars().count().saturating_sub(n)).collect())
        };
    }
    let count = match lines {
        Some(text) => text.known()?.trim_start_matches('+').parse::<usize>().ok()?,
        None => old.unwrap_or(10),
    };
    let all: Vec<&str> = s.lines().collect();
    let from_start = lines.is_some_and(|l| l.s.starts_with('+'));
    let chosen: Vec<&str> = match (front, from_start) {
        (true, _) => all.into_iter().take(count).collect(),
        (false, true) => all.into_iter().skip(count.saturating_sub(1)).collect(),
        (false, false) => {
            let skip = all.len().saturating_sub(count);
            all.into_iter().skip(skip).collect()
        }
    };
    Some(chosen.iter().map(|l| format!("{l}\n")).collect())
}

fn cut(s: &str, parsed: &super::Parsed<'_>) -> Option<String> {
    let range = |text: &Text| {
        let text = text.known()?;
        let (from, to) = text.split_once('-').map_or((text, text), |(a, b)| (a, b));
        let from = if from.is_empty() { 1 } else { from.parse::<usize>().ok()? };
        let to = if to.is_empty() { usize::MAX } else { to.parse::<usize>().ok()? };
        Some((from, to))
    };
    let chosen = |items: Vec<String>, (from, to): (usize, usize), glue: &str| -> String {
        items
            .into_iter()
            .skip(from.saturating_sub(1))
            .take(to.saturating_sub(from).saturating_add(1))
            .collect::<Vec<_>>()
            .join(glue)
    };
    let mut out = String::new();
    for line in s.lines() {
        if let Some(columns) = parsed.value("-c").or_else(|| parsed.value("-b")) {
            out.push_str(&chosen(line.chars().map(String::from).collect(), range(columns)?, ""));
        } else {
            let delimiter = parsed
                .value("-d")
                .or_else(|| parsed.value("--delimiter"))
                .map_or("\t", |d| d.s.as_str());
            let fields = parsed.value("-f").or_else(|| parsed.value("--fields"))?;
            out.push_str(&chosen(
                line.split(delimiter).map(str::to_owned).collect(),
                range(fields)?,
                delimiter,
            ));
        }
        out.push('\n');
    }
    Some(out)
}

fn tee(w: &mut Walker<'_>, st: &mut State, args: &[Text], input: &Input) -> Value {
    let parsed = options(args, "--output-error");
    let content = input.clone().unwrap_or_else(unknown);
    let append = parsed.has(&["-a", "--append"]);
    for path in &parsed.operands {
        if super::network::socket(&path.s) {
            w.leaves(&taint(&content), &path.shown());
        } else {
            w.write_file(st, path, content.clone(), append);
        }
    }
    content
}

/// Sets of characters, ranges, `-d`; classes by name are the two that matter.
fn tr(args: &[Text], input: &Input) -> Value {
    let parsed = options(args, "");
    let content = input.clone().unwrap_or_else(unknown);
    let set = |at: usize| parsed.operands.get(at).and_then(|t| t.known()).map(expand_set);
    let decodes = |value: Value| {
        super::super::value::stain(value, &Taint { decoded: true, ..Taint::default() })
    };
    if parsed.has(&["-c", "-C"]) {
        return map(&content, |_| None);
    }
    if parsed.has(&["-d"]) {
        let Some(gone) = set(0) else { return map(&content, |_| None) };
        return map(&content, |s| Some(s.chars().filter(|c| !gone.contains(c)).collect()));
    }
    let (Some(from), Some(to)) = (set(0), set(1)) else { return map(&content, |_| None) };
    let letters = from.iter().any(char::is_ascii_alphabetic);
    let cases = parsed.operands.iter().all(|o| {
        o.s.contains(":upper:") || o.s.contains(":lower:") || matches!(o.s.as_str(), "a-z" | "A-Z")
    });
    let mapped = map(&content, |s| {
        let change = |c: char| {
            from.iter()
                .rposition(|&f| f == c)
                .and_then(|at| to.get(at).or_else(|| to.last()).copied())
                .unwrap_or(c)
        };
        Some(s.chars().map(change).collect())
    });
    if letters && !cases { decodes(mapped) } else { mapped }
}

fn expand_set(set: &str) -> Vec<char> {
    let set = set
        .replace("[:upper:]", "A-Z")
        .replace("[:lower:]", "a-z")
        .replace("[:digit:]", "0-9")
        .replace("[:space:]", " \t\n\r");
    let (set, _) = super::super::expand::echo_escapes(&set);
    let chars: Vec<char> = set.chars().collect();
    let (mut out, mut i) = (Vec::new(), 0);
    while let Some(&c) = chars.get(i) {
        match (chars.get(i + 1), chars.get(i + 2)) {
            (Some('-'), Some(&end)) if c <= end && out.len() < 512 => {
                out.extend(c..=end);
                i += 3;
            }
            _ => {
                out.push(c);
                i += 1;
            }
        }
    }
    out
}

/// What secrets look like, for a search that collects them.
const TELLTALE: [&str; 12] = [
    "AKIA",
    "ghp_",
    "gho_",
    "github_pat_",
    "sk-ant",
    "sk-proj",
    "xox",
    "BEGIN RSA",
    "BEGIN OPENSSH",
    "PRIVATE KEY",
    "AIza",
    "glpat-",
];

#[expect(clippy::too_many_lines, reason = "one option after another, each once")]
fn grep(w: &mut Walker<'_>, st: &State, name: &str, args: &[Text], input: &Input) -> Value {
    let parsed = options(
        args,
        "-e -f -A -B -C -m -D -d --regexp --file --include --exclude --exclude-dir -g --glob -t --type -T --replace --max-count",
    );
    let mut operands = parsed.operands.clone();
    let patterns: Vec<Text> = parsed.values(&["-e", "--regexp"]).cloned().collect();
    let mut pattern = patterns.into_iter().next();
    if pattern.is_none()
        && parsed.value("-f").is_none()
        && !parsed.has(&["--files"])
        && !operands.is_empty()
    {
        pattern = Some(operands.remove(0).clone());
    }
    for file in parsed.values(&["-f", "--file"]) {
        w.read_file(st, file);
    }
    let recursive =
        parsed.has(&["-r", "-R", "--recursive"]) || matches!(name, "rg" | "ag" | "ack" | "ripgrep");
    let only_count = parsed.has(&[
        "-q",
        "-c",
        "-l",
        "-L",
        "--quiet",
        "--count",
        "--files-with-matches",
        "--silent",
    ]);
    let searched = pattern.as_ref().map(|p| p.s.clone()).unwrap_or_default();
    let here = Text::lit(".");
    if recursive && operands.is_empty() && input.is_none() {
        operands.push(&here);
    }
    let content = match recursive {
        true if operands.is_empty() => unknown(),
        true => from(super::files::gathered(w, st, &operands)),
        false => contents(w, st, &operands, input),
    };
    if recursive && TELLTALE.iter().any(|t| searched.contains(t)) {
        return from(Taint::secret("what a search for credentials finds"));
    }
    let mut found = taint(&content);
    if only_count {
        return unknown();
    }
    // One named variable of the environment, and no secret one.
    let upper = searched.to_ascii_uppercase();
    let asks_for_secret = ["KEY", "TOKEN", "SECRET", "PASS", "AWS", "AUTH", "CRED", "."]
        .iter()
        .any(|s| upper.contains(s));
    if found.secret.as_deref() == Some("the whole environment")
        && !asks_for_secret
        && upper.len() > 2
        && !parsed.has(&["-v"])
    {
        found.secret = None;
        found.loud = false;
    }
    let simple = pattern.as_ref().and_then(|p| p.known()).filter(|p| {
        parsed.options.is_empty() && p.chars().all(|c| c.is_alphanumeric() || c == ' ')
    });
    match simple {
        Some(needle) => {
            let kept = map(&content, |s| {
                Some(s.lines().filter(|l| l.contains(needle)).map(|l| format!("{l}\n")).collect())
            });
            kept.into_iter().map(|t| Text { taint: found.clone(), ..t }).collect()
        }
        None => from(found),
    }
}

/// `s/a/b/`, `w file`, `e`, `-i`.
fn sed(w: &mut Walker<'_>, st: &mut State, args: &[Text], input: &Input) -> Value {
    let parsed = options(args, "-e -f --expression --file -l");
    let mut operands = parsed.operands.clone();
    let mut scripts: Vec<Text> = parsed.values(&["-e", "--expression"]).cloned().collect();
    if scripts.is_empty() && parsed.value("-f").is_none() && !operands.is_empty() {
        scripts.push(operands.remove(0).clone());
    }
    let in_place = parsed.options.iter().any(|(n, _)| n == "-i" || n.starts_with("--in-place"));
    if in_place {
        // On macOS `-i` takes a suffix, which then is the first operand.
        for path in &operands {
            let full = st.full(path);
            w.writes(&full);
            st.files.remove(&full);
        }
        return known("");
    }
    let content = contents(w, st, &operands, input);
    for file in parsed.values(&["-f", "--file"]) {
        scripts.extend(w.read_file(st, file));
    }
    for script in &scripts {
        sed_writes(w, st, script, &content);
    }
    let [one] = scripts.as_slice() else { return from(quiet(&content)) };
    let Some(text) = one.known() else { return from(quiet(&content)) };
    let changes = substitution(text);
    match changes {
        Some((from_text, to, all)) if !parsed.has(&["-n", "-E", "-r"]) => {
            let replaced = map(&content, |s| {
                Some(
                    s.split_inclusive('\n')
                        .map(|l| {
                            if all {
                                l.replace(&from_text, &to)
                            } else {
                                l.replacen(&from_text, &to, 1)
                            }
                        })
                        .collect(),
                )
            });
            super::super::value::stain(
                replaced,
                &Taint { decoded: single(&content).is_some(), ..Taint::default() },
            )
        }
        _ => from(quiet(&content)),
    }
}

fn sed_writes(w: &mut Walker<'_>, st: &mut State, script: &Text, content: &Value) {
    for line in script.s.split(['\n', ';', '}']) {
        let line = line
            .trim()
            .trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '$' | ',' | '{' | ' '));
        if let Some(path) =
            line.strip_prefix("w ").or_else(|| line.rsplit_once("/w ").map(|(_, p)| p))
        {
            w.write_file(st, &Text::lit(path.trim()), content.clone(), false);
        }
        if let Some(path) = line.strip_prefix("r ").or_else(|| line.strip_prefix("R ")) {
            w.read_file(st, &Text::lit(path.trim()));
        }
        if let Some(code) = line.strip_prefix("e ") {
            w.script(&mut st.clone(), &Text::lit(code), None);
        }
        let flags = line.starts_with('s').then(|| line.rsplit(['/', '|', '#']).next()).flatten();
        if line == "e" || flags.is_some_and(|f| f.contains('e') && f.len() < 4) {
            for code in content {
                w.script(&mut st.clone(), code, None);
            }
        }
    }
}

/// A substitution of plain text by plain text.
fn substitution(script: &str) -> Option<(String, String, bool)> {
    let rest = script.strip_prefix('s')?;
    let delimiter = rest.chars().next().filter(|c| !c.is_alphanumeric())?;
    let mut cells = rest.get(delimiter.len_utf8()..)?.split(delimiter);
    let (from, to, flags) = (cells.next()?, cells.next()?, cells.next()?);
    let plain = |s: &str| !s.contains(['\\', '[', '*', '.', '^', '$', '&']);
    (cells.next().is_none()
        && plain(from)
        && plain(to)
        && !from.is_empty()
        && matches!(flags, "" | "g"))
    .then(|| (from.to_owned(), to.to_owned(), flags == "g"))
}

fn printenv(w: &mut Walker<'_>, st: &State, args: &[Text]) -> Value {
    let parsed = options(args, "");
    if parsed.operands.is_empty() {
        return w.whole_environment();
    }
    let mut out = known("");
    for name in &parsed.operands {
        let value = name
            .known()
            .map_or_else(unknown, |n| st.scalar(n).unwrap_or_else(|| w.environment(st, n)));
        out = concat(&concat(&out, &value), &known("\n"));
    }
    out
}
