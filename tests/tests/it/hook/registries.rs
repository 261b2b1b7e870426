//! Clients beside npm, pip and cargo, each against a registry of its own format on loopback.
//!
//! The server is a STAND-IN: it knows the paths that the formats document (module proxy protocol, gem indices, conda's
//! `repodata.json`, Homebrew's JSON API), answers `GET` alone, and keeps what it was asked. go and gem are the real programs,
//! and gem's own `generate_index` wrote its index; conda and brew cannot be had here and are scripts that ask as they do.
#![expect(clippy::disallowed_methods, reason = "real programs, sockets and files")]

use super::bed::Bed;
use super::packages::{Service, verdict};
use crate::alerts::peers::Peer;
use crate::cli::program::sanctumd;
use sanctum_tests::need;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

/// STAND-IN for conda's `search --json`: the channel that the owner's file names, read from its `repodata.json`.
const CONDA: &str = r#"#!/usr/bin/python3
import json, os, sys, urllib.request
if sys.argv[1:3] != ["search", "--json"] or len(sys.argv) != 4 or os.getcwd() != "/": sys.exit(64)
lines = open(os.path.expanduser("~/.condarc")).read().splitlines()
channel = dict(line.split(": ", 1) for line in lines)["channel_alias"]
repo = json.load(urllib.request.urlopen(channel + "/main/noarch/repodata.json"))
name = sys.argv[3]
found = [build for build in repo["packages.conda"].values() if build["name"] == name]
print(json.dumps({name: found} if found else {"error": "none", "exception_name": "PackagesNotFoundError"}))
sys.exit(0 if found else 1)
"#;

/// STAND-IN for `brew info --json=v2`: the address that the owner's environment names, read from its JSON API.
const BREW: &str = r#"#!/usr/bin/python3
import json, os, sys, urllib.error, urllib.request
if sys.argv[1:3] != ["info", "--json=v2"] or len(sys.argv) != 4 or os.getcwd() != "/": sys.exit(64)
found = {"formulae": [], "casks": []}
for kind, key in (("formula", "formulae"), ("cask", "casks")):
    try:
        place = "%s/%s/%s.json" % (os.environ["HOMEBREW_API_DOMAIN"], kind, sys.argv[3])
        found[key].append(json.load(urllib.request.urlopen(place)))
    except urllib.error.HTTPError as failed:
        if failed.code != 404: raise
if not found["formulae"] and not found["casks"]:
    sys.exit('Error: No available formula or cask with the name "%s".' % sys.argv[3])
print(json.dumps(found))
"#;

/// gem's own index over one gem of 2020, with so many names beside it that a list of all would be too long to read.
const GEMS: &str = r#"
set -e
cd "$1"
mkdir gems
cat >old.gemspec <<'END'
Gem::Specification.new do |s|
  s.name = "old_zz"; s.version = "1.0.0"; s.date = "2020-01-01"
  s.summary = "x"; s.authors = ["a"]; s.files = []
end
END
gem build --silent old.gemspec -o gems/old_zz-1.0.0.gem
gem generate_index --silent -d .
ruby -rzlib -rrubygems -e '
  one = Gem::Version.new("1")
  specs = Marshal.load(Zlib.gunzip(File.binread("specs.4.8.gz")))
  specs += (1..20_000).map { |n| ["other_zz_%05d_" % n + "x" * 450, one, "ruby"] }
  File.binwrite("specs.4.8.gz", Zlib.gzip(Marshal.dump(specs)))
'
"#;

type Pages = BTreeMap<String, Vec<u8>>;

fn made_by_gem(pages: &mut Pages, gem: &Path) {
    let dir = crate::cli::program::folder();
    let mut sh = Command::new("/bin/sh");
    sh.args(["-c", GEMS, "sh"]).arg(dir.path()).env_clear().env("HOME", dir.path());
    sh.env("PATH", format!("{}:/usr/bin:/bin", gem.parent().expect("a folder").display()));
    let ran = sh.stdin(Stdio::null()).output().expect("a shell");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    for name in ["specs.4.8.gz", "quick/Marshal.4.8/old_zz-1.0.0.gemspec.rz"] {
        let bytes = std::fs::read(dir.path().join(name)).expect("what gem wrote");
        pages.insert(format!("/gems/{name}"), bytes);
    }
}

