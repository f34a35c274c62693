//! Probes that would have noticed.

use std::net::IpAddr;

use super::Mutant;
use super::difference::Difference;
use super::notice::{is_met, unmet};
use super::ways::Way;
use crate::frontend;
use crate::meaning::L4;
use crate::model::Policy;
use crate::oracle::Memory;
use crate::prefix::Family;
use crate::region::Region;
use crate::scenario::{Probe, Scenario};

/// A probe that notices a mutant, and that the policy itself is right about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Killer {
    /// The entry of a list of probes, on one line.
    pub line: String,
    /// To whose probes it belongs: 0 is the scenario, 1 its first step.
    pub stage: usize,
    /// The probe, as the front end reads the line.
    pub probe: Probe,
}

impl Killer {
    /// Reads the line as if it stood last among the probes of the stage; `None` unless it
    /// is as expected under the policy, and is not under the mutant's.
    pub(super) fn verified(
        line: String,
        stage: usize,
        scenario: &Scenario,
        mutant: &Mutant,
    ) -> Option<Killer> {
        let policy = match stage {
            0 => &scenario.policy,
            stage => &scenario.steps[stage - 1].policy,
        };
        let probe = frontend::probe(&line, scenario, policy).ok()?;
        let killer = Killer { line, stage, probe };
        (killer.is_right(scenario) && killer.notices(scenario, mutant)).then_some(killer)
    }

    /// Whether the mutant would not survive, were this probe there.
    pub fn notices(&self, scenario: &Scenario, mutant: &Mutant) -> bool {
        let policies: Vec<&Policy> = mutant.policies.iter().collect();
        self.is_unmet(scenario, &policies)
    }

    fn is_right(&self, scenario: &Scenario) -> bool {
        let steps = scenario.steps.iter().map(|step| &step.policy);
        let policies: Vec<&Policy> = [&scenario.policy].into_iter().chain(steps).collect();
        !self.is_unmet(scenario, &policies)
    }

    fn is_unmet(&self, scenario: &Scenario, policies: &[&Policy]) -> bool {
        if self.stage == 0 {
            return !is_met(&self.probe, policies[0], Memory::untracked);
        }
        // What was before it is remembered.
        let mut with_it = scenario.clone();
        let of_step = &mut with_it.steps[self.stage - 1].probes;
        of_step.push(Probe {
            sequence: Some(0),
            ..self.probe.clone()
        });
        unmet(&with_it, policies).is_some()
    }
}

