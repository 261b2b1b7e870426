//! `sanctum vault run`: this process proves itself as an agent and becomes the program, which has the session and no key.
//!
//! What stays behind is a process beside the program, in a session of its own: it holds the one connection that was proved, serves it at a private
//! socket to the program and what that starts, and on a line that the program inherits, and ends with the program. The key is gone by then.
//! Deliberately absent: what is answered, which is [`sanctum_vault::relay`]'s.

use super::{Context, Desk, away, ssh_agent};
use crate::args::vault::Run;
use crate::failure::{Exit, Failure};
use crate::surroundings;
use sanctum_host::command::{self, Handed, Program, become_program};
use sanctum_host::descent::Watched;
use sanctum_host::files::{TempDir, write_new};
use sanctum_host::journal::socket::{Bound, Gate};
use sanctum_host::private_io;
use sanctum_types::AbsPath;
use sanctum_vault::client::{Client, ClientError};
use sanctum_vault::identity::AgentName;
use sanctum_vault::keyfile::AgentKey;
use sanctum_vault::relay::{Guest, Relay};
use sanctum_vault::wire::frame::{BEFORE, Decoder, encode};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;
use zeroize::Zeroizing;

/// What a program that has a session is told, and nothing else beginning so.
const OURS: &str = "SANCTUM_VAULT_";
const AGENT: &str = "SANCTUM_VAULT_AGENT";
const SOCKET: &str = "SANCTUM_VAULT_SOCK";
const STAND_IN: &str = "SANCTUM_VAULT_KEY";
const LINE: &str = "SANCTUM_VAULT_FD";
/// For a process of ours to start and to say where it listens.
const PATIENCE: Duration = Duration::from_secs(10);

/// Becomes the program, once everything stands.
pub(super) fn run(desk: &Desk<'_>, args: &Run) -> Result<Exit, Failure> {
    let dumps = private_io::no_core_dumps()?;
    let name =
        AgentName::new(args.agent.clone()).map_err(|error| Failure::new(Exit::Usage, error))?;
    let (program, rest) = args
        .command
        .split_first()
        .ok_or_else(|| Failure::new(Exit::Usage, "there is no program to start"))?;
    // Who is not there, or sealed, is said before anything is asked for.
    let mut client = Client::connect(&desk.at.socket).map_err(away)?;
    if client.call("status", json!({})).map_err(away)?.get("sealed") != Some(&Value::Bool(false)) {
        return Err(Failure::refused("the vault is sealed").hint("sanctum vault unseal"));
    }
    let key = ssh_agent::key_of(desk, &name, args.key.as_deref())?;
    // Who types is not waited for.
    let mut client = Client::connect(&desk.at.socket).map_err(away)?;
    client.authenticate(name.as_str(), &key).map_err(unproved)?;
    drop(key);
    let session = Zeroizing::new(client.session().unwrap_or_default().to_owned());
    let (own, line) = UnixStream::pair()?;
    beside(desk, client.hand_over(), line.into())?;
    let told = arranged(&own, &name, &session)?;
    let text = |name: &str| told.get(name).and_then(Value::as_str);
    let (Some(socket), Some(stand_in)) = (text("socket"), text("key")) else {
        let why = text("error").unwrap_or("it says nothing");
        return Err(Failure::failed(format!("there is no socket for the program: {why}")));
    };
    let mut env = surroundings::inherited();
    env.retain(|(name, _)| !name.to_string_lossy().starts_with(OURS));
    let more = [(AGENT, name.as_str()), (SOCKET, socket), (STAND_IN, stand_in)];
    env.extend(more.map(|(name, value)| (OsString::from(name), OsString::from(value))));
    let descriptors = vec![(LINE.to_owned(), OwnedFd::from(own))];
    dumps.allow_again()?;
    let error = become_program(program, rest, Handed { env, descriptors, ..Handed::default() });
    Err(Failure::failed(error).hint("name the program by its path, or one that is in PATH"))
}

/// The vault says the same of an agent that it does not know and of another key.
fn unproved(error: ClientError) -> Failure {
    if error.code() == Some("AUTH_FAILED") {
        return Failure::refused(error)
            .hint("the agents that the vault knows: sanctum vault agent list")
            .hint("the agent's own key: --key FILE");
    }
    away(error)
}

/// Starts what stays beside the program: with the connection as its input and the line as its output, and no argument or variable of either.
fn beside(desk: &Desk<'_>, connection: OwnedFd, line: OwnedFd) -> Result<(), Failure> {
    let args = ["vault", "relay", "--quiet"];
    Ok(command::run_with(&itself(desk.context)?, &args, (connection, line))?)
}

fn itself(context: &Context) -> Result<Program, Failure> {
    let exe = context.around.exe.as_deref().and_then(|exe| exe.to_str());
    let exe = exe.ok_or_else(|| Failure::failed("cannot find this binary to start it again"))?;
    Ok(Program::new(AbsPath::new(exe)?))
}

