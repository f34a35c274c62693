//! The XDP program and its maps, in the kernel.

mod anchor;
mod entries;
mod error;
mod load;
mod maps;
mod per_cpu;

use std::fmt;
use std::os::fd::{AsFd as _, OwnedFd};
use std::ptr;

use aya::Ebpf;
use aya::programs::Xdp;
use netverdict_abi::{Event, LAYOUT_VERSION, REASON_COUNT, Reason};
use netverdict_policy::image::{ImageSizes, MapImage};

use self::anchor::Anchor;
use self::entries::Entries;
use self::maps::Maps;
use crate::object::inspect;
use crate::{LabError, bpf};

pub use error::FilterError;

/// Which frames the program reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Events {
    /// None; counters only.
    None,
    /// Those it does not pass.
    Drops,
    /// All.
    All,
}

/// A loaded filter.
pub struct Filter {
    // Dropped first: it holds a link of the program.
    anchor: Option<Anchor>,
    maps: Maps,
    /// What stands in the maps under each generation.
    written: [Entries; 2],
    generation: usize,
    pass_all: bool,
    bpf: Ebpf,
    program: String,
    descriptor: OwnedFd,
    id: u32,
    verified_instructions: Option<u32>,
}

impl Filter {
    /// Loads an object, with room for two generations of images of these sizes.
    /// Nothing is protected until [`Filter::install`].
    ///
    /// # Errors
    /// Says what is wrong with the object, or what the kernel refused.
    pub fn load(object: &[u8], sizes: ImageSizes) -> Result<Filter, FilterError> {
        let load::Loaded { mut bpf, program } = load::load(object, sizes)?;
        let maps = Maps::take(&mut bpf)?;
        let layout = inspect(object)?.layout;
        if layout != LAYOUT_VERSION {
            return Err(FilterError::Layout { found: layout });
        }
        let xdp = load::xdp(&mut bpf, &program)?;
        let info = xdp.info()?;
        let descriptor =
            (xdp.fd()?.as_fd().try_clone_to_owned()).map_err(|source| FilterError::System {
                doing: "duplicate the program's descriptor",
                source,
            })?;
        Ok(Filter {
            anchor: None,
            maps,
            written: [Entries::default(), Entries::default()],
            generation: 0,
            pass_all: false,
            bpf,
            program,
            descriptor,
            id: info.id(),
            verified_instructions: info.verified_instruction_count(),
        })
    }

    /// Puts a policy in force, in place of the one before, at once: one word
    /// selects what every map is asked for.
    ///
    /// The entries of the policy before stay until the next call, so that a run
    /// of the program that has begun under it also ends under it.
    ///
    /// # Errors
    /// Where the kernel refuses an entry; the policy before then stays in force.
    pub fn install(&mut self, image: &MapImage, events: Events) -> Result<(), FilterError> {
        let next = 1 - self.generation;
        let number = u32::try_from(next).expect("a generation is 0 or 1");
        self.maps.remove(&self.written[next])?;
        self.written[next] = Entries::of(image, events, number);
        self.maps.write(number, &self.written[next])?;
        self.maps.switch_to(number)?;
        self.generation = next;
        self.pass_all = image.pass_all;
        Ok(())
    }

    /// Frames judged since loading, by reason, summed over the processors.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn counters(&self) -> Result<[u64; REASON_COUNT], FilterError> {
        self.maps.counters.sums()
    }

    /// Events since loading that found the ring buffer full.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn lost_events(&self) -> Result<u64, FilterError> {
        let [lost] = self.maps.lost_events.sums()?;
        Ok(lost)
    }

    /// Hands over the events that are there; no system call.
    pub fn drain(&mut self, mut each: impl FnMut(Event)) {
        while let Some(item) = self.maps.events.next() {
            if item.len() >= size_of::<Event>() {
                // SAFETY: the record is as long as an event, which is made of
                // integers only, so that any bytes are one.
                each(unsafe { ptr::read_unaligned(item.as_ptr().cast::<Event>()) });
            }
        }
    }

    /// Runs the program once on these bytes, at least 14, and returns its
    /// action (`XDP_ABORTED` 0, `XDP_DROP` 1, `XDP_PASS` 2, …). Nothing is
    /// allocated.
    ///
    /// # Errors
    /// Where the kernel refuses.
    #[inline]
    pub fn test_run(&self, frame: &[u8]) -> Result<u32, FilterError> {
        bpf::test_run(self.descriptor.as_fd(), frame).map_err(|source| FilterError::System {
            doing: "run the program on a frame",
            source,
        })
    }

    /// The kernel's number of the program.
    pub fn program_id(&self) -> u32 {
        self.id
    }

    /// Instructions that the verifier walked, where the kernel says.
    pub fn verified_instructions(&self) -> Option<u32> {
        self.verified_instructions
    }

    /// Keeps the program attached to a throw-away link until the filter is
    /// dropped: the kernel then keeps its trampoline for it, and attaching,
    /// detaching and replacing it elsewhere need not wait for every processor.
    /// A second call does nothing. Inside [`crate::isolate::isolated`] only.
    ///
    /// # Errors
    /// Where the link cannot be made.
    pub fn anchor(&mut self) -> Result<(), LabError> {
        if self.anchor.is_none() {
            self.anchor = Some(Anchor::cast(self)?);
        }
        Ok(())
    }

    /// The program, to attach it.
    pub(crate) fn xdp(&mut self) -> Result<&mut Xdp, FilterError> {
        load::xdp(&mut self.bpf, &self.program)
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
        f.debug_struct("Filter")
            .field("program", &self.program)
            .field("id", &self.id)
            .field("anchored", &self.anchor.is_some())
            .finish_non_exhaustive()
    }
}