/// Lines that may do, the most readable first.
pub(super) fn candidates(
    scenario: &Scenario,
    policy: &Policy,
    difference: &Difference,
) -> impl Iterator<Item = String> {
    let Difference {
        way,
        l4,
        who,
        passes,
    } = difference;
    let expect = if *passes { "pass" } else { "drop" };
    let workload = |index: usize| scenario.topology.workloads[index].name.clone();
    let own = |index: usize| policy.workloads[index].addresses.clone();
    let outside = || -> Vec<(String, Option<Family>)> {
        let hosts = scenario.topology.hosts.iter();
        let of_hosts = hosts
            .filter(|host| host.addresses.iter().any(|address| who.contains(*address)))
            .map(|host| host.name.clone());
        let by_address = ordinary(who).into_iter().map(|address| address.to_string());
        of_hosts
            .chain(by_address)
            .map(|from| (from, None))
            .collect()
    };
    let inside = |from: usize| -> Vec<(String, Option<Family>)> {
        let families = [None, Some(Family::V4), Some(Family::V6)];
        families.map(|family| (workload(from), family)).to_vec()
    };
    let node = "node".to_owned();
    let (senders, receivers) = match *way {
        Way::NodePort { node_port, .. } => {
            let first = policy.node_ports[node_port].backends[0].workload;
            (outside(), vec![workload(first), node])
        }
        Way::Node => (outside(), vec![node]),
        Way::Direct { to } => {
            let addresses = own(to).into_iter().map(written);
            (
                outside(),
                [workload(to)].into_iter().chain(addresses).collect(),
            )
        }
        Way::FromNode { .. } => (Vec::new(), Vec::new()),
        Way::Between { from, to } => {
            let addresses = own(to).into_iter().map(written);
            (
                inside(from),
                [workload(to)].into_iter().chain(addresses).collect(),
            )
        }
        Way::NodePortFromInside { from, .. } => (inside(from), vec![node]),
        Way::Leaving { from } => {
            let hosts = scenario.topology.hosts.iter();
            let of_hosts = hosts
                .filter(|host| host.addresses.iter().any(|address| who.contains(*address)))
                .map(|host| host.name.clone());
            let by_address = ordinary(who).into_iter().map(written);
            (inside(from), of_hosts.chain(by_address).collect())
        }
    };
    let families: Vec<Family> = Family::ALL
        .into_iter()
        .filter(|family| !who.intersect(&Region::all(*family)).is_empty())
        .collect();
    let l4 = *l4;
    senders.into_iter().flat_map(move |(from, family)| {
        let families = families.clone();
        receivers.clone().into_iter().flat_map(move |to| {
            let from = from.clone();
            families.clone().into_iter().map(move |of| {
                let narrowed = match family {
                    Some(family) => format!(", frame: {{ family: {} }}", digit(family)),
                    None => String::new(),
                };
                let to = destination(&to, l4, of);
                format!(
                    "- {{ from: {}, to: {to:?}, expect: {expect}{narrowed} }}",
                    quoted(&from)
                )
            })
        })
    })
}

fn digit(family: Family) -> u8 {
    match family {
        Family::V4 => 4,
        Family::V6 => 6,
    }
}

/// Quoted where YAML needs it.
fn quoted(text: &str) -> String {
    match text.contains(':') || text.starts_with('[') {
        true => format!("{text:?}"),
        false => text.to_owned(),
    }
}

/// An address in front of a port.
fn written(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// `WHO:443/tcp`, `WHO/icmp`.
fn destination(who: &str, l4: L4, family: Family) -> String {
    match (l4, family) {
        (L4::Ports(port), _) => format!("{who}:{port}"),
        (L4::Icmp { kind: 8 }, Family::V4) | (L4::Icmp { kind: 128 }, Family::V6) => {
            format!("{who}/icmp")
        }
        (L4::Icmp { kind: 0 }, Family::V4) | (L4::Icmp { kind: 129 }, Family::V6) => {
            format!("{who}/icmp-echo-reply")
        }
        (L4::Icmp { kind }, _) => format!("{who}/icmp-type-{kind}"),
        (L4::ForeignIcmp, Family::V4) => format!("{who}/protocol-58"),
        (L4::ForeignIcmp, Family::V6) => format!("{who}/protocol-1"),
        // Generic routing encapsulation: nobody reads further.
        (L4::Other, _) => format!("{who}/protocol-47"),
    }
}

/// Some addresses of a region: those that documentation uses, else the ends of its
/// first ranges in each family.
pub(crate) fn ordinary(region: &Region) -> Vec<IpAddr> {
    const USUAL: [&str; 8] = [
        "203.0.113.7",
        "198.51.100.7",
        "192.0.2.77",
        "10.20.30.40",
        "172.16.20.30",
        "2001:db8:bad::7",
        "2001:db8:ffff::7",
        "fd00:20:30::40",
    ];
    let usual = USUAL.map(|text| text.parse().expect(text));
    let mut some: Vec<IpAddr> = usual
        .into_iter()
        .filter(|it| region.contains(*it))
        .collect();
    for is_v4 in [true, false] {
        let ranges = region
            .ranges()
            .filter(|range| range.first.is_ipv4() == is_v4);
        some.extend(ranges.take(4).flat_map(|range| [range.first, range.last]));
    }
    some.dedup();
    some
}
