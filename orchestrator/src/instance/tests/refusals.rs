use super::{HOUSE, edited, mistakes, rejected};
use expect_test::expect;

/// Every row of what is edited has the mistake that follows, and no other.
fn all_are_said(table: &[(&str, &str, &str)]) {
    let mut wrong = String::new();
    for (from, to, expected) in table {
        let found = mistakes(&edited(from, to)).join("; ");
        if found != *expected {
            wrong.push_str(&format!("{from:?} -> {to:?}\n  {found}\n  {expected}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// One line for each rule: what is edited, and the one mistake that follows.
const RULES: &[(&str, &str, &str)] = &[
    ("format: 1", "format: 2", "1:9 format 2 is not known; this sanctum reads format 1"),
    ("name: House", "name: \"\"", "2:18 `name` is empty"),
    ("name: House", "name: \"a\\nb\"", "2:18 `name` holds a control character"),
    ("agents need it", "\"a\\u2028b\"", "19:13 `reason` holds a control character"),
    (
        "Europe/Vienna",
        "Europe/Viena",
        "2:48 `Europe/Viena` is not a time zone of the IANA database",
    ),
    (
        "Europe/Vienna",
        "europe/vienna",
        "2:48 `europe/vienna` is not a time zone of the IANA database",
    ),
    ("owner: operator", "owner: root", "4:10 root cannot be the owner"),
    ("owner: operator", "owner: op\n  guest: root", "5:10 root cannot be the guest's login"),
    ("type: guest}", "type: guest, user: root}", "7:27 root cannot be a node's login"),
    (
        "networks:\n",
        "ssh: {allow_users: [a, root]}\nnetworks:\n",
        "10:24 root cannot be an SSH login",
    ),
    (
        "{ref: \"keychain:a/b\"}",
        "{ref: \"keychain:a/b\", rotation_max_age_days: 0}",
        "24:55 `rotation_max_age_days` must be at least 1",
    ),
    (
        "{ref: \"keychain:a/b\"}",
        "{ref: \"keychain:a/b\", caches: [\"file:x\", \"age:/k.age\"]}",
        "24:51 `age:/k.age` is a place of `seal` too, and a cache is overwritten by its source",
    ),
    (
        "{ref: \"keychain:a/b\"}",
        "{ref: \"keychain:a/b\", caches: [\"keychain:a/b\"]}",
        "24:41 `keychain:a/b` is a place of `login` too, and a cache is overwritten by its source",
    ),
    (
        "{ref: \"keychain:a/b\"}",
        "{ref: \"keychain:a/b\", caches: [\"keychain://system/a/b\"]}",
        "24:41 `keychain://system/a/b` is a place of `login` too, and a cache is overwritten by its source",
    ),
    (
        "{ref: \"keychain:a/b\"}",
        "{ref: \"keychain:a/b\", caches: [\"file:x\", \"file:x\"]}",
        "24:51 `file:x` is a place of `login` too, and a cache is overwritten by its source",
    ),
    (
        "{ref: \"keychain:a/b\"}",
        "{ref: \"keychain:a/b\", nodes: [hub, hubb, hub]}",
        "24:45 node `hubb` is not declared; 24:51 `hub` is listed twice",
    ),
    (
        "{ref: \"keychain:a/b\"}",
        "{ref: \"file:x\", cleartext: {reason: \" \"}}",
        "24:46 `reason` is empty",
    ),
    (
        "networks:\n",
        "stores: {recipients: [x]}\nnetworks:\n",
        "10:23 this is neither an age recipient nor an SSH public key",
    ),
    (
        "networks:\n",
        "stores: {one_password: {token: \"op://v/i/f\", connect: \"http://c.example\", op: /op}}\nnetworks:\n",
        "10:32 the token that opens 1Password cannot be in 1Password; 10:55 a Connect server is reached by https, or on this machine; 10:79 `connect` and `op` are two ways to 1Password; one counts",
    ),
    ("networks:\n", "ssh: {allow_users: [a, a]}\nnetworks:\n", "10:24 `a` is listed twice"),
    (
        "networks:\n",
        "ssh: {profiles: {hubb: compatible}}\nnetworks:\n",
        "10:24 node `hubb` is not declared",
    ),
    (
        "owner: operator",
        "owner: op\n  authorized_keys: [x]",
        "5:21 not a line of authorized_keys: no key type such as ssh-ed25519",
    ),
    (
        "type: hub,",
        "type: satellite,",
        "5:1 exactly one node must be of type `hub`; there are 0; 18:11 service `proxy` binds `loopback+vm` on `hub`, which is not in the host-only network",
    ),
    (
        "box: {type: satellite",
        "box: {type: guest",
        "7:14 `vm` is a second guest beside `box`; `networks.vm` has one guest address",
    ),
    (
        "host: box.example",
        "host: -oProxyCommand=x",
        "8:32 `-oProxyCommand=x` is neither a host name nor an address",
    ),
    ("host: box.example", "jump: hubb", "8:32 node `hubb` is not declared"),
    ("host: box.example", "jump: box", "8:32 the jumps to `box` lead back to it"),
    ("host: box.example", "lan_interfaces: []", "8:26 the list of interfaces is empty"),
    ("lan: {subnet", "lan: {interface: [], subnet", "11:9 the list of interfaces is empty"),
    (
        "lan_address: 192.168.1.10",
        "lan_address: 192.168.2.10",
        "6:33 192.168.2.10 is outside 192.168.1.0/24, the subnet of `lan`",
    ),
    (
        "lan_address: 192.168.1.10",
        "lan_address: 192.168.1.255",
        "6:33 192.168.1.255 is the broadcast address of 192.168.1.0/24",
    ),
    (
        "host: box.example",
        "lan_address: 192.168.1.10",
        "6:33 192.168.1.10 is already the address of node `box`",
    ),
    ("192.168.1.0/24", "192.168.1.1/24", "11:17 192.168.1.1/24 is an address, not a subnet"),
    (
        "{subnet: 192.168.1.0/24",
        "{subnet: 192.168.1.0/24, subnet6: \"fd00::1/64\"",
        "11:42 fd00::1/64 is an address, not a subnet",
    ),
    (
        "guest: 10.10.10.10}",
        "guest: 10.10.11.10}",
        "12:56 10.10.11.10 is outside 10.10.10.0/24, the subnet of `vm`",
    ),
    (
        "host: 10.10.10.1,",
        "host: 10.10.10.0,",
        "12:37 10.10.10.0 is the network address of 10.10.10.0/24",
    ),
    (
        "guest: 10.10.10.10}",
        "guest: 10.10.10.1}",
        "12:56 10.10.10.1 is already the address of the hub",
    ),
    (
        "guest: 10.10.10.10}",
        "guest: 10.10.10.10, host6: \"ff02::1\"}",
        "12:76 ff02::1 cannot be the hub's address in the host-only network: it is a multicast address",
    ),
    ("vault: {node: hub", "vault: {node: hubb", "14:17 node `hubb` is not declared"),
    (
        "vault: {node: hub",
        "vault: {node: phone",
        "14:17 `vault` cannot run on `phone`: a mobile node only calls",
    ),
    (
        "scan: {node: hub",
        "scan: {node: phone",
        "26:16 `scan` cannot run on `phone`: a mobile node only calls",
    ),
    ("scan: {node: hub", "scan: {node: pub", "26:16 node `pub` is not declared"),
    (
        "ports: [4040]",
        "ports: [8200]",
        "14:30 8200/tcp of node `hub` is already taken by service `proxy`",
    ),
    ("ports: [4040]", "ports: [4040, 4040]", "17:19 `4040/tcp` is listed twice"),
    ("ports: [4040]", "ports: [22]", "17:13 22/tcp of node `hub` is the port of the SSH server"),
    (
        "ports: [4040]",
        "ports: [{port: 8200, transport: udp}, 4040]",
        "21:5 service `proxy` has a probe and no tcp port",
    ),
    ("    ports: [4040]\n", "", "20:5 service `proxy` has a probe and no tcp port"),
    (
        "reason: agents need it",
        "reason: \" \"",
        "18:11 service `proxy` binds `loopback+vm` without a reason",
    ),
    (
        "bind: loopback+vm",
        "bind: tailnet",
        "18:11 service `proxy` binds `tailnet`, but `networks.tailnet` is not declared",
    ),
    (
        "proxy:\n    node: hub",
        "proxy:\n    node: box",
        "18:11 service `proxy` binds `loopback+vm` on `box`, which is not in the host-only network",
    ),
    (
        "requires: [vault]",
        "requires: [vualt]",
        "20:16 service `proxy` requires `vualt`, which is not declared",
    ),
    (
        "requires: [vault]",
        "requires: [proxy]",
        "20:5 services require each other in a circle: proxy -> proxy",
    ),
    ("requires: [vault]", "requires: [vault, vault]", "20:23 `vault` is listed twice"),
    (
        "secrets: [seal]}",
        "secrets: [seal], requires: [proxy]}",
        "20:5 services require each other in a circle: proxy -> vault -> proxy",
    ),
    ("secrets: [seal]", "secrets: [sael]", "14:64 secret `sael` is not declared"),
    ("secrets: [seal]", "secrets: [seal, seal]", "14:70 `seal` is listed twice"),
    (
        "secrets: [seal]",
        "secrets: [login]",
        "14:64 P0 service `vault` needs secret `login`, which only a login session can read",
    ),
    (
        "secrets: [seal]",
        "gui: true",
        "14:59 P0 service `vault` needs a graphical session, which a restart does not bring",
    ),
    (
        "vault: {node: hub",
        "vault: {node: vm, gui: true",
        "14:26 P0 service `vault` needs a graphical session, which a restart does not bring; 14:26 service `vault` asks for a graphical session on `vm`, which is not a Mac",
    ),
    ("secrets: [seal]", "run_as: {user: root}", "14:69 `vault` runs as root without a reason"),
    (
        "secrets: [seal]",
        "run_as: {user: root, reason: ''}",
        "14:69 `vault` runs as root without a reason",
    ),
    ("secrets: [seal]", "command: []", "14:54 `command` is empty"),
    ("secrets: [seal]", "command: [bin/x]", "14:64 `bin/x` is not an absolute path"),
    ("secrets: [seal]", "command: [/a/../x]", "14:64 `/a/../x` is not an absolute path"),
    ("command: [secret, scan]", "command: [./scan]", "26:50 `./scan` is not an absolute path"),
    ("path: /health", "path: health", "21:26 path `health` does not start with `/`"),
    ("path: /health", "path: /health, status: 99", "21:43 99 is not an HTTP status"),
    (
        "networks:\n",
        "alerts: {channels: []}\nnetworks:\n",
        "10:10 there is no channel, so nobody would be told",
    ),
    ("networks:\n", "alerts: {dedup: 59}\nnetworks:\n", "10:17 `dedup` must be at least 60"),
    (
        "networks:\n",
        "alerts: {hourly_cap: 0}\nnetworks:\n",
        "10:22 `hourly_cap` must be at least 1",
    ),
    (
        "networks:\n",
        "alerts: {heartbeat: 899}\nnetworks:\n",
        "10:21 `heartbeat` must be at least 900",
    ),
    (
        "networks:\n",
        "alerts: {quiet: {from: \"22:00\", to: \"22:00\"}}\nnetworks:\n",
        "10:37 quiet hours begin and end at the same time",
    ),
    (
        "networks:\n",
        "alerts: {channels: [{name: a, via: desktop}, {name: a, via: desktop}]}\nnetworks:\n",
        "10:53 `a` is listed twice",
    ),
    (
        "networks:\n",
        "alerts: {channels: [{name: a, via: {ntfy: {url: \"https://n.example/?x\", topic: a b}}}]}\nnetworks:\n",
        "10:49 ntfy takes messages at the server's address alone, without `?` or `#`; 10:80 a topic is 1 to 64 letters, digits, `-` and `_`",
    ),
    (
        "networks:\n",
        "alerts: {channels: [{name: a, via: {webhook: {url: \"http://192.0.2.1/\", token: seal, body: force-flow}}}]}\nnetworks:\n",
        "10:52 the token would cross the network in clear text",
    ),
    (
        "networks:\n",
        "alerts: {channels: [{name: a, via: {webhook: {url: \"https://h.example\", token: seel, body: force-flow}}}]}\nnetworks:\n",
        "10:80 secret `seel` is not declared",
    ),
    (
        "networks:\n",
        "alerts: {channels: [{name: a, via: {webhook: {url: \"https://h.example\", body: {template: \"{{title}}\"}}}}]}\nnetworks:\n",
        "10:73 the body is not JSON with every value inside a string: expected ident at line 1 column 2",
    ),
    (
        "{http: {path: /health}}",
        "{end-to-end: {command: [ask], expect: pong}}",
        "21:36 `ask` is not an absolute path",
    ),
    (
        "{http: {path: /health}}",
        "{end-to-end: {command: [/bin/ask], expect: ''}}",
        "21:55 `expect` is empty",
    ),
    (
        "{http: {path: /health}}",
        "{contract: {path: /h, json: [{pointer: status}]}}",
        "21:51 path `status` does not start with `/`",
    ),
    (
        "  scan:",
        "  proxy:",
        "26:3 job label `com.sanctum.proxy` is already that of service `proxy`",
    ),
    (
        "  scan:",
        "  vmnet:",
        "26:3 job label `com.sanctum.vmnet` is already that of a job of sanctum itself",
    ),
    ("0 6 * * *", "0 3:30 1 * *", "26:27 `3:30` is no hour (0-23)"),
    ("0 6 * * *", "0 0 6 * * *", "26:27 `0 0 6 * * *` has 6 fields; a cron expression has five"),
    ("0 6 * * *", "60 6 * * *", "26:27 `60` is no minute (0-59)"),
    ("0 6 * * *", "0 6 31 2 *", "26:27 `0 6 31 2 *` never comes: no such day in these months"),
    (
        "  scan:",
        "  dashboard:",
        "26:3 job label `com.sanctum.dashboard` is already that of a job of sanctum itself",
    ),
    (
        "[secret, scan]}",
        "[secret, scan], exit_timeout: 0}",
        "26:79 `exit_timeout` must be at least 1",
    ),
    (
        "keychain:a/b\"",
        "keychain:a/b\", rotation_max_age_days: 0",
        "24:55 `rotation_max_age_days` must be at least 1",
    ),
    (
        "networks:\n",
        "vm: {cpus: 0, memory_mib: 512, disk: /d}\nnetworks:\n",
        "10:1 `vm` is declared without `users.authorized_keys`; 10:12 `cpus` must be at least 1",
    ),
];

#[test]
fn every_rule_has_its_own_words_and_place() {
    all_are_said(RULES);
}

#[test]
fn overlapping_subnets_are_refused_whichever_holds_the_other() {
    for vm in ["192.168.0.0/16", "192.168.1.128/25", "192.168.1.0/24", "0.0.0.0/0"] {
        let text = edited("10.10.10.0/24", vm);
        let overlap = format!("12:16 subnet {vm} of `vm` overlaps 192.168.1.0/24 of `lan`");
        assert!(mistakes(&text).contains(&overlap), "{vm}: {:?}", mistakes(&text));
    }
    let tailnet =
        edited("services:\n", "  tailnet: {interface: utun4, subnet: 10.0.0.0/8}\nservices:\n");
    assert_eq!(
        mistakes(&tailnet),
        ["13:39 subnet 10.0.0.0/8 of `tailnet` overlaps 10.10.10.0/24 of `vm`"]
    );
}

#[test]
fn a_house_without_the_host_only_network_has_no_guest_and_no_such_door() {
    let vm = "  vm: {subnet: 10.10.10.0/24, host: 10.10.10.1, guest: 10.10.10.10}\n";
    assert_eq!(
        mistakes(&edited(vm, "")),
        [
            "7:3 guest `vm` has no network: `networks.vm` is not declared",
            "17:11 service `proxy` binds `loopback+vm`, but `networks.vm` is not declared",
        ]
    );
}

#[test]
fn two_hubs_are_both_pointed_at_but_the_first() {
    let text = edited("box: {type: satellite", "zoo: {type: hub");
    assert_eq!(mistakes(&text), ["8:15 exactly one node must be of type `hub`; there are 2"]);
}

#[test]
fn ports_of_disabled_services_and_of_other_nodes_are_free() {
    for (from, to) in [
        ("ports: [4040]", "enabled: false\n    ports: [8200]"),
        ("ports: [4040]", "ports: [4040, {port: 8200, transport: udp}]"),
        ("proxy:\n    node: hub\n    ports: [4040]", "proxy:\n    node: vm\n    ports: [8200]"),
    ] {
        let text = edited(from, to);
        assert!(crate::instance::load(&text, "p", &crate::instance::NoCheck).is_ok(), "{to}");
    }
}

#[test]
fn a_refusal_shows_the_line_a_caret_and_a_suggestion() {
    expect![[r#"
        instance.yaml:17:5: unknown key `prots` in `proxy`
              prots: [4040]
              ^
          hint: did you mean `ports`?
        instance.yaml:18:11: unknown word `lopback+vm`
              bind: lopback+vm
                    ^
          hint: did you mean `loopback+vm`?
        instance.yaml:22:1: unknown key `secrest` in the file
          secrest:
          ^
          hint: did you mean `secrets`?"#]]
    .assert_eq(
        &rejected(
            &edited("ports: [4040]", "prots: [4040]")
                .replace("bind: loopback", "bind: lopback")
                .replace("secrets:\n", "secrest:\n"),
        )
        .to_string(),
    );
}

/// What is edited, and the one mistake of shape that follows.
const KEYS: &[(&str, &str, &str)] = &[
    (
        "ports: [4040]",
        "ports: [70000]",
        "17:13 expected a port from 1 to 65535, or `{port: 53, transport: udp}`, found integer `70000`",
    ),
    (
        "ports: [4040]",
        "ports: [0]",
        "17:13 expected a port from 1 to 65535, or `{port: 53, transport: udp}`, found integer `0`",
    ),
    (
        "ports: [4040]",
        "ports: [-1]",
        "17:13 expected a port from 1 to 65535, or `{port: 53, transport: udp}`, found integer `-1`",
    ),
    (
        "ports: [4040]",
        "ports: [http]",
        "17:13 expected a port from 1 to 65535, or `{port: 53, transport: udp}`, found string \"http\"",
    ),
    ("ports: [4040]", "ports: [{port: 53, transport: dup}]", "17:35 unknown word `dup`"),
    ("ports: [4040]", "ports: [{prot: 53, transport: udp}]", "17:14 unknown key `prot` in `ports`"),
    (
        "lan: {subnet",
        "lan: {interface: 'en 0', subnet",
        "11:20 `en 0` is not a interface name: letters, digits, `.`, `_` and `-`, starting with a letter",
    ),
    (
        "lan: {subnet: 192.168.1.0/24",
        "lan: {subnet: 192.168.1.0/33",
        "11:17 invalid IP address syntax",
    ),
    ("node: hub\n    ports", "ports", "15:3 `proxy` lacks the key `node`"),
    (
        "probe: {http: {path: /health}}",
        "probe: {htpp: {path: /health}}",
        "21:13 unknown key `htpp` in `probe`",
    ),
    ("probe: {http: {path: /health}}", "probe: tpc", "21:12 unknown word `tpc`"),
    (
        "age:/k.age",
        "hunter2",
        "23:15 not a secret reference; write keychain:service/account, keychain://system/service/account, sops:file#path.to.key, file:name, op://vault/item/field or age:file",
    ),
    ("format: 1", "format: one", "1:9 not a valid u32"),
    ("    requires: [vault]", "    enabled: yes", "20:14 expected `true` or `false`"),
];

#[test]
fn keys_words_and_types_are_refused_where_they_stand() {
    all_are_said(KEYS);
    assert_eq!(mistakes("- a\n- b\n").len(), 1);
    assert_eq!(mistakes("hello").len(), 1);
}

#[test]
fn the_older_schema_is_pointed_to_adoption_in_one_sentence() {
    let text = "instance: {slug: a, name: A, timezone: America/Montreal}\nusers: {mac: operator, vm: ubuntu}\nnetwork:\n  vm_ip: 10.10.10.10\n";
    expect![[r#"
        instance.yaml:1:1: this is an instance file of the older schema
          instance: {slug: a, name: A, timezone: America/Montreal}
          ^
          hint: run `sanctum adopt`: it turns the file into a proposal and changes nothing"#]]
    .assert_eq(&rejected(text).to_string());
}

#[test]
fn size_depth_and_aliases_are_bounded() {
    let big = format!("{HOUSE}#{}\n", "x".repeat(crate::instance::MAX_BYTES));
    assert!(mistakes(&big).join("").contains("at most 1048576 are read"));
    assert!(
        mistakes(&format!("a: {}{}", "[".repeat(99), "]".repeat(99)))
            .join("")
            .contains("nested deeper")
    );
    assert!(mistakes(&"[".repeat(100_000)).join("").contains("not YAML"));
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (n, p) in "bcdefghi".chars().zip("abcdefgh".chars()) {
        bomb.push_str(&format!(
            "{n}: &{n} [*{p}, *{p}, *{p}, *{p}, *{p}, *{p}, *{p}, *{p}, *{p}]\n"
        ));
    }
    assert!(mistakes(&bomb).join("").contains("aliases are not read here"));
}

#[test]
fn what_a_hostile_file_can_make_us_print_is_bounded() {
    let keys: Vec<String> = (0..20_000).map(|n| format!("k{n}: 1")).collect();
    let shown = rejected(&format!("{{{}}}\n", keys.join(", "))).to_string();
    assert!(shown.len() < 100_000, "{}", shown.len());
    assert!(shown.contains("more mistakes follow"));
    let (line, caret) = {
        let mut lines = shown.lines().skip(1);
        (lines.next().expect("line"), lines.next().expect("caret"))
    };
    assert_eq!(line.chars().position(|c| c == '{'), Some(3), "{line}");
    assert_eq!(caret.chars().position(|c| c == '^'), Some(3), "{line}\n{caret}");
}

#[test]
fn accounts_that_shorten_to_one_are_refused() {
    let long = "a-service-with-a-rather-long-name";
    let account = crate::jobs::account::own(&sanctum_types::ServiceName::new(long).expect("name"));
    let short = account.as_str().strip_prefix("_sanctum_").expect("prefix");
    let two = format!("services:\n  {long}: {{node: hub}}\n  {short}: {{node: hub}}\n");
    assert_eq!(
        mistakes(&edited("services:\n", &two)),
        [format!("14:3 account `{account}` is already that of service `{short}`")]
    );
}

#[test]
fn a_virtual_machine_needs_its_network_and_a_guest() {
    let vm = "vm: {cpus: 1, memory_mib: 100, disk: /d}\nservices:\n";
    assert_eq!(
        mistakes(&edited("services:\n", vm).replace("  vm: {type: guest}\n", "")),
        [
            "12:1 `vm` is declared without `users.authorized_keys`",
            "12:1 `vm` is declared without a node of type `guest`",
            "12:27 `memory_mib` must be at least 512",
        ]
    );
    let bare = "format: 1\ninstance: {name: H, slug: h, timezone: UTC}\nusers: {owner: o}\n\
                nodes: {hub: {type: hub}}\nnetworks: {lan: {subnet: 10.0.0.0/8}}\n\
                vm: {cpus: 1, memory_mib: 512, disk: /d}\n";
    assert_eq!(
        mistakes(bare),
        [
            "6:1 `vm` is declared without `networks.vm`",
            "6:1 `vm` is declared without `users.authorized_keys`",
            "6:1 `vm` is declared without a node of type `guest`",
        ]
    );
}

#[test]
fn what_is_allowed_and_still_odd_is_a_warning_with_its_place() {
    for (from, to, expected) in [
        ("requires: [vault]", "requires: [vault]\n    criticality: P1", ""),
        (
            "secrets: [seal]}",
            "secrets: [seal], requires: [tts]}\n  tts: {node: hub, criticality: P1}",
            "14:82 service `vault` requires `tts`, on which less stands",
        ),
        (
            "secrets: [seal]}",
            "secrets: [seal], enabled: false}",
            "20:16 service `proxy` requires `vault`, which is not enabled",
        ),
        (
            "lan_address: 192.168.1.10}",
            "lan_address: 203.0.113.9}",
            "11:17 203.0.113.0/24 of `lan` is not a private range",
        ),
        (
            "secrets:\n",
            "ssh: {port: 2222}\nsecrets:\n",
            "22:13 `hub` is a Mac: launchd listens for ssh there, on port 22 and not on 2222",
        ),
    ] {
        let text = edited(from, to);
        let public = to.contains("203.0.113");
        let text = if public { text.replace("192.168.1.0/24", "203.0.113.0/24") } else { text };
        let loaded = crate::instance::load(&text, "i", &crate::instance::NoCheck);
        let warnings: Vec<String> = loaded
            .map(|l| l.warnings)
            .unwrap_or_default()
            .iter()
            .map(|d| format!("{}:{} {}", d.line, d.col, d.message))
            .collect();
        assert_eq!(warnings.join("; "), expected, "{to}");
    }
}
