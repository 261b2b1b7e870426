//! Programs that hang on a socket: `nc`, `socat`, `openssl s_client`.

use super::super::{contents, known_file, options, part};
use crate::shell::value::{Taint, Text, Value, from, known, map, taint, unknown};
use crate::shell::walk::{Input, State, Walker};

/// `nc`, `socat` and their relatives.
pub(super) fn socket_program(
    w: &mut Walker<'_>,
    st: &mut State,
    name: &str,
    args: &[Text],
    input: &Input,
) -> Value {
    let p = options(
        args,
        "-e -c -p -s -w -i -q -X -x -g -G -b -T -I -O -P -k --exec --sh-exec --lua-exec --proxy --source-port --allow --deny",
    );
    let peer = format!("{name} {}", p.operands.first().map(|o| o.shown()).unwrap_or_default());
    let sent = input.as_deref().map(taint).unwrap_or_default();
    w.leaves(&sent, &peer);
    for arg in args {
        w.leaves(&arg.taint, &peer);
    }
    let mut handlers: Vec<Text> =
        p.values(&["--exec", "--sh-exec", "--lua-exec"]).cloned().collect();
    if name != "socat" && name != "telnet" {
        handlers.extend(p.values(&["-e", "-c"]).cloned());
    }
    for address in &p.operands {
        let upper = address.s.to_ascii_uppercase();
        for kind in ["EXEC:", "SYSTEM:", "SHELL:"] {
            if upper.starts_with(kind) {
                let code =
                    address.s.get(kind.len()..).unwrap_or("").split(',').next().unwrap_or("");
                handlers.push(part(address, code.trim_matches(['"', '\''])));
            }
        }
        if upper == "SHELL" || upper.starts_with("SHELL,") {
            handlers.push(Text::lit("sh"));
        }
        for kind in ["OPEN:", "FILE:", "CREATE:", "GOPEN:"] {
            if upper.starts_with(kind) {
                let path = part(
                    address,
                    address.s.get(kind.len()..).unwrap_or("").split(',').next().unwrap_or(""),
                );
                if let Some(secret) = known_file(w, st, &path) {
                    w.leaves(&secret, &peer);
                }
            }
        }
    }
    for handler in &handlers {
        // Whoever is at the other end speaks to this program.
        w.script(&mut st.clone(), handler, Some(from(Taint::remote())));
    }
    if p.has(&["-z", "-h", "--help", "--version"]) {
        return unknown();
    }
    from(Taint::remote())
}

pub(super) fn openssl(w: &mut Walker<'_>, st: &mut State, args: &[Text], input: &Input) -> Value {
    let p = options(
        args,
        "-connect -host -port -in -out -key -cert -inkey -pass -passin -passout -CAfile -servername -subj -days -newkey -k -K -iv -S -signkey",
    );
    match p.operands.first().map(|o| o.s.as_str()) {
        Some("s_client") => {
            w.leaves(&input.as_deref().map(taint).unwrap_or_default(), "openssl s_client");
            from(Taint::remote())
        }
        Some("rsa" | "pkey" | "ec" | "pkcs12" | "enc" | "pkcs8" | "base64") => {
            let files: Vec<&Text> = p.values(&["-in", "-inkey"]).collect();
            let content = contents(w, st, &files, input);
            match p.value("-out").cloned() {
                Some(path) => {
                    w.write_file(st, &path, map(&content, |_| None), false);
                    known("")
                }
                None if p.has(&["-pubout", "-noout"]) => unknown(),
                None => from(taint(&content)),
            }
        }
        _ => {
            for value in p.values(&["-in", "-key", "-inkey"]) {
                known_file(w, st, value);
            }
            unknown()
        }
    }
}
