//! Everything netverdict uses, tried.

use std::fs;
use std::io;
use std::path::Path;

use nix::sys::resource::{Resource, getrlimit};
use nix::sys::utsname::uname;

use super::attempt;
use super::effective::{Capability, Effective};
use super::tool;
use crate::reference::Iptables;

/// State of one line of the survey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It works.
    Works,
    /// It works, with a limit that the detail names.
    Degraded,
    /// It does not.
    Missing,
}

/// One line of the survey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it stands.
    pub state: State,
    /// What was found.
    pub detail: String,
    /// What to do, where something is to be done.
    pub fix: Option<String>,
}

const PRIVILEGES: &str = "run as root, with sudo, or give the container --privileged";
const FEATURE: &str = "use a kernel that has it: 5.18 or later, as distributions configure it";

/// Tries everything netverdict uses. Where privileges allow, call it inside
/// [`crate::isolate::isolated`]: it makes throw-away namespaces.
pub fn survey() -> Vec<Check> {
    let capabilities = capabilities();
    let feature = match capabilities.state {
        State::Works => FEATURE,
        // Refusals say nothing about the kernel then.
        State::Missing | State::Degraded => PRIVILEGES,
    };
    let mut checks = vec![
        kernel(),
        capabilities,
        tried(
            "namespaces",
            "PID, mount and network",
            attempt::namespaces(),
            PRIVILEGES,
        ),
        tried("bpf(2)", "maps can be made", attempt::bpf(), PRIVILEGES),
        tried(
            "prefix tries",
            "BPF_MAP_TYPE_LPM_TRIE",
            attempt::prefix_trie(),
            feature,
        ),
        tried(
            "ring buffer",
            "BPF_MAP_TYPE_RINGBUF",
            attempt::ring_buffer(),
            feature,
        ),
    ];
    checks.extend(programs_and_links(feature));
    checks.extend([
        open_files(),
        btf(),
        defaults_of_the_host(),
        iptables(),
        optional("curl", "tries served ports in a lab", "apt install curl"),
        optional("ip", "looks around in a lab", "apt install iproute2"),
        optional("tc", "looks at queues in a lab", "apt install iproute2"),
    ]);
    checks
}

fn works(name: &'static str, detail: impl Into<String>) -> Check {
    Check {
        name,
        state: State::Works,
        detail: detail.into(),
        fix: None,
    }
}

fn missing(name: &'static str, detail: impl Into<String>, fix: &str) -> Check {
    Check {
        name,
        state: State::Missing,
        detail: detail.into(),
        fix: Some(fix.to_owned()),
    }
}

fn degraded(name: &'static str, detail: impl Into<String>, fix: &str) -> Check {
    Check {
        state: State::Degraded,
        ..missing(name, detail, fix)
    }
}

fn tried<E: std::fmt::Display>(
    name: &'static str,
    detail: &str,
    attempted: Result<(), E>,
    fix: &str,
) -> Check {
    match attempted {
        Ok(()) => works(name, detail),
        Err(error) => missing(name, error.to_string(), fix),
    }
}

/// XDP for frames in several pieces came with Linux 5.18.
const OLDEST: (u32, u32) = (5, 18);

fn kernel() -> Check {
    let release = uname().map_or_else(
        |errno| errno.to_string(),
        |name| name.release().to_string_lossy().into_owned(),
    );
    match version(&release) {
        Some(version) if version < OLDEST => missing(
            "kernel",
            format!("Linux {release}, older than {}.{}", OLDEST.0, OLDEST.1),
            FEATURE,
        ),
        _ => works("kernel", format!("Linux {release}")),
    }
}

/// Major and minor number of a kernel release.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn capabilities() -> Check {
    let effective = Effective::of_this_process();
    let (has, has_not): (Vec<_>, Vec<_>) =
        (Capability::ALL.into_iter()).partition(|one| effective.has(*one));
    let names = |list: &[Capability]| {
        (list.iter().map(|one| one.name()))
            .collect::<Vec<_>>()
            .join(", ")
    };
    if super::missing_capabilities(effective, true).is_empty() {
        works("capabilities", names(&has))
    } else {
        missing(
            "capabilities",
            format!("no {}", names(&has_not)),
            PRIVILEGES,
        )
    }
}

