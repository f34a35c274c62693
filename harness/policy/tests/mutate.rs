//! Mutants of scenarios: which are made, where they stand, and what becomes of them.

mod disk;
mod memory;

use std::collections::BTreeMap;
use std::sync::Arc;

use memory::Memory;
use netverdict_policy::diagnostic::SourceFile;
use netverdict_policy::frontend;
use netverdict_policy::mutate::{Fate, Judge, Operator, Plan};
use netverdict_policy::scenario::Scenario;

const MANIFESTS: &str = "\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: web }
spec:
  endpointSelector: { matchLabels: { app: web } }
  ingress:
    - fromCIDRSet:
        - { cidr: 10.0.0.0/8, except: [10.1.0.0/16] }
      toPorts: [{ ports: [{ port: \"80\", protocol: TCP }] }]
    - fromEndpoints: [{ matchLabels: { app: client } }]
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { type: NodePort, selector: { app: web }, ports: [{ port: 80, nodePort: 30007 }] }
";

const HEAD: &str = "\
name: mutants
topology:
  node: { addresses: [192.0.2.10] }
  hosts:
    inside: { zone: internal, addresses: [10.2.3.4] }
    outside: { zone: external, addresses: [198.51.100.7] }
  workloads:
    web: { labels: { app: web } }
    client: { labels: { app: client } }
manifests: [web.yaml]
";

const PREFILTER: &str = "\
prefilter:
  - { node_port: 30007/tcp, bypass_policy: false, allow: [10.0.0.0/8], deny: [10.9.0.0/16], default: drop }
  - { deny: [203.0.113.0/24] }
";

const PROBES: &str = "\
probes:
  - { from: inside, to: \"web:30007/tcp\", expect: pass }
";

fn scenario(manifests: &str, text: &str) -> Scenario {
    let files = Memory::default().with("web.yaml", manifests);
    files.read(text).expect("valid").scenario
}

fn on_disk(path: &str) -> Scenario {
    let file = disk::read(&disk::scenarios().join(path));
    frontend::scenario(&file, &mut disk::Disk)
        .expect("valid")
        .scenario
}

/// Every mutant by where it stands, what it is called and what became of it.
fn fates(scenario: &Scenario) -> Vec<(String, Operator, Fate<'_>)> {
    let plan = Plan::of(scenario, 10_000);
    let mut judge = Judge::new(scenario);
    assert_eq!(judge.unmet(), None);
    (0..plan.len())
        .filter_map(|number| plan.mutant(number))
        .map(|mutant| {
            let fate = judge.fate(&mutant);
            let mutation = mutant.mutation;
            let place = &mutation.location;
            let words = format!("{}:{} {}", place.file.path, place.line, mutation.words);
            (words, mutation.operator, fate)
        })
        .collect()
}

#[test]
fn operators_err_at_their_lines() {
    // given
    let scenario = scenario(MANIFESTS, &format!("{HEAD}{PREFILTER}{PROBES}"));
    let plan = Plan::of(&scenario, 10_000);
    // when
    let mutants = (0..plan.len()).filter_map(|number| plan.mutant(number));
    let mut made: BTreeMap<Operator, Vec<String>> = BTreeMap::new();
    for mutant in mutants {
        let mutation = mutant.mutation;
        let (file, line) = (&mutation.location.file.path, mutation.location.line);
        let text = format!("{file}:{line} {}", mutation.words);
        made.entry(mutation.operator).or_default().push(text);
        assert_ne!(mutant.policies[0], scenario.policy, "it changes something");
    }
    // then
    for (operator, expected) in [
        (
            Operator::PrefixShorter,
            "web.yaml:8 10.0.0.0/8 became 10.0.0.0/7",
        ),
        (
            Operator::PrefixLonger,
            "web.yaml:8 10.0.0.0/8 became 10.0.0.0/9",
        ),
        (
            Operator::PrefixZero,
            "web.yaml:8 10.0.0.0/8 became 0.0.0.0/0",
        ),
        (
            Operator::AddressBit,
            "web.yaml:8 10.0.0.0/8 became 11.0.0.0/8",
        ),
        (
            Operator::AddressBit,
            "web.yaml:8 10.0.0.0/8 became 138.0.0.0/8",
        ),
        (
            Operator::FamilySwapped,
            "web.yaml:8 10.0.0.0/8 became a00::/8",
        ),
        (
            Operator::ExceptLost,
            "web.yaml:8 the exception 10.1.0.0/16 from 10.0.0.0/8 is lost",
        ),
        (
            Operator::PrefixLonger,
            "web.yaml:8 the exception 10.1.0.0/16 from 10.0.0.0/8 became 10.1.0.0/17",
        ),
        (Operator::ActionSwapped, "web.yaml:7 allow became deny"),
        (
            Operator::PortShifted,
            "web.yaml:9 port 80/TCP became 81/TCP",
        ),
        (
            Operator::PortShifted,
            "web.yaml:9 port 80/TCP became 79/TCP",
        ),
        (
            Operator::ProtocolSwapped,
            "web.yaml:9 port 80/TCP became 80/UDP",
        ),
        (
            Operator::PortLost,
            "web.yaml:9 port 80/TCP is lost: no other is named, so it is every port",
        ),
        (Operator::PeerLost, "web.yaml:8 10.0.0.0/8 is lost"),
        (
            Operator::PeerLost,
            "web.yaml:10 a selector of workloads is lost",
        ),
        (
            Operator::LabelLost,
            "web.yaml:10 the requirement app = client is lost",
        ),
        (
            Operator::LabelLost,
            "web.yaml:5 the requirement app = web is lost of its subject",
        ),
        (
            Operator::RuleLost,
            "web.yaml:7 the rule is lost; its policy isolates as before",
        ),
        (
            Operator::PolicyLost,
            "web.yaml:5 the CiliumNetworkPolicy default/web is lost",
        ),
        (
            Operator::DefaultDenyLost,
            "web.yaml:5 default deny of ingress is lost",
        ),
        (
            Operator::DefaultFlipped,
            "scenario.yaml:12 the default drop became pass",
        ),
        (
            Operator::BypassSwitched,
            "scenario.yaml:12 the bypass is switched on",
        ),
        (
            Operator::AllowListEmptied,
            "scenario.yaml:12 the allow list is emptied",
        ),
        (
            Operator::AllowEntryLost,
            "scenario.yaml:12 10.0.0.0/8 is lost from the allow list",
        ),
        (
            Operator::DenyEntryLost,
            "scenario.yaml:12 10.9.0.0/16 is lost from the deny list",
        ),
        (
            Operator::DenyEntryLost,
            "scenario.yaml:13 203.0.113.0/24 is lost from the deny list",
        ),
        (
            Operator::PrefilterLost,
            "scenario.yaml:12 the prefilter of 30007/tcp is lost",
        ),
        (
            Operator::PortShifted,
            "scenario.yaml:12 the prefilter's 30007/tcp became 30008/tcp",
        ),
    ] {
        let of_it = made.get(&operator).map_or(&[][..], Vec::as_slice);
        assert!(
            of_it.iter().any(|it| it == expected),
            "{expected}: {of_it:#?}"
        );
    }
    assert_eq!(made.len(), Operator::ALL.len(), "every operator: {made:#?}");
    // An exception outside its prefix is none, so none is made.
    let outside = |text: &String| text.contains("exception") && text.contains("/0");
    assert!(!made.values().flatten().any(outside), "{made:#?}");
}

#[test]
fn of_many_the_limit_leaves_some_of_every_operator() {
    let scenario = scenario(MANIFESTS, &format!("{HEAD}{PREFILTER}{PROBES}"));
    let all = Plan::of(&scenario, 10_000);
    assert_eq!(all.len(), all.possible());
    let limit = Operator::ALL.len();
    let some = Plan::of(&scenario, limit);
    assert_eq!((some.len(), some.possible()), (limit, all.possible()));
    let operators = (0..some.len()).filter_map(|number| some.mutant(number));
    let operators: Vec<Operator> = operators.map(|mutant| mutant.mutation.operator).collect();
    assert!(
        operators.contains(&Operator::BypassSwitched),
        "{operators:?}"
    );
}

#[test]
fn what_a_second_line_says_too_is_no_loss() {
    // given a prefix that stands there twice
    let twice = MANIFESTS.replace(
        "        - { cidr: 10.0.0.0/8, except: [10.1.0.0/16] }\n",
        "        - { cidr: 10.0.0.0/8 }\n        - { cidr: 10.0.0.0/8 }\n",
    );
    let scenario = scenario(&twice, &format!("{HEAD}{PROBES}"));
    // then each may be lost, and a wider one is a gap
    let fates = fates(&scenario);
    for line in [8, 9] {
        let of = |words: &str| {
            let wanted = format!("web.yaml:{line} {words}");
            let found = fates.iter().find(|(words, ..)| *words == wanted);
            &found.unwrap_or_else(|| panic!("{wanted}")).2
        };
        assert_eq!(*of("10.0.0.0/8 is lost"), Fate::Equivalent);
        assert_eq!(*of("10.0.0.0/8 became 10.0.0.0/9"), Fate::Equivalent);
        assert!(matches!(
            of("10.0.0.0/8 became 10.0.0.0/7"),
            Fate::Survived(_)
        ));
    }
}

#[test]
fn a_bypass_masks_the_policy_behind_it() {
    // given a prefilter that drops or skips whatever comes to the port
    let scenario = on_disk("prefilter/bypass.yaml");
    // then of what the policy lets in from outside, nothing can be noticed there
    let fates = fates(&scenario);
    let wider = "manifests/inventory-policy-internal.yaml:12 10.0.0.0/8 became 10.0.0.0/7";
    let (_, _, fate) = (fates.iter().find(|(words, ..)| words == wider)).expect(wider);
    let Fate::Masked(bypass) = fate else {
        panic!("{fate:?}");
    };
    assert_eq!(bypass.text(), "true");
    assert_eq!(bypass.file.path, "prefilter/bypass.yaml");
    // and without the bypass, it can
    let text = scenario
        .file
        .text
        .replace("bypass_policy: true", "bypass_policy: false");
    let text = text.split("\nprobes:").next().expect("a head").to_owned();
    let probe = "\nprobes:\n  - { from: scanner, to: \"inventory:30007/tcp\", expect: drop }\n";
    let file = Arc::new(SourceFile {
        path: scenario.file.path.clone(),
        text: text + probe,
    });
    let without = frontend::scenario(&file, &mut disk::Disk).expect("valid");
    let masked = |(_, _, fate): &(String, Operator, Fate<'_>)| matches!(fate, Fate::Masked(_));
    assert!(!self::fates(&without.scenario).iter().any(masked));
}

#[test]
fn pasted_probes_kill() {
    let mut pasted = 0;
    for path in [
        "cidr/except.yaml",
        "cidr/overlapping.yaml",
        "cilium/icmp-types.yaml",
        "policy/every-port.yaml",
        "recipes/allow-from-outside.yaml",
        "workloads/out-of-the-cluster.yaml",
    ] {
        let scenario = on_disk(path);
        let lines: Vec<(String, String)> = (fates(&scenario).into_iter())
            .filter_map(|(words, _, fate)| match fate {
                Fate::Survived(killer) => Some((words, killer.line)),
                _ => None,
            })
            .step_by(3)
            .collect();
        for (words, line) in lines {
            // when it stands in the file
            let text = format!("{}\n  {line}\n", scenario.file.text.trim_end());
            let file = Arc::new(SourceFile {
                path: scenario.file.path.clone(),
                text,
            });
            let read = frontend::scenario(&file, &mut disk::Disk);
            let with_it = read.unwrap_or_else(|wrong| panic!("{path}: {line}: {wrong:?}"));
            // then the policy is still as expected, and the mutant is not
            let fates = fates(&with_it.scenario);
            let (_, _, fate) = fates.iter().find(|it| it.0 == words).expect("as before");
            assert!(
                matches!(fate, Fate::Killed(_)),
                "{path}: {words}: {line}: {fate:?}"
            );
            pasted += 1;
        }
    }
    assert!(pasted > 10, "{pasted}");
}
