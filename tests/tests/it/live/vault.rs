//! The vault as a job of the house: the command of its rendered unit is run as the unit's account, and read back by doctor and
//! status; what is taken out of the house leaves the vault's files as they are.

use super::bed::{
    Guarded, Machine, PARTS, SANCTUM, Said, digest, house, is_there, on_a_machine, read, sh, until,
    write,
};
use super::doctor::find;
use std::process::Stdio;

const SECTION: &str = "vault:\n  tcp: 127.0.0.1:8200\n";
const UNSEALING: &str = "vault:\n  unseal: {key_file: /home/alma/.sanctum/boot.key}\n";
const HOME: &str = "/home/alma";
const SOCKET: &str = "/home/alma/.sanctum/vault.sock";
const UNIT: &str = "/home/alma/rehearsal/etc/systemd/system/sanctum-vault.service";

/// The owner's own verbs.
fn owner(machine: &Machine, words: &[&str]) -> Said {
    let home = format!("HOME={HOME}");
    let all = [&["env", "-i", &home, SANCTUM][..], words].concat();
    Said::of(&machine.as_owner(&all).output().unwrap())
}

fn vault(machine: &Machine, words: &[&str]) -> Said {
    let said = ["vault", "--passphrase-file", "/home/alma/passphrase"];
    owner(machine, &[&said, words].concat())
}

/// The unit that the owner's file makes, below a directory; none where it makes none.
fn unit(machine: &Machine) -> Option<String> {
    let root = format!("{HOME}/rehearsal");
    // systemd's own reader wants a place there, and root made none.
    sh(&format!("install -d -o alma -g alma {root} /run/systemd"));
    owner(machine, &["apply", "--yes", "--root", &root]).done();
    sh("rm -r /run/systemd");
    read(UNIT)
}

/// What systemd would start, as the account that it would start it as, with its file mode mask.
fn serve(machine: &Machine, unit: &str) -> Guarded {
    let of = |key: &str| unit.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    assert_eq!((of("User="), of("UMask=")), ("alma", "0077"));
    let command = format!("umask {} && exec {}", of("UMask="), of("ExecStart=:"));
    let home = format!("HOME={HOME}");
    let words = ["env", "-i", &home, "sh", "-c", &command];
    let mut command = machine.as_owner(&words);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let served = Guarded(child);
    until(30, "the vault is served", || is_there(SOCKET));
    served
}

/// The outcome of a lint and what it found, with what to do.
fn lint(machine: &Machine, id: &str) -> String {
    let data = machine.run(&["doctor", "--json", "--only", id]).json();
    let one = find(&data, id).unwrap_or_else(|| panic!("{data}"));
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let found = one["findings"].as_array().into_iter().flatten();
    let found = found.map(|one| format!(" [{}: {}]", word(&one["message"]), word(&one["hint"])));
    word(&one["outcome"]) + &found.collect::<String>()
}

/// What status says of the service and of the layer.
fn status(machine: &Machine) -> String {
    let data = owner(machine, &["status", "--json"]).json();
    let of = |section: &str, name: &str| {
        let all = data[section].as_array().unwrap_or_else(|| panic!("{data}"));
        let one = all.iter().find(|one| one["name"] == name);
        one.map_or_else(|| "none".to_owned(), |one| format!("{} {}", one["state"], one["detail"]))
    };
    format!("{} / {}", of("services", "vault"), of("layers", "Vault")).replace('"', "")
}

fn arranged(machine: &Machine, section: &str) -> String {
    machine.install();
    write("/home/alma/passphrase", "a passphrase of the test\n");
    sh("chmod 600 /home/alma/passphrase && chown alma: /home/alma/passphrase");
    house(&[], section);
    machine.apply_and_confirm();
    unit(machine).expect("the section makes a unit")
}

#[test]
fn the_vault_of_a_house_is_served_read_back_and_taken_away() {
    let name = "live::vault::the_vault_of_a_house_is_served_read_back_and_taken_away";
    on_a_machine(name, |machine| {
        let text = arranged(machine, SECTION);
        assert!(lint(machine, "vault/answers").starts_with("violated ["));
        vault(machine, &["init"]).done();
        let served = serve(machine, &text);
        assert_eq!(sh(&format!("stat -c %U:%a {SOCKET}")), "alma:600\n");
        // It is served: that is one thing. It is sealed: that is another, with what to do.
        assert_eq!(lint(machine, "vault/answers"), "holds");
        assert_eq!(
            lint(machine, "vault/unsealed"),
            "violated [it is sealed: sanctum vault unseal]"
        );
        let sealed = "finding sealed: sanctum vault unseal";
        assert_eq!(status(machine), format!("{sealed} / {sealed}"));
        vault(machine, &["unseal"]).done();
        assert_eq!(lint(machine, "vault/unsealed"), "holds");
        let open = "holds answers, and is open";
        assert_eq!(status(machine), format!("{open} / {open}"));
        sh(&format!("chmod 666 {SOCKET}"));
        assert!(lint(machine, "vault/answers").contains("mode 0666"));
        sh(&format!("chmod 600 {SOCKET}"));
        let core = sh(&format!("grep 'Max core file size' /proc/{}/limits", served.0.id()));
        assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
        keys(machine);
        drop(served);
        assert!(lint(machine, "vault/answers").contains("sanctum services why vault"));
        assert!(status(machine).starts_with("finding nobody listens on 8200 / finding cannot"));
        taken_away(machine);
    });
}

