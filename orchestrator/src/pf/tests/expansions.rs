//! Expansions in pfctl's words and order.

use super::super::check;
use expect_test::{Expect, expect};

fn shows(rules: &str, wanted: &Expect) {
    let checked = check(rules).unwrap_or_else(|remarks| panic!("{rules}{remarks:?}"));
    wanted.assert_eq(&checked.expanded());
}

#[test]
fn the_innermost_list_turns_fastest() {
    shows(
        "block on { en0 en1 } proto { tcp udp } to port { 1 2 }\n",
        &expect![[r#"
        block drop on en0 proto tcp from any to any port = tcpmux
        block drop on en0 proto tcp from any to any port = 2
        block drop on en0 proto udp from any to any port = 1
        block drop on en0 proto udp from any to any port = 2
        block drop on en1 proto tcp from any to any port = tcpmux
        block drop on en1 proto tcp from any to any port = 2
        block drop on en1 proto udp from any to any port = 1
        block drop on en1 proto udp from any to any port = 2
    "#]],
    );
    shows(
        "pass from { 10.0.0.1 ::1 } to { 10.0.0.2 ::2 }\n",
        &expect![[r#"
        pass inet from 10.0.0.1 to 10.0.0.2 flags S/SA keep state
        pass inet6 from ::1 to ::2 flags S/SA keep state
    "#]],
    );
}

#[test]
fn lists_are_loaded_in_a_fixed_order() {
    shows(
        "set skip on lo0\nscrub in all\nrdr proto tcp to port 1 -> 127.0.0.1\nnat on en0 from 10.0.0.0/8 -> (en0)\nblock all\ntable <x> { 1.2.3.4 !5.6.7.8 }\n",
        &expect![[r#"
            set skip on { lo0 }
            table <x> { 1.2.3.4 !5.6.7.8 }
            scrub in all fragment reassemble
            nat on en0 inet from 10.0.0.0/8 to any -> (en0) round-robin
            rdr inet proto tcp from any to any port = tcpmux -> 127.0.0.1
            block drop all
        "#]],
    );
}

#[test]
fn anchors_show_their_last_component_and_their_rules() {
    shows(
        "anchor \"a/b\"\nanchor \"com.apple/*\"\n",
        &expect![[r#"
        anchor "/b" all
        anchor "/*" all
    "#]],
    );
    shows(
        "anchor \"x\" on { en0 en1 } {\n block all\n anchor {\n  pass all\n }\n}\n",
        &expect![[r#"
            anchor "x" on en0 all {
              block drop all
              anchor all {
                pass all flags S/SA keep state
              }
            }
            anchor "x" on en1 all
        "#]],
    );
}

#[test]
fn options_stand_in_pfctls_order() {
    shows(
        "pass in log (user, all) quick on en0 inet proto tcp to port 22 label \"$if:$dstport:$proto:$nr\" tag T queue (a b) synproxy state (max 100, tcp.first 5, source-track) tos 0x10 probability 12.5% user 5 >< 9 group != unknown\n",
        &expect![[r#"
            pass in log (all, user) quick on en0 inet proto tcp from any to any port = ssh user 5 >< 9 group != unknown flags S/SA tos 0x10 synproxy state probability 12.5% (max 100, source-track global, tcp.first 5, adaptive.start 60, adaptive.end 120) label "en0:22:tcp:0" queue(a, b) tag T
        "#]],
    );
    shows(
        "block return-icmp all\nblock return-rst(ttl 5) proto tcp\npass proto udp modulate state\npass no state\npass flags any\n",
        &expect![[r#"
            block return-icmp(port-unr, port-unr) all
            block return-rst(ttl 5) proto tcp all
            pass proto udp all keep state
            pass all no state
            pass all flags any keep state
        "#]],
    );
    shows(
        "set block-policy return\nset state-policy if-bound\nblock all\npass all\npass keep state (floating)\n",
        &expect![[r#"
            set block-policy return
            set state-policy if-bound
            block return all
            pass all flags S/SA keep state (if-bound)
            pass all flags S/SA keep state
        "#]],
    );
    shows(
        "scrub on en0 all no-df max-mss 1440 fragment crop\nno scrub all\nscrub all reassemble tcp\n",
        &expect![[r#"
            scrub on en0 all no-df max-mss 1440 fragment crop
            no scrub all
            scrub all reassemble tcp fragment reassemble
        "#]],
    );
}

#[test]
fn translations_show_their_pools() {
    shows(
        "nat on en0 from 10.0.0.0/8 to any -> 1.2.3.4 static-port\nnat on en0 from 10.0.0.0/8 to any -> { 1.2.3.4 1.2.3.5 } port 1024:2048 sticky-address\nrdr pass log on en0 proto udp to port 80:90 -> 10.0.0.1 port 8080:*\nbinat on en0 from 10.0.0.0/24 to ! 10.9.0.0/16 -> 1.2.3.0/24\nno rdr on en0 all\n",
        &expect![[r#"
            nat on en0 inet from 10.0.0.0/8 to any -> 1.2.3.4 static-port
            nat on en0 inet from 10.0.0.0/8 to any -> { 1.2.3.4, 1.2.3.5 } port 1024:2048 round-robin sticky-address
            rdr pass log on en0 inet proto udp from any to any port 80:90 -> 10.0.0.1 port 8080:8090
            no rdr on en0 all
            binat on en0 inet from 10.0.0.0/24 to ! 10.9.0.0/16 -> 1.2.3.0/24
        "#]],
    );
    shows(
        "pass in route-to { (en0 1.2.3.4) (en1 1.2.3.5) } all\npass out reply-to en0 all\npass in fastroute all\n",
        &expect![[r#"
            pass in route-to { (en0 1.2.3.4), (en1 1.2.3.5) } round-robin inet all flags S/SA keep state
            pass out reply-to en0 all flags S/SA keep state
            pass in fastroute all flags S/SA keep state
        "#]],
    );
}
