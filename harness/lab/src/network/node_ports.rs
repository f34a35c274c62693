//! Node ports: destination addresses and ports rewritten at the node, behind the
//! hook by which a frame entered it, whoever sent it.
//!
//! While probing, frame by frame and without connection tracking, which would not
//! deliver odd combinations of TCP flags or a lone fragment. What a workload
//! answers is not rewritten back then: nobody waits for it. Real clients do, and
//! get connection tracking; without it an answer on its way to another workload,
//! or to a host that called the workload's own address, could not be told from one
//! that has to look as if the node had sent it.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::process::{Child, Command, Stdio};

use netverdict_policy::topology::TopologyPlan;

use crate::capability::tool;
use crate::error::LabError;
use crate::purpose::Purpose;

/// nft at work.
#[derive(Debug)]
pub(super) struct Loading(Child);

/// The rules of the node's namespace; `None` if it needs none.
pub(super) fn rules(plan: &TopologyPlan, purpose: Purpose) -> Option<String> {
    if plan.workloads.is_empty() {
        return None;
    }
    let chains = match purpose {
        Purpose::Probing => format!(
            "chain arrive {{ type filter hook prerouting priority raw;\n{}}}\n{QUIET}",
            rewriting(plan, purpose)
        ),
        Purpose::Reference => QUIET.to_owned(),
        Purpose::Clients => {
            let rewriting = rewriting(plan, purpose);
            format!(
                "chain arrive {{ type nat hook prerouting priority dstnat;\n{rewriting}}}\n\
                 chain own {{ type nat hook output priority -100;\n{rewriting}}}\n"
            )
        }
    };
    Some(format!("table inet netverdict {{\n{chains}}}\n"))
}

/// The node's own answers would be frames that nobody sent; an ICMP error even quotes
/// the probe that it is about. What came by the uplink does not leave by it: the node
/// is no router for the outside.
const QUIET: &str = "chain silence { type filter hook output priority filter; policy drop; }\n\
    chain no_way_back { type filter hook forward priority filter; \
    iifname \"uplink\" oifname \"uplink\" drop; }\n";

/// A rule for each node port and family.
fn rewriting(plan: &TopologyPlan, purpose: Purpose) -> String {
    let mut rules = String::new();
    for forward in &plan.forwards {
        for node in &plan.node {
            let Some(workload) = (plan.workloads.get(forward.workload))
                .and_then(|workload| same_family(*node, &workload.addresses))
            else {
                continue;
            };
            let (protocol, port) = (forward.node_port.protocol, forward.node_port.port);
            let target = forward.target_port;
            let ip = match node {
                IpAddr::V4(_) => "ip",
                IpAddr::V6(_) => "ip6",
            };
            let _ = match purpose {
                Purpose::Probing => {
                    // The kernel does not look whether an IPv4 packet is a later
                    // fragment before it reads ports, so that their payload would
                    // be taken for ports, and rewritten; of IPv6 packets it does.
                    let whole = match node {
                        IpAddr::V4(_) => "ip frag-off & 0x1fff == 0 ",
                        IpAddr::V6(_) => "",
                    };
                    writeln!(
                        rules,
                        "{ip} daddr {node} {whole}{protocol} dport {port} \
                         {ip} daddr set {workload} {protocol} dport set {target} accept"
                    )
                }
                Purpose::Reference => Ok(()),
                Purpose::Clients => {
                    let to = std::net::SocketAddr::new(workload, target);
                    writeln!(
                        rules,
                        "{ip} daddr {node} {protocol} dport {port} dnat {ip} to {to}"
                    )
                }
            };
        }
    }
    rules
}

fn same_family(as_this: IpAddr, addresses: &[IpAddr]) -> Option<IpAddr> {
    (addresses.iter().copied()).find(|address| address.is_ipv4() == as_this.is_ipv4())
}

/// Begins to load rules into the calling thread's namespace. They name links
/// that need not exist yet.
pub(super) fn begin(rules: &str) -> Result<Loading, LabError> {
    let start = || -> io::Result<Loading> {
        let mut child = Command::new(tool::path_of("nft"))
            .args(["-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take();
        let loading = Loading(child);
        match stdin.map(|mut stdin| stdin.write_all(rules.as_bytes())) {
            // It ended early, and says why on its error stream.
            Some(Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(loading),
            Some(Err(error)) => Err(error),
            Some(Ok(())) | None => Ok(loading),
        }
    };
    start().map_err(LabError::system("run nft (Debian: apt install nftables)"))
}

/// Loads rules into the calling thread's namespace.
pub(crate) fn load_now(rules: &str) -> Result<(), LabError> {
    begin(rules)?.finish()
}

impl Loading {
    /// Waits until the rules are in force.
    pub(super) fn finish(self) -> Result<(), LabError> {
        let output = (self.0.wait_with_output()).map_err(LabError::system("wait for nft"))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(LabError::Nft {
                said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use netverdict_policy::port::{ProtoPort, Protocol};
    use netverdict_policy::topology::{Forward, WorkloadPlan};

    use super::*;

    fn plan(node: &[&str], workload: &[&str]) -> TopologyPlan {
        let parse = |texts: &[&str]| {
            (texts.iter())
                .map(|text| text.parse().expect("an address"))
                .collect()
        };
        TopologyPlan {
            node: parse(node),
            hosts: Vec::new(),
            workloads: vec![WorkloadPlan {
                name: "inventory".to_owned(),
                addresses: parse(workload),
                host_network: false,
                listen: Vec::new(),
            }],
            forwards: vec![Forward {
                node_port: ProtoPort {
                    port: 30007,
                    protocol: Protocol::Tcp,
                },
                workload: 0,
                target_port: 50051,
            }],
            mtu: 1500,
        }
    }

    #[test]
    fn each_family_is_rewritten_whoever_sends() {
        let plan = plan(&["192.0.2.10", "2001:db8::10"], &["10.0.0.2", "fd00::2"]);
        for (purpose, lines) in [
            (
                Purpose::Probing,
                [
                    "ip daddr 192.0.2.10 ip frag-off & 0x1fff == 0 tcp dport 30007 \
                     ip daddr set 10.0.0.2 tcp dport set 50051 accept",
                    "ip6 daddr 2001:db8::10 tcp dport 30007 \
                     ip6 daddr set fd00::2 tcp dport set 50051 accept",
                ],
            ),
            (
                Purpose::Clients,
                [
                    "ip daddr 192.0.2.10 tcp dport 30007 dnat ip to 10.0.0.2:50051",
                    "ip6 daddr 2001:db8::10 tcp dport 30007 dnat ip6 to [fd00::2]:50051",
                ],
            ),
        ] {
            let rules = rules(&plan, purpose).expect("there is a workload");
            for line in lines {
                assert!(rules.lines().any(|found| found == line), "{line}\n{rules}");
            }
            assert_eq!(rules.contains("policy drop"), purpose == Purpose::Probing);
        }
    }

    #[test]
    fn a_family_that_one_side_lacks_is_left_alone() {
        let plan = plan(&["192.0.2.10", "2001:db8::10"], &["10.0.0.2"]);
        for purpose in [Purpose::Probing, Purpose::Clients] {
            let rules = rules(&plan, purpose).expect("there is a workload");
            assert!(!rules.contains("ip6"));
        }
    }

    #[test]
    fn nothing_behind_the_node_needs_no_rules() {
        let mut plan = plan(&["192.0.2.10"], &[]);
        plan.workloads.clear();
        plan.forwards.clear();
        assert_eq!(rules(&plan, Purpose::Probing), None);
    }
}
