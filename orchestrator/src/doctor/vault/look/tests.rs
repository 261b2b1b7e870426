//! The vault and the keys that lints are proved on, and a home as it really is.
#![expect(clippy::disallowed_methods, reason = "a home of the test's own is looked at")]

use super::*;
use crate::doctor::fixture;
use crate::doctor::looked::Looked;
use std::os::unix::fs::PermissionsExt as _;

fn path(text: &str) -> AbsPath {
    AbsPath::new(text).unwrap()
}

/// A Mac whose vault is served and open.
pub(in crate::doctor::vault) fn with_vault(change: impl FnOnce(&mut Standing)) -> Looked {
    let served =
        Served { account: "operator".to_owned(), socket: None, key_file: None, key_ref: None };
    let there = There { is_file: false, uid: Some(501), ..fixture::file(0o600) };
    let mut vault = Standing {
        served,
        uid: Some(501),
        socket: path("/Users/operator/.sanctum/vault.sock"),
        there: Some(there),
        stands: Stands::Unsealed,
    };
    change(&mut vault);
    Looked { vault_standing: Ok(Some(vault)), ..fixture::plain_hub() }
}

/// A Mac whose vault's files are there.
pub(in crate::doctor::vault) fn with_pair(change: impl FnOnce(&mut Pair)) -> Looked {
    let reached = Some(Reached { vault: [7; 16], seq: 12 });
    let log = "/Users/operator/.sanctum/vault/vault.log".to_owned();
    let mut pair = Pair { log, reached, counted: reached, in_use: false };
    change(&mut pair);
    let all = Many { all: vec![pair], unseen: Vec::new() };
    Looked { vault_pairs: Ok(all), ..fixture::plain_hub() }
}

/// A Mac with the keys of two agents.
pub(in crate::doctor::vault) fn with_keys(change: impl FnOnce(&mut AgentKeys)) -> Looked {
    let dir = path("/Users/operator/.sanctum/keys");
    let key = |name: &str| KeyFile {
        path: dir.join(name).unwrap(),
        there: There { uid: Some(501), ..fixture::file(0o600) },
        plain: false,
    };
    let keys = vec![key("builder.key.enc"), key("tester.key")];
    let there = There { uid: Some(501), ..fixture::dir(0o700) };
    let mut home = AgentKeys { dir: dir.clone(), there, uid: Some(501), keys };
    change(&mut home);
    let all = Many { all: vec![home], unseen: Vec::new() };
    Looked { agent_keys: Ok(all), ..fixture::plain_hub() }
}

#[test]
fn keys_of_a_home_are_told_apart_by_what_is_in_them() {
    let root = tempfile::tempdir().unwrap();
    let ground = fixture::plain_hub().ground;
    let dir = root.path().join("Users/operator/.sanctum/keys");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o750)).unwrap();
    let key = AgentKey::new().unwrap();
    let put = |name: &str, text: &str| {
        std::fs::write(dir.join(name), text).unwrap();
        std::fs::set_permissions(dir.join(name), std::fs::Permissions::from_mode(0o640)).unwrap();
    };
    put("a.key", &key.plain());
    put("b.key.enc", &key.sealed(b"p").unwrap());
    put("c.key.enc", &key.plain());
    put("notes", "none of them");
    let eyes = Eyes::below(&ground, root.path()).unwrap();
    let seen = agent_keys(&eyes).unwrap();
    assert!(seen.unseen.is_empty(), "{seen:?}");
    let [home] = &seen.all[..] else { panic!("{seen:?}") };
    assert_eq!(home.there.mode & 0o777, 0o750);
    let told: Vec<_> =
        home.keys.iter().map(|key| (key.path.file_name(), key.plain, key.there.mode)).collect();
    let mode = |name, plain| (name, plain, 0o640);
    let wanted = [
        mode("a.key", true),
        mode("b.key.enc", false),
        mode("c.key.enc", true),
        mode("notes", false),
    ];
    assert_eq!(told, wanted);
    let empty = tempfile::tempdir().unwrap();
    assert!(agent_keys(&Eyes::below(&ground, empty.path()).unwrap()).unwrap().all.is_empty());
}

#[test]
fn nobody_answers_is_told_from_nobody_may_ask() {
    let dir = tempfile::tempdir().unwrap();
    let socket = path(dir.path().join("none.sock").to_str().unwrap());
    assert!(matches!(ask(&socket), Ok(Stands::Silent(why)) if why.contains("No such file")));
    // EACCES and EPERM have these numbers on Linux and macOS alike.
    assert!(denied(13) && denied(1) && !denied(2) && !denied(111));
}

#[test]
fn below_a_directory_nobody_is_asked() {
    let root = tempfile::tempdir().unwrap();
    let house = fixture::hub(&serde_json::json!({ "vault": {} }));
    let mut ground = house.ground;
    ground.facts.implemented.insert("vault".to_owned());
    let eyes = Eyes::below(&ground, root.path()).unwrap();
    assert_eq!(standing(&eyes).unwrap_err().subject, "the vault");
    let plain = fixture::plain_hub().ground;
    assert_eq!(standing(&Eyes::below(&plain, root.path()).unwrap()), Ok(None));
}
