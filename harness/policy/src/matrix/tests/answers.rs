//! The whole way, with the interpreter for a filter.

use std::collections::BTreeMap;

use super::super::{FamilyChoice, Plan, Survey, Template, World, rows, selects, text};
use super::given::{about, addresses, allow, policy, tcp};
use crate::interpret;
use crate::journey::Point;
use crate::lower::lower;
use crate::model::{Direction, L4Port, Peers, Policy, Ports};
use crate::oracle::{self, PolicyStage, Stage};

fn survey(world: &World<'_>, plan: &Plan<'_>) -> Survey {
    let mut survey = Survey::new();
    let mut template = Template::new().expect("plain frames");
    for connection in plan.batches(50).flatten() {
        let (source, destination) = connection.addresses(world);
        let frame = template.fill(&connection, source, destination);
        let mut memory = interpret::Memory::untracked();
        let seen = connection.hooks(world).map(|point| {
            let judged = interpret::judge(world.image, point?, frame, &mut memory);
            Some(judged.reason.verdict())
        });
        survey.add(world, &connection, connection.expected(world), seen);
    }
    survey
}

fn matrix(policy: &Policy) -> String {
    let image = lower(policy).expect("it fits");
    let world = World::new(policy, &image);
    let mut answers = survey(&world, &Plan::new(&world));
    if let Some(moved) = world.moved() {
        let image = lower(&moved).expect("it fits");
        let strangers = world.of_moved(&moved, &image);
        answers.join(survey(&strangers, &Plan::new(&strangers).outside_only()));
    }
    assert_eq!(answers.disagreements, []);
    text(policy, &rows(&world, &answers, FamilyChoice::V4))
}

#[test]
fn without_policies_everything_is_open() {
    let policy = policy(&["a 10.0.0.1", "b 10.0.0.2"], Vec::new());
    insta::assert_snapshot!(matrix(&policy));
}

#[test]
fn a_connection_takes_both_ends() {
    let web = || tcp(L4Port::Named("web".to_owned()));
    let sends = allow(Direction::Egress, Peers::Any, web());
    let receives = allow(Direction::Ingress, Peers::Any, tcp(L4Port::Range(80, 90)));
    let policy = policy(
        &[
            "a 10.0.0.1",
            "b 10.0.0.2 web=85/tcp",
            "c 10.0.0.3 web=95/tcp",
        ],
        vec![
            about("a", vec![sends]),
            about("b", vec![receives.clone()]),
            about("c", vec![receives]),
        ],
    );
    insta::assert_snapshot!(matrix(&policy));
}

#[test]
fn ranges_end_where_the_rules_do() {
    let from = addresses("10.0.0.0/8 except 10.1.0.0/16");
    let to = addresses("192.168.0.0/16");
    let policy = policy(
        &["a 172.16.0.1", "b 172.16.0.2"],
        vec![
            about("a", vec![allow(Direction::Ingress, from, Ports::All)]),
            about("b", vec![allow(Direction::Egress, to, Ports::All)]),
        ],
    );
    insta::assert_snapshot!(matrix(&policy));
}

#[test]
fn a_stranger_at_a_workloads_address_is_judged_as_a_stranger() {
    let from = addresses("10.0.0.2/32");
    let policy = policy(
        &["a 10.0.0.1", "b 10.0.0.2"],
        vec![about(
            "a",
            vec![allow(Direction::Ingress, from, Ports::All)],
        )],
    );
    insta::assert_snapshot!(matrix(&policy));
}

#[test]
fn selecting_is_what_the_oracle_means_by_it() {
    let mut policy = policy(&["a 10.0.0.1", "b 10.0.0.2"], Vec::new());
    policy.namespaces = BTreeMap::from([("default".to_owned(), BTreeMap::new())]);
    let mut compared = 0;
    for app in ["a", "b", "c"] {
        let nothing = allow(Direction::Ingress, Peers::Listed(Vec::new()), Ports::All);
        policy.network_policies = vec![about(app, vec![nothing])];
        policy.choices.node_reaches_workloads = false;
        let image = lower(&policy).expect("it fits");
        let world = World::new(&policy, &image);
        for connection in Plan::new(&world).batches(100).flatten() {
            let [_, Some(point @ Point::Ingress(at))] = connection.hooks(&world) else {
                continue;
            };
            let frame = connection.first_packet(&world);
            let mut memory = oracle::Memory::untracked();
            let stage = oracle::judge(&policy, point, &frame, &mut memory).stage;
            let denied = matches!(stage, Some(Stage::Policy(PolicyStage::DefaultDenied(_))));
            let workload = &policy.workloads[at];
            assert_eq!(
                selects(&policy, &policy.network_policies[0], workload),
                denied
            );
            compared += 1;
        }
    }
    assert_eq!(compared, 3 * 4 * 3);
}
