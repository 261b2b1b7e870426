//! Who opens a file: key groups with Shamir, SSH keys, recipients that come and go, places where keys are.

use super::super::cli::program::sanctum;
use super::bed::Bed;
use sanctum_tests::need;

const PLAIN: &str = "{\n\t\"a\": \"value\"\n}\n";

fn ours(bed: &Bed, line: &[&str]) -> std::process::Output {
    bed.run(sanctum(), &[&["sops"], line].concat())
}

fn done(output: &std::process::Output) -> String {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn shares_of_a_data_key_open_both_ways() {
    let (sops, keygen) = need!("sops", "age-keygen");
    let bed = Bed::new(sops, &keygen);
    let Bed { recipient, other, .. } = &bed;
    bed.write(
        ".sops.yaml",
        format!(
            "creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n      - age: [{recipient}]\n      - age: [{other}]\n      - age: [{recipient}]\n"
        ),
    );
    for name in ["g.json", "g.yaml", "g.env", "g.ini"] {
        let plain = match name {
            "g.env" => "A=value\n",
            "g.ini" => "[s]\na = value\n",
            _ => PLAIN,
        };
        bed.write(name, plain);
        bed.sops(&["encrypt", "-i", name]);
        assert!(done(&ours(&bed, &["decrypt", name])).contains("value"), "{name}");
        bed.write(name, plain);
        done(&ours(&bed, &["encrypt", "-i", name]));
        assert!(String::from_utf8_lossy(&bed.sops(&["decrypt", name])).contains("value"), "{name}");
        let refused = bed
            .command(sanctum(), &["sops", "decrypt", name])
            .env("SOPS_AGE_KEY_FILE", bed.path("other.txt"))
            .output()
            .expect("starts");
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(128), "{told}");
        assert!(
            told.contains("2 of 3 key groups are needed") && told.contains(recipient.as_str()),
            "{told}"
        );
    }
}

#[test]
fn ssh_keys_are_recipients_and_identities() {
    let (sops, keygen, ssh_keygen) = need!("sops", "age-keygen", "ssh-keygen");
    let bed = Bed::new(sops, &keygen);
    for kind in ["ed25519", "rsa"] {
        let name = format!("id_{kind}");
        let made = bed.run(&ssh_keygen, &["-q", "-t", kind, "-N", "", "-C", "", "-f", &name]);
        assert!(made.status.success());
        let public = String::from_utf8(bed.read(&format!("{name}.pub"))).expect("UTF-8");
        let public = public.trim();
        let open = |program: &std::path::Path, line: &[&str]| {
            let mut command = bed.command(program, line);
            command.env_remove("SOPS_AGE_KEY_FILE");
            command.env("SOPS_AGE_SSH_PRIVATE_KEY_FILE", bed.path(&name));
            done(&command.output().expect("starts"))
        };
        bed.write("s.json", PLAIN);
        done(&ours(&bed, &["encrypt", "-i", "--age", public, "s.json"]));
        assert_eq!(open(&bed.sops, &["decrypt", "s.json"]), PLAIN, "{kind}");
        bed.write("s.json", PLAIN);
        bed.sops(&["encrypt", "-i", "--age", public, "s.json"]);
        assert_eq!(open(sanctum(), &["sops", "decrypt", "s.json"]), PLAIN, "{kind}");
    }
}

#[test]
fn recipients_come_and_go_and_the_rule_is_followed() {
    let (sops, keygen) = need!("sops", "age-keygen");
    let bed = Bed::new(sops, &keygen);
    let Bed { recipient, other, .. } = &bed;
    bed.write("r.json", PLAIN);
    done(&ours(&bed, &["encrypt", "-i", "--age", recipient, "r.json"]));
    let first = bed.read("r.json");
    bed.write(".sops.yaml", format!("creation_rules:\n  - age: {recipient},{other}\n"));
    assert_eq!(ours(&bed, &["updatekeys", "r.json"]).status.code(), Some(1), "nobody said yes");
    assert_eq!(bed.read("r.json"), first);
    done(&ours(&bed, &["updatekeys", "--yes", "r.json"]));
    let second = String::from_utf8(bed.read("r.json")).expect("UTF-8");
    let kept = String::from_utf8_lossy(&first).lines().filter(|line| second.contains(line)).count();
    assert_eq!(kept, first.split(|b| *b == b'\n').count() - 1, "only lines that came: {second}");
    assert_eq!(bed.sops(&["decrypt", "r.json"]), PLAIN.as_bytes());
    done(&ours(&bed, &["updatekeys", "--yes", "r.json"]));
    assert_eq!(bed.read("r.json"), second.as_bytes(), "there was nothing to do");
    done(&ours(&bed, &["rotate", "-i", "--rm-age", other, "r.json"]));
    let third = String::from_utf8(bed.read("r.json")).expect("UTF-8");
    assert!(!third.contains(other.as_str()));
    assert_eq!(bed.sops(&["decrypt", "r.json"]), PLAIN.as_bytes());
}

