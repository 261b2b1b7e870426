//! A disk without room for one more line: what cannot be recorded does not happen.
#![expect(clippy::disallowed_methods, reason = "a small file system is mounted and filled")]

use crate::cli::program::{House, SMALL};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A small file system in memory over a directory, gone with this value.
pub(crate) struct Small(PathBuf);

impl Small {
    pub(crate) fn over(dir: &Path) -> Self {
        let kept: Vec<(PathBuf, Vec<u8>)> = walk(dir);
        let mount = sanctum_tests::tool("mount");
        let options = "size=256k,mode=0700";
        let status =
            Command::new(mount).args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(dir).status();
        assert!(status.expect("mount starts").success(), "this test needs root");
        for (path, bytes) in kept {
            let parent = path.parent().expect("a parent");
            std::os::unix::fs::DirBuilderExt::mode(fs::DirBuilder::new().recursive(true), 0o700)
                .create(parent)
                .expect("a directory");
            fs::write(&path, bytes).expect("a copy");
        }
        Self(dir.to_path_buf())
    }

    /// Not one more block.
    pub(crate) fn fill(&self) {
        let mut file = fs::File::create(self.0.join("filler")).expect("a file");
        while file.write_all(&[0; 4096]).is_ok() {}
        while file.write_all(&[0]).is_ok() {}
    }

    pub(crate) fn free(&self) {
        fs::remove_file(self.0.join("filler")).expect("the filler goes");
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // In a failed test nobody could do more about it.
        let _ = Command::new(sanctum_tests::tool("umount")).arg(&self.0).status();
    }
}

fn walk(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).expect("a list") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(walk(&path));
        } else {
            let bytes = fs::read(&path).expect("bytes");
            all.push((path, bytes));
        }
    }
    all
}

#[test]
fn on_a_full_disk_nothing_is_changed_and_nothing_is_lost() {
    let _tools = sanctum_tests::need!("mount", "umount");
    let house = House::applied(SMALL);
    let small = Small::over(&house.at("root/.sanctum/journal"));
    let lines = || {
        let text = fs::read_to_string(house.at("root/.sanctum/journal/sanctum/000001.jsonl"));
        text.expect("a journal").lines().count()
    };
    // Lines of a page that is there already still fit; they are used up first.
    let other = SMALL.replace("[1111]", "[1111, 2222]");
    small.fill();
    let mut before = (house.tree(), lines(), house.receipts());
    let mut refused = 0;
    for round in 0..20 {
        house.instance(if round % 2 == 0 { &other } else { SMALL });
        let ran = house.run(&["apply", "--yes", "--quiet"]);
        if ran.code == Some(0) {
            before = (house.tree(), lines(), house.receipts());
            continue;
        }
        ran.exits(1).says("cannot append to");
        assert_eq!((house.tree(), lines(), house.receipts()), before, "round {round}");
        refused += 1;
        for verb in ["rollback", "uninstall"] {
            house.run(&[verb, "--yes"]).exits(1);
            assert_eq!((house.tree(), lines(), house.receipts()), before, "{verb}");
        }
        break;
    }
    assert_eq!(refused, 1, "the disk was never full");
    small.free();
    house.instance(&SMALL.replace("[1111]", "[1111, 3333]"));
    house.run(&["apply", "--yes", "--quiet"]).exits(0);
    let root = house.at("root");
    let verify = ["audit", "verify", "--json", "--root", root.to_str().expect("UTF-8")];
    let told = house.bare(&verify).json();
    assert!(told["streams"][0]["fault"].is_null(), "{told}");
}
