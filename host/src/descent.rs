//! A process that is watched until it ends, and who comes from it.
//!
//! On Linux it is held by a descriptor, and so is who connected, so that no number is another's by the time it is looked at. Elsewhere numbers
//! are all that there is. Who was left by everybody between comes from nobody. Deliberately absent: ending anything.

#[cfg_attr(target_os = "linux", path = "descent/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "descent/numbers.rs")]
mod look;

pub use look::Watched;

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn who_connected_comes_from_itself_and_from_whoever_started_it() {
        let own = Watched::of(std::process::id()).unwrap();
        let (one, _other) = UnixStream::pair().unwrap();
        assert!(own.is_above(&one));
        let above = rustix::process::getppid().unwrap();
        let parent = Watched::of(u32::try_from(above.as_raw_nonzero().get()).unwrap()).unwrap();
        assert!(parent.is_above(&one));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a child that ends when it is told to")]
    fn who_is_beside_or_below_is_not_above_and_an_end_is_seen() {
        let mut child = std::process::Command::new("/bin/cat")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let watched = Watched::of(child.id()).unwrap();
        let (one, _other) = UnixStream::pair().unwrap();
        assert!(!watched.is_above(&one));
        drop(child.stdin.take());
        // Collected beside, since elsewhere a number is there until then.
        let collected = std::thread::spawn(move || child.wait().unwrap());
        watched.wait();
        collected.join().unwrap();
        assert!(!watched.is_above(&one));
    }
}
