//! Policies that follow each other are kept as steps.

use std::sync::Arc;

use netverdict_policy::diagnostic::SourceFile;
use netverdict_policy::frame::{IpPacket, Transport};
use netverdict_policy::frontend::{self, Files};
use netverdict_policy::generate::Draw;
use netverdict_policy::journey::Sender;
use netverdict_policy::mutate::Judge;
use netverdict_policy::port::Protocol;
use netverdict_policy::scenario::{Connections, Expect, Scenario};
use netverdict_policy::write::{Manifest, Written};

use crate::fuzz::case::{Packet, Twist, Update};
use crate::fuzz::check::{Failure, Shown};
use crate::fuzz::{Case, Finding, Property, Seed};

struct Beside(Vec<Manifest>);

impl Files for Beside {
    fn read(&mut self, _: &SourceFile, path: &str) -> Result<Arc<SourceFile>, String> {
        let manifest = self.0.iter().find(|manifest| manifest.path == path);
        let Manifest { path, text } = manifest.ok_or("it was not written")?;
        Ok(Arc::new(SourceFile {
            path: path.clone(),
            text: text.clone(),
        }))
    }
}

fn read(Written { text, manifests }: Written) -> Scenario {
    let file = Arc::new(SourceFile {
        path: "written.yaml".to_owned(),
        text,
    });
    let checked = frontend::scenario(&file, &mut Beside(manifests));
    checked.expect("it was read before").scenario
}

/// The steps are the updates, each with its packets, and the oracle says of every packet
/// what is expected of it: once the filter is mended the scenario is green.
#[test]
fn updates_are_steps() {
    let mut policies_changed = 0;
    for seed in 0..40 {
        let case = Case::draw(Property::UpdateEqualsFreshLoad, &mut Draw::seeded(seed));
        let policies = case.policies();
        let frames = case.frames();
        let Twist::Updated { updates, .. } = &case.twist else {
            panic!("updates are drawn for this property");
        };
        let connections: Vec<_> = updates.iter().map(|update| update.connections).collect();
        let failure = Failure {
            property: case.property,
            shown: Shown::Panicked("for once".to_owned()),
        };
        let finding = Finding::new(Seed(seed), 0, case.clone(), failure);
        let written = finding.scenario();
        let scenario = read(written.unwrap_or_else(|error| panic!("seed {seed}: {error}")));
        assert_eq!(scenario.steps.len(), policies.len() - 1, "seed {seed}");
        let sent = (scenario.steps.iter()).flat_map(|step| &step.probes);
        assert_eq!(
            sent.chain(&scenario.before_steps).count(),
            frames,
            "seed {seed}"
        );
        let (_, before_last) = connections.split_last().expect("there is an update");
        for (step, connections) in scenario.steps.iter().zip(before_last) {
            assert_eq!(step.connections, *connections, "seed {seed}");
        }
        let unmet = Judge::new(&scenario).unmet();
        assert_eq!(unmet, None, "seed {seed}");
        policies_changed += usize::from(policies.windows(2).any(|pair| pair[0] != pair[1]));
    }
    assert!(policies_changed > 30, "{policies_changed} of 40");
}

/// An answer is expected to pass as long as the connection is remembered.
#[test]
fn expectations_go_by_what_is_remembered() {
    let alone = read(Written {
        text: "name: alone\n\
               topology: {node: {addresses: [192.0.2.10]}, \
               workloads: {shop: {labels: {app: shop}, addresses: [10.0.0.10]}}}\n\
               probes: [{from: 198.51.100.7, to: shop:80/tcp, expect: drop}]\n\
               ---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, \
               metadata: {name: shop}, spec: {podSelector: {}}}\n"
            .to_owned(),
        manifests: Vec::new(),
    });
    let (shop, customer) = ([10, 0, 0, 10].into(), [198, 51, 100, 7].into());
    let packet = |sender, from, to, source, destination| Packet {
        sender,
        frame: IpPacket::plain(
            from,
            to,
            Transport::opening(Protocol::Tcp, source, destination),
        )
        .into(),
    };
    let expected = |connections| {
        let update = |packet, connections| Update {
            packets: vec![packet],
            connections,
            policy: alone.policy.clone(),
        };
        let called = packet(Sender::Workload(0), shop, customer, 40000, 80);
        let answered = packet(Sender::Outside, customer, shop, 80, 40000);
        let case = Case {
            property: Property::UpdateEqualsFreshLoad,
            policy: alone.policy.clone(),
            tracked: true,
            packets: Vec::new(),
            twist: Twist::Updated {
                updates: vec![
                    update(called, connections),
                    update(answered, Connections::Keep),
                ],
                reload: false,
            },
        };
        let failure = Failure {
            property: case.property,
            shown: Shown::Panicked("for once".to_owned()),
        };
        let written = Finding::new(Seed(1), 0, case, failure).scenario();
        let scenario = read(written.expect("it can be written"));
        scenario.steps[0].probes[0].expect
    };
    assert_eq!(expected(Connections::Keep), Expect::Pass);
    assert_eq!(expected(Connections::Forget), Expect::Drop);
}
