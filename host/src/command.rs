//! Child processes: an absolute program, a cleared environment, `/` as directory, a time limit, bounded output.
//!
//! A child gets its own process group, which is killed as a whole when the time is over. At euid 0 the program
//! must be one that only root could have put there. Deliberately absent: shells, PATH look-up by the child's
//! name, and inherited environment.

#![expect(clippy::disallowed_methods, reason = "this module is where children start")]

use crate::HostError;
use crate::accounts::Account;
use crate::clock::Monotonic;
use crate::trust;
use rustix::process::{Pid, Signal, kill_process_group};
use sanctum_types::{AbsPath, Secret};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Where the system's own programs are, in the order of the PATH that children get.
pub const PROGRAM_DIRS: [&str; 4] = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"];
const PATH: &str = "/usr/bin:/bin:/usr/sbin:/sbin";
/// How long pipes may stay open after the child is gone, held by something that it started.
const PIPE_GRACE: Duration = Duration::from_millis(500);
/// What a stream is given room for at once; pages that nobody writes cost nothing.
const ROOM: usize = 64 * 1024;
const POLL_FIRST: Duration = Duration::from_micros(500);
const POLL_LAST: Duration = Duration::from_millis(20);

/// A program by its absolute path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program(AbsPath);

impl Program {
    /// The program at that path; whether it may run is decided when it does.
    #[must_use]
    pub const fn new(path: AbsPath) -> Self {
        Self(path)
    }

    /// The first of these names that is in one of the system's own directories.
    #[must_use]
    pub fn find(names: &[&str]) -> Option<Self> {
        find_program(names).map(Self)
    }

    /// Where it is.
    #[must_use]
    pub const fn path(&self) -> &AbsPath {
        &self.0
    }
}

/// What a child is given beside its arguments.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes for its standard input, which may hold a value; without any it reads the end of file.
    pub stdin: Option<Secret<Vec<u8>>>,
    /// When it is killed.
    pub timeout: Duration,
    /// Variables beside PATH and LC_ALL. The names are the program's text, never input.
    pub env: BTreeMap<&'static str, String>,
    /// How many bytes of each stream are kept; the rest is read and dropped.
    pub output_limit: usize,
}

impl Default for Options {
    /// Ten seconds, no input, no further variables, 1 MiB of each stream.
    fn default() -> Self {
        Self {
            stdin: None,
            timeout: Duration::from_secs(10),
            env: BTreeMap::new(),
            output_limit: 1024 * 1024,
        }
    }
}

/// How a child ended and what it said.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its program and first argument, for messages.
    pub program: String,
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output up to the limit.
    pub stdout: Vec<u8>,
    /// Standard error up to the limit.
    pub stderr: Vec<u8>,
    /// Whether one of the streams was longer than the limit.
    pub truncated: bool,
}

impl Output {
    /// This output when the child ended with 0, else a [`HostError::Child`].
    pub fn success(self) -> Result<Self, HostError> {
        if self.status.success() {
            return Ok(self);
        }
        Err(self.failure())
    }

    /// The failure that this output describes.
    #[must_use]
    pub fn failure(&self) -> HostError {
        let status = match (self.status.code(), self.status.signal()) {
            (Some(code), _) => format!("exit status {code}"),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => "no status".to_owned(),
        };
        HostError::Child {
            program: self.program.clone(),
            status,
            stderr: first_lines(&self.stderr),
        }
    }

