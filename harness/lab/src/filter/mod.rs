//! The XDP programs and their maps, in the kernel.

mod anchor;
mod blind;
mod capacity;
mod decode;
mod entries;
mod error;
mod events;
mod held;
mod install;
mod load;
mod maps;
mod per_cpu;
mod read_back;
mod settle;
mod table;

use std::fmt;
use std::os::fd::AsFd as _;
use std::time::Instant;

use aya::Ebpf;
use aya::programs::Xdp;
use netverdict_abi::{
    COUNTER_COUNT, Event, Hook, LAYOUT_VERSION, REASON_COUNT, Reason, Settings, map,
};
use netverdict_policy::image::{ImageSizes, MapImage};

use self::anchor::Anchor;
use self::capacity::Capacity;
use self::decode::{Held, decode};
use self::entries::Entries;
use self::load::LoadedProgram;
use self::maps::Maps;
use crate::object::inspect;
use crate::{LabError, bpf};

pub use error::FilterError;
pub use events::EventReader;
pub use held::{HeldPolicy, POLICY_MAPS, read_held};
pub use install::{Connections, Events, Install, Installed, Links};
pub use read_back::{Oddity, ReadBack, Stray};

/// A loaded filter: a program for each [`Hook`], and the maps they share.
///
/// What the programs remember has room for 16,384 flows, connections and first
/// fragments each, of all epochs together; the kernel forgets the least recently
/// used, and sometimes a few hundred before there is no room.
pub struct Filter {
    // Dropped first: they hold links of the programs.
    anchors: Vec<Anchor>,
    maps: Maps,
    capacity: Capacity,
    /// What stands in the maps under each generation.
    written: [Entries; 2],
    generation: usize,
    /// What holds for the generation in force.
    settings: Settings,
    pass_all: bool,
    /// Which links stand in the maps.
    links: Links,
    bpf: Ebpf,
    /// By hook.
    programs: [LoadedProgram; 3],
}

impl Filter {
    /// Loads an object, with room for two generations of images of these sizes.
    /// Nothing is protected until [`Filter::install`].
    ///
    /// # Errors
    /// Says what is wrong with the object, what the kernel refused, or which of
    /// the sizes is beyond what any filter holds.
    pub fn load(object: &[u8], sizes: ImageSizes) -> Result<Filter, FilterError> {
        let load::Loaded {
            mut bpf,
            capacity,
            programs,
        } = load::load(object, sizes)?;
        let maps = Maps::take(&mut bpf)?;
        let layout = inspect(object)?.layout;
        if layout != LAYOUT_VERSION {
            return Err(FilterError::Layout { found: layout });
        }
        Ok(Filter {
            anchors: Vec::new(),
            maps,
            capacity,
            written: [Entries::default(), Entries::default()],
            generation: 0,
            settings: Settings::default(),
            pass_all: false,
            links: Links::Unchecked,
            bpf,
            programs,
        })
    }

    /// Puts a policy in force at every hook, in place of the one before, at once:
    /// one word selects what every map is asked for.
    ///
    /// The entries of the policy before stay until the next call, so that a run
    /// of a program that has begun under it also ends under it. Where frames come
    /// in while one policy after the other is put in force, [`Filter::settle`]
    /// stands between two calls.
    ///
    /// # Errors
    /// For a policy larger than what the filter was loaded for, and where the
    /// kernel refuses an entry; the policy before then stays in force.
    pub fn install(&mut self, image: &MapImage, how: Install) -> Result<Installed, FilterError> {
        self.capacity.check(image.sizes())?;
        let next = 1 - self.generation;
        let number = u32::try_from(next).expect("a generation is 0 or 1");
        let settings = Settings {
            mode: how.mode(image),
            epoch: match how.connections {
                Connections::Keep => self.settings.epoch,
                Connections::Forget => self.settings.epoch.wrapping_add(1),
            },
            flows: self.settings.flows.wrapping_add(1),
        };
        self.maps.remove(&self.written[next])?;
        self.written[next] = Entries::of(image, &how, number);
        self.maps.write(&self.written[next])?;
        self.maps.set(number, settings)?;
        let started = Instant::now();
        self.maps.switch_to(number)?;
        let ended = Instant::now();
        self.generation = next;
        self.settings = settings;
        self.pass_all = image.pass_all;
        self.links = how.links;
        Ok(Installed {
            generation: u8::try_from(next).expect("a generation is 0 or 1"),
            started,
            ended,
        })
    }