/// Registering gives an encrypted key; the plain one is found by name, with what to do.
fn keys(machine: &Machine) {
    // The agent's passphrase is typed; here its key is made plain, and an encrypted one stands beside it.
    vault(machine, &["agent", "register", "tester", "--plain"]).done();
    let dir = "/home/alma/.sanctum/keys";
    let hex = "5a".repeat(16 + 24 + 16 + 32);
    write(&format!("{dir}/builder.key.enc"), &format!("{hex}\n"));
    sh(&format!("chown alma: {dir}/builder.key.enc && chmod 600 {dir}/builder.key.enc"));
    let said = lint(machine, "vault/keys-encrypted");
    assert!(said.starts_with("violated [it is not encrypted"), "{said}");
    assert!(said.contains("sanctum vault agent remove tester"), "{said}");
    assert!(!said.contains("builder"), "{said}");
    assert_eq!(lint(machine, "vault/keys-private"), "holds");
    sh(&format!("chmod 640 {dir}/builder.key.enc && chmod 755 {dir}"));
    let said = lint(machine, "vault/keys-private");
    assert!(said.contains("mode 0640, not 0600: chmod 600"), "{said}");
    assert!(said.contains("mode 0755, not 0700: chmod 700"), "{said}");
    // A key of another account is that account's.
    sh(&format!("chmod 700 {dir} && chown berta: {dir}/tester.key"));
    assert_eq!(lint(machine, "vault/keys-encrypted"), "holds");
}

/// The unit goes with the section; the vault's files stay, and a file that was put back is seen.
fn taken_away(machine: &Machine) {
    let of_log = || sh("sha256sum /home/alma/.sanctum/vault/vault.log | cut -d' ' -f1");
    assert_eq!(lint(machine, "vault/counter-agrees"), "holds");
    let before = of_log();
    house(&[], "");
    assert_eq!(unit(machine), None);
    assert_eq!(of_log(), before);
    assert!(is_there("/home/alma/.sanctum/state/vault/vault.counter"));
    machine.run(&["apply", PARTS, "--yes", "--approve", &digest()]).done();
    assert_eq!(status(machine), "none / off the house has none here");
    sh("truncate -s -1 /home/alma/.sanctum/vault/vault.log");
    let said = lint(machine, "vault/counter-agrees");
    assert!(said.contains("1 records fewer than were acknowledged"), "{said}");
}

#[test]
fn a_key_file_of_the_house_opens_its_vault_at_boot() {
    let name = "live::vault::a_key_file_of_the_house_opens_its_vault_at_boot";
    on_a_machine(name, |machine| {
        let text = arranged(machine, UNSEALING);
        vault(machine, &["init", "--key-file", "/home/alma/.sanctum/boot.key"]).done();
        // The unit names the file and holds nothing of the key.
        let key = read("/home/alma/.sanctum/boot.key").unwrap();
        assert!(text.contains("--key-file /home/alma/.sanctum/boot.key"), "{text}");
        assert!(!text.contains(key.trim()), "the unit holds the key");
        let _served = serve(machine, &text);
        assert_eq!(lint(machine, "vault/unsealed"), "holds");
        let proved = machine.run(&["doctor", "--prove", "--json"]);
        assert!(proved.out.contains("answers, and is open"), "{proved:#?}");
        vault(machine, &["seal"]).done();
        let said = lint(machine, "vault/unsealed");
        assert!(said.contains("it is sealed, though /home/alma/.sanctum/boot.key opens"), "{said}");
    });
}

#[test]
fn an_address_that_others_reach_is_refused_and_what_to_write_is_said() {
    let name = "live::vault::an_address_that_others_reach_is_refused_and_what_to_write_is_said";
    on_a_machine(name, |machine| {
        machine.install();
        house(&[], "vault:\n  tcp: 0.0.0.0:8200\n");
        let said = owner(machine, &["plan"]);
        assert_ne!(said.code, Some(0));
        assert!(said.err.contains("write 127.0.0.1:8200"), "{said:#?}");
        house(&[("ports: [1111]", "ports: [8200]")], SECTION);
        let said = owner(machine, &["plan"]);
        assert!(said.err.contains("8200/tcp of node `hub` is already taken"), "{said:#?}");
    });
}
