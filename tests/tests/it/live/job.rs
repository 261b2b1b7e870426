//! A job of an account of its own, to which nothing of root's is open: told of in its own journal, and run only where it can
//! be remembered.

use super::bed::{Machine, SANCTUM, Said, house, is_there, on_a_machine, program, read, sh};

const SCHEDULE: &str = "schedules:
  backup: {node: hub, cron: \"* * * * *\", command: [/opt/backup]}
";
/// Made by `sanctum apply`, which has no accounts to make here.
const STATE: &str = "/var/lib/sanctum-backup";

fn job(machine: &Machine) -> Said {
    Said::of(&machine.as_owner(&["env", "-i", SANCTUM, "job", "backup"]).output().unwrap())
}

/// It fails, and its program was not started.
#[track_caller]
fn does_not_run(machine: &Machine) {
    let before = read("/run/open/ran");
    let said = job(machine);
    assert!(!matches!(said.code, Some(0)), "{said:#?}");
    assert_eq!(read("/run/open/ran"), before, "{said:#?}");
}

#[test]
fn a_job_runs_in_its_own_name_and_only_where_that_can_be_remembered() {
    let name = "live::job::a_job_runs_in_its_own_name_and_only_where_that_can_be_remembered";
    on_a_machine(name, |machine| {
        machine.install();
        program("/opt/backup", "#!/bin/sh\necho once >> /run/open/ran\n");
        sh("mkdir -m 777 /run/open && chmod 777 /run/open");
        house(&[], SCHEDULE);
        machine.apply_and_confirm();
        does_not_run(machine);
        sh(&format!("install -d -m 500 -o alma -g alma {STATE}"));
        does_not_run(machine);
        assert!(!is_there("/run/open/ran"));
        sh(&format!("chmod 700 {STATE}"));
        job(machine).done();
        assert_eq!(read("/run/open/ran").as_deref(), Some("once\n"));
        assert!(job(machine).out.contains("already ran"));
        // Its journal takes a line still, but the moment could not be written down.
        sh(&format!("echo 0 > {STATE}/last-run && chmod 500 {STATE}"));
        does_not_run(machine);
        // A start and an end, both in the name of the job and not of the account.
        let journal = sh(&format!("cat {STATE}/journal/*/*.jsonl"));
        let actors = journal.matches("\"job:backup\"").count();
        assert_eq!((actors, journal.matches("\"job.run\"").count()), (2, 2), "{journal}");
        assert!(!journal.contains("\"uid:"), "{journal}");
    });
}
