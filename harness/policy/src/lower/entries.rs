//! The entries of a guard.

use std::collections::{BTreeMap, HashMap};

use netverdict_abi::Identity;

use super::guards::{Guard, isolates};
use super::identities::Identities;
use super::number::Numbers;
use super::peers::{KnownRule, Party};
use super::ports;
use super::precedence::{Says, Statement, settle};
use crate::image::{GuardImage, IdentityId, L4Prefix, PolicyEntry, Verdict};
use crate::model::{
    Direction, L4Match, L4Port, Peers, Policy, Ports, RuleAction, RuleRef, Workload,
};

/// What the entries of guards are made from.
pub(super) struct Sources<'a> {
    pub(super) policy: &'a Policy,
    /// The rules of each policy.
    pub(super) rules: &'a [Vec<KnownRule<'a>>],
    pub(super) identities: &'a Identities,
}

/// More entries than there is room for.
pub(super) struct NoRoom {
    /// Index of the policy that has most of them.
    pub(super) policy: usize,
    /// How many of them.
    pub(super) count: usize,
}

/// Makes the entries of one guard after the other.
pub(super) struct Writer<'a> {
    sources: Sources<'a>,
    /// Entries that there may be altogether.
    capacity: usize,
    /// How many more there may be.
    room: usize,
    /// What is said about the guard at hand. Kept, for its memory.
    statements: Vec<Statement<(u32, L4Prefix)>>,
    /// Who says it, by [`Statement::by`].
    names: Vec<RuleRef>,
    /// Of whom it was said before, for each list of ports: peers of many rules may
    /// overlap, and only the first to say something is named. Looked up only, never
    /// listed.
    said: HashMap<(Says, Vec<L4Prefix>), Marks>,
}

/// Identities, as bits.
#[derive(Default)]
struct Marks(Vec<u64>);

impl Marks {
    /// Whether the identity was not marked yet; it is now.
    fn mark(&mut self, identity: u32) -> bool {
        let (index, bit) = (identity as usize / 64, 1 << (identity % 64));
        if self.0.len() <= index {
            self.0.resize(index + 1, 0);
        }
        let before = self.0[index];
        self.0[index] |= bit;
        before & bit == 0
    }
}

impl<'a> Writer<'a> {
    /// For at most `capacity` entries.
    pub(super) fn new(sources: Sources<'a>, capacity: usize) -> Writer<'a> {
        Writer {
            sources,
            capacity,
            room: capacity,
            statements: Vec::new(),
            names: Vec::new(),
            said: HashMap::new(),
        }
    }

    /// What stands for a guard.
    pub(super) fn image(
        &mut self,
        guard: &Guard,
        numbers: &mut Numbers,
    ) -> Result<GuardImage, NoRoom> {
        self.statements.clear();
        self.names.clear();
        self.said.clear();
        let mut allows = false;
        for policy in guard.policies.iter().copied() {
            let rules: &'a [KnownRule<'a>] = &self.sources.rules[policy];
            for known in rules.iter().filter(|known| known.is(guard.direction)) {
                allows |= allows_anything(known);
                self.say(guard, policy, known)?;
            }
        }
        if guard.direction == Direction::Ingress
            && self.sources.policy.choices.node_reaches_workloads
        {
            let by = self.name(RuleRef::NodeReachesWorkloads);
            let node = self.sources.identities.of_node().iter();
            self.statements.extend(node.map(|identity| Statement {
                key: (identity, L4Prefix::All),
                says: Says::Allow,
                by,
            }));
        }
        self.settle()?;
        self.room -= self.statements.len();

        let isolating = (guard.policies.iter().copied())
            .find(|index| isolates(self.sources.policy.network_policy(*index), guard.direction));
        let default_deny = isolating.map(|policy| numbers.number(RuleRef::DefaultDeny { policy }));
        Ok(GuardImage {
            default_deny,
            allows,
            entries: self.entries(numbers),
        })
    }

    /// Adds what a rule says.
    fn say(
        &mut self,
        guard: &Guard,
        policy: usize,
        known: &'a KnownRule<'a>,
    ) -> Result<(), NoRoom> {
        let says = match known.rule.action {
            RuleAction::Allow => Says::Allow,
            RuleAction::Deny => Says::Deny,
        };
        let subject = &self.sources.policy.workloads[guard.workload];
        let fixed = fixed_ports(guard.direction, &known.rule.ports, subject);
        let mut said = std::mem::take(self.said.entry((says, fixed.clone())).or_default());
        for (peer, party) in &known.parties {
            let by = self.name(RuleRef::Policy {
                policy,
                rule: known.index,
                peer: *peer,
            });
            match party {
                Party::Anybody => self.say_of(Identity::ANY, &fixed, says, by),
                Party::Number(number) => {
                    for identity in self.sources.identities.of_peer(*number).iter() {
                        if said.mark(identity) {
                            self.say_of(identity, &fixed, says, by);
                            self.keep_in_bounds()?;
                        }
                    }
                }
            }
            if guard.direction == Direction::Egress {
                self.say_of_names(&known.rule.ports, *party, says, by)?;
            }
        }
        self.said.insert((says, fixed), said);
        Ok(())
    }

