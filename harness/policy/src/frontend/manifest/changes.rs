//! What becomes of a cluster's objects when some are applied or removed.

use super::{Objects, Passed, Remarks};
use crate::model::ObjectName;

impl Objects {
    /// Takes other objects in as `kubectl apply` does: those of a kind, namespace
    /// and name that is there already replace it, in its place. What was said of
    /// the objects so far is not said again.
    pub(in crate::frontend) fn apply(&mut self, applied: Objects) {
        let Objects {
            namespaces,
            nodes,
            workloads,
            services,
            policies,
            cidr_groups,
            described,
            strangers: _,
            remarks,
            broken,
            passed,
            seen,
        } = applied;
        self.namespaces.extend(namespaces);
        self.nodes.extend(nodes);
        for workload in workloads {
            put(&mut self.workloads, workload, |workload| {
                (workload.kind, workload.name.clone())
            });
        }
        for service in services {
            put(&mut self.services, service, |service| service.name.clone());
        }
        for policy in policies {
            put(&mut self.policies, policy, |policy| {
                (policy.kind, policy.name.clone())
            });
        }
        for group in cidr_groups {
            put(&mut self.cidr_groups, group, |group| group.name.clone());
        }
        for (kind, of_kind) in described {
            self.described.entry(kind).or_default().extend(of_kind);
        }
        self.remarks = remarks;
        self.passed = passed;
        self.broken |= broken;
        self.seen.extend(seen);
    }

    /// Takes an object out, written as `KIND NAMESPACE/NAME`; of what is in the
    /// namespace `default`, or in none, `KIND NAME` will do. `false` if there is
    /// none.
    pub(in crate::frontend) fn remove(&mut self, written: &str) -> bool {
        let found = (self.seen.keys())
            .find(|(kind, name)| designations(kind, name).any(|known| known == written));
        let Some((kind, name)) = found.cloned() else {
            return false;
        };
        self.seen.remove(&(kind, name.clone()));
        self.remarks = Remarks::default();
        self.passed = Passed::default();
        let Objects {
            namespaces,
            workloads,
            services,
            policies,
            cidr_groups,
            described,
            nodes: _,
            strangers: _,
            remarks: _,
            broken: _,
            passed: _,
            seen: _,
        } = self;
        if let Some(of_kind) = described.get_mut(kind) {
            of_kind.remove(&name);
        }
        match kind {
            "Namespace" => {
                namespaces.remove(&name.name);
            }
            "Service" => services.retain(|service| service.name != name),
            "CiliumCIDRGroup" => cidr_groups.retain(|group| group.name != name.name),
            _ => {
                workloads.retain(|workload| (workload.kind, &workload.name) != (kind, &name));
                policies.retain(|policy| (policy.kind.name(), &policy.name) != (kind, &name));
            }
        }
        true
    }

    /// How each object may be written to remove it.
    pub(in crate::frontend) fn removable(&self) -> Vec<String> {
        (self.seen.keys())
            .map(|(kind, name)| format!("{kind} {name}"))
            .collect()
    }
}

/// How an object may be written.
fn designations(kind: &str, name: &ObjectName) -> impl Iterator<Item = String> {
    let short = (name.namespace == "default").then(|| format!("{kind} {}", name.name));
    [format!("{kind} {name}")].into_iter().chain(short)
}

fn put<T, K: PartialEq>(all: &mut Vec<T>, one: T, key: impl Fn(&T) -> K) {
    let wanted = key(&one);
    match all.iter_mut().find(|known| key(known) == wanted) {
        Some(known) => *known = one,
        None => all.push(one),
    }
}
