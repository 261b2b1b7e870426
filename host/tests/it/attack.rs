//! Another user swaps files, links and directories below a root's directory while root writes there.
//!
//! Nothing outside may change, no setuid bit of the attacker may survive under root's name, and what was reported
//! as written was written.

#![expect(
    clippy::disallowed_methods,
    reason = "the attacker and the victim are arranged from outside"
)]

use sanctum_host::{Blobs, DirState, FileState, Host, Op, RootHost};
use sanctum_types::{AbsPath, Mode, Owner};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

/// `nobody` on every Linux (Debian base-passwd).
const STRANGER: u32 = 65534;
const ROUNDS: usize = 1000;

/// Swaps at random, as fast as it can, until it is killed or its parent is gone.
const SWAPPER: &str = r#"
use POSIX; my ($dir, $victim) = @ARGV; chdir $dir or die; my $n = 0;
sub clear { my ($name) = @_; unlink $name or rmdir $name or rename $name, "old" . $n++ }
my @moves = (
  sub { clear "f"; symlink "$victim/file", "f" },
  sub { clear "f"; link "$victim/file", "f" },
  sub { clear "f"; open my $f, ">", "f"; chmod 04777, "f" },
  sub { clear "f"; POSIX::mkfifo("f", 0666) },
  sub { clear "f"; mkdir "f" },
  sub { clear "f" }, sub { clear "f" }, sub { clear "f" },
  sub { clear ".f.sanctum-new"; symlink "$victim/file", ".f.sanctum-new" },
  sub { clear ".f.sanctum-new"; link "$victim/file", ".f.sanctum-new" },
  sub { clear ".f.sanctum-new"; open my $f, ">", ".f.sanctum-new"; chmod 0666, ".f.sanctum-new" },
  sub { clear "d"; symlink $victim, "d" },
  sub { clear "d"; mkdir "d"; chmod 02777, "d" }, sub { clear "d"; mkdir "d" },
  sub { clear "d/file"; symlink "$victim/file", "d/file" },
);
while (getppid() != 1) { $moves[rand @moves]->() }
"#;

struct Attacker(Child);

impl Attacker {
    fn start(dir: &Path, victim: &Path) -> Self {
        let (uid, gid) = (format!("--reuid={STRANGER}"), format!("--regid={STRANGER}"));
        let child = Command::new("setpriv")
            .args([&uid, &gid, "--clear-groups", "--", "perl", "-e", SWAPPER])
            .args([dir, victim])
            .spawn()
            .unwrap();
        Self(child)
    }
}

impl Drop for Attacker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Scene {
    _dir: tempfile::TempDir,
    root: PathBuf,
    victim: PathBuf,
}

fn mode(path: &Path, bits: u32) {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(bits)).unwrap();
}

#[track_caller]
fn scene() -> Option<Scene> {
    let tools = ["/usr/bin/setpriv", "/usr/bin/perl"].iter().all(|tool| Path::new(tool).exists());
    if !rustix::process::geteuid().is_root() || !tools {
        crate::tier::missing("root, setpriv and perl, to be two users at once");
        return None;
    }
    let dir = tempfile::tempdir().unwrap();
    let (root, victim) = (dir.path().join("root"), dir.path().join("victim"));
    std::fs::create_dir(&root).unwrap();
    std::fs::create_dir(&victim).unwrap();
    std::fs::write(victim.join("file"), "victim").unwrap();
    mode(&victim.join("file"), 0o640);
    for open in [dir.path(), &root, &victim] {
        mode(open, 0o755);
    }
    Some(Scene { _dir: dir, root, victim })
}

/// Everything about the victim that a write, chmod, chown or removal through a link would change.
fn fingerprint(victim: &Path) -> String {
    let of = |path: &Path| {
        let meta = std::fs::symlink_metadata(path).unwrap();
        format!("{path:?} {:o} {} {}\n", meta.mode(), meta.uid(), meta.ino())
    };
    let mut names: Vec<PathBuf> =
        std::fs::read_dir(victim).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let rows: String = names.iter().map(|path| of(path)).collect();
    of(victim) + &rows + &std::fs::read_to_string(victim.join("file")).unwrap()
}