    fn say_of(&mut self, identity: u32, l4: &[L4Prefix], says: Says, by: u32) {
        self.statements.extend(l4.iter().map(|l4| Statement {
            key: (identity, *l4),
            says,
            by,
        }));
    }

    /// Adds what is said of ports that receivers have names for: so of workloads
    /// only, each by its identity.
    fn say_of_names(
        &mut self,
        ports: &Ports,
        party: Party,
        says: Says,
        by: u32,
    ) -> Result<(), NoRoom> {
        let Ports::Listed(listed) = ports else {
            return Ok(());
        };
        let identities = self.sources.identities;
        let receivers = identities.of_workloads();
        for entry in listed {
            let L4Port::Named(name) = &entry.port else {
                continue;
            };
            let mut say = |identity: u32, workload: usize| {
                let workload = &self.sources.policy.workloads[workload];
                let l4: Vec<L4Prefix> = named(entry, name, workload).collect();
                self.say_of(identity, &l4, says, by);
                self.keep_in_bounds()
            };
            match party {
                Party::Anybody => {
                    for (identity, workload) in receivers {
                        say(*identity, *workload)?;
                    }
                }
                Party::Number(number) => {
                    for identity in identities.of_peer(number).iter() {
                        if let Some(workload) = receivers.get(&identity) {
                            say(identity, *workload)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn name(&mut self, rule: RuleRef) -> u32 {
        self.names.push(rule);
        u32::try_from(self.names.len() - 1).expect("fewer peers than 32 bits count")
    }

    /// Rules may say the same thing over and over: what is said is settled before
    /// it takes more memory than the largest image.
    fn keep_in_bounds(&mut self) -> Result<(), NoRoom> {
        if self.statements.len() < 2 * self.capacity {
            return Ok(());
        }
        self.settle()
    }

    fn settle(&mut self) -> Result<(), NoRoom> {
        settle(&mut self.statements);
        if self.statements.len() <= self.room {
            return Ok(());
        }
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for statement in &self.statements {
            if let RuleRef::Policy { policy, .. } = self.names[statement.by as usize] {
                *counts.entry(policy).or_default() += 1;
            }
        }
        let most = (counts.into_iter()).max_by_key(|(policy, count)| (*count, usize::MAX - policy));
        let (policy, count) = most.expect("what the node may do is no more than two entries");
        Err(NoRoom { policy, count })
    }

    fn entries(&self, numbers: &mut Numbers) -> BTreeMap<PolicyEntry, Verdict> {
        let mut rules = vec![None; self.names.len()];
        let entries = self.statements.iter().map(|statement| {
            let Statement {
                key: (identity, l4),
                says,
                by,
            } = *statement;
            let by = by as usize;
            let rule = *rules[by].get_or_insert_with(|| numbers.number(self.names[by]));
            let identity = (identity != Identity::ANY).then_some(IdentityId(identity));
            let verdict = match says {
                Says::Allow => Verdict::Allow(rule),
                Says::Deny => Verdict::Deny(rule),
            };
            (PolicyEntry { identity, l4 }, verdict)
        });
        entries.collect()
    }
}

/// Whether a rule counts as one that allows anybody anything.
fn allows_anything(known: &KnownRule<'_>) -> bool {
    let somebody = match &known.rule.peers {
        Peers::Any => true,
        Peers::Listed(listed) => !listed.is_empty(),
    };
    let something = match &known.rule.ports {
        Ports::All => true,
        Ports::Listed(listed) => !listed.is_empty(),
    };
    known.rule.action == RuleAction::Allow && somebody && something
}

/// Ports that are the same whoever the peer is. What a name stands for is known at
/// ingress, where the subject receives.
fn fixed_ports(direction: Direction, ports: &Ports, subject: &Workload) -> Vec<L4Prefix> {
    let listed = match ports {
        Ports::All => return vec![L4Prefix::All],
        Ports::Listed(listed) => listed,
    };
    let mut fixed = Vec::new();
    for entry in listed {
        let protocols = ports::protocols(entry.protocol).iter();
        match &entry.port {
            L4Port::All => fixed.extend(protocols.map(|(number, _)| ports::all(*number))),
            L4Port::Range(first, last) => {
                fixed
                    .extend(protocols.flat_map(|(number, _)| ports::range(*number, *first, *last)));
            }
            L4Port::Named(name) if direction == Direction::Ingress => {
                fixed.extend(named(entry, name, subject));
            }
            L4Port::Named(_) => {}
        }
    }
    fixed
}

/// What a name of a port stands for at a receiver.
fn named(entry: &L4Match, name: &str, receiver: &Workload) -> impl Iterator<Item = L4Prefix> {
    let protocols = ports::protocols(entry.protocol).iter();
    protocols.filter_map(move |(number, protocol)| {
        let port = receiver.named_port(name, (*protocol)?)?;
        Some(ports::exactly(*number, port))
    })
}
