//! Node ports: destination addresses and ports rewritten, frame by frame.
//!
//! Without connection tracking, which would not deliver odd combinations of TCP
//! flags or a lone fragment.

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
    let (mut arrive, mut leave) = (String::new(), String::new());
    for forward in &plan.forwards {
        for node in &plan.node {
            let Some(workload) = (plan.workloads.get(forward.workload))
                .and_then(|workload| same_family(*node, &workload.addresses))
            else {
                continue;
            };
            // The kernel does not look whether an IPv4 packet is a later
            // fragment before it reads ports, so that their payload would be
            // taken for ports, and rewritten; of IPv6 packets it does.
            let (ip, whole) = match node {
                IpAddr::V4(_) => ("ip", "ip frag-off & 0x1fff == 0 "),
                IpAddr::V6(_) => ("ip6", ""),
            };
            let (protocol, port) = (forward.node_port.protocol, forward.node_port.port);
            let target = forward.target_port;
            let _ = writeln!(
                arrive,
                "iifname \"uplink\" {ip} daddr {node} {whole}{protocol} dport {port} \
                 {ip} daddr set {workload} {protocol} dport set {target} accept"
            );
            let _ = writeln!(
                leave,
                "oifname \"uplink\" {ip} saddr {workload} {whole}{protocol} sport {target} \
                 {ip} saddr set {node} {protocol} sport set {port} accept"
            );
        }
    }
    let silence = match purpose {
        // The node's own answers would be frames that nobody sent; an ICMP
        // error even quotes the probe that it is about.
        Purpose::Probing => {
            "chain silence { type filter hook output priority filter; policy drop; }\n\
             chain no_way_back { type filter hook forward priority filter; \
             oifname \"uplink\" drop; }\n"
        }
        Purpose::Clients => "",
    };
    Some(format!(
        "table inet netverdict {{\n\
         chain arrive {{ type filter hook prerouting priority raw;\n{arrive}}}\n\
         chain leave {{ type filter hook postrouting priority raw;\n{leave}}}\n\
         {silence}}}\n"
    ))
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
    fn each_family_is_rewritten_there_and_back() {
        let plan = plan(&["192.0.2.10", "2001:db8::10"], &["10.0.0.2", "fd00::2"]);
        let rules = rules(&plan, Purpose::Clients).expect("there is a workload");
        for line in [
            "iifname \"uplink\" ip daddr 192.0.2.10 ip frag-off & 0x1fff == 0 tcp dport 30007 \
             ip daddr set 10.0.0.2 tcp dport set 50051 accept",
            "oifname \"uplink\" ip saddr 10.0.0.2 ip frag-off & 0x1fff == 0 tcp sport 50051 \
             ip saddr set 192.0.2.10 tcp sport set 30007 accept",
            "iifname \"uplink\" ip6 daddr 2001:db8::10 tcp dport 30007 \
             ip6 daddr set fd00::2 tcp dport set 50051 accept",
            "oifname \"uplink\" ip6 saddr fd00::2 tcp sport 50051 \
             ip6 saddr set 2001:db8::10 tcp sport set 30007 accept",
        ] {
            assert!(rules.lines().any(|found| found == line), "{line}\n{rules}");
        }
        assert!(!rules.contains("policy drop"));
    }

    #[test]
    fn a_family_that_one_side_lacks_is_left_alone() {
        let plan = plan(&["192.0.2.10", "2001:db8::10"], &["10.0.0.2"]);
        let rules = rules(&plan, Purpose::Probing).expect("there is a workload");
        assert!(!rules.contains("ip6"));
        assert!(rules.contains("hook output priority filter; policy drop"));
    }

    #[test]
    fn nothing_behind_the_node_needs_no_rules() {
        let mut plan = plan(&["192.0.2.10"], &[]);
        plan.workloads.clear();
        plan.forwards.clear();
        assert_eq!(rules(&plan, Purpose::Probing), None);
    }
}
