//! Another user swaps files, links and directories while a house is applied and taken back a thousand times.
//!
//! What is in root's own directories is always one of two states: all of the house, or all as it was before.
//! Nothing outside changes, whatever the attacker points at, and after it is gone one apply makes it whole.
#![expect(
    clippy::disallowed_methods,
    reason = "attacker, victim and root are arranged from outside"
)]

use sanctum_host::{Blobs, DirState, FileState, RootHost, Unit};
use sanctum_orchestrator::apply::Outcome;
use sanctum_orchestrator::engine::{Engine, Terms};
use sanctum_orchestrator::house::Part;
use sanctum_orchestrator::plan::want::{WantDir, WantFile};
use sanctum_orchestrator::plan::{Target, Want};
use sanctum_orchestrator::receipt::Kind;
use sanctum_types::{AbsPath, Mode, NodeName, Owner, UnixTime};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

/// `nobody` on every Linux (Debian base-passwd).
const STRANGER: u32 = 65534;
const ROUNDS: usize = 1000;
/// After so many rounds the store begins anew: a history of a thousand receipts is another test's matter.
const ROUNDS_OF_A_STORE: usize = 5;

/// What the house writes.
const HOUSE: &[u8] = b"house";

/// Swaps at random, as fast as it can, until it is killed or its parent is gone.
const SWAPPER: &str = r#"
use POSIX; my ($dir, $victim) = @ARGV; chdir $dir or die; my $n = 0;
sub clear { my ($name) = @_; unlink $name or rmdir $name or rename $name, "old" . $n++ % 50 }
my @moves = (
  sub { clear "f"; symlink "$victim/file", "f" },
  sub { clear "f"; link "$victim/file", "f" },
  sub { clear "f"; open my $f, ">", "f"; chmod 04777, "f" },
  sub { clear "f"; POSIX::mkfifo("f", 0666) },
  sub { clear "f"; mkdir "f" },
  sub { clear ".f.sanctum-new"; symlink "$victim/file", ".f.sanctum-new" },
  sub { clear ".f.sanctum-new"; link "$victim/file", ".f.sanctum-new" },
  sub { clear "d"; symlink $victim, "d" },
  sub { clear "d"; mkdir "d"; chmod 02777, "d" },
  sub { clear "d/file"; symlink "$victim/file", "d/file" },
);
my @peace = map { my $name = $_; sub { clear $name } } ("f", "d", ".f.sanctum-new", "d/file");
while (getppid() != 1) { (rand() < 0.15 ? $moves[rand @moves] : $peace[rand @peace])->(); select undef, undef, undef, rand(0.0015) }
"#;

struct Attacker(Child);

impl Attacker {
    fn start(dir: &Path, victim: &Path) -> Self {
        let (uid, gid) = (format!("--reuid={STRANGER}"), format!("--regid={STRANGER}"));
        let mut command = Command::new("setpriv");
        command.args([&uid, &gid, "--clear-groups", "--", "perl", "-e", SWAPPER]);
        Self(command.args([dir, victim]).spawn().unwrap())
    }
}

impl Drop for Attacker {
    fn drop(&mut self) {
        let _killed = self.0.kill();
        let _ended = self.0.wait();
    }
}

fn at(path: &str) -> AbsPath {
    AbsPath::new(path).unwrap()
}

/// Files of root's before and after the contested ones, in the order that a plan has, and one that is loaded.
fn want(text: &[u8], blobs: &mut Blobs) -> Want {
    let owner = Owner::new("root", "root");
    let state = FileState { blob: blobs.add(text), mode: Mode::PUBLIC, owner: owner.clone() };
    let dir = WantDir { state: DirState { mode: Mode::OPEN_DIR, owner }, exact: false };
    let mut want = Want::default();
    for path in ["/a", "/play/d", "/z"] {
        want.dirs.insert(at(path), dir.clone());
    }
    for path in ["/a/file", "/a/unit", "/play/d/file", "/play/f", "/z/file"] {
        let unit = (path == "/a/unit").then_some(Unit::Sshd);
        let file = WantFile { state: state.clone(), unit, lockout: false, part: Part::Ssh };
        want.files.insert(at(path), file);
    }
    want
}

const NONE: [Option<String>; 3] = [None, None, None];

/// Everything about the victim that a write, chmod, chown or removal through a link would change.
fn fingerprint(victim: &Path) -> String {
    let of = |path: &Path| {
        let meta = fs::symlink_metadata(path).unwrap();
        format!("{path:?} {:o} {} {}\n", meta.mode(), meta.uid(), meta.ino())
    };
    let names = fs::read_dir(victim).unwrap().map(|entry| entry.unwrap().path());
    let mut rows: Vec<String> = names.map(|path| of(&path)).collect();
    rows.sort();
    of(victim) + &rows.concat() + &fs::read_to_string(victim.join("file")).unwrap()
}