fn pages(gem: &Path) -> Pages {
    let mut pages = Pages::new();
    let module = "/go/old.example/zz/@v";
    for (path, text) in [
        (format!("{module}/list"), "v1.0.0\n"),
        (format!("{module}/v1.0.0.info"), r#"{"Version":"v1.0.0","Time":"2020-01-01T00:00:00Z"}"#),
        (format!("{module}/v1.0.0.mod"), "module old.example/zz\n"),
        (
            "/conda/main/noarch/repodata.json".to_owned(),
            r#"{"packages.conda":{"old-zz-1.0-0.conda":{"name":"old-zz","version":"1.0","timestamp":1577836800000}}}"#,
        ),
        (
            "/brew/formula/old-zz.json".to_owned(),
            r#"{"name":"old-zz","versions":{"stable":"1.0"}}"#,
        ),
        ("/brew/cask/app-zz.json".to_owned(), r#"{"token":"app-zz","version":"2.0"}"#),
    ] {
        pages.insert(path, text.into());
    }
    made_by_gem(&mut pages, gem);
    pages
}

fn answer(status: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

#[test]
fn each_client_asks_the_registry_that_its_owner_configured() {
    let (_setpriv, go, gem) = need!("setpriv", "go", "gem");
    let pages = pages(&gem);
    let server = Peer::new(move |request| {
        let mut words = request.line.split(' ');
        let (method, path) = (words.next(), words.next().unwrap_or_default());
        match pages.get(path) {
            _ if method != Some("GET") => answer("405 Method Not Allowed", b""),
            // A proxy may say whatever it likes beside the number.
            None => answer("404 There is no such thing", b""),
            Some(page) => answer("200 OK", page),
        }
    });
    let bed = Bed::new();
    bed.dir("bin");
    for (name, text) in [("conda", CONDA), ("brew", BREW)] {
        bed.write(&format!("bin/{name}"), text);
        bed.executable(&format!("bin/{name}"));
    }
    // Where each client keeps what its owner chose; a file of the project's names must lead nobody away.
    let go_env = format!("GOPROXY={}\nGOSUMDB=off\nGOTELEMETRY=off\n", server.url("/go"));
    bed.tree("home/.config/go/env", &go_env);
    bed.write("home/.gemrc", &format!(":sources: [\"{}\"]\n", server.url("/gems/")));
    bed.write("home/.condarc", &format!("channel_alias: {}\n", server.url("/conda")));
    bed.write("home/project/.gemrc", ":sources: [\"http://192.0.2.1/\"]\n");
    bed.write("home/project/.condarc", "channel_alias: http://192.0.2.1\n");
    let mut service = bed.program(sanctumd(), "sanctumd");
    service.args(["--only", "packages"]).env("HOMEBREW_API_DOMAIN", server.url("/brew"));
    let dir = |program: &Path| program.parent().expect("a folder").display().to_string();
    let path = format!("{}:{}:{}:/usr/bin:/bin", bed.shown("bin"), dir(&go), dir(&gem));
    service.env("PATH", path);
    let _service = Service::start(service, &bed.at("home/.sanctum/state/packages.sock"));
    bed.dir("home/calm");
    for (command, word, part) in [
        ("go get old.example/zz", "allow", ""),
        ("go get old.example/zz@v1.0.0", "allow", ""),
        ("go get old.example/zz@v9.9.9", "block", "not in that version"),
        ("go install old.example/zz/cmd/x@latest", "allow", ""),
        ("go get gone.example/zz", "block", "in no registry that go uses"),
        ("gem install old_zz", "allow", ""),
        ("gem install old_zz -v 9.9.9", "block", "not in that version"),
        ("gem install gone_zz", "block", "in no registry that gem uses"),
        ("conda install old-zz", "allow", ""),
        ("conda install gone-zz", "block", "in no registry that conda uses"),
        ("brew install old-zz", "allow", ""),
        ("brew install --cask app-zz", "allow", ""),
        ("brew install gone-zz", "block", "in no registry that brew uses"),
    ] {
        let command = format!("cd ../calm && {command}");
        let (decision, reason) = verdict(&bed, &command);
        assert_eq!(decision, word, "{command}: {reason}");
        assert!(reason.contains(part), "{command}: {reason}");
    }
    // Nobody was sent anything but names that were asked for.
    for request in server.asked() {
        assert!(request.line.starts_with("GET /"), "{}", request.line);
        assert!(request.body.is_empty(), "{}", json!(request.body));
    }
}
