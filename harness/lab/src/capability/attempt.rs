//! Things tried, to see whether the kernel lets us.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

use crate::bpf::{self, NewMap};
use crate::error::LabError;
use crate::network::{Cable, Namespace, load_node_port_rules, pair_for, unique_name};

/// Namespaces of the kinds that [`crate::isolate::isolated`] makes, in a child.
pub(super) fn namespaces() -> io::Result<()> {
    let kinds = CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET;
    // SAFETY: the child makes two system calls and no other.
    let child = match unsafe { fork() }? {
        ForkResult::Child => {
            let status = match unshare(kinds) {
                Ok(()) => 0,
                Err(errno) => errno as i32,
            };
            // SAFETY: ends the child without running what the parent set up.
            unsafe { libc::_exit(status) }
        }
        ForkResult::Parent { child } => child,
    };
    loop {
        match waitpid(child, None) {
            Ok(WaitStatus::Exited(_, 0)) => return Ok(()),
            Ok(WaitStatus::Exited(_, errno)) => return Err(io::Error::from_raw_os_error(errno)),
            Ok(other) => return Err(io::Error::other(format!("{other:?}"))),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Whether maps can be made at all.
pub(super) fn bpf() -> io::Result<()> {
    const BPF_MAP_TYPE_ARRAY: u32 = 2;
    map(BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0)
}

/// A prefix trie for IPv6.
pub(super) fn prefix_trie() -> io::Result<()> {
    const BPF_MAP_TYPE_LPM_TRIE: u32 = 11;
    const BPF_F_NO_PREALLOC: u32 = 1;
    map(BPF_MAP_TYPE_LPM_TRIE, 24, 8, 1, BPF_F_NO_PREALLOC)
}

/// A ring buffer.
pub(super) fn ring_buffer() -> io::Result<()> {
    const BPF_MAP_TYPE_RINGBUF: u32 = 27;
    map(BPF_MAP_TYPE_RINGBUF, 0, 0, 1 << 16, 0)
}

fn map(kind: u32, key_size: u32, value_size: u32, max_entries: u32, flags: u32) -> io::Result<()> {
    let made = bpf::create_map(NewMap {
        kind,
        key_size,
        value_size,
        max_entries,
        flags,
    });
    made.map(drop)
}

/// A program that passes everything, run once on a frame.
pub(super) fn test_run() -> io::Result<OwnedFd> {
    const XDP_PASS: u32 = 2;
    let program = bpf::load_pass()?;
    match bpf::test_run(program.as_fd(), &[0; 64])? {
        XDP_PASS => Ok(program),
        action => Err(io::Error::other(format!("it returned {action}"))),
    }
}

/// A namespace with a veth pair in it.
pub(super) fn veth() -> Result<(Namespace, u32), LabError> {
    let namespace = Namespace::create(unique_name("nv-doctor"))?;
    let (here, there) = pair_for("doctor");
    let index = here.index;
    let cable = Cable {
        here,
        there,
        there_namespace: namespace.descriptor(),
        mtu: 9000,
    };
    namespace.run("make a link", move |inside| inside.netlink()?.lay(&cable))?;
    Ok((namespace, index))
}

/// The program attached to a link with an MTU that takes more than a page.
pub(super) fn attach(
    namespace: &Namespace,
    link: u32,
    program: &OwnedFd,
    mode: u32,
) -> Result<(), LabError> {
    namespace.visit("attach a program", || {
        bpf::attach_xdp(program.as_fd(), link, mode)
            .map(drop)
            .map_err(LabError::system("attach a program"))
    })
}

/// Rules of the kind that deliver node ports.
pub(super) fn rewriting(namespace: &Namespace) -> Result<(), LabError> {
    namespace.run("load rules with nft", |_| load_node_port_rules(RULES))
}

const RULES: &str = "table inet netverdict {\n\
    chain arrive { type filter hook prerouting priority raw;\n\
    ip daddr 192.0.2.1 ip frag-off & 0x1fff == 0 tcp dport 1 ip daddr set 192.0.2.2 tcp dport set 2\n\
    ip6 daddr 2001:db8::1 sctp dport 1 ip6 daddr set 2001:db8::2 sctp dport set 2\n\
    }\n}\n";

/// Rules of the kind that deliver node ports to and from real clients.
pub(super) fn translating(namespace: &Namespace) -> Result<(), LabError> {
    namespace.run("load rules with nft", |_| load_node_port_rules(TRANSLATING))
}

const TRANSLATING: &str = "table inet netverdict_clients {\n\
    chain arrive { type nat hook prerouting priority dstnat;\n\
    ip daddr 192.0.2.1 tcp dport 1 dnat ip to 192.0.2.2:2\n\
    ip6 daddr 2001:db8::1 tcp dport 1 dnat ip6 to [2001:db8::2]:2\n\
    }\n}\n";
