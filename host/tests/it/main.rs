//! The hosts and the store from outside: laws that hold for every host, and attacks on the real ones.

#[cfg(test)]
mod attack;
#[cfg(test)]
mod conformance;
#[cfg(target_os = "linux")]
#[cfg(test)]
mod crash;
#[cfg(target_os = "linux")]
#[cfg(test)]
mod live_linux;
#[cfg(target_os = "linux")]
#[cfg(test)]
mod live_mac;
#[cfg(target_os = "linux")]
#[cfg(test)]
mod live_systemd;
#[cfg(target_os = "linux")]
#[cfg(test)]
mod namespace;
#[cfg(target_os = "linux")]
#[cfg(test)]
mod observations;
#[cfg(test)]
mod tier;