/// What needs a program, a link, or both.
fn programs_and_links(feature: &str) -> Vec<Check> {
    let program = attempt::test_run();
    let veth = attempt::veth();
    let mut checks = vec![
        tried(
            "BPF_PROG_TEST_RUN",
            "an XDP program for frames of any length was loaded and run",
            program.as_ref().map(drop),
            feature,
        ),
        tried(
            "veth",
            "a pair was made over netlink",
            veth.as_ref().map(drop),
            PRIVILEGES,
        ),
    ];
    for (name, mode) in [
        ("XDP native", crate::bpf::XDP_FLAGS_DRV_MODE),
        ("XDP generic", crate::bpf::XDP_FLAGS_SKB_MODE),
    ] {
        checks.push(match (&program, &veth) {
            (Ok(program), Ok((namespace, link))) => tried(
                name,
                "attached to a veth with an MTU of 9000",
                attempt::attach(namespace, *link, program, mode),
                feature,
            ),
            _ => missing(name, "not tried: it needs a program and a veth", PRIVILEGES),
        });
    }
    checks.push(match (tool::find("nft"), &veth) {
        (None, _) => missing("nft", "not installed", "apt install nftables"),
        (Some(path), Ok((namespace, _))) => tried(
            "nft",
            &format!("{} rewrites addresses and ports", path.display()),
            attempt::rewriting(namespace),
            "use a kernel with nf_tables (CONFIG_NF_TABLES_INET)",
        ),
        (Some(path), Err(_)) => missing(
            "nft",
            format!("{}, not tried: it needs a namespace", path.display()),
            PRIVILEGES,
        ),
    });
    if let (Some(_), Ok((namespace, _))) = (tool::find("nft"), &veth) {
        checks.push(match attempt::translating(namespace) {
            Ok(()) => works("nft nat", "it follows connections to node ports"),
            Err(error) => degraded(
                "nft nat",
                format!("{error}: lab cannot be built with node ports for real clients"),
                "use a kernel with nf_nat and nf_conntrack (CONFIG_NFT_NAT)",
            ),
        });
    }
    checks
}

/// Descriptors that a lab of a hundred workloads takes, with the filter and some
/// room.
const DESCRIPTORS: u64 = 1024;

fn open_files() -> Check {
    const NAME: &str = "open files";
    match getrlimit(Resource::RLIMIT_NOFILE) {
        // A run raises the one to the other.
        Ok((_, hard)) if hard < DESCRIPTORS => degraded(
            NAME,
            format!("{hard} allowed: large topologies may not fit"),
            "ulimit -Hn 4096",
        ),
        Ok((_, hard)) => works(NAME, format!("{hard} allowed")),
        Err(errno) => degraded(NAME, errno.to_string(), "ulimit -Hn 4096"),
    }
}

fn btf() -> Check {
    const PATH: &str = "/sys/kernel/btf/vmlinux";
    match Path::new(PATH).exists() {
        true => works("kernel BTF", PATH),
        false => degraded(
            "kernel BTF",
            "none: filters of others that relocate against the kernel will not load",
            "use a kernel with CONFIG_DEBUG_INFO_BTF",
        ),
    }
}

/// Settings of the host that reach into new namespaces.
fn defaults_of_the_host() -> Check {
    const NAME: &str = "host settings";
    let tracked = read("/sys/module/nf_conntrack/parameters/enable_hooks");
    if tracked.is_ok_and(|value| value.trim() == "Y") {
        return degraded(
            NAME,
            "nf_conntrack follows every packet: odd TCP flags may count as invalid",
            "load nf_conntrack without enable_hooks=1",
        );
    }
    let compiled = read("/proc/sys/net/core/bpf_jit_enable");
    if compiled.is_ok_and(|value| value.trim() == "0") {
        return degraded(
            NAME,
            "BPF programs are interpreted: benchmarks mean little",
            "sysctl net.core.bpf_jit_enable=1",
        );
    }
    works(NAME, "nothing that disturbs a lab")
}

fn read(path: &str) -> io::Result<String> {
    fs::read_to_string(path)
}

/// For `crosscheck` alone.
fn iptables() -> Check {
    const NAME: &str = "iptables";
    match Iptables::find(None) {
        Some(found) => works(NAME, format!("backend {}, for crosscheck", found.backend)),
        None => degraded(
            NAME,
            "not installed; crosscheck loads kube-proxy's rules by it",
            "apt install iptables",
        ),
    }
}

fn optional(name: &'static str, use_: &str, fix: &str) -> Check {
    match tool::find(name) {
        Some(path) => works(name, path.display().to_string()),
        None => degraded(name, format!("not installed; {use_}"), fix),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_has_a_version() {
        for (release, expected) in [
            ("6.18.44-fc-v769", Some((6, 18))),
            ("5.15.0-91-generic", Some((5, 15))),
            ("5.18", Some((5, 18))),
            ("unknown", None),
        ] {
            assert_eq!(version(release), expected, "{release}");
        }
    }
}
