//! The hosts and the store from outside: laws that hold for every host, and attacks on the real ones.

#[cfg(test)]
mod conformance;