    /// Waits until every run of a program that began under a policy before the
    /// one in force has ended, some 10 ms: nothing then reads the entries that
    /// the next [`Filter::install`] replaces.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn settle(&self) -> Result<(), FilterError> {
        settle::wait()
    }

    /// Changes which frames are reported from now on, under the policy in force.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn report(&mut self, events: Events) -> Result<(), FilterError> {
        let number = u32::try_from(self.generation).expect("a generation is 0 or 1");
        let settings = Settings {
            mode: self.settings.mode & !Events::BITS | events.bits(),
            ..self.settings
        };
        self.maps.set(number, settings)?;
        self.settings = settings;
        Ok(())
    }

    /// Forgets connections, fragments and flows, from now on. A run of a program
    /// that has begun may still remember them.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn forget(&mut self) -> Result<(), FilterError> {
        let number = u32::try_from(self.generation).expect("a generation is 0 or 1");
        let settings = Settings {
            mode: self.settings.mode,
            epoch: self.settings.epoch.wrapping_add(1),
            flows: self.settings.flows.wrapping_add(1),
        };
        self.maps.set(number, settings)?;
        self.settings = settings;
        Ok(())
    }

    /// Reads every policy map back from the kernel, and says what it means under the
    /// generation in force, and what in it no policy could have put there. Of a
    /// million prefixes it takes seconds.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn read_back(&self) -> Result<ReadBack, FilterError> {
        let entries = self.maps.read()?;
        let (generation, settings) = self.maps.in_force()?;
        let mut read = decode(&Held {
            entries: &entries,
            generation,
            settings,
            links: Some(self.links),
        });
        if usize::try_from(generation) != Ok(self.generation) && generation <= 1 {
            read.strays.push(Stray {
                map: map::GENERATION,
                entry: generation.to_string(),
                oddity: Oddity::Generation,
            });
        }
        if settings != self.settings {
            read.strays.push(Stray {
                map: map::SETTINGS,
                entry: format!("{settings:?}"),
                oddity: Oddity::Settings,
            });
        }
        Ok(read)
    }

    /// Frames judged since loading, by hook and reason, summed over the
    /// processors.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn counters(&self) -> Result<[[u64; REASON_COUNT]; 3], FilterError> {
        Ok(by_hook(self.maps.counters.sums()?))
    }

    /// What the proposed policy said of frames since loading, likewise.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn proposed(&self) -> Result<[[u64; REASON_COUNT]; 3], FilterError> {
        Ok(by_hook(self.maps.proposed.sums()?))
    }

    /// Events since loading that found the ring buffer full.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn lost_events(&self) -> Result<u64, FilterError> {
        self.maps.events.lost()
    }

    /// Hands over the events that are there; no system call.
    pub fn drain(&mut self, each: impl FnMut(Event)) {
        self.maps.events.drain(each);
    }

    /// A reader of the events, for another thread than the one that installs
    /// policies.
    pub fn events(&self) -> EventReader {
        self.maps.events.clone()
    }

    /// Runs the program of a hook once on these bytes, at least 14, and returns
    /// its action (`XDP_ABORTED` 0, `XDP_DROP` 1, `XDP_PASS` 2, …). Nothing is
    /// allocated.
    ///
    /// # Errors
    /// Where the kernel refuses.
    #[inline]
    pub fn test_run(&self, hook: Hook, frame: &[u8]) -> Result<u32, FilterError> {
        let program = self.programs[hook as usize].descriptor.as_fd();
        bpf::test_run(program, frame).map_err(|source| FilterError::System {
            doing: "run the program on a frame",
            source,
        })
    }

    /// The kernel's number of the program of a hook.
    pub fn program_id(&self, hook: Hook) -> u32 {
        self.programs[hook as usize].id
    }

    /// Instructions that the verifier walked in the program of a hook, where the
    /// kernel says.
    pub fn verified_instructions(&self, hook: Hook) -> Option<u32> {
        self.programs[hook as usize].verified_instructions
    }

    /// Keeps the programs attached to throw-away links until the filter is
    /// dropped: the kernel then keeps its trampoline for them, and attaching,
    /// detaching and replacing them elsewhere need not wait for every processor.
    /// A second call does nothing. Inside [`crate::isolate::isolated`] only.
    ///
    /// # Errors
    /// Where a link cannot be made.
    pub fn anchor(&mut self) -> Result<(), LabError> {
        if self.anchors.is_empty() {
            self.anchors = Anchor::cast_all(self)?;
        }
        Ok(())
    }

    /// The program of a hook, to attach it.
    pub(crate) fn xdp(&mut self, hook: Hook) -> Result<&mut Xdp, FilterError> {
        load::xdp(&mut self.bpf, hook)
    }

    /// What a frame that is not IP is counted under.
    pub(crate) fn reason_of_sentinel(&self) -> Reason {
        match self.pass_all {
            true => Reason::PassAll,
            false => Reason::NotIp,
        }
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = Hook::ALL.map(|hook| self.program_id(hook));
        f.debug_struct("Filter")
            .field("programs", &ids)
            .field("anchored", &!self.anchors.is_empty())
            .finish_non_exhaustive()
    }
}

fn by_hook(sums: [u64; COUNTER_COUNT]) -> [[u64; REASON_COUNT]; 3] {
    let mut counters = [[0; REASON_COUNT]; 3];
    for (counters, sums) in counters.iter_mut().zip(sums.chunks_exact(REASON_COUNT)) {
        counters.copy_from_slice(sums);
    }
    counters
}
