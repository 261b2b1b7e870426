//! Root runs only a binary that nobody else could have put there, and installs it so.
#![expect(clippy::disallowed_methods, reason = "binaries at other places are started")]

use super::bed::{
    APPROVED, PARTS, PERSON, SANCTUM, Said, built, digest, is_there, on_a_machine, sh,
};
use std::process::Command;

fn root(exe: &str, args: &[&str]) -> Said {
    Said::of(
        &Command::new(PERSON)
            .arg(exe)
            .args(args)
            .env("SUDO_UID", sh("id -u alma").trim())
            .output()
            .unwrap(),
    )
}

#[test]
fn root_changes_the_machine_only_through_a_binary_that_is_roots() {
    on_a_machine(
        "live::install::root_changes_the_machine_only_through_a_binary_that_is_roots",
        |machine| {
            let (ours, with) = built();
            let digest = digest();
            let apply = ["apply", PARTS, "--yes", "--approve", &digest];
            sh(&format!(
            "install -d -o alma /home/alma/bin && cp {ours} {with} /home/alma/bin
             install -d -m 775 /opt/shared && install -d /opt/shared/bin && cp {ours} /opt/shared/bin
             install -d /opt/own && ln -s /home/alma/bin/sanctum /opt/own/sanctum
             install -d /opt/loose && cp {ours} /opt/loose && chmod 775 /opt/loose/sanctum"
        ));
            for (exe, why) in [
                (
                    "/home/alma/bin/sanctum",
                    "/home/alma cannot be trusted: it does not belong to root",
                ),
                ("/opt/own/sanctum", "/home/alma cannot be trusted: it does not belong to root"),
                (
                    "/opt/shared/bin/sanctum",
                    "/opt/shared cannot be trusted: group or others can write it",
                ),
                (
                    "/opt/loose/sanctum",
                    "/opt/loose/sanctum cannot be trusted: group or others can write it",
                ),
            ] {
                let said = root(exe, &apply);
                said.expect(4, why);
                said.expect(4, " self install\nhint: then run sudo /opt/sanctum/bin/sanctum");
            }
            assert!(
                !is_there(APPROVED) && !is_there("/var/lib/sanctum"),
                "a refusal leaves nothing"
            );
            // The hint's own words.
            root("/home/alma/bin/sanctum", &["self", "install"]).done();
            assert_eq!(
                sh("stat -Lc '%U %a' /opt/sanctum/bin/sanctum /opt/sanctum/bin/sanctumd"),
                "root 755\nroot 755\n"
            );
            root(SANCTUM, &apply).done();
            assert!(is_there(APPROVED));
            // Its way lost its trust later.
            sh("chmod g+w /opt/sanctum");
            root(SANCTUM, &["confirm"]).expect(4, "/opt/sanctum cannot be trusted");
            sh("chmod g-w /opt/sanctum");
            root(SANCTUM, &["confirm"]).done();
            let said = machine
                .alma(&format!("{SANCTUM} apply {PARTS} --yes --instance .sanctum/instance.yaml"));
            said.expect(4, "changing this machine needs root");
        },
    );
}

#[test]
fn a_version_goes_in_whole_and_the_one_before_comes_back() {
    on_a_machine(
        "live::install::a_version_goes_in_whole_and_the_one_before_comes_back",
        |machine| {
            root(built().0, &["self", "install"]).done();
            let where_it_is = || sh("readlink -f /opt/sanctum/bin/sanctum");
            let (first, sum) = (where_it_is(), sh("sha256sum < /opt/sanctum/bin/sanctum"));
            root(SANCTUM, &["self", "rollback"]).expect(4, "there is no version before");
            // A new version: bytes behind the program do not change what it does.
            sh("install -d /opt/new && cp /run/built/* /opt/new && echo new >> /opt/new/sanctum");
            root("/opt/new/sanctum", &["self", "install"]).done();
            let second = where_it_is();
            assert_ne!(first, second);
            assert_ne!(sum, sh("sha256sum < /opt/sanctum/bin/sanctum"));
            // By the version that is on its way out.
            root(SANCTUM, &["self", "rollback"]).done();
            assert_eq!((where_it_is(), sh("sha256sum < /opt/sanctum/bin/sanctum")), (first, sum));
            machine.run(&["apply", PARTS, "--yes", "--approve", &digest()]).done();
            root(SANCTUM, &["self", "rollback"]).done();
            assert_eq!(where_it_is(), second);
            sh("install -d -m 777 /opt/open");
            root(SANCTUM, &["self", "install", "--prefix", "/opt/open/sanctum"])
                .expect(4, "refused to touch /opt/open: group or others can write it");
            assert!(!is_there("/opt/open/sanctum/bin"));
        },
    );
}
