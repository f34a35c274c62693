//! What a map image says of every address.

use std::collections::{BTreeMap, HashMap, HashSet};

use netverdict_abi::{Identity, Reason};

use super::{L4, Question};
use crate::chart::Chart;
use crate::image::{
    EndpointImage, GuardImage, IdentityId, L4Prefix, MapImage, PolicyEntry, PrefilterImage, Verdict,
};
use crate::journey::Point;
use crate::model::Direction;
use crate::port::ProtoPort;
use crate::prefix::Family;
use crate::region::Region;

/// The entries of a guard under each prefix of protocol and port.
type ByL4 = HashMap<L4Prefix, Vec<(Option<IdentityId>, Verdict)>>;

/// An image, read once: who every address is, and what entries there are for whom.
pub struct ImageReading<'a> {
    image: &'a MapImage,
    deny_list: Region,
    prefilters: HashMap<ProtoPort, Chart<Reason>>,
    /// The addresses of every identity that has any, sorted by identity.
    identities: BTreeMap<IdentityId, Region>,
    /// The entries of each guard by protocol and port.
    guards: Vec<ByL4>,
    /// The endpoint of each workload and family; the first of several.
    endpoints: HashMap<(u32, Family), &'a EndpointImage>,
}

impl<'a> ImageReading<'a> {
    /// Reads the image.
    pub fn new(image: &'a MapImage) -> ImageReading<'a> {
        let mut endpoints = HashMap::new();
        for (address, endpoint) in &image.endpoints {
            let key = (endpoint.number, Family::of(*address));
            endpoints.entry(key).or_insert(endpoint);
        }
        ImageReading {
            deny_list: Region::from_prefixes(image.deny_list.keys().copied()),
            prefilters: (image.prefilters.iter())
                .map(|(port, prefilter)| (*port, by_prefilter(prefilter)))
                .collect(),
            identities: identities(image),
            guards: image.guards.iter().map(by_l4).collect(),
            endpoints,
            image,
        }
    }

    /// The image that is read.
    pub fn image(&self) -> &'a MapImage {
        self.image
    }

    /// What [`super::by_image`] says.
    pub fn answer(&self, question: &Question) -> Chart<Reason> {
        let Question { point, l4 } = *question;
        if self.image.pass_all {
            return Chart::constant(&Family::ALL, Reason::PassAll);
        }
        match point {
            Point::Uplink => self.at_uplink(l4),
            Point::Egress(workload) => self.at_workload(workload, Direction::Egress, l4),
            Point::Ingress(workload) => self.at_workload(workload, Direction::Ingress, l4),
        }
    }

    /// Number of what guards a workload in a direction and a family: `None` where it
    /// has no address, `Some(None)` where nothing guards it.
    pub fn guard(
        &self,
        workload: usize,
        direction: Direction,
        family: Family,
    ) -> Option<Option<u32>> {
        let number = u32::try_from(workload).ok()?;
        let endpoint = self.endpoints.get(&(number, family))?;
        Some(match direction {
            Direction::Egress => endpoint.egress,
            Direction::Ingress => endpoint.ingress,
        })
    }

    /// What the prefilter of a port says of sources that it allows, and where it says
    /// nothing, whether or not there are such sources; `None` where none stands.
    pub fn prefilter_says(&self, port: ProtoPort) -> Option<[Reason; 2]> {
        let prefilter = self.image.prefilters.get(&port)?;
        Some(says(prefilter.default_pass, prefilter.bypass_policy))
    }

    /// What holds for a workload where no entry decides, whether or not there is such
    /// a peer; `None` where it has no address of the family.
    pub fn otherwise(
        &self,
        workload: usize,
        direction: Direction,
        family: Family,
    ) -> Option<Reason> {
        let number = self.guard(workload, direction, family)?;
        let index = number.and_then(|number| usize::try_from(number).ok());
        let guard = index.and_then(|index| self.image.guards.get(index));
        Some(guard.map_or(Reason::PolicyNotSelected, otherwise))
    }

    /// The prefixes of protocol and port that a guard has entries for, each once.
    pub(super) fn l4_of(&self, guard: u32) -> impl Iterator<Item = &L4Prefix> {
        let index = usize::try_from(guard).ok();
        let entries = index.and_then(|index| self.guards.get(index));
        entries.into_iter().flat_map(HashMap::keys)
    }

    fn at_uplink(&self, l4: L4) -> Chart<Reason> {
        let constant = |reason| Chart::constant(&Family::ALL, reason);
        let said = match l4 {
            L4::Ports(port) => match self.prefilters.get(&port) {
                Some(said) => said.clone(),
                None => constant(Reason::NoPrefilter),
            },
            L4::Icmp { .. } | L4::ForeignIcmp | L4::Other => constant(Reason::OtherProtocol),
        };
        said.paint(&self.deny_list, Reason::PrefilterDeny)
    }