    /// Standard output as text; what is not UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

/// The first of these names that is an executable file in one of [`PROGRAM_DIRS`].
#[must_use]
pub fn find_program(names: &[&str]) -> Option<AbsPath> {
    names.iter().find_map(|name| {
        PROGRAM_DIRS.iter().find_map(|dir| {
            let path = AbsPath::new(format!("{dir}/{name}")).ok()?;
            let runs = rustix::fs::access(path.as_str(), rustix::fs::Access::EXEC_OK).is_ok();
            runs.then_some(path)
        })
    })
}

/// Runs the program to its end. An exit status other than 0 is an answer, not an error.
pub fn run(program: &Program, args: &[&str], options: Options) -> Result<Output, HostError> {
    if rustix::process::geteuid().is_root() {
        trust::check_program(program.path())?;
    }
    let path = program.path().as_str();
    let shown = args.first().map_or_else(|| path.to_owned(), |first| format!("{path} {first}"));
    let failed = |source| HostError::Io { verb: "run", path: path.to_owned(), source };
    let start = Monotonic::now();
    let mut child = bare(path, args)
        .envs(options.env)
        .process_group(0)
        .stdin(if options.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    feed(&mut child, options.stdin);
    let (done, ended) = channel();
    let stdout = drain(child.stdout.take(), options.output_limit, done.clone());
    let stderr = drain(child.stderr.take(), options.output_limit, done);
    let Some(status) = wait(&mut child, start, options.timeout).map_err(failed)? else {
        kill_group(&child);
        // The group is dead and the child with it; this only makes sure and collects it.
        let _ = child.kill();
        let _ = child.wait();
        return Err(HostError::Timeout { program: shown, seconds: options.timeout.as_secs() });
    };
    if !all_ended(&ended) {
        kill_group(&child);
    }
    let (stdout, cut_out) = stdout.take();
    let (stderr, cut_err) = stderr.take();
    Ok(Output { program: shown, status, stdout, stderr, truncated: cut_out || cut_err })
}

/// Starts a program that is to outlive this one, with nothing open, and gives its process id.
///
/// It is still in our session, and a lost terminal would end it: it calls [`leave_session`] first of all. The
/// program is this very binary, which the caller has judged before anything was changed.
pub fn spawn_detached(program: &Program, args: &[&str]) -> Result<u32, HostError> {
    let path = program.path().as_str();
    bare(path, args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(|child| child.id())
        .map_err(|source| HostError::Io { verb: "start", path: path.to_owned(), source })
}

/// Starts a program with these as its standard input and output, and waits until it ended well. What it starts in turn lives on, and is no child
/// of ours: this process may become another program, which would wait for a child that it does not know.
///
/// # Errors
/// It cannot be started, or did not end well.
pub fn run_with(
    program: &Program,
    args: &[&str],
    (input, output): (OwnedFd, OwnedFd),
) -> Result<(), HostError> {
    let path = program.path().as_str();
    let failed = |source| HostError::Io { verb: "start", path: path.to_owned(), source };
    let start = Monotonic::now();
    let mut child = bare(path, args)
        .env("TMPDIR", std::env::temp_dir())
        .stdin(input)
        .stdout(output)
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let patience = Options::default().timeout;
    let Some(status) = wait(&mut child, start, patience).map_err(failed)? else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(HostError::Timeout { program: path.to_owned(), seconds: patience.as_secs() });
    };
    if status.success() {
        return Ok(());
    }
    let (stdout, stderr) = (Vec::new(), Vec::new());
    Err(Output { program: path.to_owned(), status, stdout, stderr, truncated: false }.failure())
}

/// Starts a program that outlives this one, with our standard input and output: this process ends at once.
///
/// # Errors
/// It cannot be started.
pub fn leave_behind(program: &Program, args: &[&str]) -> Result<(), HostError> {
    let path = program.path().as_str();
    let mut command = bare(path, args);
    command.env("TMPDIR", std::env::temp_dir()).stderr(Stdio::null());
    let spawned = command.spawn().map(drop);
    spawned.map_err(|source| HostError::Io { verb: "start", path: path.to_owned(), source })
}

/// Our standard input and output as descriptors of their own.
///
/// # Errors
/// One of them is closed.
pub fn own_streams() -> Result<(OwnedFd, OwnedFd), HostError> {
    use std::os::fd::AsFd as _;
    let both = || -> std::io::Result<(OwnedFd, OwnedFd)> {
        let (input, output) = (std::io::stdin(), std::io::stdout());
        Ok((input.as_fd().try_clone_to_owned()?, output.as_fd().try_clone_to_owned()?))
    };
    let path = "the standard streams".to_owned();
    both().map_err(|source| HostError::Io { verb: "take over", path, source })
}

/// Gives a program its input and waits until it ends, or until it has gone to the background; what it leaves behind
/// lives on. Its output is dropped.
pub fn hand_over(program: &Program, args: &[&str], options: Options) -> Result<(), HostError> {
    if rustix::process::geteuid().is_root() {
        trust::check_program(program.path())?;
    }
    let path = program.path().as_str();
    let failed = |source| HostError::Io { verb: "run", path: path.to_owned(), source };
    let start = Monotonic::now();
    let mut child = bare(path, args)
        .envs(options.env)
        .process_group(0)
        .stdin(if options.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    feed(&mut child, options.stdin);
    let Some(status) = wait(&mut child, start, options.timeout).map_err(failed)? else {
        kill_group(&child);
        let _ = child.wait();
        let seconds = options.timeout.as_secs();
        return Err(HostError::Timeout { program: path.to_owned(), seconds });
    };
    let output = Output {
        program: path.to_owned(),
        status,
        stdout: Vec::new(),
        stderr: Vec::new(),
        truncated: false,
    };
    output.success().map(drop)
}

/// How long somebody may take to answer: sudo's own default is five minutes (`passwd_timeout`, sudoers(5)).
const ANSWER_TIMEOUT: Duration = Duration::from_secs(300);

/// Runs a program that talks to the person at the terminal; whether it ended with 0. It stays in our process group,
/// since the terminal listens to no other, and its streams are ours.
pub fn on_terminal(program: &Program, args: &[&str]) -> Result<bool, HostError> {
    if rustix::process::geteuid().is_root() {
        trust::check_program(program.path())?;
    }
    let path = program.path().as_str();
    let failed = |source| HostError::Io { verb: "run", path: path.to_owned(), source };
    let start = Monotonic::now();
    let mut child = bare(path, args).spawn().map_err(failed)?;
    let Some(status) = wait(&mut child, start, ANSWER_TIMEOUT).map_err(failed)? else {
        let _ = child.kill();
        let _ = child.wait();
        return Ok(false);
    };
    Ok(status.success())
}

/// Variables that say how to speak and where programs are: all that another account gets of our environment.
const PLAIN: [&str; 5] = ["PATH", "LANG", "LANGUAGE", "TZ", "TERM"];

/// What a program that this process becomes is handed.
#[derive(Default)]
pub struct Handed {
    /// Its whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// Pipes that it inherits: each descriptor's number is added to the environment under that name.
    pub pipes: Vec<(String, Secret<Vec<u8>>)>,
    /// Descriptors that it inherits: each one's number is added to the environment under that name.
    pub descriptors: Vec<(String, OwnedFd)>,
    /// Whom it runs as; ourselves unless said, which only root can.
    pub account: Option<Account>,
}

/// Without the values of variables, of which some are secrets.
impl std::fmt::Debug for Handed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.env.iter().map(|(name, _)| name).collect();
        f.debug_struct("Handed")
            .field("env", &names)
            .field("pipes", &self.pipes)
            .field("descriptors", &self.descriptors)
            .field("account", &self.account)
            .finish()
    }
}

impl Handed {
    /// Hands everything to that account: of the environment only what says how to speak and where programs are, since the
    /// rest is about who we were.
    pub fn give_to(&mut self, account: Account) {
        let plain = |name: &OsString| {
            let name = name.to_string_lossy();
            PLAIN.contains(&&*name) || name.starts_with("LC_")
        };
        self.env.retain(|(name, _)| plain(name));
        let home = account.home.as_ref().map_or("/", |home| home.as_str()).to_owned();
        let who =
            [("HOME", home), ("USER", account.name.clone()), ("LOGNAME", account.name.clone())];
        self.env.extend(who.map(|(name, value)| (OsString::from(name), OsString::from(value))));
        self.account = Some(account);
    }
}

/// What a pipe takes without a reader, on Linux and macOS alike (pipe(7); 16 KiB there and grows to 64).
const PIPE_ROOM: usize = 16 * 1024;

/// Becomes another program: same process, same terminal, the environment that is handed and nothing of ours. It is
/// searched in the handed PATH. Another account is given no terminal of ours: the caller has left the session before.
/// Comes back only with the reason why that failed.
#[must_use]
pub fn become_program(program: &OsStr, args: &[OsString], handed: Handed) -> HostError {
    let shown = program.to_string_lossy().into_owned();
    let mut command = Command::new(program);
    command.args(args).env_clear().envs(handed.env);
    if let Some(account) = &handed.account {
        if has_terminal() {
            // Who can type into a terminal acts as whoever sits at it (TIOCSTI, ioctl_tty(2)).
            let source = std::io::Error::other("it would keep this session's terminal");
            return HostError::Io { verb: "become", path: shown, source };
        }
        // The standard library also clears the supplementary groups when root gives a user id. Our directory may be one
        // that the account cannot enter.
        command.uid(account.uid).gid(account.gid).current_dir("/");
    }
    // Held until the other program has taken them over.
    let mut ends = Vec::new();
    for (name, value) in handed.pipes {
        match filled_pipe(value.expose()) {
            Ok(end) => {
                command.env(name, end.as_raw_fd().to_string());
                ends.push(end);
            }
            Err(source) => return HostError::Io { verb: "hand a value to", path: shown, source },
        }
    }
    for (name, end) in handed.descriptors {
        if let Err(errno) = rustix::io::fcntl_setfd(&end, rustix::io::FdFlags::empty()) {
            return HostError::Io {
                verb: "hand a descriptor to",
                path: shown,
                source: errno.into(),
            };
        }
        command.env(name, end.as_raw_fd().to_string());
        ends.push(end);
    }
    let source = command.exec();
    HostError::Io { verb: "become", path: shown, source }
}

/// The reading end of a pipe that holds these bytes and then ends; a program that is started inherits it.
fn filled_pipe(bytes: &[u8]) -> std::io::Result<OwnedFd> {
    if bytes.len() > PIPE_ROOM {
        return Err(std::io::Error::other(format!("it is longer than {PIPE_ROOM} bytes")));
    }
    let (reader, writer) = rustix::pipe::pipe()?;
    rustix::io::fcntl_setfd(&writer, rustix::io::FdFlags::CLOEXEC)?;
    std::fs::File::from(writer).write_all(bytes)?;
    Ok(reader)
}

/// Whether a terminal controls this process, as far as can be seen: only where there is none does the system say so (ENXIO,
/// tty(4)).
#[must_use]
pub fn has_terminal() -> bool {
    let none = rustix::io::Errno::NXIO.raw_os_error();
    std::fs::File::open("/dev/tty")
        .map_or_else(|error| error.raw_os_error() != Some(none), |_| true)
}

/// Makes this process the leader of a session of its own, without a terminal (setsid(2)).
pub fn leave_session() -> Result<(), HostError> {
    rustix::process::setsid().map(drop).map_err(|errno| HostError::Io {
        verb: "leave",
        path: "the terminal's session".to_owned(),
        source: errno.into(),
    })
}

/// What every child has: arguments, the fixed environment, and `/` as its directory.
fn bare(path: &str, args: &[&str]) -> Command {
    let mut command = Command::new(path);
    command.args(args).env_clear().env("PATH", PATH).env("LC_ALL", "C").current_dir("/");
    command
}

/// Bytes that a thread reads off a pipe.
struct Drained(Arc<Mutex<(Vec<u8>, bool)>>);

impl Drained {
    fn take(&self) -> (Vec<u8>, bool) {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Reads to the end in a thread of its own, so that a child that fills both pipes never waits for us.
fn drain(pipe: Option<impl Read + Send + 'static>, limit: usize, done: Sender<()>) -> Drained {
    // Room for what most children say: growth would leave copies of a secret behind.
    let kept = Arc::new(Mutex::new((Vec::with_capacity(limit.min(ROOM)), false)));
    let shared = Arc::clone(&kept);
    std::thread::spawn(move || {
        let Some(mut pipe) = pipe else { return };
        let mut block = zeroize::Zeroizing::new([0; 8192]);
        while let Ok(count @ 1..) = pipe.read(&mut *block) {
            let mut kept = shared.lock().unwrap_or_else(PoisonError::into_inner);
            let room = limit.saturating_sub(kept.0.len()).min(count);
            kept.0.extend_from_slice(block.get(..room).unwrap_or_default());
            kept.1 |= room < count;
        }
        // Nobody listens any more when the run timed out.
        let _ = done.send(());
    });
    Drained(kept)
}

fn feed(child: &mut Child, bytes: Option<Secret<Vec<u8>>>) {
    if let (Some(mut pipe), Some(bytes)) = (child.stdin.take(), bytes) {
        // A child that does not read all of its input is free not to.
        std::thread::spawn(move || drop(pipe.write_all(bytes.expose())));
    }
}

fn wait(
    child: &mut Child,
    start: Monotonic,
    limit: Duration,
) -> std::io::Result<Option<ExitStatus>> {
    let mut nap = POLL_FIRST;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() >= limit {
            return Ok(None);
        }
        std::thread::sleep(nap);
        nap = (nap * 2).min(POLL_LAST);
    }
}

/// Whether both pipes came to their end in time.
fn all_ended(ended: &Receiver<()>) -> bool {
    (0..2).all(|_| ended.recv_timeout(PIPE_GRACE).is_ok())
}

fn kill_group(child: &Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // An empty group is what is wanted.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// What a person needs of an error stream, on one line, without control characters.
fn first_lines(stderr: &[u8]) -> String {
    // pfctl says this on every call, also when all is well.
    let noise = |line: &str| line.starts_with("No ALTQ") || line.starts_with("ALTQ related");
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !noise(line))
        .take(4)
        .collect();
    lines.join("; ").chars().filter(|c| !c.is_control()).take(600).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, options: Options) -> Result<Output, HostError> {
        run(&Program::find(&["sh"]).unwrap(), &["-c", script], options)
    }

