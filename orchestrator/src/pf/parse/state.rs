//! `keep state`, `modulate state`, `synproxy state`, `no state`, and the options in their brackets.

use super::super::lex::Word;
use super::super::names;
use super::super::rule::{Keep, Overload, StateOptions};
use super::{Parse, Parser};

/// PF_THRESHOLD_MAX of pfvar.h: the largest u32 over PF_THRESHOLD_MULT, 1000.
const RATE_MAX: u32 = u32::MAX / 1000;

/// The three spellings of `source-track`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Track {
    Plain,
    Global,
    Rule,
}

/// What one pass over the brackets remembers beside the options themselves.
#[derive(Default)]
struct Seen {
    track: Option<Track>,
    lock: bool,
    adaptive: bool,
}

impl Parser<'_> {
    pub(super) fn keep_state(&mut self) -> Parse<(Keep, StateOptions)> {
        let keep = match self.take().word {
            Word::Key("keep") => Keep::Normal,
            Word::Key("modulate") => Keep::Modulate,
            Word::Key("synproxy") => Keep::Synproxy,
            _ => Keep::No,
        };
        self.expect(&Word::Key("state"))?;
        let mut options = StateOptions::default();
        if keep == Keep::No || !self.eat_punct(b'(') {
            return Ok((keep, options));
        }
        let mut seen = Seen::default();
        loop {
            self.state_option(&mut options, &mut seen)?;
            if self.eat_punct(b')') {
                break;
            }
            self.eat_punct(b',');
        }
        self.settle(&mut options, &seen)?;
        Ok((keep, options))
    }

    fn state_option(&mut self, all: &mut StateOptions, seen: &mut Seen) -> Parse<()> {
        if self.next_is_text() {
            return self.state_timeout(all, seen);
        }
        let token = self.take();
        let Word::Key(key) = token.word else {
            return Err(self.unexpected(&token.word, token.at));
        };
        match key {
            "max" => self.count(&mut all.max, "max", false),
            "max-src-states" => {
                all.source_track = true;
                self.count(&mut all.max_src_states, key, true)
            }
            "max-src-conn" => {
                (all.source_track, all.source_track_rule) = (true, true);
                self.count(&mut all.max_src_conn, key, true)
            }
            "max-src-nodes" => {
                (all.source_track, all.source_track_rule) = (true, true);
                self.count(&mut all.max_src_nodes, key, true)
            }
            "max-src-conn-rate" => self.connection_rate(all),
            "overload" => self.overload(all),
            "no-sync" => self.flag_once(&mut all.no_sync, "state option 'sync'"),
            "sloppy" => self.flag_once(&mut all.sloppy, "state sloppy option"),
            "source-track" => self.source_track(all, seen),
            "if-bound" | "floating" => {
                self.flag_once(&mut seen.lock, "state locking option")?;
                self.state_lock_given = true;
                all.if_bound = key == "if-bound";
                Ok(())
            }
            _ => Err(self.unexpected(&Word::Key(key), token.at)),
        }
    }

    fn flag_once(&self, flag: &mut bool, what: &str) -> Parse<()> {
        if std::mem::replace(flag, true) {
            return self.fail(self.at, format!("{what}: multiple definitions"));
        }
        Ok(())
    }

    fn count(&mut self, slot: &mut u32, what: &str, positive: bool) -> Parse<()> {
        let value = self.number()?;
        if *slot != 0 {
            return self.fail(self.at, format!("state option '{what}' multiple definitions"));
        }
        if positive && value == 0 {
            return self.fail(self.at, format!("'{what}' must be > 0"));
        }
        *slot = value;
        Ok(())
    }

    fn connection_rate(&mut self, all: &mut StateOptions) -> Parse<()> {
        let limit = self.number()?;
        self.expect_punct(b'/')?;
        let seconds = self.number()?;
        if all.max_src_conn_rate.is_some() {
            return self.fail(self.at, "state option 'max-src-conn-rate' multiple definitions");
        }
        if limit == 0 || seconds == 0 {
            return self.fail(self.at, "'max-src-conn-rate' values must be > 0");
        }
        if limit > RATE_MAX {
            return self
                .fail(self.at, format!("'max-src-conn-rate' maximum rate must be < {RATE_MAX}"));
        }
        (all.source_track, all.source_track_rule) = (true, true);
        all.max_src_conn_rate = Some((limit, seconds));
        Ok(())
    }

    fn overload(&mut self, all: &mut StateOptions) -> Parse<()> {
        let table = self.table_name()?;
        let flush = self.eat_key("flush");
        let global = flush && self.eat_key("global");
        if all.overload.is_some() {
            return self.fail(table.at, "multiple 'overload' table definitions");
        }
        self.used_tables.push((table.text.clone(), table.at));
        self.overloaded.insert(table.text.clone());
        all.overload = Some(Overload { table: table.text, flush, global });
        Ok(())
    }

    fn source_track(&mut self, all: &mut StateOptions, seen: &mut Seen) -> Parse<()> {
        let track = if self.eat_key("global") {
            Track::Global
        } else if self.eat_key("rule") {
            Track::Rule
        } else {
            Track::Plain
        };
        if seen.track.replace(track).is_some() {
            return self.fail(self.at, "state option 'source-track' multiple definitions");
        }
        all.source_track = true;
        Ok(())
    }

    fn state_timeout(&mut self, all: &mut StateOptions, seen: &mut Seen) -> Parse<()> {
        let name = self.text()?;
        let seconds = self.number()?;
        let Some(index) = names::TIMEOUTS.iter().position(|known| *known == name.text) else {
            return self.fail(name.at, format!("illegal timeout name {}", name.text));
        };
        if !name.text.contains('.') {
            return self.fail(name.at, format!("illegal state timeout {}", name.text));
        }
        if all.timeouts.iter().any(|(known, value)| *known == index && *value != 0) {
            return self.fail(name.at, format!("state timeout {} multiple definitions", name.text));
        }
        seen.adaptive |= name.text.starts_with("adaptive.");
        if seconds != 0 {
            all.timeouts.push((index, seconds));
        }
        Ok(())
    }

    /// What the options together imply or exclude.
    fn settle(&self, all: &mut StateOptions, seen: &Seen) -> Parse<()> {
        let mut imply = |name: &str, seconds: u32| {
            if let Some(index) = names::TIMEOUTS.iter().position(|known| *known == name)
                && seconds != 0
            {
                all.timeouts.retain(|(known, _)| *known != index);
                all.timeouts.push((index, seconds));
            }
        };
        if !seen.adaptive {
            imply("adaptive.start", (all.max / 10).saturating_mul(6));
            imply("adaptive.end", (all.max / 10).saturating_mul(12));
        }
        if seen.track == Some(Track::Global) {
            let rates = [
                ("max-src-nodes", all.max_src_nodes != 0),
                ("max-src-conn", all.max_src_conn != 0),
                ("max-src-conn-rate", all.max_src_conn_rate.is_some()),
            ];
            if let Some((name, _)) = rates.into_iter().find(|(_, given)| *given) {
                let message = format!("'{name}' is incompatible with 'source-track global'");
                return self.fail(self.at, message);
            }
        }
        let track = names::TIMEOUTS.iter().position(|known| *known == "src.track");
        if let (Some(index), Some((_, seconds))) = (track, all.max_src_conn_rate) {
            let given = all.timeouts.iter().find(|(known, _)| *known == index).map(|(_, s)| *s);
            if given.unwrap_or(0) < seconds {
                all.timeouts.retain(|(known, _)| *known != index);
                all.timeouts.push((index, seconds));
            }
        }
        all.source_track_rule |= seen.track == Some(Track::Rule);
        all.timeouts.sort_unstable();
        Ok(())
    }
}
