//! What a running supervisor is asked, with a journal that takes everything, and with one that takes nothing.
#![expect(
    clippy::disallowed_methods,
    reason = "the state file of an earlier supervisor is written"
)]

use super::{Ears, House, UNRECORDED, state_dir, supervise};
use crate::args::up::Up;
use crate::commands::reboot::tests::{HOUSE, Sink, context};
use sanctum_host::supervisor::make_state_dir;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// However busy the machine is, somebody answers within it.
const LONG: Duration = Duration::from_secs(60);

/// What a supervisor leaves that had given up on the one service of the house.
const LEFT: &str = r#"{"format": 1, "node": "hub", "pid": 1, "started": 0, "written": 0, "unrecorded": 0,
    "services": {"sleeper": {"role": "managed", "state": "quarantined", "since": 0, "restarts": 2,
    "budget_left": 0, "probe": null, "seen": null, "saw": "", "looked": null, "pid": null, "ports": []}}}"#;

/// A question that was asked, once somebody listens.
fn sent(socket: &Path, question: &str) -> UnixStream {
    let begun = Instant::now();
    loop {
        if let Ok(mut stream) = UnixStream::connect(socket) {
            stream.set_read_timeout(Some(LONG)).unwrap();
            // One that was not heard in time is not answered, which is seen below.
            let _ = writeln!(stream, "{question}");
            return stream;
        }
        assert!(begun.elapsed() < LONG, "nobody hears {question}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The answers to questions that come at once. A release is not asked twice; only what was hung up on was not done, and
/// is asked again with all that came after it.
fn answers<const N: usize>(socket: &Path, questions: [&str; N]) -> [String; N] {
    let mut answers = Vec::new();
    while let Some(left @ [_, ..]) = questions.get(answers.len()..) {
        let asked: Vec<UnixStream> = left.iter().map(|question| sent(socket, question)).collect();
        let said = asked.into_iter().map(|mut stream| {
            let mut answer = String::new();
            let _ = stream.read_to_string(&mut answer);
            answer.trim_end().to_owned()
        });
        answers.extend(said.take_while(|answer| !answer.is_empty()));
    }
    answers.try_into().unwrap()
}

#[test]
fn a_release_that_cannot_be_recorded_is_not_done() {
    for (full, answer) in [(true, UNRECORDED), (false, "ok")] {
        let dir = tempfile::tempdir().unwrap();
        let context = context(dir.path(), HOUSE);
        make_state_dir(&state_dir(&context).unwrap()).unwrap();
        let house = House::open(&context).unwrap();
        std::fs::write(house.file(), LEFT).unwrap();
        let sink = Sink { full, ..Sink::default() };
        // It is told to end before anything is asserted, so that a failure does not wait for it.
        let (answered, report, _) = std::thread::scope(|scope| {
            let up = scope.spawn(|| {
                let ears = Ears { journal: Some(&sink), alert: &|_| {} };
                supervise(&context, &Up { only: Vec::new() }, ears)
                    .map_err(|failure| failure.text())
            });
            let told = answers(&house.socket(), ["release sleeper", "report", "drain"]);
            up.join().unwrap().unwrap();
            told.into()
        });
        assert_eq!(answered, answer);
        assert_eq!(report.contains("\"state\":\"quarantined\""), full, "{report}");
        let events = sink.events.lock().unwrap();
        let released = events.iter().filter(|event| event.action.as_str().ends_with(".release"));
        assert_eq!(released.count(), usize::from(!full), "{events:?}");
    }
}