#[test]
fn keys_are_found_where_the_original_finds_them() {
    let (sops, keygen) = need!("sops", "age-keygen");
    let bed = Bed::new(sops, &keygen);
    bed.write("k.json", PLAIN);
    bed.sops(&["encrypt", "-i", "--age", &bed.recipient, "k.json"]);
    let keys = bed.path("keys.txt").display().to_string();
    let config = bed.path("config/sops/age");
    sanctum_host::files::make_dir(&config).expect("made");
    bed.write("config/sops/age/keys.txt", bed.identities());
    for (name, value) in [
        ("SOPS_AGE_KEY", bed.identities()),
        ("SOPS_AGE_KEY_FILE", keys.clone()),
        ("SOPS_AGE_KEY_CMD", format!("cat '{keys}'")),
        ("XDG_CONFIG_HOME", bed.path("config").display().to_string()),
    ] {
        for program in [&bed.sops, sanctum()] {
            let line: &[&str] = if program == sanctum() {
                &["sops", "decrypt", "k.json"]
            } else {
                &["decrypt", "k.json"]
            };
            let mut command = bed.command(program, line);
            let output =
                command.env_remove("SOPS_AGE_KEY_FILE").env(name, &value).output().expect("starts");
            assert_eq!(done(&output), PLAIN, "{name}");
        }
    }
    let mut command = bed.command(sanctum(), &["sops", "decrypt", "k.json"]);
    let refused = command.env_remove("SOPS_AGE_KEY_FILE").output().expect("starts");
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(128));
    assert!(told.contains(&bed.recipient) && told.contains("SOPS_AGE_KEY is not set"), "{told}");
}

#[test]
fn foreign_keys_stay_and_stop_a_new_data_key() {
    let (sops, keygen) = need!("sops", "age-keygen");
    let bed = Bed::new(sops, &keygen);
    bed.write("f.json", PLAIN);
    bed.sops(&["encrypt", "-i", "--age", &bed.recipient, "f.json"]);
    let text = String::from_utf8(bed.read("f.json")).expect("UTF-8");
    let pgp = "\"pgp\": [\n\t\t\t{\n\t\t\t\t\"created_at\": \"2026-01-01T00:00:00Z\",\n\t\t\t\t\"enc\": \"-----BEGIN PGP\",\n\t\t\t\t\"fp\": \"85D7\"\n\t\t\t}\n\t\t],\n\t\t\"unencrypted_suffix\"";
    let text = text.replace("\"unencrypted_suffix\"", pgp);
    bed.write("f.json", &text);
    done(&ours(&bed, &["set", "f.json", "[\"a\"]", "\"new\""]));
    let after = String::from_utf8(bed.read("f.json")).expect("UTF-8");
    assert!(after.contains(pgp), "{after}");
    assert!(String::from_utf8_lossy(&bed.sops(&["decrypt", "f.json"])).contains("new"));
    let refused = ours(&bed, &["rotate", "-i", "f.json"]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && told.contains("pgp key 85D7"), "{told}");
    assert_eq!(bed.read("f.json"), after.as_bytes());
    let unopened = bed
        .command(sanctum(), &["sops", "decrypt", "f.json"])
        .env("SOPS_AGE_KEY_FILE", bed.path("other.txt"))
        .output()
        .expect("starts");
    assert!(String::from_utf8_lossy(&unopened.stderr).contains("pgp 85D7"));
}

