//! bpf(2) with nothing around it: the yardstick.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// `enum bpf_cmd` of include/uapi/linux/bpf.h.
const BPF_PROG_LOAD: libc::c_long = 5;
const BPF_PROG_TEST_RUN: libc::c_long = 10;
const BPF_PROG_GET_FD_BY_ID: libc::c_long = 13;
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
