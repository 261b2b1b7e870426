//! What is new in every journal of a place since the last look.
//!
//! A stream that cannot be heard keeps its place and is heard from there the next time. Deliberately absent: what is
//! worth an alert.

use crate::commands::{journals, up};
use crate::failure::Failure;
use crate::site::Place;
use sanctum_host::clock;
use sanctum_host::journal::follow;
use sanctum_host::journal::{Head, Places, StreamName};
use sanctum_orchestrator::alerts::watch::{Stream, Watch};
use sanctum_types::AuditEvent;
use std::path::Path;

/// What was heard.
pub(super) struct Heard {
    /// The memory with what was heard taken in.
    pub(super) watch: Watch,
    /// Errors and worse, in the order of each stream.
    pub(super) events: Vec<AuditEvent>,
    /// Streams that are not what they were.
    pub(super) broken: Vec<String>,
    /// How far each stream has come.
    pub(super) heads: Vec<Head>,
    /// What could not be heard.
    pub(super) unheard: Vec<Failure>,
}

/// Hears every journal of the place.
pub(super) fn news(place: &Place, home: Option<&Path>, before: &Watch) -> Heard {
    let mut heard = Heard {
        watch: before.clone(),
        events: Vec::new(),
        broken: Vec::new(),
        heads: Vec::new(),
        unheard: Vec::new(),
    };
    let found = match journals::all(place, home, None) {
        Ok(found) => found,
        Err(failure) => {
            heard.unheard.push(failure);
            return heard;
        }
    };
    for (number, (what, places)) in found.into_iter().enumerate() {
        // The first is the store's own, where `sanctum up` of root tells its desk by itself.
        let told = number == 0;
        match places.map_err(Failure::from).and_then(|places| match places {
            Some(places) => heard.place(&what, &places, told),
            None => Ok(()),
        }) {
            Ok(()) => {}
            Err(failure) => heard.unheard.push(failure),
        }
    }
    heard
}

impl Heard {
    fn place(&mut self, what: &str, places: &Places, told: bool) -> Result<(), Failure> {
        for name in places.streams()? {
            self.stream(what, places, (&name, told))?;
        }
        Ok(())
    }

    fn stream(
        &mut self,
        what: &str,
        places: &Places,
        (name, told): (&StreamName, bool),
    ) -> Result<(), Failure> {
        let key = format!("{what}/{name}");
        let mut stream = self.watch.streams.get(&key).cloned().unwrap_or_default();
        let (now, first) = (clock::now_millis(), stream.mark.is_none());
        let mut events = Vec::new();
        let mut looked = Stream { mark: stream.mark.take(), ..stream };
        let mark = looked.mark.clone();
        let found = follow::news(places, name, mark.as_ref(), &mut |entry| {
            events.extend(looked.hear(entry, first, now));
        })?;
        if found.broken {
            self.broken.push(key.clone());
        }
        self.heads.extend(found.mark.as_ref().map(|mark| mark.head(name)));
        looked.mark = found.mark;
        self.watch.streams.insert(key, looked);
        events.retain(|event| !told || event.actor.as_str() != up::ACTOR);
        self.events.append(&mut events);
        Ok(())
    }
}
