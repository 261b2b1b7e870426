//! The ruleset as text. That the kernel takes it and does what the registry says is proved in
//! `tests/tests/it/reachability.rs`.

use super::*;
use crate::exposure::fixture::{Sample, interface, manor};

fn text(sample: &Sample) -> String {
    let [file] = render(&sample.house()).unwrap().try_into().unwrap();
    String::from_utf8(file.bytes).unwrap()
}

#[test]
fn the_guest_of_the_manor() {
    let mut sample = manor().at("den");
    expect_test::expect_file!["snapshots/den.nft"].assert_eq(&text(&sample));
    sample.facts.interfaces.push(interface("ens3", &["10.10.10.10"]));
    sample.instance.networks.vm.as_mut().unwrap().host6 = "fd00:10::1".parse().ok();
    expect_test::expect_file!["snapshots/den-known.nft"].assert_eq(&text(&sample));
}

#[test]
fn the_satellite_of_the_manor() {
    expect_test::expect_file!["snapshots/barn.nft"].assert_eq(&text(&manor().at("barn")));
}

#[test]
fn the_artefact_of_the_guest() {
    let [file] = render(&manor().at("den").house()).unwrap().try_into().unwrap();
    assert_eq!((file.path.as_str(), file.lockout, file.part), (layout::NFT_RULES, true, Part::Nft));
    assert_eq!(file.owner.to_string(), "root:root");
    assert_eq!(file.unit.unwrap().to_string(), "nft:inet/sanctum");
    assert!(render(&manor().house()).unwrap().is_empty(), "macOS has no nftables");
    assert!(render(&manor().at("laptop").house()).unwrap().is_empty(), "a laptop only calls");
}
