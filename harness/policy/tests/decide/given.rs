//! Short ways to write a policy down.

use std::collections::BTreeMap;
use std::sync::Arc;

use netverdict_policy::diagnostic::{Location, SourceFile};
use netverdict_policy::model::{
    AllowedSource, CidrSource, DefaultAction, Labels, NetworkPolicy, NodePort, ObjectName, Policy,
    PortMatch, Ports, Prefilter, Rule, RuleAction, Sources, Workload,
};
use netverdict_policy::port::ProtoPort;

/// A place in a file that does not matter.
pub(crate) fn somewhere() -> Location {
    let file = SourceFile {
        path: "policy.yaml".to_owned(),
        text: String::new(),
    };
    Location::new(&Arc::new(file), 0, 0)
}

pub(crate) fn port(text: &str) -> ProtoPort {
    text.parse().expect(text)
}

pub(crate) fn name(namespace: &str, name: &str) -> ObjectName {
    ObjectName {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

/// Labels such as `app=inventory tier=back`.
pub(crate) fn labels(text: &str) -> Labels {
    let pairs = text.split_whitespace().map(|pair| {
        let (key, value) = pair.split_once('=').expect(pair);
        (key.to_owned(), value.to_owned())
    });
    pairs.collect::<BTreeMap<_, _>>()
}

/// One workload `app=inventory` behind 30007/tcp, which listens at 50051.
pub(crate) fn inventory(network_policies: Vec<NetworkPolicy>) -> Policy {
    Policy {
        workloads: vec![workload("default", "inventory", "app=inventory")],
        node_ports: vec![node_port("30007/tcp", 50051, &[0])],
        prefilters: Vec::new(),
        network_policies,
    }
}

pub(crate) fn workload(namespace: &str, workload: &str, own: &str) -> Workload {
    Workload {
        name: name(namespace, workload),
        labels: labels(own),
        location: somewhere(),
    }
}

pub(crate) fn node_port(at: &str, target_port: u16, backends: &[usize]) -> NodePort {
    NodePort {
        service: name("default", "service"),
        node_port: port(at),
        target_port,
        backends: backends.to_vec(),
        location: somewhere(),
    }
}

/// A prefilter with an allow list of comma-separated prefixes.
pub(crate) fn prefilter(
    at: &str,
    allow: &str,
    default: DefaultAction,
    bypass_policy: bool,
) -> Prefilter {
    let allow = list(allow).map(|prefix| AllowedSource {
        prefix: prefix.parse().expect(prefix),
        location: somewhere(),
    });
    Prefilter {
        node_port: port(at),
        allow: allow.collect(),
        default,
        bypass_policy,
        location: somewhere(),
        allow_location: somewhere(),
        default_location: somewhere(),
        bypass_location: somewhere(),
    }
}

/// A policy for `app=inventory` in the default namespace.
pub(crate) fn for_inventory(rules: Vec<Rule>) -> NetworkPolicy {
    selecting("default", "app=inventory", rules)
}

pub(crate) fn selecting(namespace: &str, selector: &str, rules: Vec<Rule>) -> NetworkPolicy {
    NetworkPolicy {
        name: name(namespace, "policy"),
        selector: labels(selector),
        rules,
        location: somewhere(),
    }
}

/// An allow rule; see [`rule`].
pub(crate) fn allow(sources: &str, ports: &str) -> Rule {
    rule(RuleAction::Allow, sources, ports)
}

/// A deny rule; see [`rule`].
pub(crate) fn deny(sources: &str, ports: &str) -> Rule {
    rule(RuleAction::Deny, sources, ports)
}

/// Sources are `any`, `nobody`, or prefixes with exceptions, such as
/// `10.0.0.0/8 !10.1.0.0/16, 2001:db8::/32`; ports are `all`, or such as
/// `50051/tcp, 0/any`.
fn rule(action: RuleAction, sources: &str, ports: &str) -> Rule {
    let sources = match sources {
        "any" => Sources::Any,
        "nobody" => Sources::Nobody,
        cidrs => Sources::Cidrs(list(cidrs).map(cidr).collect()),
    };
    let ports = match ports {
        "all" => Ports::All,
        listed => Ports::Listed(list(listed).map(port_match).collect()),
    };
    Rule {
        action,
        sources,
        ports,
        location: somewhere(),
    }
}

fn cidr(text: &str) -> CidrSource {
    let mut words = text.split_whitespace();
    let cidr = words.next().expect(text);
    let except = words.map(|word| {
        let hole = word.strip_prefix('!').expect(word);
        hole.parse().expect(hole)
    });
    CidrSource {
        cidr: cidr.parse().expect(cidr),
        except: except.collect(),
        location: somewhere(),
    }
}

fn port_match(text: &str) -> PortMatch {
    let (port, protocol) = text.split_once('/').expect(text);
    let port = port.parse().expect(text);
    PortMatch {
        port: (port != 0).then_some(port),
        protocol: (protocol != "any").then(|| {
            format!("1/{protocol}")
                .parse::<ProtoPort>()
                .expect(text)
                .protocol
        }),
        location: somewhere(),
    }
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}
