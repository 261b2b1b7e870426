//! Programs that talk to the network: what they bring in, what they take out, and shells that hang on a socket.

mod database;
mod request;
mod serve;
mod socket;
mod transfer;

pub(in crate::shell) use request::destroys;
pub(in crate::shell) use serve::{module as serves_module, run as serves};
pub(in crate::shell) use transfer::ssh_options;

use request::{curl, fetcher, httpie, wget};
use socket::{openssl, socket_program};
use transfer::{transfer, uploads};

use super::{known_file, paths_in};
use crate::shell::value::{HOLE, Text, Value, known, taint, unknown};
use crate::shell::walk::{Input, State, Walker};

/// Whether a path is one of bash's sockets.
pub(in crate::shell) fn socket(path: &str) -> bool {
    path.starts_with("/dev/tcp/") || path.starts_with("/dev/udp/")
}

/// Whether a text is an address that is fetched over the network.
pub(in crate::shell) fn remote_url(text: &str) -> bool {
    [
        "http://",
        "https://",
        "ftp://",
        "ftps://",
        "sftp://",
        "scp://",
        "tftp://",
        "ipfs://",
        "gopher://",
    ]
    .iter()
    .any(|s| text.to_ascii_lowercase().starts_with(s))
}

/// Runs one; `None` when the name is none of these.
pub(in crate::shell) fn run(
    w: &mut Walker<'_>,
    st: &mut State,
    name: &str,
    args: &[Text],
    input: &Input,
) -> Option<Value> {
    Some(match name {
        "curl" | "curl.exe" => curl(w, st, args, input),
        "wget" | "wget2" => wget(w, st, args, input),
        "http" | "https" | "xh" | "xhs" | "httpie" | "curlie" | "hurl" => {
            httpie(w, st, args, input)
        }
        "aria2c" | "axel" | "lynx" | "links" | "w3m" | "elinks" | "fetch" | "lwp-request"
        | "get" | "lftp" | "ftp" | "tftp" => fetcher(w, st, name, args, input),
        "nc" | "ncat" | "netcat" | "nc.openbsd" | "nc.traditional" | "socat" | "telnet"
        | "websocat" | "wscat" | "rlogin" | "cryptcat" | "pwncat" => {
            socket_program(w, st, name, args, input)
        }
        "openssl" => openssl(w, st, args, input),
        "scp" | "sftp" | "rsync" | "rcp" | "croc" | "magic-wormhole" | "wormhole" => {
            transfer(w, st, name, args, input)
        }
        "mail" | "mailx" | "mutt" | "neomutt" | "sendmail" | "msmtp" | "swaks" | "s-nail"
        | "ssmtp" | "mpack" => {
            sends(w, st, name, args, input);
            known("")
        }
        "dig" | "nslookup" | "host" | "ping" | "ping6" | "drill" | "kdig" | "whois" | "finger"
        | "traceroute" | "logger" => {
            for arg in args {
                w.leaves(&arg.taint, name);
            }
            unknown()
        }
        "mosquitto_pub" | "kafkacat" | "kcat" | "nats-pub" | "redis-cli" | "snmptrap"
        | "pastebinit" | "termbin" | "transfer" | "ix" | "gist" | "wormhole-william" | "slack"
        | "ntfy" | "telegram-send" | "apprise" | "twurl" | "grpcurl" | "mongoimport" => {
            sends(w, st, name, args, input);
            return None;
        }
        "psql" | "mysql" | "mariadb" | "mongosh" | "mongo" | "cqlsh" | "clickhouse-client"
        | "sqlcmd" | "usql" | "pgcli" | "mycli" | "snowsql" => {
            sends(w, st, name, args, input);
            database::of_a_server(w, args, input);
            unknown()
        }
        "sqlite3" | "duckdb" | "litecli" => {
            database::of_a_file(w, st, args, input);
            return None;
        }
        "aws" | "gsutil" | "gcloud" | "az" | "rclone" | "s3cmd" | "s5cmd" | "mc" | "b2" | "gh"
        | "glab" | "hub" | "ipfs" | "git-lfs" => return uploads(w, st, name, args, input),
        _ => return None,
    })
}

/// An address with a credential in it: it is used where it belongs, or handed to somebody.
pub(in crate::shell) fn credential_for(w: &mut Walker<'_>, st: &State, address: &Text) {
    let used = super::part(address, &format!("authorization: {}", address.s));
    request::header(w, st, &used, &host_of(&address.s));
}

/// Everything handed to a program leaves: its input, the files it names, and texts that hold a secret.
fn sends(w: &mut Walker<'_>, st: &mut State, over: &str, args: &[Text], input: &Input) {
    w.leaves(&input.as_deref().map(taint).unwrap_or_default(), over);
    for arg in args {
        w.leaves(&arg.taint, over);
        for path in paths_in(arg) {
            if let Some(secret) = known_file(w, st, &path) {
                w.leaves(&secret, over);
            }
        }
    }
}

/// The host of an address.
pub(in crate::shell) fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    Text::lit(host).shown().replace(HOLE, "*").to_ascii_lowercase()
}
