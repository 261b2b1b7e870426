//! The scheduled scan of the house: once for its moment, its findings in the journal, and nothing of a secret anywhere.

use super::bed::{SANCTUM, house, on_a_machine, read, sh, write};

const SCHEDULE: &str = "schedules:
  nightly:
    node: hub
    cron: \"0 0 1 1 *\"
    command: [scan, --all]
    run_as: {user: root, reason: it reads the files of every account}
";

#[test]
fn the_job_scans_the_house_and_the_journal_tells() {
    on_a_machine("live::scan::the_job_scans_the_house_and_the_journal_tells", |machine| {
        machine.install();
        house(&[], &SCHEDULE.replace("0 0 1 1 *", "* * * * *"));
        machine.apply_and_confirm();
        sh("mkdir -m 700 /var/lib/sanctum-nightly");
        // In parts, so that no scanner takes this file for a leak.
        let (token, needle) =
            (["AKIA", "Q3EGRTY7MNBVCXZP"].concat(), ["RTY7MN", "BVCXZP"].concat());
        write("/home/alma/.bash_history", &format!("ls\nexport KEY={token}\n"));
        write(
            "/home/alma/notes",
            &format!("# {}{} aws-access-key-id mine\n{token}\n", "sanctum:", "allow"),
        );
        let said = sh(&format!("env -i {SANCTUM} job nightly"));
        assert!(said.contains("nightly: done, with findings"), "{said}");
        let told = sh(&format!("{SANCTUM} audit --json --level error || true"));
        for (path, what) in [("/home/alma/.bash_history", "shell"), ("/home/alma/notes", "file")] {
            assert!(told.contains(path) && told.contains(what), "{told}");
        }
        assert!(told.contains("scan.found") && told.contains("job:nightly"), "{told}");
        let journal = sh("cat /var/lib/sanctum/journal/sanctum/*.jsonl");
        assert!(!journal.contains(&needle) && !said.contains(&needle), "{journal}");
        assert!(
            read("/var/lib/sanctum-nightly/last-run").is_some(),
            "{}",
            sh("ls /var/lib/sanctum-nightly")
        );
        // What the owner accepts is told no more.
        sh(&format!(
            "{SANCTUM} scan --all --write-baseline /run/keys/known --reason test > /dev/null"
        ));
        sh(&format!("{SANCTUM} scan --all --baseline /run/keys/known > /dev/null"));
    });
}
