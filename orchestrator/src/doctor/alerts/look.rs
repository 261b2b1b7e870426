//! What the desk and the loop of alerts left in root's store.

use crate::alerts::dispatch;
use crate::alerts::state::State;
use crate::alerts::watch::{self, Watch};
use crate::doctor::eyes::{Eyes, nothing_runs};
use crate::doctor::looked::{Seen, unseen};
use crate::house::layout;
use sanctum_types::{AbsPath, CouldNotCheck};

/// The memory of a desk with two hundred alerts that wait has some hundred kilobytes; the loop's has one entry a stream.
const LIMIT: u64 = 8 * 1024 * 1024;

/// Both memories; none where nothing ran yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept {
    /// The desk's.
    pub desk: Option<State>,
    /// The loop's.
    pub watch: Option<Watch>,
}

/// Reads both.
pub fn kept(eyes: &Eyes<'_>) -> Seen<Kept> {
    if !eyes.is_machine() {
        return Err(nothing_runs("the loop of alerts"));
    }
    let desk = read(eyes, dispatch::FILE)?;
    let desk =
        desk.map(|(path, bytes)| State::decode(&bytes).map_err(|error| unseen(&path, &error)));
    let watch = read(eyes, watch::FILE)?.map(|(path, bytes)| {
        Watch::decode(&bytes).ok_or_else(|| CouldNotCheck {
            subject: path.to_string(),
            cause: "it is not in the form that this version writes".to_owned(),
        })
    });
    Ok(Kept { desk: desk.transpose()?, watch: watch.transpose()? })
}

fn read(eyes: &Eyes<'_>, name: &str) -> Seen<Option<(AbsPath, Vec<u8>)>> {
    let path = format!("{}/{name}", layout::store(eyes.ground.facts.os));
    let path = AbsPath::new(path).map_err(|error| unseen(name, &error))?;
    Ok(eyes.head(&path, LIMIT)?.map(|bytes| (path, bytes)))
}
