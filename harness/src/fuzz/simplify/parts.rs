//! What a case can do without.

use netverdict_policy::frame::read;
use netverdict_policy::journey::{Point, Sender};
use netverdict_policy::model::{
    Choices, L4Port, Namespaces, NetworkPolicy, PeerKind, Peers, Policy, Ports, Rule, Selector,
    Subject,
};

use crate::fuzz::case::{Case, Packet, Twist};
use crate::fuzz::property::Property;

/// The case with one thing less each, larger things first.
pub(super) fn simpler(case: &Case) -> Vec<Case> {
    let mut found = Candidates {
        case,
        all: Vec::new(),
    };
    found.without_twist();
    found.without_packets();
    for number in 0..policies(&mut case.clone()).len() {
        found.without_guards(number);
    }
    found.without_cluster();
    for number in 0..policies(&mut case.clone()).len() {
        found.with_less_in_rules(number);
    }
    found.all
}

struct Candidates<'a> {
    case: &'a Case,
    all: Vec<Case>,
}

/// Every policy of the case, the first one first.
fn policies(case: &mut Case) -> Vec<&mut Policy> {
    let mut all = vec![&mut case.policy];
    match &mut case.twist {
        Twist::None | Twist::Changed(_) | Twist::Damaged(_) => {}
        Twist::Updated { updates, .. } => {
            all.extend(updates.iter_mut().map(|update| &mut update.policy));
        }
    }
    all
}

/// Every list of packets.
fn packets(case: &mut Case) -> Vec<&mut Vec<Packet>> {
    let mut all = vec![&mut case.packets];
    match &mut case.twist {
        Twist::None | Twist::Changed(_) | Twist::Damaged(_) => {}
        Twist::Updated { updates, .. } => {
            all.extend(updates.iter_mut().map(|update| &mut update.packets));
        }
    }
    all
}