#[test]
fn groups_are_added_and_deleted_both_ways() {
    let (sops, keygen) = need!("sops", "age-keygen");
    let bed = Bed::new(sops, &keygen);
    let Bed { recipient, other, .. } = &bed;
    let keys = [bed.read("keys.txt"), bed.read("other.txt")].concat();
    bed.write("both.txt", keys);
    let run = |ours: bool, key: &str, words: &[&str]| {
        let (program, prefix): (_, &[&str]) =
            if ours { (sanctum(), &["sops"]) } else { (&bed.sops, &[]) };
        let mut command = bed.command(program, &[prefix, words].concat());
        command.env("SOPS_AGE_KEY_FILE", bed.path(key)).output().expect("starts")
    };
    for name in ["g.json", "g.yaml", "g.env", "g.ini"] {
        let plain = match name {
            "g.env" => "A=value\n",
            "g.ini" => "[s]\na = value\n",
            _ => PLAIN,
        };
        for ours in [true, false] {
            bed.write(name, plain);
            bed.sops(&["encrypt", "-i", "--age", recipient, name]);
            done(&run(ours, "keys.txt", &["groups", "add", "-i", "-f", name, "--age", other]));
            for opens in [true, false] {
                assert!(done(&run(opens, "both.txt", &["decrypt", name])).contains("value"));
                assert_eq!(run(opens, "keys.txt", &["decrypt", name]).status.code(), Some(128));
            }
            let delete = ["groups", "delete", "-i", "-f", name, "0"];
            // Two of one cannot be, and nothing changes.
            let before = bed.read(name);
            assert_eq!(run(ours, "both.txt", &delete).status.code(), Some(1));
            assert_eq!(bed.read(name), before);
            done(&run(ours, "both.txt", &["groups", "add", "-i", "-f", name, "--age", recipient]));
            done(&run(ours, "both.txt", &delete));
            for opens in [true, false] {
                assert!(done(&run(opens, "both.txt", &["decrypt", name])).contains("value"));
            }
        }
        // Ours alone comes back to one group: the original cannot make a share of one.
        let one =
            ["groups", "delete", "-i", "-f", name, "--shamir-secret-sharing-threshold", "1", "0"];
        done(&run(true, "both.txt", &one));
        assert!(done(&run(false, "keys.txt", &["decrypt", name])).contains("value"), "{name}");
    }
}

#[test]
fn a_change_of_groups_that_nobody_could_open_is_refused() {
    let (sops, keygen) = need!("sops", "age-keygen");
    let bed = Bed::new(sops, &keygen);
    bed.write("g.json", PLAIN);
    bed.sops(&["encrypt", "-i", "--age", &bed.recipient, "g.json"]);
    let before = bed.read("g.json");
    for (words, why) in [
        (&["add"][..], "could never be opened"),
        (&["add", "--age", "nobody"], "is no age recipient"),
        (&["add", "--age", &bed.other, "--shamir-secret-sharing-threshold", "1"], "1 of 2"),
        (&["add", "--age", &bed.other, "--shamir-secret-sharing-threshold", "3"], "3 groups"),
        (&["add", "--pgp", "85D7"], "for age and SSH keys only"),
        (&["delete", "0"], "nobody could open"),
        (&["delete", "7"], "there is no group 7"),
    ] {
        let line = [&["groups"], words, &["-i", "--file", "g.json"]].concat();
        let output = ours(&bed, &line);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && told.contains(why), "{line:?}: {told}");
        assert_eq!(bed.read("g.json"), before, "{line:?}");
    }
}

#[test]
fn updatekeys_to_fewer_groups_leaves_a_file_that_opens() {
    let (sops, keygen) = need!("sops", "age-keygen");
    let bed = Bed::new(sops, &keygen);
    let Bed { recipient, other, .. } = &bed;
    bed.write("both.txt", [bed.read("keys.txt"), bed.read("other.txt")].concat());
    let rules = |groups: &str| {
        bed.write(".sops.yaml", format!("creation_rules:\n  - key_groups:\n{groups}"))
    };
    rules(&format!("      - age: [{recipient}]\n      - age: [{other}]\n"));
    bed.write("g.yaml", "a: value\n");
    bed.sops(&["encrypt", "-i", "g.yaml"]);
    rules(&format!("      - age: [{recipient}]\n"));
    let mut command = bed.command(sanctum(), &["sops", "updatekeys", "--yes", "g.yaml"]);
    done(&command.env("SOPS_AGE_KEY_FILE", bed.path("both.txt")).output().expect("starts"));
    assert_eq!(bed.sops(&["decrypt", "g.yaml"]), b"a: value\n");
}
