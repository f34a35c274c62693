//! What is written is what is read back; what somebody else changes shows.

use aya::maps::lpm_trie::{Key, LpmTrie};
use aya::maps::{HashMap, Map, MapData, MapInfo};
use aya::programs::loaded_programs;
use libtest_mimic::Failed;
use netverdict_abi::{Endpoint, EndpointKey, Hook, Lpm4, Verdicted, map};
use netverdict_lab::filter::{Connections, Events, Filter, Install, Links, Oddity};
use netverdict_policy::generate::{self, Draw};
use netverdict_policy::image::{ImageSizes, MapImage, PrefilterImage, RuleId, Verdict};
use netverdict_policy::lower;
use netverdict_policy::prefix::Prefix;

use crate::Case;
use crate::given;

pub(crate) const CASES: &[Case] = &[
    ("what_is_installed_is_read_back", installed),
    ("many_prefixes_are_read_back", many),
    ("an_entry_that_is_removed_or_changed_shows", changed),
    ("links_of_a_lab_are_read_back", links),
];

const HOW: Install = Install {
    events: Events::None,
    track: false,
    links: Links::Unchecked,
    connections: Connections::Forget,
};

/// Policies drawn: each generation holds every other one.
const POLICIES: u64 = 60;

/// Given one policy after the other in force, each is read back as it was compiled,
/// and what is left of the one before counts for nothing.
fn installed() -> Result<(), Failed> {
    let room = ImageSizes {
        policy: 1 << 14,
        ..ImageSizes::default()
    };
    let mut filter = Filter::load(&given::object(), room)?;
    let mut before = 0;
    for seed in 0..POLICIES {
        let policy = generate::policy(&mut Draw::seeded(seed));
        let image = lower::lower(&policy).map_err(|problems| format!("{problems:?}"))?;
        let generation = filter.install(&image, HOW)?.generation;
        let read = filter.read_back()?;
        assert_eq!(read.generation, u32::from(generation));
        assert_eq!(read.image, without_rules(&image), "seed {seed}");
        assert_eq!(read.strays, [], "seed {seed}");
        assert_eq!(read.leftovers, before, "seed {seed}");
        before = read.entries;
    }
    assert!(before > 0, "the last policy has entries");
    Ok(())
}

/// More entries than one call reads, in both tries of prefilters, and all of them.
fn many() -> Result<(), Failed> {
    const PREFIXES: u32 = 20_000;
    let sources = (0..PREFIXES).flat_map(|number| {
        // Every other one, so that no two are one.
        let v4 = std::net::Ipv4Addr::from(0x0a00_0000 | number << 1);
        let v6 = std::net::Ipv6Addr::from(0xfd00_u128 << 112 | u128::from(number) << 65);
        let rule = RuleId(number + 1);
        [
            (Prefix::host(v4.into()), Verdict::Allow(rule)),
            (Prefix::containing(v6.into(), 64), Verdict::Deny(rule)),
        ]
    });
    let stage = PrefilterImage {
        default_rule: RuleId(7),
        sources: sources.collect(),
        ..PrefilterImage::default()
    };
    let image = MapImage {
        prefilters: [("30007/tcp".parse().expect("a port"), stage)].into(),
        ..MapImage::default()
    };
    let mut filter = Filter::load(&given::object(), image.sizes())?;
    filter.install(&image, HOW)?;
    let read = filter.read_back()?;
    assert!(read.image == image, "they differ");
    assert_eq!((read.entries, read.leftovers), (40_001, 0));
    Ok(())
}

fn changed() -> Result<(), Failed> {
    let listed: Prefix = "10.0.0.0/8".parse().expect("a prefix");
    let stage = PrefilterImage {
        sources: [(listed, Verdict::Allow(RuleId(1)))].into(),
        ..PrefilterImage::default()
    };
    let port = "30007/tcp".parse().expect("a port");
    let image = MapImage {
        prefilters: [(port, stage)].into(),
        ..given::image()
    };
    let mut filter = given::filter();
    filter.install(&image, HOW)?;
    let whole = filter.read_back()?;
    assert_eq!(
        (whole.image, &whole.strays[..]),
        (without_rules(&image), &[][..])
    );

    // Widened by a bit, and with an action that there is not.
    let set = 1_u32 << 31;
    let key = |length: u32| {
        let [a, b, c, d] = set.to_ne_bytes();
        Key::new(Lpm4::SET_BITS + length, [a, b, c, d, 10, 0, 0, 0])
    };
    let mut sources: LpmTrie<MapData, [u8; 8], [u8; 8]> =
        behind_its_back(&filter, map::PREFILTER_V4)?.try_into()?;
    let [allow, nonsense] = [Verdicted::ALLOW, 9].map(|action| {
        let [low, high] = action.to_ne_bytes();
        [low, high, 0, 0, 1, 0, 0, 0]
    });
    sources.insert(&key(7), allow, 0)?;
    let wider = "10.0.0.0/7".parse().expect("a prefix");
    let read = filter.read_back()?;
    assert!(read.image.prefilters[&port].sources.contains_key(&wider));
    assert_eq!(read.strays, []);
    sources.insert(&key(7), nonsense, 0)?;
    let odd: Vec<Oddity> = filter
        .read_back()?
        .strays
        .iter()
        .map(|it| it.oddity)
        .collect();
    assert_eq!(odd, [Oddity::Action]);
    sources.remove(&key(7))?;
    assert_eq!(filter.read_back()?.image, without_rules(&image));

    // A whole workload gone: its guard may stay, as long as another shares it.
    let mut endpoints: HashMap<
        MapData,
        [u8; size_of::<EndpointKey>()],
        [u8; size_of::<Endpoint>()],
    > = behind_its_back(&filter, map::ENDPOINTS)?.try_into()?;
    let one = endpoints.keys().next().ok_or("there are workloads")??;
    endpoints.remove(&one)?;
    let read = filter.read_back()?;
    assert_eq!(read.image.endpoints.len() + 1, image.endpoints.len());
    Ok(())
}

/// In a lab a workload's frames come from its own link; that is read back as well.
fn links() -> Result<(), Failed> {
    let image = given::image();
    let mut filter = given::filter();
    let how = Install {
        links: Links::OfLab,
        ..HOW
    };
    filter.install(&image, how)?;
    let read = filter.read_back()?;
    assert_eq!(
        (read.image, &read.strays[..]),
        (without_rules(&image), &[][..])
    );
    Ok(())
}

fn without_rules(image: &MapImage) -> MapImage {
    MapImage {
        rules: Vec::new(),
        ..image.clone()
    }
}

/// A map of the filter, opened as anybody could.
fn behind_its_back(filter: &Filter, name: &str) -> Result<Map, Failed> {
    let mut ids = Vec::new();
    for hook in Hook::ALL {
        let id = filter.program_id(hook);
        let program = loaded_programs().find(|it| it.as_ref().is_ok_and(|it| it.id() == id));
        let program = program.ok_or("the program is loaded")??;
        ids.extend(program.map_ids()?.ok_or("the kernel names its maps")?);
    }
    for map in ids {
        let info = MapInfo::from_id(map)?;
        if info.name_as_str() == Some(name) {
            let data = MapData::from_id(map)?;
            return Ok(match info.map_type()? {
                aya::maps::MapType::LpmTrie => Map::LpmTrie(data),
                _ => Map::HashMap(data),
            });
        }
    }
    Err(format!("no map {name}").into())
}