impl Candidates<'_> {
    /// Adds a candidate, if it is another case.
    fn add(&mut self, change: impl FnOnce(&mut Case)) {
        let mut candidate = self.case.clone();
        change(&mut candidate);
        if candidate != *self.case {
            self.all.push(candidate);
        }
    }

    /// Adds one in which one of the policies is another.
    fn add_policy(&mut self, number: usize, change: impl FnOnce(&mut Policy)) {
        self.add(|case| {
            if let Some(policy) = policies(case).into_iter().nth(number) {
                change(policy);
            }
        });
    }

    /// Adds one in which all policies are other ones, in the same way.
    fn add_policies(&mut self, change: impl Fn(&mut Policy)) {
        self.add(|case| policies(case).into_iter().for_each(change));
    }

    fn without_twist(&mut self) {
        match &self.case.twist {
            Twist::None => {}
            Twist::Changed(change) => {
                // If the parties differ, they differ under one of the two.
                for policy in [Some(self.case.policy.clone()), change.of(&self.case.policy)] {
                    self.add(|case| {
                        case.property = Property::Agreement;
                        case.twist = Twist::None;
                        case.policy = policy.unwrap_or_else(|| case.policy.clone());
                    });
                }
            }
            Twist::Updated { updates, .. } => {
                for update in updates {
                    self.add(|case| {
                        case.property = Property::Agreement;
                        case.twist = Twist::None;
                        case.policy = update.policy.clone();
                    });
                }
                // What was sent before everything was forgotten.
                for (index, update) in updates.iter().enumerate() {
                    self.add(|case| {
                        case.property = Property::Agreement;
                        case.twist = Twist::None;
                        if let Some(before) = index.checked_sub(1) {
                            case.policy = updates[before].policy.clone();
                        }
                        case.packets = update.packets.clone();
                    });
                }
                for index in 0..updates.len() {
                    self.add(|case| {
                        if let Twist::Updated { updates, .. } = &mut case.twist {
                            updates.remove(index);
                        }
                    });
                }
                self.add(|case| {
                    if let Twist::Updated { reload, .. } = &mut case.twist {
                        *reload = false;
                    }
                });
            }
            Twist::Damaged(frames) => {
                for (point, bytes) in frames {
                    self.as_packet(*point, bytes);
                }
                for index in (0..frames.len()).rev() {
                    self.add(|case| {
                        if let Twist::Damaged(frames) = &mut case.twist {
                            frames.remove(index);
                        }
                    });
                }
            }
        }
        self.add(|case| case.tracked = false);
    }

    /// What is read of damaged bytes, sent as any other packet.
    fn as_packet(&mut self, point: Point, bytes: &[u8]) {
        let Ok(frame) = read(bytes) else { return };
        let sender = match point {
            Point::Egress(workload) => Sender::Workload(workload),
            Point::Uplink | Point::Ingress(_) => Sender::Outside,
        };
        self.add(|case| {
            case.property = Property::Agreement;
            case.twist = Twist::None;
            case.tracked = false;
            case.packets = vec![Packet { sender, frame }];
        });
    }

    fn without_packets(&mut self) {
        let counts: Vec<usize> = packets(&mut self.case.clone())
            .iter()
            .map(|list| list.len())
            .collect();
        for (number, count) in counts.into_iter().enumerate() {
            if count > 1 {
                for half in [0..count / 2, count / 2..count] {
                    self.add(|case| drop(packets(case)[number].drain(half)));
                }
            }
            for index in (0..count).rev() {
                self.add(|case| drop(packets(case)[number].remove(index)));
            }
        }
    }

    /// Without policies, prefilters and rules.
    fn without_guards(&mut self, number: usize) {
        let mut whole = self.case.clone();
        let policy = policies(&mut whole).swap_remove(number).clone();
        self.add_policy(number, |policy| policy.network_policies.clear());
        self.add_policy(number, |policy| policy.dry_run.clear());
        self.add_policy(number, |policy| policy.prefilters.clear());
        self.add_policy(number, |policy| policy.deny_list.clear());
        for index in (0..policy.network_policies.len()).rev() {
            self.add_policy(number, |policy| drop(policy.network_policies.remove(index)));
        }
        for index in (0..policy.dry_run.len()).rev() {
            self.add_policy(number, |policy| drop(policy.dry_run.remove(index)));
        }
        for index in (0..policy.prefilters.len()).rev() {
            self.add_policy(number, |policy| drop(policy.prefilters.remove(index)));
        }
        for (index, rules) in policy.network_policies.iter().enumerate() {
            for rule in (0..rules.rules.len()).rev() {
                self.add_policy(number, |policy| {
                    policy.network_policies[index].rules.remove(rule);
                });
            }
        }
        for (index, rules) in policy.dry_run.iter().enumerate() {
            for rule in (0..rules.rules.len()).rev() {
                self.add_policy(number, |policy| {
                    policy.dry_run[index].rules.remove(rule);
                });
            }
        }
        for entry in (0..policy.deny_list.len()).rev() {
            self.add_policy(number, |policy| drop(policy.deny_list.remove(entry)));
        }
        for (index, stage) in policy.prefilters.iter().enumerate() {
            for entry in (0..stage.deny.len()).rev() {
                self.add_policy(number, |policy| {
                    policy.prefilters[index].deny.remove(entry);
                });
            }
            for entry in (0..stage.allow.len()).rev() {
                self.add_policy(number, |policy| {
                    policy.prefilters[index].allow.remove(entry);
                });
            }
            self.add_policy(number, |policy| {
                policy.prefilters[index].bypass_policy = false;
            });
        }
    }

    /// Without services, hosts, workloads and what is said of them.
    fn without_cluster(&mut self) {
        let policy = &self.case.policy;
        for index in 0..policy.node_ports.len() {
            self.add_policies(|policy| drop(policy.node_ports.remove(index)));
        }
        for index in 0..policy.known_hosts.len() {
            self.add_policies(|policy| drop(policy.known_hosts.remove(index)));
        }
        for index in (0..policy.workloads.len()).rev() {
            self.without_workload(index);
        }
        for (index, service) in policy.node_ports.iter().enumerate() {
            for backend in 1..service.backends.len() {
                self.add_policies(|policy| {
                    policy.node_ports[index].backends.remove(backend);
                });
            }
        }
        for (index, workload) in policy.workloads.iter().enumerate() {
            for named in 0..workload.named_ports.len() {
                self.add_policies(|policy| {
                    policy.workloads[index].named_ports.remove(named);
                });
            }
            for key in ["app", "tier", "team"] {
                self.add_policies(|policy| drop(policy.workloads[index].labels.remove(key)));
            }
            self.add_policies(|policy| {
                let workload = &mut policy.workloads[index];
                workload.known_addresses.clone_from(&workload.addresses);
            });
        }
        for key in ["app", "tier", "team"] {
            self.add_policies(|policy| drop(policy.node.labels.remove(key)));
            self.add_policies(|policy| {
                for labels in policy.namespaces.values_mut() {
                    labels.remove(key);
                }
            });
        }
        self.add_policies(|policy| policy.choices = Choices::default());
    }

    fn without_workload(&mut self, gone: usize) {
        let mut sends = false;
        let mut case = self.case.clone();
        for packet in packets(&mut case).into_iter().flatten() {
            sends |= packet.sender == Sender::Workload(gone);
            if let Sender::Workload(index) = &mut packet.sender
                && *index > gone
            {
                *index -= 1;
            }
        }
        if let Twist::Damaged(frames) = &mut case.twist {
            for (point, _) in frames {
                if let Point::Egress(index) | Point::Ingress(index) = point {
                    sends |= *index == gone;
                    if *index > gone {
                        *index -= 1;
                    }
                }
            }
        }
        for policy in policies(&mut case) {
            policy.workloads.remove(gone);
            for service in &mut policy.node_ports {
                service.backends.retain(|backend| backend.workload != gone);
                for backend in &mut service.backends {
                    if backend.workload > gone {
                        backend.workload -= 1;
                    }
                }
            }
            policy
                .node_ports
                .retain(|service| !service.backends.is_empty());
        }
        if !sends && !case.policy.workloads.is_empty() {
            self.all.push(case);
        }
    }

    /// With policies and rules that say less.
    fn with_less_in_rules(&mut self, number: usize) {
        let mut whole = self.case.clone();
        let policy = policies(&mut whole).swap_remove(number).clone();
        for (index, network_policy) in policy.network_policies.iter().enumerate() {
            let mut add = |change: &dyn Fn(&mut NetworkPolicy)| {
                self.add_policy(number, |policy| change(&mut policy.network_policies[index]));
            };
            add(&|policy| policy.isolates_ingress = false);
            add(&|policy| policy.isolates_egress = false);
            if let Subject::Workloads(selector) = &network_policy.subject {
                for at in (0..selector.labels.0.len()).rev() {
                    add(&|policy| {
                        if let Subject::Workloads(selector) = &mut policy.subject {
                            selector.labels.0.remove(at);
                        }
                    });
                }
            }
            for (at, rule) in network_policy.rules.iter().enumerate() {
                for simpler in simpler_rules(rule) {
                    add(&|policy| policy.rules[at] = simpler.clone());
                }
            }
        }
    }
}

