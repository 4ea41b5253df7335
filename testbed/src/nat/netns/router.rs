//! The rules of a router, for nftables.
//!
//! Linux keeps the port of a connection where it can: `snat` is a cone as long as ports do
//! not clash, and one that is port-restricted, since connection tracking admits answers
//! alone. Packets to the router itself are dropped. Otherwise the first one that comes too
//! early leaves an entry behind, which takes the port from the host.

use std::net::IpAddr;

use crate::nat::Kind;

/// In IPv6 nothing is translated, and answers alone get in. Neighbours have to find each
/// other.
const FIREWALL: &str = "table ip6 lab {
chain c_fwd {
type filter hook forward priority 0; policy drop;
iifname \"lan0\" accept
ct state established,related accept
}
}
";

/// The rules of a router with that public address, in front of that host. Those of IPv6 are
/// the same for all kinds.
pub(super) fn rules(kind: Kind, public: IpAddr, host: IpAddr) -> String {
    if public.is_ipv6() {
        return FIREWALL.to_owned();
    }
    let translate = match kind {
        Kind::None | Kind::FullCone | Kind::Cone => format!("snat to {public}"),
        Kind::Symmetric => "masquerade fully-random".to_owned(),
    };
    let (set, remember, admit) = match kind {
        Kind::FullCone => (
            "set open { type inet_proto . inet_service; flags dynamic, timeout; }",
            "iifname \"lan0\" update @open { meta l4proto . th sport timeout 120s }",
            format!(
                "chain c_pre {{ type nat hook prerouting priority dstnat; \
                 iifname \"wan0\" meta l4proto . th dport @open dnat to {host}; }}"
            ),
        ),
        Kind::None | Kind::Cone | Kind::Symmetric => ("", "", String::new()),
    };
    format!(
        "table ip lab {{
{set}
{admit}
chain c_post {{ type nat hook postrouting priority srcnat; oifname \"wan0\" {translate}; }}
chain c_fwd {{
type filter hook forward priority 0; policy drop;
{remember}
iifname \"lan0\" accept
ct state established,related accept
ct status dnat accept
}}
chain c_in {{ type filter hook input priority 0; policy accept; iifname \"wan0\" ct state new drop; }}
}}
"
    )
}
