//! Which package may depend on which.

use anyhow::{Context, Result};

use crate::{process, workspace};

/// Everything that a package depends on and may not, each with the way there.
pub(super) fn breaches() -> Result<Vec<String>> {
    let mut breaches = Vec::new();
    for rule in &RULES {
        breaches.extend(rule.breaches_in(&ways(&tree(rule.package)?)));
    }
    for package in workspace::packages()? {
        let mixes = package.dependencies.iter().any(|it| it.name == "anyhow");
        if mixes && !["netverdict", "xtask"].contains(&package.name.as_str()) {
            breaches.push(format!(
                "{} has errors of its own, but uses anyhow",
                package.name
            ));
        }
    }
    Ok(breaches)
}

struct Rule {
    package: &'static str,
    /// Whether the package may need another.
    allows: fn(&str) -> bool,
    what: &'static str,
}

const RULES: [Rule; 3] = [
    Rule {
        package: "netverdict-policy",
        allows: |other| !touches_the_system(other) && other != "netverdict",
        what: "is pure",
    },
    Rule {
        package: "netverdict-abi",
        allows: |_| false,
        what: "depends on nothing",
    },
    Rule {
        package: "netverdict-lab",
        allows: |other| other != "netverdict",
        what: "stands below the harness",
    },
];

/// Packages that do I/O, keep time, or talk to the kernel.
fn touches_the_system(package: &str) -> bool {
    const NAMES: [&str; 17] = [
        "async-std",
        "caps",
        "getrandom",
        "libc",
        "mio",
        "netlink-sys",
        "netns-rs",
        "nix",
        "pnet",
        "pnet_datalink",
        "pnet_sys",
        "pnet_transport",
        "rtnetlink",
        "rustix",
        "smol",
        "socket2",
        "tokio",
    ];
    NAMES.contains(&package) || package == "aya" || package.starts_with("aya-")
}

impl Rule {
    fn breaches_in(&self, ways: &[Vec<String>]) -> Vec<String> {
        let breach = |way: &&Vec<String>| way.last().is_some_and(|last| !(self.allows)(last));
        ways.iter()
            .filter(breach)
            .map(|way| format!("{} {}, but: {}", self.package, self.what, way.join(" -> ")))
            .collect()
    }
}

/// What cargo says a package needs, a line each with its depth in front.
///
/// Not `cargo metadata`: it puts the features of all packages together, so that
/// what the harness asks of a library would count against the policy crate.
fn tree(package: &str) -> Result<String> {
    let mut cargo = workspace::cargo();
    cargo
        .args(["tree", "--package", package])
        .args(["--edges", "normal,no-proc-macro"])
        .args(["--prefix", "depth", "--format", " {p}"]);
    process::output(&mut cargo).with_context(|| format!("run {}", process::line(&cargo)))
}

/// The way to each package, without the root; a package that is listed again is
/// there again.
fn ways(tree: &str) -> Vec<Vec<String>> {
    let mut way: Vec<String> = Vec::new();
    let mut ways = Vec::new();
    for line in tree.lines() {
        let mut words = line.split(' ');
        let (Some(depth), Some(name)) = (words.next(), words.next()) else {
            continue;
        };
        let Some(above) = depth.parse::<usize>().ok().and_then(|it| it.checked_sub(1)) else {
            continue;
        };
        way.truncate(above);
        way.push(name.to_owned());
        ways.push(way.clone());
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_breach_is_named_with_the_way_to_it() {
        let in_order = "0 netverdict-policy v0.1.0 (/somewhere)\n1 netverdict-abi v0.1.0\n\
                        1 pnet_packet v0.35.0\n2 pnet_base v0.35.0\n1 serde v1.0.0 (*)\n";
        let impure = "0 netverdict-policy v0.1.0\n1 schema v1.0.0\n2 deep v1.0.0\n\
                      3 tokio v1.0.0\n2 other v1.0.0\n1 aya-obj v0.3.0\n1 ayah v1.0.0\n";
        let upward = "0 netverdict-lab v0.1.0\n1 tokio v1.0.0\n1 netverdict v0.1.0\n";
        let [policy, abi, lab] = &RULES;
        for (rule, tree, expected) in [
            (policy, in_order, vec![]),
            (
                policy,
                impure,
                vec![
                    "netverdict-policy is pure, but: schema -> deep -> tokio",
                    "netverdict-policy is pure, but: aya-obj",
                ],
            ),
            (
                lab,
                upward,
                vec!["netverdict-lab stands below the harness, but: netverdict"],
            ),
            (abi, "0 netverdict-abi v0.1.0\n", vec![]),
            (
                abi,
                "0 netverdict-abi v0.1.0\n1 zero v1.0.0\n",
                vec!["netverdict-abi depends on nothing, but: zero"],
            ),
        ] {
            assert_eq!(rule.breaches_in(&ways(tree)), expected, "{tree}");
        }
    }

    #[test]
    fn cargo_lists_what_a_package_needs() {
        let tree = tree("netverdict-policy").expect("cargo tree");
        let found = ways(&tree);
        assert!(found.contains(&vec!["netverdict-abi".to_owned()]), "{tree}");
    }
}