/// Tells what is beside us whom it is for, and hears where it listens.
fn arranged(line: &UnixStream, agent: &AgentName, session: &str) -> Result<Value, Failure> {
    line.set_read_timeout(Some(PATIENCE))?;
    line.set_write_timeout(Some(PATIENCE))?;
    let said = json!({ "agent": agent.as_str(), "session": session, "pid": std::process::id() });
    let said = Zeroizing::new(said.to_string());
    (&*line).write_all(&Zeroizing::new(encode(said.as_bytes())))?;
    let told = one_frame(line)?;
    // The program finds a line that waits for it as long as it likes.
    line.set_read_timeout(None)?;
    line.set_write_timeout(None)?;
    Ok(told)
}

fn one_frame(mut line: &UnixStream) -> Result<Value, Failure> {
    let mut decoder = Decoder::default();
    loop {
        if let Some(frame) = decoder.next(BEFORE)? {
            return Ok(serde_json::from_slice(&frame)?);
        }
        // Byte by byte: what follows is not ours.
        let mut byte = [0];
        if line.read(&mut byte)? == 0 {
            return Err(Failure::failed("the process beside the program ended"));
        }
        decoder.push(&byte);
    }
}

/// `sanctum vault relay`, which only [`run`] starts: first as its child, which leaves the terminal's session and a process behind that is nobody's
/// child, so that the program does not find one that it never started.
pub(super) fn relay(context: &Context, apart: bool) -> Result<Exit, Failure> {
    private_io::no_core_dumps()?;
    if !apart {
        command::leave_session()?;
        command::leave_behind(&itself(context)?, &["vault", "relay", "--apart", "--quiet"])?;
        return Ok(Exit::Done);
    }
    let (connection, line) = command::own_streams()?;
    let line = UnixStream::from(line);
    line.set_read_timeout(Some(PATIENCE))?;
    let said = one_frame(&line)?;
    match Stage::set(&said, connection) {
        Ok(stage) => {
            stage.tell(&line)?;
            stage.play(line)
        }
        Err(failure) => {
            let told = json!({ "error": failure.error.to_string() }).to_string();
            (&line).write_all(&encode(told.as_bytes()))?;
            Err(failure)
        }
    }
}

/// Everything that a program's session needs while it runs.
struct Stage {
    relay: Arc<Relay>,
    program: Watched,
    bound: Bound,
    place: TempDir,
}

fn unnamed(what: &str) -> Failure {
    Failure::failed(format!("no {what} is named: `vault run` starts this"))
}

impl Stage {
    fn set(said: &Value, connection: OwnedFd) -> Result<Self, Failure> {
        let text = |name: &str| said.get(name).and_then(Value::as_str).map(str::to_owned);
        let (agent, session) =
            text("agent").zip(text("session")).ok_or_else(|| unnamed("session"))?;
        let pid = said.get("pid").and_then(Value::as_u64).and_then(|pid| u32::try_from(pid).ok());
        let program = Watched::of(pid.ok_or_else(|| unnamed("program"))?)?;
        let place = TempDir::new()?;
        let key = AgentKey::new()?;
        write_new(&place.path().join("stand-in.key"), key.plain().as_bytes())?;
        let bound = Bound::at(&place.path().join("vault.sock"), Gate::default())?;
        let client = Client::take_over(connection, session)?;
        let relay = Arc::new(Relay::new(client, AgentName::new(agent)?, key.public()));
        Ok(Self { relay, program, bound, place })
    }

    fn tell(&self, mut line: &UnixStream) -> Result<(), Failure> {
        let at = |name: &str| self.place.path().join(name).display().to_string();
        let told = json!({ "socket": at("vault.sock"), "key": at("stand-in.key") }).to_string();
        Ok(line.write_all(&encode(told.as_bytes()))?)
    }

    /// Until the program ends, or somebody ends this.
    fn play(self, line: UnixStream) -> Result<Exit, Failure> {
        let Self { relay, program, bound, place } = self;
        let (told, ended) = channel();
        let signal = told.clone();
        crate::signals::watch_terminal(move || signal.send(()).is_ok())?;
        let program = Arc::new(program);
        let serving = (Arc::clone(&relay), Arc::clone(&program));
        std::thread::spawn(move || {
            let (relay, program) = serving;
            relay.serve(bound.listener(), |stream| program.is_above(stream));
        });
        let talking = Arc::clone(&relay);
        std::thread::spawn(move || talking.talk(&line, Guest::trusted()));
        std::thread::spawn(move || {
            program.wait();
            told.send(())
        });
        let _ = ended.recv();
        drop(place);
        relay.end()?;
        Ok(Exit::Done)
    }
}