/// Root's special bits anywhere below; links are not followed.
fn special(dir: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let Ok(meta) = entry.metadata() else { continue };
        if meta.uid() == 0 && meta.mode() & 0o6000 != 0 && !meta.is_symlink() {
            found.push(entry.path());
        }
        if meta.is_dir() {
            found.extend(special(&entry.path()));
        }
    }
    found
}

/// Writes, makes and removes below `/play` for many rounds and gives how often it was done and refused.
///
/// Where `ours_stays`, nobody else may touch a file of root's, so that a write that was reported is found again.
fn work(scene: &Scene, ours_stays: bool) -> (usize, usize) {
    let before = fingerprint(&scene.victim);
    let owner = Owner::new("root", "root");
    let mut host = RootHost::open(&scene.root, owner.clone()).unwrap();
    let mut blobs = Blobs::default();
    let blob = blobs.add(b"ours");
    let at = |text: &str| AbsPath::new(text).unwrap();
    let file = |path: &str| Op::File {
        path: at(path),
        state: FileState { blob, mode: Mode::PUBLIC, owner: owner.clone() },
    };
    let dir = |path: &str| Op::Dir {
        path: at(path),
        state: DirState { mode: Mode::OPEN_DIR, owner: owner.clone() },
    };
    let absent = |path: &str| Op::Absent { path: at(path) };
    let ops = [
        file("/play/f"),
        absent("/play/f"),
        file("/play/d/file"),
        dir("/play/d"),
        dir("/play/d/sub"),
        absent("/play/d/file"),
        absent("/play/d/sub"),
        absent("/play/d"),
    ];
    let (mut done, mut refused) = (0, 0);
    for round in 0..ROUNDS {
        // Every round writes the file that is fought over, and does one of the other things.
        for op in [&ops[0], &ops[1 + round % (ops.len() - 1)]] {
            match host.ensure(op, &blobs) {
                Ok(()) => {
                    done += 1;
                    if ours_stays && *op == ops[0] {
                        let path = scene.root.join("play/f");
                        let meta = std::fs::symlink_metadata(&path).unwrap();
                        assert!(meta.is_file() && meta.uid() == 0 && meta.mode() & 0o7777 == 0o644);
                        assert_eq!(std::fs::read(&path).unwrap(), b"ours");
                    }
                }
                Err(_) => refused += 1,
            }
        }
        assert_eq!(fingerprint(&scene.victim), before, "round {round}");
    }
    (done, refused)
}

/// Ends the attacker, and looks at what stands: while one works, a directory can go between its name and its list.
fn settled(scene: &Scene, attacker: Attacker) {
    drop(attacker);
    assert_eq!(special(&scene.root), Vec::<PathBuf>::new());
}

fn play(scene: &Scene, bits: u32, uid: u32) -> PathBuf {
    let play = scene.root.join("play");
    std::fs::create_dir(&play).unwrap();
    std::os::unix::fs::chown(&play, Some(uid), Some(uid)).unwrap();
    mode(&play, bits);
    play
}

#[test]
fn below_a_directory_of_another_user_nothing_is_written() {
    let Some(scene) = scene() else { return };
    let play = play(&scene, 0o755, STRANGER);
    let attacker = Attacker::start(&play, &scene.victim);
    let (done, refused) = work(&scene, false);
    settled(&scene, attacker);
    assert_eq!((done, refused), (0, 2 * ROUNDS));
}

#[test]
fn in_a_shared_sticky_directory_only_our_own_file_is_written() {
    let Some(scene) = scene() else { return };
    let play = play(&scene, 0o1777, 0);
    let attacker = Attacker::start(&play, &scene.victim);
    let (done, refused) = work(&scene, true);
    settled(&scene, attacker);
    println!("sticky: {done} done, {refused} refused");
    assert!(done > 0 && refused > 0, "no race took place: {done} done, {refused} refused");
}

