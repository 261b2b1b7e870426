//! What a running supervisor is asked, with a journal that takes everything, and with one that takes nothing.
#![expect(
    clippy::disallowed_methods,
    reason = "the state file of an earlier supervisor is written"
)]

use super::{Ears, House, UNRECORDED, state_dir, supervise};
use crate::args::up::Up;
use crate::commands::reboot::tests::{HOUSE, Sink, context};
use sanctum_host::supervisor::{control::ask, make_state_dir};
use std::path::Path;
use std::time::{Duration, Instant};

/// What a supervisor leaves that had given up on the one service of the house.
const LEFT: &str = r#"{"format": 1, "node": "hub", "pid": 1, "started": 0, "written": 0, "unrecorded": 0,
    "services": {"sleeper": {"role": "managed", "state": "quarantined", "since": 0, "restarts": 2,
    "budget_left": 0, "probe": null, "seen": null, "saw": "", "looked": null, "pid": null, "ports": []}}}"#;

/// The answer to a question, once somebody listens.
fn asked(socket: &Path, question: &str) -> String {
    let begun = Instant::now();
    loop {
        if let Ok(Some(answer)) = ask(socket, question) {
            return answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "nobody answers {question}");
        std::thread::sleep(Duration::from_millis(20));
    }
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
        let (answered, report) = std::thread::scope(|scope| {
            let up = scope.spawn(|| {
                let ears = Ears { journal: Some(&sink), alert: &|_| {} };
                supervise(&context, &Up { only: Vec::new() }, ears)
                    .map_err(|failure| failure.text())
            });
            let told = ["release sleeper", "report"].map(|ask| asked(&house.socket(), ask));
            asked(&house.socket(), "drain");
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