/// Root's own files, where they are.
fn ours(root: &Path) -> [Option<String>; 3] {
    ["a/file", "a/unit", "z/file"].map(|name| fs::read_to_string(root.join(name)).ok())
}

/// Removes the store, and what receipts that could not be taken back have left in root's own directories.
fn start_anew(host: &RootHost, root: &Path) {
    for dir in [host.store_path(), &root.join("a"), &root.join("z")] {
        let _absent = fs::remove_dir_all(dir);
    }
}

/// How one round ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// Applied; and so far taken back again.
    Applied(bool),
    /// Failed, and taken back.
    Back,
    /// Failed, and not all could be taken back.
    Incomplete,
    /// Not begun.
    Refused,
}

/// Heals what a round before left, applies, looks, and takes it back.
fn round(host: &mut RootHost, root: &Path, number: usize) -> End {
    let store = host.store().unwrap();
    let mut engine = Engine { store: Some(&store), host };
    let now = UnixTime(1_800_000_000 + i64::try_from(number).unwrap());
    let _healed = engine.recover(None, now);
    let mut blobs = Blobs::default();
    let want = want(HOUSE, &mut blobs);
    let node = NodeName::new("hub").unwrap();
    let target = Target { node: &node, instance: Blobs::digest(HOUSE) };
    let Ok(planned) = engine.plan(&target, &want, &mut blobs) else { return End::Refused };
    let terms = Terms {
        kind: Kind::Apply,
        confirm_within: None,
        session: None,
        boot: None,
        overwrite_foreign: true,
        now,
    };
    let applied = engine.apply(&planned.plan, &blobs, &terms, &mut |_, _| {});
    match applied {
        Err(_) => End::Refused,
        Ok((_, Outcome::RolledBack(_))) => End::Back,
        Ok((_, Outcome::Incomplete(..))) => End::Incomplete,
        Ok((_, Outcome::Done { .. })) => {
            let all = ours(root).map(|text| text.is_some_and(|text| text.as_bytes() == HOUSE));
            assert_eq!(all, [true; 3], "round {number}: done is done");
            let taken = engine.rollback(None, true, now);
            End::Applied(taken.is_ok_and(|all| all.iter().all(|one| one.report.errors.is_empty())))
        }
    }
}

struct Scene {
    _dir: tempfile::TempDir,
    root: PathBuf,
    victim: PathBuf,
}

fn scene() -> Scene {
    // In memory: a receipt syncs each of its marks.
    let place = if Path::new("/dev/shm").is_dir() { "/dev/shm" } else { "/tmp" };
    let dir = tempfile::tempdir_in(place).unwrap();
    let (root, victim) = (dir.path().join("root"), dir.path().join("victim"));
    for made in [&root, &victim, &root.join("play")] {
        fs::create_dir(made).unwrap();
    }
    fs::write(victim.join("file"), "victim").unwrap();
    fs::set_permissions(victim.join("file"), fs::Permissions::from_mode(0o640)).unwrap();
    for open in [dir.path(), &root, &victim] {
        fs::set_permissions(open, fs::Permissions::from_mode(0o755)).unwrap();
    }
    Scene { _dir: dir, root, victim }
}

#[test]
fn a_thousand_applies_beside_an_attacker_reach_nothing_outside() {
    let _tools = sanctum_tests::need!("setpriv", "perl");
    assert!(rustix::process::geteuid().is_root(), "it needs root to be two users at once");
    let scene = scene();
    let (root, play) = (&scene.root, scene.root.join("play"));
    // A shared directory with the sticky bit, in which the attacker owns what it makes.
    chown(&play, Some(0), Some(0)).unwrap();
    fs::set_permissions(&play, fs::Permissions::from_mode(0o1777)).unwrap();
    let before = fingerprint(&scene.victim);
    let mut host = RootHost::open(root, Owner::new("root", "root")).unwrap();
    let attacker = Attacker::start(&play, &scene.victim);
    let mut ends = BTreeMap::<End, usize>::new();
    for number in 0..ROUNDS {
        if number % ROUNDS_OF_A_STORE == 0 {
            start_anew(&host, root);
        }
        let end = round(&mut host, root, number);
        if matches!(end, End::Applied(true) | End::Back) {
            assert_eq!(ours(root), NONE, "round {number}: taken back is taken back");
        }
        assert_eq!(fingerprint(&scene.victim), before, "round {number}");
        *ends.entry(end).or_default() += 1;
    }
    drop(attacker);
    println!("race: {ends:?}");
    for end in [End::Applied(true), End::Back] {
        assert!(ends.contains_key(&end), "no race took place: {ends:?}");
    }
    fs::remove_dir_all(&play).unwrap();
    fs::create_dir(&play).unwrap();
    start_anew(&host, root);
    assert_eq!(round(&mut host, root, ROUNDS), End::Applied(true), "peace");
    assert_eq!(fingerprint(&scene.victim), before);
}
