//! At boot an unconfirmed change of an earlier boot is taken back at once, one of this boot is not.

use super::bed::{PARTS, digest, house_of_another, on_a_machine, read, sh, write};

#[test]
fn an_unconfirmed_change_does_not_outlive_its_boot() {
    on_a_machine("live::boot::an_unconfirmed_change_does_not_outlive_its_boot", |machine| {
        machine.install();
        machine.apply_and_confirm();
        house_of_another();
        machine
            .run(&["apply", PARTS, "--yes", "--confirm-within", "3600", "--approve", &digest()])
            .done();
        for verb in [["recover"].as_slice(), &["recover", "--boot"]] {
            machine.run(verb).done();
            assert_eq!(machine.status(), "unconfirmed", "{verb:?} in this boot");
            assert!(!machine.can_log_in());
        }
        // The machine starts again: the kernel gives each boot another name, so the receipt gets another.
        let boot = read("/proc/sys/kernel/random/boot_id").unwrap().trim().to_owned();
        let header = sh(&format!("grep -rl {boot} /var/lib/sanctum | sort | tail -n 1"));
        let text = read(header.trim()).unwrap();
        write(header.trim(), &text.replace(&boot, "00000000-0000-4000-8000-000000000000"));
        machine.run(&["recover"]).done();
        assert_eq!(machine.status(), "unconfirmed", "without --boot its deadline counts");
        machine.run(&["recover", "--boot"]).done();
        assert_eq!(machine.status(), "rolled-back");
        assert!(machine.can_log_in());
    });
}