    #[test]
    fn a_child_sees_only_what_it_is_given() {
        let env = BTreeMap::from([("SANCTUM_TEST", "yes".to_owned())]);
        let output = sh("env | sort; pwd; cat", Options { env, ..Options::default() }).unwrap();
        let text = output.text();
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("_=")).collect();
        // PWD is the shell's own.
        let expected =
            ["LC_ALL=C", "PATH=/usr/bin:/bin:/usr/sbin:/sbin", "PWD=/", "SANCTUM_TEST=yes", "/"];
        assert_eq!(lines, expected);
    }

    #[test]
    fn what_a_child_is_given_to_read_is_not_shown() {
        let stdin = Some(Secret::new(b"hidden".to_vec()));
        let shown = format!("{:?}", Options { stdin, ..Options::default() });
        assert!(!shown.contains("hidden") && !shown.contains("104, 105"), "{shown}");
    }

    #[test]
    fn what_a_program_is_handed_is_not_shown() {
        let env = vec![("TOKEN".into(), "hidden".into())];
        let pipes = vec![("FD".to_owned(), Secret::new(b"hidden".to_vec()))];
        let shown = format!("{:?}", Handed { env, pipes, account: None, ..Handed::default() });
        assert!(shown.contains("TOKEN") && shown.contains("FD"), "{shown}");
        assert!(!shown.contains("hidden") && !shown.contains("104, 105"), "{shown}");
    }

