use netverdict_abi::{Reason, Verdict};

use super::super::{Connection, End, FamilyChoice, PortRange, Survey, World, rows, text};
use super::given::{about, addresses, allow, policy};
use crate::image::MapImage;
use crate::model::{Direction, Policy, Ports};
use crate::port::Protocol;
use crate::prefix::Family;

/// Three cells of IPv4 (below 10/8, 10/8, above), and one of IPv6.
fn given() -> Policy {
    let rule = allow(Direction::Ingress, addresses("10.0.0.0/8"), Ports::All);
    policy(
        &[
            "a 10.0.0.1,2001:db8::1",
            "b 10.0.0.2,2001:db8::2",
            "c 10.0.0.3",
        ],
        vec![about("a", vec![rule])],
    )
}

struct Answers<'a> {
    world: &'a World<'a>,
    survey: Survey,
}

impl Answers<'_> {
    fn open(
        &mut self,
        source: End,
        destination: End,
        family: Family,
        protocol: Protocol,
        ports: PortRange,
    ) {
        let connection = Connection {
            source,
            destination,
            family,
            protocol,
            ports,
            client_port: 50_000,
        };
        let hooks = connection.hooks(self.world);
        let right = hooks.map(|hook| hook.map(|_| Reason::PolicyNotSelected));
        let seen = hooks.map(|hook| hook.map(|_| Verdict::Pass));
        self.survey.add(self.world, &connection, right, seen);
    }

    fn all(&mut self, source: End, destination: End, family: Family) {
        for protocol in Protocol::ALL {
            self.open(source, destination, family, protocol, PortRange::ALL);
        }
    }
}

fn table(fill: impl FnOnce(&mut Answers<'_>), choice: FamilyChoice) -> String {
    let (policy, image) = (given(), MapImage::default());
    let world = World::new(&policy, &image);
    let mut answers = Answers {
        world: &world,
        survey: Survey::new(),
    };
    fill(&mut answers);
    text(&policy, &rows(&world, &answers.survey, choice))
}

use End::{Cell, Workload};
use Family::{V4, V6};

#[test]
fn neighbouring_ranges_with_the_same_connections_are_one() {
    let same = table(
        |answers| {
            for cell in 0..3 {
                answers.all(Cell(cell), Workload(0), V4);
                answers.all(Workload(1), Cell(cell), V4);
            }
        },
        FamilyChoice::V4,
    );
    insta::assert_snapshot!(same, @r"
    0.0.0.0-255.255.255.255[External] => default/a[Deployment] : All Connections
    default/b[Deployment] => 0.0.0.0-255.255.255.255[External] : All Connections
    ");
}

#[test]
fn ranges_with_a_gap_or_other_connections_between_stay_apart() {
    let apart = table(
        |answers| {
            let web = PortRange {
                first: 80,
                last: 80,
            };
            answers.all(Cell(0), Workload(0), V4);
            answers.all(Cell(2), Workload(0), V4);
            answers.all(Cell(0), Workload(1), V4);
            answers.open(Cell(1), Workload(1), V4, Protocol::Tcp, web);
            answers.open(Cell(2), Workload(1), V4, Protocol::Tcp, web);
        },
        FamilyChoice::V4,
    );
    insta::assert_snapshot!(apart, @r"
    0.0.0.0-9.255.255.255[External] => default/a[Deployment] : All Connections
    0.0.0.0-9.255.255.255[External] => default/b[Deployment] : All Connections
    10.0.0.0-255.255.255.255[External] => default/b[Deployment] : TCP 80
    11.0.0.0-255.255.255.255[External] => default/a[Deployment] : All Connections
    ");
}

#[test]
fn families_never_join_and_alike_pairs_are_said_once() {
    let fill = |answers: &mut Answers<'_>| {
        answers.all(Cell(2), Workload(0), V4);
        answers.all(Cell(3), Workload(0), V6);
        answers.all(Workload(0), Workload(1), V4);
        answers.all(Workload(0), Workload(1), V6);
        answers.all(Workload(1), Workload(0), V6);
        answers.all(Workload(2), Workload(0), V4);
    };
    insta::assert_snapshot!(table(fill, FamilyChoice::Any), @r"
    11.0.0.0-255.255.255.255[External] => default/a[Deployment] : All Connections
    ::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff[External] => default/a[Deployment] : All Connections
    default/a[Deployment] => default/b[Deployment] : All Connections
    default/b[Deployment] => default/a[Deployment] : All Connections (IPv6 only)
    default/c[Deployment] => default/a[Deployment] : All Connections
    ");
    insta::assert_snapshot!(table(fill, FamilyChoice::V6), @r"
    ::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff[External] => default/a[Deployment] : All Connections
    default/a[Deployment] => default/b[Deployment] : All Connections
    default/b[Deployment] => default/a[Deployment] : All Connections
    ");
}

#[test]
fn what_one_hook_drops_is_not_open_and_what_differs_is_kept() {
    let (policy, image) = (given(), MapImage::default());
    let world = World::new(&policy, &image);
    let connection = Connection {
        source: Workload(0),
        destination: Workload(1),
        family: V4,
        protocol: Protocol::Tcp,
        ports: PortRange::ALL,
        client_port: 50_000,
    };
    let mut survey = Survey::new();
    let expected = [Some(Reason::PolicyAllow), Some(Reason::PolicyNoMatch)];
    let passed_and_dropped = [Some(Verdict::Pass), Some(Verdict::Drop)];
    survey.add(&world, &connection, expected, passed_and_dropped);
    assert_eq!(rows(&world, &survey, FamilyChoice::Any), []);
    assert_eq!(
        (survey.connections, survey.verdicts, survey.disagreed),
        (1, 2, 0)
    );

    survey.add(&world, &connection, expected, [Some(Verdict::Pass); 2]);
    assert_eq!(survey.disagreed, 1);
    let [wrong] = survey.disagreements[..] else {
        panic!("one is kept");
    };
    assert_eq!(wrong.expected, Reason::PolicyNoMatch);
    assert_eq!(wrong.seen, Verdict::Pass);
    // Rows say what was seen.
    assert_eq!(rows(&world, &survey, FamilyChoice::Any).len(), 1);
}
