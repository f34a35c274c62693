//! The rulesets that the filter is held against, as they are handed out.

#[expect(dead_code, reason = "no file is beside these scenarios")]
mod memory;

use memory::Memory;
use netverdict_policy::reference::{Rulesets, rulesets};

/// The rulesets of a scenario's policy; its links are `w0`, `w1` and so on.
fn of(scenario: &str) -> Rulesets {
    let checked =
        (Memory::default().read(scenario)).unwrap_or_else(|problems| panic!("{problems:?}"));
    let links: Vec<String> = (0..checked.scenario.topology.workloads.len())
        .map(|number| format!("w{number}"))
        .collect();
    rulesets(&checked.scenario.policy, &links)
}

const SHOP: &str = r#"
name: a shop
topology:
  node: { addresses: [192.0.2.10, "2001:db8::10"] }
  hosts:
    other-node: { zone: internal, addresses: [192.0.2.11], entities: [remote-node] }
  workloads:
    shop: { labels: { app: shop }, listen: [8443/tcp, 8080/tcp], ports: { admin: 8080/tcp } }
    cart: { labels: { app: cart }, ports: { admin: 9090/tcp } }
probes: [{ from: 198.51.100.7, to: "shop:30443/tcp", expect: pass }]
---
apiVersion: v1
kind: Service
metadata: { name: shop }
spec:
  type: LoadBalancer
  selector: { app: shop }
  loadBalancerSourceRanges: [198.51.100.0/24, 203.0.113.0/25, "2001:db8:c::/48"]
  ports:
    - { name: https, port: 443, targetPort: 8443, nodePort: 30443 }
    - { name: admin, port: 8080, targetPort: admin, nodePort: 30808 }
status: { loadBalancer: { ingress: [{ ip: 203.0.113.80 }] } }
---
apiVersion: v1
kind: Service
metadata: { name: cart }
spec:
  type: NodePort
  selector: { app: cart }
  externalTrafficPolicy: Local
  ports: [{ port: 9090, nodePort: 30090, protocol: UDP }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: shop }
spec:
  podSelector: { matchLabels: { app: shop } }
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{ ipBlock: { cidr: 0.0.0.0/0, except: [10.66.0.0/16] } }]
      ports: [{ port: 8443 }]
    - from: [{ podSelector: { matchLabels: { app: cart } } }]
      ports: [{ port: admin }, { protocol: UDP, port: 5000, endPort: 5010 }]
  egress:
    - ports: [{ port: admin }]
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: cart }
spec:
  endpointSelector: { matchLabels: { app: cart } }
  ingress:
    - fromEntities: [world, remote-node]
      toPorts: [{ ports: [{ port: "80" }] }]
    - fromCIDR: [10.0.0.0/8]
      icmps: [{ fields: [{ type: 8, family: IPv4 }] }]
  ingressDeny:
    - fromCIDRSet: [{ cidr: 10.1.0.0/16, except: [10.1.2.0/24] }]
"#;

#[test]
fn node_ports_and_load_balancers_are_as_kube_proxy_has_them() {
    let Rulesets {
        iptables,
        ip6tables,
        policy: _,
        accept_all: _,
    } = of(SHOP);
    insta::assert_snapshot!("iptables", iptables);
    insta::assert_snapshot!("ip6tables", ip6tables);
}

#[test]
fn policies_are_chains_for_each_workload_and_direction() {
    let Rulesets {
        policy, accept_all, ..
    } = of(SHOP);
    insta::assert_snapshot!("policy", policy);
    insta::assert_snapshot!("accept_all", accept_all);
}

/// A Service whose ports have no names, as Kubernetes would refuse it, must not lead
/// to one chain for both.
#[test]
fn every_port_has_chains_of_its_own() {
    let unnamed = SHOP
        .replace("name: https, ", "")
        .replace("name: admin, ", "");
    for text in [SHOP, &unnamed] {
        let rules = of(text).iptables;
        let mut chains: Vec<&str> = rules
            .lines()
            .filter(|line| line.starts_with(":KUBE"))
            .collect();
        let all = chains.len();
        chains.sort_unstable();
        chains.dedup();
        assert_eq!(chains.len(), all, "{rules}");
        // Four of the whole, one of filter; FW, EXT, SVC and SEP of two ports; EXT, SVL,
        // SVC and SEP of the third.
        assert_eq!(all, 4 + 1 + 2 * 4 + 4);
    }
}