#[test]
fn in_a_root_that_the_attacker_owns_nothing_outside_is_reached() {
    let Some(scene) = scene() else { return };
    let play = play(&scene, 0o755, STRANGER);
    std::os::unix::fs::chown(&scene.root, Some(STRANGER), Some(STRANGER)).unwrap();
    let attacker = Attacker::start(&play, &scene.victim);
    let (done, refused) = work(&scene, false);
    settled(&scene, attacker);
    println!("owned: {done} done, {refused} refused");
    assert!(done > 0 && refused > 0, "no race took place: {done} done, {refused} refused");
}

#[test]
fn what_is_not_a_plain_file_is_neither_read_nor_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    std::fs::write(at("real"), "x").unwrap();
    std::fs::write(at("twin"), "x").unwrap();
    std::fs::hard_link(at("twin"), at("hard")).unwrap();
    std::os::unix::fs::symlink("real", at("soft")).unwrap();
    std::os::unix::fs::symlink("nowhere", at("dangling")).unwrap();
    std::fs::create_dir(at("dir")).unwrap();
    std::os::unix::fs::symlink("dir", at("way")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    assert!(Command::new("mkfifo").arg(at("fifo")).status().unwrap().success());
    std::fs::write(at("suid"), "x").unwrap();
    mode(&at("suid"), 0o4755);

    let owner = Owner::new("root", "root");
    let mut host = RootHost::open(dir.path(), owner.clone()).unwrap();
    let mut blobs = Blobs::default();
    let state = FileState { blob: blobs.add(b"new"), mode: Mode::OPEN_DIR, owner };
    for name in ["hard", "twin", "soft", "dangling", "socket", "fifo", "way/file"] {
        let path = AbsPath::new(format!("/{name}")).unwrap();
        let scope =
            sanctum_host::Scope { paths: [path.clone()].into(), ..sanctum_host::Scope::default() };
        assert!(host.observe(&scope, &mut Blobs::default()).is_err(), "{name} was read");
        let write = Op::File { path: path.clone(), state: state.clone() };
        assert!(host.ensure(&write, &blobs).is_err(), "{name} was written");
        assert!(host.ensure(&Op::Absent { path }, &blobs).is_err(), "{name} was removed");
        assert!(name == "way/file" || at(name).symlink_metadata().is_ok());
    }
    assert!(std::fs::read_dir(at("dir")).unwrap().next().is_none());
    assert_eq!(std::fs::read_to_string(at("twin")).unwrap(), "x");
    let path = AbsPath::new("/suid").unwrap();
    host.ensure(&Op::File { path, state }, &blobs).unwrap();
    assert_eq!(std::fs::metadata(at("suid")).unwrap().mode() & 0o7777, 0o755);
}

#[test]
fn a_store_that_is_a_link_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let (root, elsewhere) = (dir.path().join("root"), dir.path().join("elsewhere"));
    std::fs::create_dir(&root).unwrap();
    std::fs::create_dir(&elsewhere).unwrap();
    mode(&elsewhere, 0o700);
    std::os::unix::fs::symlink(&elsewhere, root.join(".sanctum")).unwrap();
    let mut host = RootHost::open(&root, Owner::new("root", "root")).unwrap();
    let name = sanctum_types::AccountName::new("_sanctum_a").unwrap();
    assert!(host.ensure(&Op::Account { name }, &Blobs::default()).is_err());
    assert!(host.store().is_err() && host.existing_store().is_err());
    assert!(sanctum_host::Store::open(host.store_path()).is_err());
    assert!(std::fs::read_dir(&elsewhere).unwrap().next().is_none());
    std::fs::remove_file(root.join(".sanctum")).unwrap();
    assert!(host.existing_store().unwrap().is_none());
    host.store().unwrap().put_blobs(&Blobs::default()).unwrap();
    assert!(host.existing_store().unwrap().is_some());
}
