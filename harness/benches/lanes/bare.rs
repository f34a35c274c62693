//! bpf(2) with nothing around it: the yardstick.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use netverdict_lab::LabError;

/// `enum bpf_cmd` of include/uapi/linux/bpf.h.
const BPF_PROG_LOAD: libc::c_long = 5;
const BPF_PROG_TEST_RUN: libc::c_long = 10;
const BPF_PROG_GET_FD_BY_ID: libc::c_long = 13;
const BPF_LINK_CREATE: libc::c_long = 28;
/// `enum bpf_attach_type`.
const BPF_XDP: u32 = 37;
/// `XDP_FLAGS_SKB_MODE` of include/uapi/linux/if_link.h.
const XDP_FLAGS_SKB_MODE: u32 = 1 << 1;
/// What every namespace has.
const LOOPBACK: u32 = 1;
/// `BPF_PROG_TYPE_XDP`.
const XDP: u64 = 6;

/// `union bpf_attr`, as words of 8 bytes.
type Attributes = [u64; 20];

/// Two 32-bit fields that share a word.
const fn words(low: u32, high: u32) -> u64 {
    low as u64 | (high as u64) << 32
}

fn call(command: libc::c_long, attributes: &mut Attributes) -> io::Result<i32> {
    // SAFETY: the size is that of the attributes; their pointers are valid as
    // the callers below set them.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            attributes.as_mut_ptr(),
            size_of::<Attributes>(),
        )
    };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result as i32)
    }
}

/// A loaded program.
#[derive(Debug)]
pub(crate) struct Program(OwnedFd);

impl Program {
    /// The program with this number.
    pub(crate) fn by_id(id: u32) -> io::Result<Program> {
        let mut attributes: Attributes = [0; 20];
        attributes[0] = words(id, 0);
        let fd = call(BPF_PROG_GET_FD_BY_ID, &mut attributes)?;
        // SAFETY: the kernel just made this descriptor for us.
        Ok(Program(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// `return XDP_PASS`, and nothing else.
    pub(crate) fn empty() -> io::Result<Program> {
        // r0 = 2; exit (include/uapi/linux/bpf.h, include/uapi/linux/bpf_common.h)
        let instructions: [u64; 2] = [words(0xb7, 2), words(0x95, 0)];
        let license = c"MIT";
        let mut attributes: Attributes = [0; 20];
        attributes[0] = words(XDP as u32, 2);
        attributes[1] = instructions.as_ptr().addr() as u64;
        attributes[2] = license.as_ptr().addr() as u64;
        let fd = call(BPF_PROG_LOAD, &mut attributes)?;
        // SAFETY: the kernel just made this descriptor for us.
        Ok(Program(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Attaches it where no frames come by, until the descriptor is closed. A test
    /// run of more than one repetition puts the program on the list of those that the
    /// kernel calls without a look-up (kernel/bpf/dispatcher.c), and takes it off
    /// again, some 10 ms each: one that is attached is on it already.
    pub(crate) fn anchor(&self) -> io::Result<OwnedFd> {
        let mut attributes: Attributes = [0; 20];
        attributes[0] = words(self.0.as_raw_fd() as u32, LOOPBACK);
        attributes[1] = words(BPF_XDP, XDP_FLAGS_SKB_MODE);
        let fd = call(BPF_LINK_CREATE, &mut attributes)?;
        // SAFETY: the kernel just made this descriptor for us.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    /// Runs it `repeat` times on the frame; returns nanoseconds a run, as the
    /// kernel measured them.
    pub(crate) fn test_run(&self, frame: &[u8], repeat: u32) -> io::Result<u32> {
        let mut attributes: Attributes = [0; 20];
        attributes[0] = words(self.0.as_raw_fd() as u32, 0);
        attributes[1] = words(frame.len() as u32, 0);
        attributes[2] = frame.as_ptr().addr() as u64;
        attributes[4] = words(repeat, 0);
        call(BPF_PROG_TEST_RUN, &mut attributes)?;
        Ok((attributes[4] >> 32) as u32)
    }
}

/// What could not be done, as the lab says it.
pub(crate) fn system(doing: &'static str) -> impl Fn(io::Error) -> LabError {
    move |source| LabError::System {
        doing: doing.to_owned(),
        source,
    }
}