    #[test]
    fn full_pipes_on_all_sides_do_not_stop_it() {
        let script = "head -c 300000 /dev/zero >&2; cat; head -c 300000 /dev/zero";
        let stdin = Some(Secret::new(vec![b'x'; 400_000]));
        let options = Options { stdin, output_limit: 350_000, ..Options::default() };
        let output = sh(script, options).unwrap().success().unwrap();
        assert_eq!((output.stdout.len(), output.stderr.len()), (350_000, 300_000));
        assert!(output.truncated);
        let stdin = Some(Secret::new(vec![0; 400_000]));
        let ignored = Options { stdin, ..Options::default() };
        assert!(sh("exit 0", ignored).unwrap().status.success());
    }

    /// A killed orphan stays a zombie until init collects it, which is not ours to time.
    fn await_end(pid: &str) {
        let pid: i32 = pid.trim().parse().unwrap();
        let gone = || rustix::process::test_kill_process(Pid::from_raw(pid).unwrap()).is_err();
        let zombie = || {
            std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|s| s.contains(") Z"))
        };
        let start = Monotonic::now();
        while !gone() && !zombie() {
            assert!(start.elapsed() < Duration::from_secs(5), "process {pid} lives");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn the_whole_group_dies_when_time_is_over() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pid");
        let script = format!("sleep 300 & echo $! > {}; wait", file.display());
        // On a machine that is busy a shell needs its time to come so far that it has a child.
        for millis in [300, 8_000, 60_000] {
            let options = Options { timeout: Duration::from_millis(millis), ..Options::default() };
            assert!(matches!(sh(&script, options), Err(HostError::Timeout { .. })));
            let Ok(pid) = std::fs::read_to_string(&file) else { continue };
            return await_end(&pid);
        }
        panic!("it never ran");
    }