/// The rule with fewer peers and ports, or ones that say less.
fn simpler_rules(rule: &Rule) -> Vec<Rule> {
    let mut all = Vec::new();
    let mut add = |change: &dyn Fn(&mut Rule)| {
        let mut simpler = rule.clone();
        change(&mut simpler);
        if simpler != *rule {
            all.push(simpler);
        }
    };
    add(&|rule| rule.ports = Ports::All);
    if let Ports::Listed(ports) = &rule.ports {
        for at in (0..ports.len()).rev() {
            add(&|rule| {
                if let Ports::Listed(ports) = &mut rule.ports {
                    ports.remove(at);
                }
            });
            if let L4Port::Range(first, last) = ports[at].port {
                for port in [first, last] {
                    add(&|rule| {
                        if let Ports::Listed(ports) = &mut rule.ports {
                            ports[at].port = L4Port::Range(port, port);
                        }
                    });
                }
            }
        }
    }
    let Peers::Listed(peers) = &rule.peers else {
        return all;
    };
    for at in (0..peers.len()).rev() {
        add(&|rule| {
            if let Peers::Listed(peers) = &mut rule.peers {
                peers.remove(at);
            }
        });
        let mut add_peer = |change: &dyn Fn(&mut PeerKind)| {
            add(&|rule| {
                if let Peers::Listed(peers) = &mut rule.peers {
                    change(&mut peers[at].kind);
                }
            });
        };
        match &peers[at].kind {
            PeerKind::Cidr(cidr) => {
                for index in (0..cidr.except.len()).rev() {
                    add_peer(&|kind| {
                        if let PeerKind::Cidr(cidr) = kind {
                            cidr.except.remove(index);
                        }
                    });
                }
            }
            PeerKind::Workloads(_) => {
                add_peer(&|kind| {
                    if let PeerKind::Workloads(selector) = kind {
                        selector.labels = Selector::default();
                    }
                });
                add_peer(&|kind| {
                    if let PeerKind::Workloads(selector) = kind {
                        selector.namespaces = Namespaces::All;
                    }
                });
            }
            PeerKind::Entity(_) | PeerKind::Nodes(_) => {}
        }
    }
    all
}