    fn at_workload(&self, workload: usize, direction: Direction, l4: L4) -> Chart<Reason> {
        let mut families = Chart::constant(&[], Reason::PolicyNotSelected);
        for family in Family::ALL {
            let Some(guard) = self.guard(workload, direction, family) else {
                continue;
            };
            let said = self.by_guard(guard, l4, family);
            families = families.or(said);
        }
        families
    }

    /// What a guard says of the addresses of one family.
    fn by_guard(&self, number: Option<u32>, l4: L4, family: Family) -> Chart<Reason> {
        let guard = number.and_then(|number| {
            let index = usize::try_from(number).ok()?;
            Some((self.image.guards.get(index)?, &self.guards[index]))
        });
        let Some((guard, entries)) = guard else {
            return Chart::constant(&[family], Reason::PolicyNotSelected);
        };
        let otherwise = otherwise(guard);
        // Of each identity, and of anybody, what the longest prefix of protocol and
        // port says.
        let mut told = HashSet::new();
        let (mut allowed, mut denied) = (Vec::new(), Vec::new());
        let everybody = Region::all(family);
        for l4 in looked_up(l4, family) {
            for (who, verdict) in entries.get(&l4).into_iter().flatten() {
                if !told.insert(*who) {
                    continue;
                }
                let region = match who {
                    None => Some(&everybody),
                    Some(identity) => self.identities.get(identity),
                };
                match verdict {
                    Verdict::Allow(_) => allowed.extend(region),
                    Verdict::Deny(_) => denied.extend(region),
                    Verdict::NoMatch => {}
                }
            }
        }
        Chart::constant(&[family], otherwise)
            .paint(&Region::union_of(allowed), Reason::PolicyAllow)
            .paint(&Region::union_of(denied), Reason::PolicyDeny)
    }
}

/// What a guard says where it has no entry.
fn otherwise(guard: &GuardImage) -> Reason {
    match (guard.default_deny, guard.allows) {
        (None, _) => Reason::PolicyNotSelected,
        (Some(_), true) => Reason::PolicyNoMatch,
        (Some(_), false) => Reason::PolicyDefaultDeny,
    }
}

/// Keys under which a packet is looked up, the longest prefix first.
pub(crate) fn looked_up(l4: L4, family: Family) -> Vec<L4Prefix> {
    let ported = |protocol: u8, port: u16| -> Vec<L4Prefix> {
        let prefixes = (0..=16u8).map(|host_bits| {
            let port = (u32::from(port) >> host_bits) << host_bits;
            L4Prefix::Ports {
                protocol,
                port: u16::try_from(port).expect("no more than it was"),
                bits: 16 - host_bits,
            }
        });
        prefixes.chain([L4Prefix::All]).collect()
    };
    let (icmp, foreign) = match family {
        Family::V4 => (1, 58),
        Family::V6 => (58, 1),
    };
    match l4 {
        L4::Ports(port) => ported(port.protocol.number(), port.port),
        L4::Icmp { kind } => ported(icmp, kind.into()),
        L4::ForeignIcmp => ported(foreign, 0),
        L4::Other => vec![L4Prefix::All],
    }
}

fn by_l4(guard: &GuardImage) -> ByL4 {
    let mut by_l4 = ByL4::new();
    for (PolicyEntry { identity, l4 }, verdict) in &guard.entries {
        by_l4.entry(*l4).or_default().push((*identity, *verdict));
    }
    by_l4
}

fn by_prefilter(prefilter: &PrefilterImage) -> Chart<Reason> {
    let PrefilterImage {
        default_pass,
        bypass_policy,
        default_rule: _,
        sources,
        backends: _,
    } = prefilter;
    let [allow, otherwise] = says(*default_pass, *bypass_policy);
    let said = sources.iter().map(|(prefix, verdict)| {
        let reason = match verdict {
            Verdict::Allow(_) => allow,
            Verdict::Deny(_) => Reason::PrefilterDeny,
            Verdict::NoMatch => otherwise,
        };
        (*prefix, reason)
    });
    Chart::by_longest_prefix(said, |_| otherwise)
}

/// What a prefilter says of sources that it allows, and where it says nothing.
fn says(default_pass: bool, bypass_policy: bool) -> [Reason; 2] {
    match (bypass_policy, default_pass) {
        (false, false) => [Reason::PrefilterAllow, Reason::PrefilterDefaultDrop],
        (false, true) => [Reason::PrefilterAllow, Reason::PrefilterDefaultPass],
        (true, false) => [Reason::PrefilterAllowBypass, Reason::PrefilterDefaultDrop],
        (true, true) => [Reason::PrefilterAllowBypass, Reason::PrefilterDefaultBypass],
    }
}

/// Who every address is, turned round: where each identity is.
fn identities(image: &MapImage) -> BTreeMap<IdentityId, Region> {
    let world = |family| {
        IdentityId(match family {
            Family::V4 => Identity::WORLD_V4,
            Family::V6 => Identity::WORLD_V6,
        })
    };
    let named = (image.identities.iter()).map(|(prefix, identity)| (*prefix, *identity));
    Chart::by_longest_prefix(named, world).regions()
}
