//! Programs that show a directory to the network: everything in it can be fetched from then on.

use crate::shell::program::{Parsed, options};
use crate::shell::value::{Text, known};
use crate::shell::walk::{State, Walker};

/// `name|words before|options with a value|the option that names the directory`; without one it is the first operand, and without that
/// the directory that the program is started in.
const TABLE: &str = "
http-server||-p -a -c -d -S -C -K|
serve||-l -p -c -d|
live-server||--port --host --open|
servor|||
miniserve||-p -i|
darkhttpd||--port --addr|
webfsd||-p -r|-r
httpd||-p -h -c -u|-h
caddy|file-server|--root --listen --domain|--root
twistd|web|--path --port --listen|--path
php||-S -t -d -c|-t
ruby||-r -e -p|
";

/// Serves a directory, when the program is one of these.
pub(in crate::shell) fn run(w: &mut Walker<'_>, st: &State, name: &str, args: &[Text]) {
    let Some(mut cells) = TABLE
        .lines()
        .map(|line| line.split('|'))
        .find_map(|mut cells| (cells.next() == Some(name)).then_some(cells))
    else {
        return;
    };
    let (words, valued, option) =
        (cells.next().unwrap_or(""), cells.next().unwrap_or(""), cells.next().unwrap_or(""));
    let p = options(args, valued);
    let listens = match name {
        "php" => p.has(&["-S"]),
        "ruby" => p.values(&["-e"]).any(|code| code.s == "httpd"),
        _ => p.operands.first().is_some_and(|o| o.s == words) || words.is_empty(),
    };
    if !listens {
        return;
    }
    let operand = p.operands.get(usize::from(!words.is_empty())).copied();
    let named = if option.is_empty() { operand } else { p.value(option) };
    served(w, st, named);
}

/// `python3 -m http.server -d directory`: the words behind `-m`.
pub(in crate::shell) fn module(w: &mut Walker<'_>, st: &State, words: &[Text]) {
    if words.first().is_some_and(|m| matches!(m.s.as_str(), "http.server" | "SimpleHTTPServer")) {
        let rest = words.get(1..).unwrap_or_default();
        let p: Parsed<'_> = options(rest, "-d --directory -b --bind -p");
        let named = p.values(&["-d", "--directory"]).next();
        served(w, st, named);
    }
}

/// A directory that everybody can fetch from.
fn served(w: &mut Walker<'_>, st: &State, named: Option<&Text>) {
    let here = known(".");
    for directory in named.map_or(here.as_slice(), std::slice::from_ref) {
        let full = st.full(directory);
        if let Some(secret) = w.reads(&full) {
            w.leaves(&secret, "a server of files");
        }
    }
}