    #[test]
    fn what_a_child_leaves_behind_does_not_hold_us() {
        let start = Monotonic::now();
        let output = sh("sleep 300 & echo $!", Options::default()).unwrap();
        assert!(start.elapsed() < Duration::from_secs(5));
        await_end(&output.text());
    }

    #[test]
    fn a_detached_child_has_nothing_of_ours_and_can_leave() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("said");
        let script =
            format!("(env; readlink /dev/fd/0; pwd) > {0}.part; mv {0}.part {0}", file.display());
        let args = ["-c", script.as_str()];
        let pid = spawn_detached(&Program::find(&["sh"]).unwrap(), &args).unwrap();
        assert_ne!(pid, std::process::id());
        let start = Monotonic::now();
        while !file.exists() {
            assert!(start.elapsed() < Duration::from_secs(10), "it did not run");
            std::thread::sleep(Duration::from_millis(10));
        }
        let said = std::fs::read_to_string(&file).unwrap();
        assert!(said.contains("LC_ALL=C\n") && said.ends_with("/dev/null\n/\n"), "{said}");
        assert!(!said.contains("CARGO"), "{said}");
    }

    #[test]
    fn failures_name_the_program_and_its_words() {
        let failure =
            sh("echo 'No ALTQ support in kernel' >&2; echo bad >&2; exit 3", Options::default())
                .unwrap()
                .success()
                .unwrap_err();
        assert!(failure.to_string().ends_with("sh -c failed (exit status 3): bad"), "{failure}");
        let missing = Program::new(AbsPath::new("/usr/bin/no-such-program").unwrap());
        assert!(run(&missing, &[], Options::default()).is_err());
    }

    #[test]
    fn at_euid_0_only_roots_programs_run() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("tool");
        std::fs::write(&file, "#!/bin/sh\nexit 0\n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        let tool = Program::new(AbsPath::new(file.to_str().unwrap()).unwrap());
        let refused =
            matches!(run(&tool, &[], Options::default()), Err(HostError::Untrusted { .. }));
        assert_eq!(refused, rustix::process::geteuid().is_root());
    }
}
