//! What this machine can and cannot run.

mod attempt;
mod effective;
mod survey;
pub(crate) mod tool;

pub use survey::{Check, State, survey};

use self::effective::{Capability, Effective};
use crate::reference::{Backend, Iptables};

/// The lanes that need privileges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The program is loaded and run by `BPF_PROG_TEST_RUN`.
    pub test_run: bool,
    /// Labs are built, of either purpose.
    pub wire: bool,
}

/// Something a run needs and this machine does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The capability, kernel feature or tool.
    pub what: String,
    /// What needs it, or how its absence showed.
    pub why: String,
    /// What to do.
    pub fix: String,
}

/// What is missing for these lanes; empty if they can run. It may be asked
/// before [`crate::isolate::isolated`] or inside, and changes nothing: what has
/// to be tried is tried in a child process.
pub fn missing_for(needs: Needs) -> Vec<Missing> {
    let Needs { test_run, wire } = needs;
    if !test_run && !wire {
        return Vec::new();
    }
    let mut missing = missing_capabilities(Effective::of_this_process(), wire);
    if missing.is_empty() {
        // Only now do refusals say something else than a missing capability.
        missing.extend(refused(
            "namespaces",
            attempt::namespaces(),
            "every run is isolated by unshare(2)",
            "allow PID, mount and network namespaces: a container needs --privileged",
        ));
        missing.extend(refused(
            "bpf(2)",
            attempt::bpf(),
            "the filter is loaded by it",
            "use a kernel with CONFIG_BPF_SYSCALL, without lockdown=confidentiality; \
             a container needs --privileged",
        ));
    }
    if wire && tool::find("nft").is_none() {
        missing.push(Missing {
            what: "nft".to_owned(),
            why: "node ports are delivered by its rules".to_owned(),
            fix: "apt install nftables".to_owned(),
        });
    }
    missing
}

/// What is missing to read back what somebody else loaded; empty if it can be. Nothing is
/// tried.
pub fn missing_for_reading() -> Vec<Missing> {
    missing_to_read(Effective::of_this_process())
}

fn missing_to_read(effective: Effective) -> Vec<Missing> {
    let needed = [
        (
            &[Capability::Bpf, Capability::SysAdmin][..],
            "bpf(2) is asked what is loaded",
        ),
        (
            // `bpf_prog_get_fd_by_id` and `bpf_map_get_fd_by_id` of kernel/bpf/syscall.c.
            &[Capability::SysAdmin],
            "the kernel hands out programs and maps that others loaded by their numbers: for \
             that CAP_BPF does not suffice",
        ),
    ];
    lacks(effective, &needed)
}

/// What is missing for a reference where these programs were found, of the backend
/// that was asked for if one was.
pub fn missing_iptables(found: Option<&Iptables>, wanted: Option<Backend>) -> Option<Missing> {
    if found.is_some() {
        return None;
    }
    let what = match wanted {
        None => "iptables and ip6tables".to_owned(),
        Some(backend) => format!("iptables and ip6tables with the {backend} backend"),
    };
    Some(Missing {
        what,
        why: "kube-proxy's rules are loaded by iptables-restore and ip6tables-restore".to_owned(),
        fix: "apt install iptables".to_owned(),
    })
}

fn refused(what: &str, attempted: std::io::Result<()>, why: &str, fix: &str) -> Option<Missing> {
    let error = attempted.err()?;
    Some(Missing {
        what: what.to_owned(),
        why: format!("{why}, and the kernel says: {error}"),
        fix: fix.to_owned(),
    })
}

fn missing_capabilities(effective: Effective, wire: bool) -> Vec<Missing> {
    use Capability::{Bpf, NetAdmin, NetRaw, Perfmon, SysAdmin};
    let mut needed = vec![
        (&[SysAdmin][..], "every run has namespaces of its own"),
        (&[NetAdmin][..], "XDP programs are loaded with it"),
        (&[Bpf, SysAdmin][..], "maps and programs are loaded with it"),
        (&[Perfmon, SysAdmin][..], "the verifier asks for it"),
    ];
    if wire {
        needed.push((&[NetRaw][..], "frames are sent and seen by packet sockets"));
    }
    lacks(effective, &needed)
}

/// Those of which no alternative is there.
fn lacks(effective: Effective, needed: &[(&[Capability], &str)]) -> Vec<Missing> {
    (needed.iter())
        .filter(|(any_of, _)| !any_of.iter().any(|one| effective.has(*one)))
        .map(|(any_of, why)| Missing {
            what: (any_of.iter().map(|one| one.name()))
                .collect::<Vec<_>>()
                .join(" or "),
            why: (*why).to_owned(),
            fix: "run as root, with sudo, or give the container --privileged".to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let names = |status: &str, wire| -> Vec<String> {
            let effective = Effective::parse(status).expect("a status file");
            (missing_capabilities(effective, wire).into_iter())
                .map(|missing| missing.what)
                .collect()
        };
        let none = "CapEff:\t0000000000000000\n";
        let all = [
            "CAP_SYS_ADMIN",
            "CAP_NET_ADMIN",
            "CAP_BPF or CAP_SYS_ADMIN",
            "CAP_PERFMON or CAP_SYS_ADMIN",
            "CAP_NET_RAW",
        ];
        assert_eq!(names(none, true), all);
        assert_eq!(names(none, false), all[..4]);
        assert!(names("Name:\tx\nCapEff:\t000001ffffffffff\n", true).is_empty());
        // CAP_SYS_ADMIN (21) and CAP_NET_ADMIN (12) alone.
        assert_eq!(names("CapEff:\t0000000000201000\n", true), ["CAP_NET_RAW"]);
        assert!(names("CapEff:\t0000000000201000\n", false).is_empty());
    }

    #[test]
    fn to_read_what_is_loaded_takes_more_than_bpf() {
        for (status, expected) in [
            (
                "CapEff:\t0000000000000000\n",
                &["CAP_BPF or CAP_SYS_ADMIN", "CAP_SYS_ADMIN"][..],
            ),
            // CAP_BPF (39) alone, then CAP_SYS_ADMIN (21) alone.
            ("CapEff:\t0000008000000000\n", &["CAP_SYS_ADMIN"]),
            ("CapEff:\t0000000000200000\n", &[]),
        ] {
            let effective = Effective::parse(status).expect("a status file");
            let missing = missing_to_read(effective);
            let names: Vec<&str> = missing.iter().map(|it| it.what.as_str()).collect();
            assert_eq!(names, expected, "{status}");
        }
    }
}
